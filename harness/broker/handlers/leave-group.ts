/**
 * LeaveGroup (13), versions 0–5: members go, and the others rebalance at once instead of after the session timeout.
 *
 * Seen on 3.9.1: group id "" → INVALID_GROUP_ID. Up to v2 one member leaves and its error is that of the answer;
 * from v3 on many can, each with its own error under NONE: UNKNOWN_MEMBER_ID, also when the group is unknown, and
 * FENCED_INSTANCE_ID. An instance id without member id removes whoever holds it.
 */
import { errorCode } from '#protocol';
import type { Leaver } from '../groups/groups.ts';
import { handler } from '../handler.ts';

export const leaveGroup = handler('LeaveGroup', ({ state, request, nowMs }) => {
  const { body, version } = request;
  const leavers = leaversOf(body, version);
  const errors = state.groups.leave(body.groupId, leavers, nowMs);
  if (typeof errors === 'string') {
    return { throttleTimeMs: 0, errorCode: errorCode(errors), members: [] };
  }
  if (version < 3) return { throttleTimeMs: 0, errorCode: errorCode(errors[0] ?? 'NONE') };
  return {
    throttleTimeMs: 0,
    errorCode: errorCode('NONE'),
    members: leavers.map(({ memberId, instanceId }, index) => ({
      memberId,
      groupInstanceId: instanceId,
      errorCode: errorCode(errors[index] ?? 'NONE'),
    })),
  };
});

function leaversOf(body: any, version: number): readonly Leaver[] {
  if (version < 3) return [{ memberId: body.memberId, instanceId: null }];
  return body.members.map((member: any) => ({
    memberId: member.memberId,
    instanceId: member.groupInstanceId,
  }));
}
