/**
 * OffsetFetch (9), versions 0–9: how far groups have read. A missing offset is -1 without an error, and so is
 * everything of an unknown topic or group. `topics: null` (v2+) asks for all there is, `[]` for nothing.
 * From v8 on several groups at once. It is no sign of life. A topic or partition asked for twice is told once
 * (as Kafka 4: as often as it was named); a group is told as often as it was named.
 *
 * `requireStable` (v7+): a partition with an offset of an open transaction → UNSTABLE_OFFSET_COMMIT; who asks for
 * all there is hears nothing of a partition that has only pending offsets. Without it the offset before is told.
 *
 * Not served: member id and epoch of v9 (KIP-848).
 * v0 is answered like v1 (Kafka 3.9 would ask ZooKeeper).
 */
import { errorCode } from '#protocol';
import { handler } from '../handler.ts';
import { remembering } from '../remembering.ts';
import type { BrokerState } from '../state.ts';

interface Asked {
  readonly groupId: string;
  readonly topics: readonly RequestedTopic[] | null;
}

interface RequestedTopic {
  readonly name: string;
  readonly partitionIndexes: readonly number[];
}

export const offsetFetch = handler('OffsetFetch', ({ state, request }) => {
  const { body, version } = request;
  if (version < 8) return { throttleTimeMs: 0, ...offsetsOf(state, body, body.requireStable) };
  const tell = (asked: Asked): object =>
    state.cluster.coordinatorOf(asked.groupId) === request.node
      ? offsetsOf(state, asked, body.requireStable)
      : { errorCode: errorCode('NOT_COORDINATOR'), topics: [] };
  const everythingOf = remembering((groupId) => tell({ groupId, topics: null }));
  const groups: readonly Asked[] = body.groups;
  return {
    throttleTimeMs: 0,
    groups: groups.map((asked) => ({
      groupId: asked.groupId,
      ...(asked.topics === null ? everythingOf(asked.groupId) : tell(asked)),
    })),
  };
});

function offsetsOf(
  { groups, config }: BrokerState,
  { groupId, topics }: Asked,
  requireStable: boolean,
) {
  const each =
    topics?.map(({ name, partitionIndexes }) => ({ topic: name, partitions: partitionIndexes })) ??
    null;
  const asked = each === null || config.profile === 'kafka-4' ? each : eachOnce(each);
  return {
    errorCode: errorCode('NONE'),
    topics: groups.fetchOffsets(groupId, asked, requireStable).map(({ topic, partitions }) => ({
      name: topic,
      partitions: partitions.map(({ partition, offset, leaderEpoch, metadata, error }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: leaderEpoch,
        metadata,
        errorCode: errorCode(error),
      })),
    })),
  };
}

function eachOnce(
  asked: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
) {
  const topics = new Map<string, Set<number>>();
  for (const { topic, partitions } of asked) {
    if (partitions.length === 0) continue;
    const indexes = topics.get(topic) ?? new Set<number>();
    topics.set(topic, indexes);
    for (const partition of partitions) indexes.add(partition);
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions: [...partitions] }));
}
