/**
 * LeaveGroup: members go of their own accord, or are removed by a tool that knows their instance ids.
 *
 * Kafka 3.9 lets the group go on after each of them, 4 after all of them: where the first one was the last that a
 * join phase waited for, the second is told of a new generation on its way out, or is not. An id that was handed out
 * and not used may be given back; Kafka 4 takes that for a member that went.
 */
import type { ErrorName } from '#protocol';
import { checkMember, type Group, type GroupsHost } from './group.ts';
import { completeJoinIfAllAreHere, dropMember, goOnWithout, sessionTimer } from './rebalance.ts';

export interface Leaver {
  /** '' = whoever holds the instance id. */
  readonly memberId: string;
  readonly instanceId: string | null;
}

/** One answer for each. */
export function leave(
  host: GroupsHost,
  group: Group,
  leavers: readonly Leaver[],
  nowMs: number,
): readonly ErrorName[] {
  if (host.config.profile === 'kafka-3.9') {
    return leavers.map((leaver) => {
      const promised = group.promisedIds.has(leaver.memberId);
      const error = letGo(host, group, leaver);
      if (promised) completeJoinIfAllAreHere(host, group, nowMs);
      else if (error === 'NONE') goOnWithout(host, group, nowMs);
      return error;
    });
  }
  const errors = leavers.map((leaver) => letGo(host, group, leaver));
  if (errors.includes('NONE')) goOnWithout(host, group, nowMs);
  return errors;
}

function letGo(host: GroupsHost, group: Group, { memberId, instanceId }: Leaver): ErrorName {
  if (group.promisedIds.delete(memberId)) {
    host.timers.clear(sessionTimer(group, memberId));
    return 'NONE';
  }
  const id = memberId === '' ? (group.instances.get(instanceId ?? '') ?? '') : memberId;
  const error = checkMember(group, { memberId: id, instanceId });
  const member = group.members.get(id);
  if (error !== 'NONE' || member === undefined) return error;
  dropMember(host, group, member, 'left');
  return 'NONE';
}
