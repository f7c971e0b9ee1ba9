/**
 * OffsetForLeaderEpoch (23), versions 0–4: where an epoch ended: at the first record of a later
 * one, else at the end of the log. Asked for an epoch without records, it answers with the one
 * before; for one that is newer, or older than all, (-1, -1) without error. Who may answer is the
 * header of leadership.ts (currentLeaderEpoch from v2).
 */
import { errorCode } from '#protocol';
import { handler } from '../handler.ts';
import { leadershipProblem } from '../leadership.ts';
import type { Partition } from '../topics.ts';

interface End {
  readonly leaderEpoch: number;
  readonly endOffset: number;
}

const unknown: End = { leaderEpoch: -1, endOffset: -1 };

export const offsetForLeaderEpoch = handler('OffsetForLeaderEpoch', ({ state, request }) => {
  const topics = request.body.topics.map((topic: { topic: string; partitions: any[] }) => ({
    topic: topic.topic,
    partitions: topic.partitions.map(({ partition: index, currentLeaderEpoch, leaderEpoch }) => {
      const partition = state.topics.partition(topic.topic, index);
      const error =
        partition === undefined
          ? 'UNKNOWN_TOPIC_OR_PARTITION'
          : leadershipProblem(partition, request.node, currentLeaderEpoch ?? -1);
      const end = error === 'NONE' ? endOf(partition!, leaderEpoch) : unknown;
      return { errorCode: errorCode(error), partition: index, ...end };
    }),
  }));
  return { throttleTimeMs: 0, topics };
});

function endOf({ leaderEpoch: current, log }: Partition, asked: number): End {
  if (asked === current) return { leaderEpoch: current, endOffset: log.highWatermark };
  if (asked < 0 || asked > current) return unknown;
  const later = log.batches.findIndex((batch) => batch.leaderEpoch > asked);
  const before = later < 0 ? log.batches.at(-1) : log.batches[later - 1];
  if (before === undefined) return unknown;
  const endOffset = log.batches[later]?.baseOffset ?? log.highWatermark;
  return { leaderEpoch: before.leaderEpoch, endOffset };
}
