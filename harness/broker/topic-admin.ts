/** Making, changing and removing topics: what the admin handlers, auto-creation and worlds share. */
import { createLog } from './log.ts';
import { partitionKey } from './parking.ts';
import type { BrokerState } from './state.ts';
import { topicConfig } from './topic-config.ts';
import type { Partition, Topic } from './topics.ts';

/** As in Kafka's controller: of all topics of one CreateTopics, and of a topic that gets more. */
export const maxPartitionsAtOnce = 10_000;
/** Of all topics together: more would be a mistake, or an attack on the memory. */
const maxPartitions = 50_000;

/** Why there cannot be so many more partitions. */
export function roomProblem({ topics }: BrokerState, more: number): string | undefined {
  const there = topics.partitionCount();
  if (there + more <= maxPartitions) return undefined;
  return `This broker has at most ${maxPartitions} partitions in all; there are ${there}.`;
}

/** Replicas of each partition, as the cluster spreads them. */
export function placementOf(
  { cluster }: BrokerState,
  topic: string,
  partitions: number,
  replicationFactor: number,
): readonly (readonly number[])[] {
  return Array.from({ length: partitions }, (_, index) =>
    cluster.placement(topic, index, replicationFactor),
  );
}

/** `replicas` of each partition, its leader first. */
export function addTopic(
  state: BrokerState,
  name: string,
  replicas: readonly (readonly number[])[],
  overrides: Readonly<Record<string, string>>,
): Topic {
  const topic: Topic = {
    name,
    id: state.newId(''),
    config: topicConfig(state.config, overrides),
    partitions: replicas.map((nodes, index) => newPartition(name, index, nodes)),
  };
  state.topics.add(topic);
  return topic;
}

export function addPartitions(
  { topics }: BrokerState,
  topic: Topic,
  replicas: readonly (readonly number[])[],
): void {
  const { name, partitions } = topic;
  const first = partitions.length;
  topics.extend(
    topic,
    replicas.map((nodes, index) => newPartition(name, first + index, nodes)),
  );
}

function newPartition(topic: string, index: number, replicas: readonly number[]): Partition {
  return {
    topic,
    index,
    leader: replicas[0]!,
    leaderEpoch: 0,
    replicas,
    reassignment: undefined,
    log: createLog(),
    producers: new Map(),
    attempts: new Map(),
  };
}

/** Replaces everything that was set for the topic. In force with the next request. */
export function configureTopic(
  state: BrokerState,
  topic: Topic,
  overrides: Readonly<Record<string, string>>,
): void {
  topic.config = topicConfig(state.config, overrides);
}

/** Until replicas that are added have caught up: Kafka 3.9.1 was done when looked at after 500 ms. */
const catchUpMs = 400;

/** Done at once where no replica is added. What was under way is replaced by it. */
export function reassign(
  state: BrokerState,
  partition: Partition,
  after: readonly number[],
  nowMs: number,
): void {
  const before = partition.reassignment?.before ?? partition.replicas;
  const adding = after.filter((id) => !before.includes(id));
  const removing = before.filter((id) => !after.includes(id));
  if (adding.length === 0) return finishReassignment(state, partition, after, nowMs);
  partition.reassignment = { before, after, adding, removing };
  partition.replicas = [...after, ...removing];
  state.timers.set(timerOf(partition), nowMs + catchUpMs, (dueMs) =>
    finishReassignment(state, partition, after, dueMs),
  );
}

/** Whether there was one to call off. */
export function cancelReassignment(
  state: BrokerState,
  partition: Partition,
  nowMs: number,
): boolean {
  const { reassignment } = partition;
  if (reassignment === undefined) return false;
  finishReassignment(state, partition, reassignment.before, nowMs);
  return true;
}

/** A leader that is not among them any more hands over to the first. */
function finishReassignment(
  state: BrokerState,
  partition: Partition,
  replicas: readonly number[],
  nowMs: number,
): void {
  state.timers.clear(timerOf(partition));
  partition.reassignment = undefined;
  partition.replicas = replicas;
  if (!replicas.includes(partition.leader)) lead(state, partition, replicas[0]!, nowMs);
}

function timerOf({ topic, index }: Partition): string {
  return `reassign ${topic}/${index}`;
}

/** Another leader, in a new leader epoch; fetches that wait at the old one hear of it. */
export function lead(
  state: BrokerState,
  partition: Partition,
  nodeId: number,
  nowMs: number,
): void {
  partition.leader = nodeId;
  partition.leaderEpoch++;
  state.parking.wake(partitionKey(partition.topic, partition.index), nowMs);
}

/**
 * Its records, what is known of its producers and its committed offsets go; waiting fetches hear
 * of it.
 */
export function removeTopic(state: BrokerState, topic: Topic, nowMs: number): void {
  state.topics.remove(topic.name);
  state.groups.topicDeleted(topic.name);
  for (const partition of topic.partitions) {
    state.timers.clear(timerOf(partition));
    state.parking.wake(partitionKey(topic.name, partition.index), nowMs);
  }
}
