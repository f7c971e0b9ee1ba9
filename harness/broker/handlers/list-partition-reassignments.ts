/**
 * ListPartitionReassignments (46), version 0: partitions to which replicas are being added, with
 * those that come and those that go. Null asks for all; topics that are not there are no error,
 * nor is any timeout (seen on 3.9.1).
 */
import { handler } from '../handler.ts';
import type { Partition } from '../topics.ts';

interface Asked {
  readonly name: string;
  readonly partitionIndexes: readonly number[];
}

export const listPartitionReassignments = handler(
  'ListPartitionReassignments',
  ({ state, request }) => {
    const asked: readonly Asked[] | null = request.body.topics;
    const isAsked = ({ topic, index }: Partition): boolean =>
      asked === null ||
      asked.some((one) => one.name === topic && one.partitionIndexes.includes(index));
    const topics = [...state.topics.all()]
      .map(({ name, partitions }) => ({
        name,
        partitions: partitions
          .filter((one) => one.reassignment !== undefined && isAsked(one))
          .flatMap(tell),
      }))
      .filter(({ partitions }) => partitions.length > 0);
    return { throttleTimeMs: 0, errorCode: 0, errorMessage: null, topics };
  },
);

function tell({ index, replicas, reassignment }: Partition): readonly object[] {
  if (reassignment === undefined) return [];
  const { adding, removing } = reassignment;
  return [{ partitionIndex: index, replicas, addingReplicas: adding, removingReplicas: removing }];
}
