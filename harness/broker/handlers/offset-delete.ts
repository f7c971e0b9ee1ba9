/**
 * OffsetDelete (47), version 0: forgets what a group has committed for topics that it does not read
 * now.
 *
 * In Kafka's order (seen on 3.9.1): group id "" → INVALID_GROUP_ID, unknown → GROUP_ID_NOT_FOUND; a
 * group with members that are no consumers → NON_EMPTY_GROUP; then for each partition: unknown →
 * UNKNOWN_TOPIC_OR_PARTITION, a topic that a member subscribes to → GROUP_SUBSCRIBED_TO_TOPIC (any
 * topic, where a member's subscription cannot be read), else NONE, also where nothing was
 * committed. A partition twice is told once. An empty group without offsets is gone (4.x keeps it).
 */
import { errorCode } from '#protocol';
import { handler } from '../handler.ts';

interface Asked {
  readonly name: string;
  readonly partitions: readonly { readonly partitionIndex: number }[];
}

export const offsetDelete = handler('OffsetDelete', ({ state, request }) => {
  const { groupId, topics } = request.body as { groupId: string; topics: readonly Asked[] };
  const asked = topics.map(({ name, partitions }) => ({
    topic: name,
    partitions: [...new Set(partitions.map(({ partitionIndex }) => partitionIndex))],
  }));
  const answers = state.groups.deleteOffsets(groupId, asked);
  if (typeof answers === 'string') {
    return { errorCode: errorCode(answers), throttleTimeMs: 0, topics: [] };
  }
  return {
    errorCode: 0,
    throttleTimeMs: 0,
    topics: asked.map(({ topic, partitions }, at) => ({
      name: topic,
      partitions: partitions.map((partitionIndex, index) => ({
        partitionIndex,
        errorCode: errorCode(answers[at]![index]!),
      })),
    })),
  };
});
