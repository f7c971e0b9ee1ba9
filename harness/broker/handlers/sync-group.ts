/**
 * SyncGroup (14), versions 0–5: the leader brings the assignment, everybody fetches its own. Followers wait.
 *
 * In Kafka's order (seen on 3.9.1):
 * 1. v5+ without protocol type or name → INCONSISTENT_GROUP_PROTOCOL
 * 2. group id "" → INVALID_GROUP_ID; unknown group, member or instance → UNKNOWN_MEMBER_ID; FENCED_INSTANCE_ID
 * 3. other generation → ILLEGAL_GENERATION; v5+, other protocol type or name → INCONSISTENT_GROUP_PROTOCOL
 * 4. PreparingRebalance → REBALANCE_IN_PROGRESS, also for those who wait when it begins
 * 5. Stable → the current assignment; who was not assigned anything gets no bytes
 */
import { errorCode } from '#protocol';
import { syncRefused } from '../groups/group.ts';
import type { SyncAnswer } from '../groups/groups.ts';
import { handler, type Answer } from '../handler.ts';

interface Share {
  readonly memberId: string;
  readonly assignment: Uint8Array;
}

export const syncGroup = handler('SyncGroup', ({ state, request, nowMs, later }) => {
  const { body, connection, version } = request;
  if (version >= 5 && (body.protocolType === null || body.protocolName === null)) {
    return answerOf(syncRefused('INCONSISTENT_GROUP_PROTOCOL'));
  }
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
    (told) => answer(answerOf(told)),
  );
  return undefined;
});

function answerOf({ error, protocolType, protocolName, assignment }: SyncAnswer): Answer {
  return {
    throttleTimeMs: 0,
    errorCode: errorCode(error),
    protocolType,
    protocolName,
    assignment,
  };
}
