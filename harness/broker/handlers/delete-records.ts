/**
 * DeleteRecords (21), versions 0–2: moves the start of logs. What lies before is gone; a batch that
 * the new start cuts is still fetched whole. Producers are remembered all the same.
 *
 * In Kafka's order (seen on 3.9.1), for each partition: unknown → UNKNOWN_TOPIC_OR_PARTITION; led
 * by another node → NOT_LEADER_OR_FOLLOWER; a topic that is compacted only → POLICY_VIOLATION; -1
 * is the high watermark, what is beyond it or below -1 → OFFSET_OUT_OF_RANGE. An offset before the
 * start changes nothing. The answer tells the start, -1 beside an error; topics that cannot be
 * found come first, a topic in two entries is one, of a partition named twice the last counts. The
 * timeout is not looked at (nothing waits for followers).
 */
import { errorCode, type ErrorName } from '#protocol';
import { handler, type HandlerContext } from '../handler.ts';

interface Asked {
  readonly name: string;
  readonly partitions: readonly { readonly partitionIndex: number; readonly offset: number }[];
}

export const deleteRecords = handler('DeleteRecords', (context) => {
  const topics = new Map<string, Map<number, number>>();
  for (const { name, partitions } of context.request.body.topics as Asked[]) {
    if (partitions.length === 0) continue;
    let offsets = topics.get(name);
    if (offsets === undefined) topics.set(name, (offsets = new Map<number, number>()));
    for (const { partitionIndex, offset } of partitions) offsets.set(partitionIndex, offset);
  }
  const told = [...topics].map(([name, offsets]) => ({
    name,
    partitions: [...offsets].map(([partitionIndex, offset]) => ({
      partitionIndex,
      ...truncate(context, name, partitionIndex, offset),
    })),
  }));
  const unknown = (topic: { name: string }): number =>
    context.state.topics.has(topic.name) ? 1 : 0;
  return { throttleTimeMs: 0, topics: told.toSorted((a, b) => unknown(a) - unknown(b)) };
});

function truncate(
  { state, request }: HandlerContext,
  topic: string,
  index: number,
  asked: number,
): { readonly lowWatermark: number; readonly errorCode: number } {
  const refused = (error: ErrorName) => ({ lowWatermark: -1, errorCode: errorCode(error) });
  const partition = state.topics.partition(topic, index);
  if (partition === undefined) return refused('UNKNOWN_TOPIC_OR_PARTITION');
  if (partition.leader !== request.node) return refused('NOT_LEADER_OR_FOLLOWER');
  const { compacted, alsoDeletes } = state.topics.get(topic)!.config;
  if (compacted && !alsoDeletes) return refused('POLICY_VIOLATION');
  const { log } = partition;
  const offset = asked === -1 ? log.highWatermark : asked;
  if (offset < 0 || offset > log.highWatermark) return refused('OFFSET_OUT_OF_RANGE');
  log.deleteBefore(offset);
  return { lowWatermark: log.logStart, errorCode: 0 };
}
