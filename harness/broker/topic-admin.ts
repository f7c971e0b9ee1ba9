/** Making and removing topics: what the admin handlers, auto-creation and worlds share. */
import { createLog } from './log.ts';
import { partitionKey } from './parking.ts';
import type { BrokerState } from './state.ts';
import { topicConfig } from './topic-config.ts';
import type { Topic } from './topics.ts';

export function addTopic(
  state: BrokerState,
  name: string,
  partitions: number,
  overrides: Readonly<Record<string, string>>,
): Topic {
  const { nodeId, messageMaxBytes } = state.config;
  const topic: Topic = {
    name,
    id: state.newId(''),
    config: topicConfig(overrides, messageMaxBytes),
    partitions: Array.from({ length: partitions }, (_, index) => ({
      topic: name,
      index,
      leader: nodeId,
      leaderEpoch: 0,
      replicas: [nodeId],
      inSyncReplicas: [nodeId],
      log: createLog(),
      producers: new Map(),
    })),
  };
  state.topics.add(topic);
  return topic;
}

/**
 * Its records, what is known of its producers and its committed offsets go; waiting fetches hear
 * of it.
 */
export function removeTopic(state: BrokerState, topic: Topic, nowMs: number): void {
  state.topics.remove(topic.name);
  state.groups.topicDeleted(topic.name);
  for (const { index } of topic.partitions) {
    state.parking.wake(partitionKey(topic.name, index), nowMs);
  }
}
