/**
 * What OffsetCommit and TxnOffsetCommit ask for, and how they are told, as seen on 3.9.1 and 4.3.1:
 * a topic named twice is told once; what is not there comes first, as often as it was named, then
 * the rest: each partition once, with the offset named last (as Kafka 4: as often as it was named).
 */
import { errorCode, type ErrorName } from '#protocol';
import type { OffsetToCommit } from './groups/offsets.ts';
import type { BrokerState } from './state.ts';

interface RequestedTopic {
  readonly name: string;
  readonly partitions: readonly {
    readonly partitionIndex: number;
    readonly committedOffset: number;
    readonly committedLeaderEpoch: number;
    readonly committedMetadata: string | null;
  }[];
}

/** In the order in which they are told. */
export function offsetsToCommit(
  { topics, config }: BrokerState,
  asked: readonly RequestedTopic[],
): readonly OffsetToCommit[] {
  const absent: OffsetToCommit[] = [];
  const known: OffsetToCommit[] = [];
  for (const { name, partitions } of asked) {
    for (const one of partitions) {
      const partition = one.partitionIndex;
      (topics.has(name, partition) ? known : absent).push({
        topic: name,
        partition,
        offset: one.committedOffset,
        leaderEpoch: one.committedLeaderEpoch,
        metadata: one.committedMetadata ?? '',
      });
    }
  }
  return [...absent, ...(config.profile === 'kafka-4' ? known : lastOfEach(known))];
}

function lastOfEach(offsets: readonly OffsetToCommit[]): Iterable<OffsetToCommit> {
  return new Map(offsets.map((one) => [`${one.topic}/${one.partition}`, one])).values();
}

/** An unknown topic is told even where it was named without partitions. */
export function tellOffsets(
  { topics }: BrokerState,
  asked: readonly RequestedTopic[],
  offsets: readonly OffsetToCommit[],
  errors: readonly ErrorName[],
): readonly object[] {
  const told = new Map<string, object[]>();
  for (const { name } of asked) if (!topics.has(name)) told.set(name, []);
  for (const [index, { topic, partition }] of offsets.entries()) {
    let partitions = told.get(topic);
    if (partitions === undefined) told.set(topic, (partitions = []));
    partitions.push({ partitionIndex: partition, errorCode: errorCode(errors[index]!) });
  }
  return [...told].map(([name, partitions]) => ({ name, partitions }));
}
