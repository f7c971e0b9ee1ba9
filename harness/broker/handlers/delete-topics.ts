/**
 * DeleteTopics (20), versions 0–6: by name, from v6 also by id. Unknown name → 3, unknown id →
 * 100, the same topic twice → INVALID_REQUEST (once in the answer). Fetches that wait for the
 * topic are answered 3; its committed offsets and what was known of its producers are gone; made
 * again it is another topic that starts at 0. Where the broker is told to delete none
 * (`delete.topic.enable`): TOPIC_DELETION_DISABLED, before v3 INVALID_REQUEST.
 */
import { errorCode, type ErrorName } from '#protocol';
import { handler, type HandlerContext } from '../handler.ts';
import { removeTopic } from '../topic-admin.ts';

interface Asked {
  readonly name: string | null;
  readonly topicId: string;
}

const noId = '00000000-0000-0000-0000-000000000000';

export const deleteTopics = handler('DeleteTopics', (context) => {
  const { body, version } = context.request;
  const asked: readonly Asked[] =
    version >= 6 ? body.topics : body.topicNames.map((name: string) => ({ name, topicId: noId }));
  if (!context.state.config.deleteTopics)
    return {
      throttleTimeMs: 0,
      responses: asked.map((one) =>
        told(one, version < 3 ? 'INVALID_REQUEST' : 'TOPIC_DELETION_DISABLED', null),
      ),
    };
  const same = Map.groupBy(asked, (one) => topicOf(context, one)?.id ?? one.name ?? one.topicId);
  const responses = [...same.values()].map((group) => {
    const [one] = group as [Asked];
    return group.length > 1
      ? told(one, 'INVALID_REQUEST', 'Duplicate topic name.')
      : remove(context, one);
  });
  return { throttleTimeMs: 0, responses };
});

function topicOf({ state }: HandlerContext, { name, topicId }: Asked) {
  return name === null ? state.topics.byId(topicId) : state.topics.get(name);
}

function remove(context: HandlerContext, asked: Asked): object {
  const topic = topicOf(context, asked);
  if (topic === undefined && asked.name === null) {
    return told(asked, 'UNKNOWN_TOPIC_ID', 'This server does not host this topic ID.');
  }
  if (topic === undefined) {
    const text = 'This server does not host this topic-partition.';
    return told(asked, 'UNKNOWN_TOPIC_OR_PARTITION', text);
  }
  removeTopic(context.state, topic, context.nowMs);
  return told({ name: topic.name, topicId: topic.id }, 'NONE', null);
}

function told({ name, topicId }: Asked, error: ErrorName, errorMessage: string | null): object {
  return { name, topicId, errorCode: errorCode(error), errorMessage };
}
