/**
 * SyncGroup: the leader hands in the assignment, everybody gets its share. Followers wait for the leader. In a stable
 * group the share is told again (and on 3.9 counts as a sign of life; on 4.x it does not), and another assignment by
 * the leader is not looked at.
 */
import {
  checkGeneration,
  synced,
  syncRefused,
  type Group,
  type GroupsHost,
  type Identity,
  type SyncAnswer,
} from './group.ts';
import { becomeStable, memberSynced, sawMember, suspendSession } from './rebalance.ts';

export interface SyncRequest extends Identity {
  /** v5+: must be what the group has chosen. */
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignments: ReadonlyMap<string, Uint8Array>;
}

export function sync(
  host: GroupsHost,
  group: Group,
  request: SyncRequest,
  nowMs: number,
  answer: (answer: SyncAnswer) => void,
): void {
  const error = checkGeneration(group, request);
  const member = group.members.get(request.memberId);
  if (error !== 'NONE' || member === undefined) return answer(syncRefused(error));
  if (!isChosen(group, request)) return answer(syncRefused('INCONSISTENT_GROUP_PROTOCOL'));
  if (group.state === 'PreparingRebalance') return answer(syncRefused('REBALANCE_IN_PROGRESS'));
  member.connection = request.connection;
  memberSynced(host, group, member);
  if (group.state === 'Stable') {
    answer(synced(group, member.assignment));
    if (host.config.profile === 'kafka-3.9') sawMember(host, member, nowMs);
    return;
  }
  member.sync = { connection: request.connection, answer };
  suspendSession(host, member, nowMs);
  if (group.leader === member.id) becomeStable(host, group, request.assignments, nowMs);
}

function isChosen(group: Group, { protocolType, protocolName }: SyncRequest): boolean {
  return (
    (protocolType === null || protocolType === group.protocolType) &&
    (protocolName === null || protocolName === group.protocolName)
  );
}
