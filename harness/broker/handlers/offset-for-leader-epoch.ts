/**
 * OffsetForLeaderEpoch (23), versions 0–4: where an epoch ended. There is one epoch, so it ends at
 * the end of the log; an epoch nobody knows is (-1, -1) without error. currentLeaderEpoch (v2+):
 * older → 74, newer → 75.
 */
import { errorCode, type ErrorName } from '#protocol';
import { handler } from '../handler.ts';

export const offsetForLeaderEpoch = handler('OffsetForLeaderEpoch', ({ state, request }) => {
  const topics = request.body.topics.map((topic: { topic: string; partitions: any[] }) => ({
    topic: topic.topic,
    partitions: topic.partitions.map(({ partition: index, currentLeaderEpoch, leaderEpoch }) => {
      const partition = state.topics.partition(topic.topic, index);
      const current = currentLeaderEpoch ?? -1;
      let error: ErrorName = 'NONE';
      if (partition === undefined) error = 'UNKNOWN_TOPIC_OR_PARTITION';
      else if (current > partition.leaderEpoch) error = 'UNKNOWN_LEADER_EPOCH';
      else if (current >= 0 && current < partition.leaderEpoch) error = 'FENCED_LEADER_EPOCH';
      const known = error === 'NONE' && leaderEpoch === partition!.leaderEpoch;
      return {
        errorCode: errorCode(error),
        partition: index,
        leaderEpoch: known ? leaderEpoch : -1,
        endOffset: known ? partition!.log.highWatermark : -1,
      };
    }),
  }));
  return { throttleTimeMs: 0, topics };
});
