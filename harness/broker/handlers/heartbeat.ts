/**
 * Heartbeat (12), versions 0–4: "I am here", and the way a member learns of a rebalance.
 *
 * In Kafka's order (seen on 3.9.1):
 * 1. group id "" → INVALID_GROUP_ID; unknown group, member or instance → UNKNOWN_MEMBER_ID; FENCED_INSTANCE_ID
 * 2. other generation → ILLEGAL_GENERATION, and this is no sign of life
 * 3. PreparingRebalance → REBALANCE_IN_PROGRESS, and this is a sign of life; else NONE
 */
import { errorCode } from '#protocol';
import { handler } from '../handler.ts';

export const heartbeat = handler('Heartbeat', ({ state, request, nowMs }) => {
  const { body, connection } = request;
  const error = state.groups.heartbeat(
    {
      groupId: body.groupId,
      memberId: body.memberId,
      instanceId: body.groupInstanceId,
      generation: body.generationId,
      connection,
    },
    nowMs,
  );
  return { throttleTimeMs: 0, errorCode: errorCode(error) };
});
