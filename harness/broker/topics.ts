/**
 * Topics and their partitions. All replicas of a partition are one log, so they are in sync as
 * soon as they are added; which node leads it, and since when (leader epoch), a reassignment may
 * change.
 */
import type { TopicConfig } from './topic-config.ts';
import type { PartitionLog } from './log.ts';
import type { Attempt, ProducerEntry } from './producers.ts';

export interface Partition {
  readonly topic: string;
  readonly index: number;
  leader: number;
  leaderEpoch: number;
  /** The preferred leader first. While some are being added, those to be removed stay behind them. */
  replicas: readonly number[];
  /** Under way: replicas are being added. */
  reassignment: Reassignment | undefined;
  readonly log: PartitionLog;
  /** What is known of idempotent producers, by producer id. */
  readonly producers: Map<number, ProducerEntry>;
  /** What transactional producers were refused last, by producer id. */
  readonly attempts: Map<number, Attempt>;
}

export interface Reassignment {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly adding: readonly number[];
  readonly removing: readonly number[];
}

export interface Topic {
  readonly name: string;
  /** A UUID; a topic made again under the same name is another topic. */
  readonly id: string;
  readonly partitions: Partition[];
  config: TopicConfig;
}

export interface Topics {
  /** With a partition: whether that one exists. */
  has(topic: string, partition?: number): boolean;
  get(topic: string): Topic | undefined;
  byId(id: string): Topic | undefined;
  partition(topic: string, partition: number): Partition | undefined;
  /** Every topic, in the order of creation. */
  all(): IterableIterator<Topic>;
  /** Of all topics together. */
  partitionCount(): number;
  add(topic: Topic): void;
  extend(topic: Topic, more: readonly Partition[]): void;
  remove(topic: string): void;
}

/** Every replica but those that are being added. */
export function inSync({ replicas, reassignment }: Partition): readonly number[] {
  if (reassignment === undefined) return replicas;
  return replicas.filter((id) => !reassignment.adding.includes(id));
}

export function createTopics(): Topics {
  const byName = new Map<string, Topic>();
  const byId = new Map<string, Topic>();
  let partitionCount = 0;
  return {
    has: (topic, partition = 0) => byName.get(topic)?.partitions[partition] !== undefined,
    get: (topic) => byName.get(topic),
    byId: (id) => byId.get(id),
    partition: (topic, partition) => byName.get(topic)?.partitions[partition],
    all: () => byName.values(),
    partitionCount: () => partitionCount,
    add(topic) {
      byName.set(topic.name, topic);
      byId.set(topic.id, topic);
      partitionCount += topic.partitions.length;
    },
    extend(topic, more) {
      topic.partitions.push(...more);
      partitionCount += more.length;
    },
    remove(name) {
      const topic = byName.get(name);
      if (topic === undefined) return;
      byName.delete(name);
      byId.delete(topic.id);
      partitionCount -= topic.partitions.length;
    },
  };
}
