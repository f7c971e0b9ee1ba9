/**
 * DescribeConfigs (32), versions 0–4: the configurations of topics and of this node.
 *
 * Seen on 3.9.1, one answer for each resource asked for, in their order, repeated ones too:
 * 1. topic: bad name → INVALID_TOPIC_EXCEPTION, unknown → UNKNOWN_TOPIC_OR_PARTITION
 * 2. broker: no number, or not the node that is asked → INVALID_REQUEST; "" (what was set for all
 *    brokers at run time) → nothing, as nothing can be set so
 * 3. client metrics (16) → nothing; any other type → INVALID_REQUEST
 * Unknown keys are left out; no keys, null or [], are all keys. The error message is "" where all
 * is well. Kafka lists keys in the order of a hash table; here they are sorted.
 *
 * Not served: documentation of keys (v3+, null), loggers (type 8; Kafka lists them), broker settings
 * that this broker does not have (config-entries.ts).
 */
import { errorCode, type ErrorName } from '#protocol';
import { brokerEntries, topicEntries, type ConfigEntry } from '../config-entries.ts';
import { handler, type HandlerContext } from '../handler.ts';
import { remembering } from '../remembering.ts';
import { resourceTypes } from '../resources.ts';
import { topicNameProblem } from '../topic-names.ts';

interface Asked {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly configurationKeys: readonly string[] | null;
}
type Refusal = readonly [ErrorName, string];

export const describeConfigs = handler('DescribeConfigs', (context) => {
  const { resources, includeSynonyms } = context.request.body;
  const entries = remembering((key) => {
    const [resourceType, resourceName] = JSON.parse(key);
    const found = entriesOf(context, { resourceType, resourceName });
    if (isRefusal(found) || includeSynonyms) return found;
    return found.map((entry) => ({ ...entry, synonyms: [] }));
  });
  const results = (resources as readonly Asked[]).map((asked) => {
    const { resourceType, resourceName } = asked;
    const found = entries(JSON.stringify([resourceType, resourceName]));
    if (isRefusal(found)) {
      const [error, errorMessage] = found;
      const code = errorCode(error);
      return { errorCode: code, errorMessage, resourceType, resourceName, configs: [] };
    }
    const keys = new Set(asked.configurationKeys);
    const configs = keys.size === 0 ? found : found.filter(({ name }) => keys.has(name));
    return { errorCode: 0, errorMessage: '', resourceType, resourceName, configs };
  });
  return { throttleTimeMs: 0, results };
});

function isRefusal(found: readonly ConfigEntry[] | Refusal): found is Refusal {
  return typeof found[0] === 'string';
}

function entriesOf(
  { state, request }: HandlerContext,
  { resourceType, resourceName }: Omit<Asked, 'configurationKeys'>,
): readonly ConfigEntry[] | Refusal {
  switch (resourceType) {
    case resourceTypes.topic: {
      const bad = topicNameProblem(resourceName);
      if (bad !== undefined) return ['INVALID_TOPIC_EXCEPTION', bad];
      const topic = state.topics.get(resourceName);
      if (topic === undefined) return ['UNKNOWN_TOPIC_OR_PARTITION', ''];
      return topicEntries(state.config, topic.config.overrides);
    }
    case resourceTypes.broker: {
      if (resourceName === '') return [];
      if (!/^[-+]?\d+$/.test(resourceName)) {
        return ['INVALID_REQUEST', `Broker id must be an integer, but it is: ${resourceName}`];
      }
      if (Number(resourceName) !== request.node) {
        const expected = `expected ${request.node} or empty string, but received ${resourceName}`;
        return ['INVALID_REQUEST', `Unexpected broker id, ${expected}`];
      }
      return brokerEntries(state.config, state.cluster.address(request.node));
    }
    case resourceTypes.clientMetrics:
      return [];
    default:
      return ['INVALID_REQUEST', `Resources of type ${resourceType} have no configurations here.`];
  }
}
