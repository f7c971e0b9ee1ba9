/**
 * What AlterConfigs and IncrementalAlterConfigs share: whose configurations may be changed, the
 * order of the questions (seen on 3.9.1), and the answer. A resource is changed as a whole or not
 * at all; others in the request go on.
 */
import { errorCode, type ErrorName } from '#protocol';
import { brokerEntries } from './config-entries.ts';
import type { Answer, HandlerContext } from './handler.ts';
import { resourceTypes } from './resources.ts';
import { configureTopic } from './topic-admin.ts';
import { configProblem } from './topic-config.ts';
import { topicNameProblem } from './topic-names.ts';
import type { Topic } from './topics.ts';

export type Overrides = Readonly<Record<string, string>>;
export type Problem = readonly [ErrorName, string | null];

export interface Resource<Change> {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly configs: readonly Change[];
}

interface NamedChange {
  readonly name: string;
  readonly value: string | null;
}

/** Nulls that are no deletion are refused before anybody asks whether the resource is there. */
interface Ways<Change> {
  readonly needsValue: (change: Change) => boolean;
  /** The topic's settings after the change. */
  readonly changed: (before: Overrides, changes: readonly Change[]) => Overrides | Problem;
}

export function alterEach<Change extends NamedChange>(
  context: HandlerContext,
  ways: Ways<Change>,
): Answer {
  const resources: readonly Resource<Change>[] = context.request.body.resources;
  const count = Map.groupBy(resources, (one) => `${one.resourceType} ${one.resourceName}`);
  const responses = resources.map((resource) => {
    const { resourceType, resourceName } = resource;
    const twice = count.get(`${resourceType} ${resourceName}`)!.length > 1;
    const [error, errorMessage] = (twice
      ? (['INVALID_REQUEST', 'Each resource must appear at most once.'] as const)
      : alter(context, resource, ways)) ?? ['NONE', null];
    return { errorCode: errorCode(error), errorMessage, resourceType, resourceName };
  });
  return { throttleTimeMs: 0, responses };
}

function alter<Change extends NamedChange>(
  context: HandlerContext,
  resource: Resource<Change>,
  ways: Ways<Change>,
): Problem | undefined {
  const { resourceType, resourceName, configs } = resource;
  const names = new Set(configs.map(({ name }) => name));
  if (names.size < configs.length) return ['INVALID_REQUEST', 'Error due to duplicate config keys'];
  const nulls = configs.filter((change) => change.value === null && ways.needsValue(change));
  if (nulls.length > 0) {
    const which = nulls.map(({ name }) => name).join(', ');
    return ['INVALID_REQUEST', `Null value not supported for : ${which}`];
  }
  if (resourceType === resourceTypes.broker) return brokerProblem(context, resourceName, names);
  if (resourceType !== resourceTypes.topic) {
    return ['INVALID_REQUEST', `Unknown resource type ${resourceType}`];
  }
  const topic = topicOf(context, resourceName);
  if (Array.isArray(topic)) return topic as unknown as Problem;
  return alterTopic(context, topic as Topic, configs, ways);
}

function topicOf({ state }: HandlerContext, name: string): Topic | Problem {
  if (name === '') return ['INVALID_REQUEST', 'Default topic resources are not allowed.'];
  const bad = topicNameProblem(name);
  if (bad !== undefined) return ['INVALID_TOPIC_EXCEPTION', bad];
  return (
    state.topics.get(name) ?? ['UNKNOWN_TOPIC_OR_PARTITION', `The topic '${name}' does not exist.`]
  );
}

function alterTopic<Change extends NamedChange>(
  { state, request }: HandlerContext,
  topic: Topic,
  changes: readonly Change[],
  { changed }: Ways<Change>,
): Problem | undefined {
  const after = changed(topic.config.overrides, changes);
  if (Array.isArray(after)) return after as unknown as Problem;
  const overrides = after as Overrides;
  for (const [name, value] of Object.entries(overrides)) {
    const bad = configProblem(state.config.profile, name, value);
    if (bad !== undefined) return ['INVALID_CONFIG', bad];
  }
  if (!request.body.validateOnly) configureTopic(state, topic, overrides);
  return undefined;
}

/** Names that no broker has are fine, as in Kafka; those that it has cannot be changed here. */
function brokerProblem(
  { state, request }: HandlerContext,
  name: string,
  keys: ReadonlySet<string>,
): Problem | undefined {
  if (name !== '' && !/^[-+]?\d+$/.test(name)) {
    return ['INVALID_REQUEST', `Node id must be an integer, but it is: ${name}`];
  }
  if (name !== '' && Number(name) !== request.node) {
    const text = `Unexpected broker id, expected ${request.node}, but received ${name}`;
    return ['INVALID_REQUEST', text];
  }
  const fixed = brokerEntries(state.config, state.cluster.address(request.node))
    .map((entry) => entry.name)
    .filter((key) => keys.has(key));
  if (fixed.length === 0) return undefined;
  return ['INVALID_REQUEST', `Cannot update these configs dynamically: Set(${fixed.join(', ')})`];
}
