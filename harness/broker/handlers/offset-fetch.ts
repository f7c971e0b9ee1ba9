/**
 * OffsetFetch (9), versions 0–9: how far groups have read. A missing offset is -1 without an error, and so is
 * everything of an unknown topic or group. `topics: null` (v2+) asks for all there is, `[]` for nothing.
 * From v8 on several groups at once. It is no sign of life.
 *
 * `requireStable` (v7+): a partition with an offset of an open transaction → UNSTABLE_OFFSET_COMMIT; who asks for
 * all there is hears nothing of a partition that has only pending offsets. Without it the offset before is told.
 *
 * Not served: member id and epoch of v9 (KIP-848).
 * v0 is answered like v1 (Kafka 3.9 would ask ZooKeeper).
 */
import { errorCode } from '#protocol';
import type { Groups } from '../groups/groups.ts';
import { handler } from '../handler.ts';

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
  const stable: boolean = body.requireStable;
  if (version < 8) return { throttleTimeMs: 0, ...offsetsOf(state.groups, body, stable) };
  const groups: readonly Asked[] = body.groups;
  return {
    throttleTimeMs: 0,
    groups: groups.map((asked) => ({
      groupId: asked.groupId,
      ...(state.cluster.coordinatorOf(asked.groupId) === request.node
        ? offsetsOf(state.groups, asked, stable)
        : { errorCode: errorCode('NOT_COORDINATOR'), topics: [] }),
    })),
  };
});

function offsetsOf(groups: Groups, { groupId, topics }: Asked, requireStable: boolean) {
  const asked =
    topics?.map(({ name, partitionIndexes }) => ({ topic: name, partitions: partitionIndexes })) ??
    null;
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
