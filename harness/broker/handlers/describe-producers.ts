/**
 * DescribeProducers (61), version 0: what a partition remembers of its producers, open transactions
 * with their first offset. Coordinator epoch: that of the last marker, -1 without one. An unknown
 * topic or partition → UNKNOWN_TOPIC_OR_PARTITION, with a sentence for the topic only; a node
 * without a replica → NOT_LEADER_OR_FOLLOWER (seen on 3.9.1 and 4.3.1).
 */
import { errorCode, type ErrorName } from '#protocol';
import { handler } from '../handler.ts';
import type { Partition } from '../topics.ts';

export const describeProducers = handler('DescribeProducers', ({ state, request }) => {
  const producers = new Map<Partition, object[]>();
  const tell = (partition: Partition): object[] => {
    if (!producers.has(partition)) producers.set(partition, producersOf(partition));
    return producers.get(partition)!;
  };
  const topics = request.body.topics.map(
    ({ name, partitionIndexes }: { name: string; partitionIndexes: number[] }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => {
        const found = state.topics.partition(name, partitionIndex);
        const error = problem(found, request.node);
        return {
          partitionIndex,
          errorCode: errorCode(error),
          errorMessage: state.topics.has(name)
            ? null
            : 'This server does not host this topic-partition.',
          activeProducers: found === undefined || error !== 'NONE' ? [] : tell(found),
        };
      }),
    }),
  );
  return { throttleTimeMs: 0, topics };
});

function problem(partition: Partition | undefined, node: number): ErrorName {
  if (partition === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION';
  return partition.replicas.includes(node) ? 'NONE' : 'NOT_LEADER_OR_FOLLOWER';
}

function producersOf({ producers, log }: Partition): object[] {
  return [...producers].map(([producerId, entry]) => ({
    producerId,
    producerEpoch: entry.epoch,
    lastSequence: entry.batches.at(-1)?.lastSequence ?? -1,
    lastTimestamp: entry.lastTimestampMs,
    coordinatorEpoch: entry.coordinatorEpoch,
    currentTxnStartOffset: log.transactions.firstOffset(producerId),
  }));
}
