/**
 * SyncGroup (14), versions 0–5: the leader brings the assignment, everybody fetches its own. Followers wait.
 *
 * In Kafka's order (seen on 3.9.1):
 * 1. group id "" → INVALID_GROUP_ID; unknown group, member or instance → UNKNOWN_MEMBER_ID; FENCED_INSTANCE_ID
 * 2. other generation → ILLEGAL_GENERATION; v5+, other protocol type or name → INCONSISTENT_GROUP_PROTOCOL
 * 3. PreparingRebalance → REBALANCE_IN_PROGRESS, also for those who wait when it begins
 * 4. Stable → the current assignment; who was not assigned anything gets no bytes
 */
import { errorCode } from '#protocol';
import { handler } from '../handler.ts';

interface Share {
  readonly memberId: string;
  readonly assignment: Uint8Array;
}

export const syncGroup = handler('SyncGroup', ({ state, request, nowMs, later }) => {
  const { body, connection } = request;
  const shares: readonly Share[] = body.assignments;
  const answer = later();
  state.groups.sync(
    {
      groupId: body.groupId,
      memberId: body.memberId,
      instanceId: body.groupInstanceId,
      generation: body.generationId,
      connection,
      protocolType: body.protocolType,
      protocolName: body.protocolName,
      // Copies: the bytes of a request belong to its connection.
      assignments: new Map(shares.map((share) => [share.memberId, Buffer.from(share.assignment)])),
    },
    nowMs,
    ({ error, protocolType, protocolName, assignment }) =>
      answer({
        throttleTimeMs: 0,
        errorCode: errorCode(error),
        protocolType,
        protocolName,
        assignment,
      }),
  );
  return undefined;
});
