/**
 * CreateTopics (19), versions 0–7.
 *
 * In Kafka's order (seen on 3.9.1): timeout of 0 or less → REQUEST_TIMED_OUT; a name twice →
 * INVALID_REQUEST, once in the answer; more than 10,000 partitions in all others, or of those that
 * could be made partitions, topics and settings together → POLICY_VIOLATION for every topic; then per
 * topic: bad name or `a.b` beside `a_b` → 17 (not between two of one request), exists → 36,
 * configuration → 40, manual assignment with counts → 42 or wrong → 39, replication factor → 38,
 * partitions → 37, more replicas than brokers → 38. -1 means the default, in every version.
 * validateOnly checks and does nothing. The answer tells partitions, replicas and every
 * configuration from v5.
 *
 * Harsher than Kafka: more than 50,000 partitions of all topics there are → POLICY_VIOLATION. Kinder:
 * the topic can be used at once (there Metadata says 3 and Produce 6 for some 100 ms).
 */
import { errorCode, type ErrorName } from '#protocol';
import { handler, type HandlerContext } from '../handler.ts';
import type { BrokerState } from '../state.ts';
import { topicEntries } from '../config-entries.ts';
import { assignmentProblem as replicasProblem } from '../replica-assignment.ts';
import { addTopic, maxPartitionsAtOnce, placementOf, roomProblem } from '../topic-admin.ts';
import { configProblem } from '../topic-config.ts';
import { collisionKey, topicNameProblem } from '../topic-names.ts';

interface Asked {
  readonly name: string;
  readonly numPartitions: number;
  readonly replicationFactor: number;
  readonly assignments: readonly { partitionIndex: number; brokerIds: readonly number[] }[];
  readonly configs: readonly { name: string; value: string | null }[];
}
type Problem = readonly [ErrorName, string];

const noId = '00000000-0000-0000-0000-000000000000';

export const createTopics = handler('CreateTopics', (context) => {
  const asked: readonly Asked[] = context.request.body.topics;
  const byName = Map.groupBy(asked, ({ name }) => name);
  const refuseAll = (text: string) => ({
    throttleTimeMs: 0,
    topics: asked.map(({ name }) => refused(name, ['POLICY_VIOLATION', text])),
  });
  const once = [...byName.values()].flatMap((same) => (same.length > 1 ? [] : same));
  if (context.request.body.timeoutMs > 0 && partitionsIn(context, once) > maxPartitionsAtOnce) {
    return refuseAll('Excessively large number of partitions per request.');
  }
  const collisions = new Map<string, string>();
  for (const { name } of context.state.topics.all()) collisions.set(collisionKey(name), name);
  const problems = new Map(once.map((one) => [one, problemOf(context, one, collisions)]));
  const fine = once.filter((one) => problems.get(one) === undefined);
  const settings = fine.reduce((sum, { configs }) => sum + configs.length, 0);
  if (partitionsIn(context, fine) + fine.length + settings > maxPartitionsAtOnce) {
    return refuseAll('Unable to perform excessively large batch operation.');
  }
  const topics = [...byName.values()].map((same) => {
    const [one] = same as [Asked];
    const problem =
      same.length > 1
        ? (['INVALID_REQUEST', 'Duplicate topic name.'] as const)
        : (problems.get(one) ?? noRoomFor(context, one));
    return problem === undefined ? create(context, one) : refused(one.name, problem);
  });
  return { throttleTimeMs: 0, topics };
});

function partitionsIn({ state }: HandlerContext, asked: readonly Asked[]): number {
  return asked.reduce((sum, one) => sum + Math.max(0, partitionsOf(state, one)), 0);
}

function noRoomFor({ state }: HandlerContext, asked: Asked): Problem | undefined {
  const problem = roomProblem(state, partitionsOf(state, asked));
  return problem === undefined ? undefined : ['POLICY_VIOLATION', problem];
}

function partitionsOf({ config }: BrokerState, { assignments, numPartitions }: Asked): number {
  if (assignments.length > 0) return assignments.length;
  return numPartitions === -1 ? config.defaultPartitions : numPartitions;
}

function problemOf(
  { state, request }: HandlerContext,
  asked: Asked,
  collisions: ReadonlyMap<string, string>,
): Problem | undefined {
  const { name, configs } = asked;
  if (request.body.timeoutMs <= 0) return ['REQUEST_TIMED_OUT', 'The request timed out.'];
  const badName = topicNameProblem(name);
  if (badName !== undefined) return ['INVALID_TOPIC_EXCEPTION', badName];
  if (state.topics.has(name)) return ['TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`];
  const rival = collisions.get(collisionKey(name));
  if (rival !== undefined) {
    return ['INVALID_TOPIC_EXCEPTION', `Topic '${name}' collides with existing topic: ${rival}`];
  }
  for (const config of configs) {
    const bad = configProblem(state.config.profile, config.name, config.value);
    if (bad !== undefined) return ['INVALID_CONFIG', bad];
  }
  return asked.assignments.length > 0
    ? assignmentProblem(state, asked)
    : countProblem(state, asked);
}

function countProblem(
  { cluster, config }: BrokerState,
  { numPartitions, replicationFactor }: Asked,
): Problem | undefined {
  if (replicationFactor === 0 || replicationFactor < -1) {
    const text = 'Replication factor must be larger than 0, or -1 to use the default value.';
    return ['INVALID_REPLICATION_FACTOR', text];
  }
  if (numPartitions === 0 || numPartitions < -1) {
    const text = 'Number of partitions was set to an invalid non-positive value.';
    return ['INVALID_PARTITIONS', text];
  }
  const wanted = replicationFactor === -1 ? config.defaultReplicationFactor : replicationFactor;
  const there = cluster.nodes.length;
  if (wanted > there) {
    const text =
      `Unable to replicate the partition ${wanted} time(s): The target replication factor of ` +
      `${wanted} cannot be reached because only ${there} broker(s) are registered.`;
    return ['INVALID_REPLICATION_FACTOR', text];
  }
  return undefined;
}

function assignmentProblem(state: BrokerState, asked: Asked): Problem | undefined {
  const given = 'A manual partition assignment was specified, but';
  if (asked.replicationFactor !== -1) {
    return ['INVALID_REQUEST', `${given} replication factor was not set to -1.`];
  }
  if (asked.numPartitions !== -1) {
    return ['INVALID_REQUEST', `${given} numPartitions was not set to -1.`];
  }
  const indexes = new Set(asked.assignments.map(({ partitionIndex }) => partitionIndex));
  const consecutive = asked.assignments.every((_, index) => indexes.has(index));
  if (!consecutive) {
    const text = 'partitions should be a consecutive 0-based integer sequence.';
    return ['INVALID_REPLICA_ASSIGNMENT', text];
  }
  const expected = asked.assignments[0]!.brokerIds.length;
  for (const { brokerIds } of asked.assignments) {
    const bad = replicasProblem(state.cluster, brokerIds, expected);
    if (bad !== undefined) return ['INVALID_REPLICA_ASSIGNMENT', bad];
  }
  return undefined;
}

function create({ state, request }: HandlerContext, asked: Asked): object {
  const { name, configs } = asked;
  const overrides: Record<string, string> = {};
  for (const config of configs) overrides[config.name] = config.value!;
  const replicas = replicasOf(state, asked);
  const topicId = request.body.validateOnly ? noId : addTopic(state, name, replicas, overrides).id;
  return {
    name,
    topicId,
    errorCode: 0,
    errorMessage: null,
    topicConfigErrorCode: 0,
    numPartitions: replicas.length,
    replicationFactor: replicas[0]!.length,
    configs: request.version >= 5 ? topicEntries(state.config, overrides) : [],
  };
}

function replicasOf(state: BrokerState, asked: Asked): readonly (readonly number[])[] {
  const { name, assignments, replicationFactor } = asked;
  if (assignments.length > 0) {
    return assignments
      .toSorted((a, b) => a.partitionIndex - b.partitionIndex)
      .map(({ brokerIds }) => brokerIds);
  }
  const { defaultReplicationFactor } = state.config;
  return placementOf(
    state,
    name,
    partitionsOf(state, asked),
    replicationFactor === -1 ? defaultReplicationFactor : replicationFactor,
  );
}

function refused(name: string, [error, text]: Problem): object {
  return {
    name,
    topicId: noId,
    errorCode: errorCode(error),
    errorMessage: text,
    topicConfigErrorCode: 0,
    numPartitions: -1,
    replicationFactor: -1,
    configs: [],
  };
}
