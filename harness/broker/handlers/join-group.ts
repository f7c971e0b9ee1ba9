/**
 * JoinGroup (11), versions 0–9: asks to be a member of the next generation. Waits until the join phase is over.
 *
 * In Kafka's order (seen on 3.9.1):
 * 1. group id "" → INVALID_GROUP_ID; session timeout out of bounds → INVALID_SESSION_TIMEOUT
 * 2. a member id in a group that is not there → UNKNOWN_MEMBER_ID
 * 3. no protocol that all members speak, or another type → INCONSISTENT_GROUP_PROTOCOL
 * 4. no member id, v4+, not static → MEMBER_ID_REQUIRED with an id that is promised for the session timeout
 * 5. unknown member or instance → UNKNOWN_MEMBER_ID, an id that another process took over → FENCED_INSTANCE_ID
 * What follows is in groups/join.ts and groups/rebalance.ts.
 *
 * v0 has no rebalance timeout: the session timeout stands for it. Up to v6 a missing protocol name is "".
 */
import { errorCode } from '#protocol';
import type { JoinAnswer, Protocol } from '../groups/groups.ts';
import { handler, type Answer } from '../handler.ts';

export const joinGroup = handler('JoinGroup', ({ state, request, nowMs, later }) => {
  const { body, version, connection } = request;
  const answer = later();
  state.groups.join(
    {
      groupId: body.groupId,
      memberId: body.memberId,
      instanceId: body.groupInstanceId,
      clientId: request.clientId ?? '',
      connection,
      sessionTimeoutMs: body.sessionTimeoutMs,
      rebalanceTimeoutMs: version === 0 ? body.sessionTimeoutMs : body.rebalanceTimeoutMs,
      protocolType: body.protocolType,
      protocols: protocolsOf(body),
      takesMemberId: version >= 4,
      skipsAssignment: version >= 9,
    },
    nowMs,
    (joined) => answer(bodyOf(joined, version)),
  );
  return undefined;
});

/** Copies: the bytes of a request belong to its connection. */
function protocolsOf(body: any): readonly Protocol[] {
  return body.protocols.map(({ name, metadata }: Protocol) => ({
    name,
    metadata: Buffer.from(metadata),
  }));
}

function bodyOf(joined: JoinAnswer, version: number): Answer {
  return {
    throttleTimeMs: 0,
    errorCode: errorCode(joined.error),
    generationId: joined.generation,
    protocolType: joined.protocolType,
    protocolName: joined.protocolName ?? (version < 7 ? '' : null),
    leader: joined.leader,
    skipAssignment: joined.skipAssignment,
    memberId: joined.memberId,
    members: joined.members.map(({ memberId, instanceId, metadata }) => ({
      memberId,
      groupInstanceId: instanceId,
      metadata,
    })),
  };
}
