/**
 * How a group moves from one generation to the next:
 *
 *   Empty ─ first member ─▶ PreparingRebalance ─ all are here, or time is up ─▶ CompletingRebalance
 *     ▲                        ▲   │ nobody left                                   │ leader syncs
 *     └────────────────────────┼───┘            somebody comes, goes or changes    ▼
 *                              └────────────────────────────────────────────── Stable
 *
 * - An empty group waits `group.initial.rebalance.delay.ms` for company, once more for each delay in which somebody
 *   came (first generation only), at most for the rebalance timeout of its first member. A delay of 0 waits for no one.
 * - Otherwise the join phase ends when all members are back, at the latest after the longest rebalance timeout.
 *   Who is not back is removed, a static member excepted. Ids handed out and not used count as missing members.
 * - Whoever does not ask for its assignment within the longest rebalance timeout is removed.
 * - A member whose JoinGroup or SyncGroup waits cannot expire; its session starts anew with the answer. A newcomer
 *   can, after five minutes: nobody knows whether it is still there.
 *
 * - A SyncGroup that waits while its member is removed from another connection is never answered.
 *
 * Not as in Kafka: an initial delay of 0 ends within the same request.
 */
import { assignedPartitions } from './assignment.ts';
import {
  electProtocol,
  everybodyIsHere,
  joined,
  joinRefused,
  nothing,
  rebalanceTimeoutMs,
  synced,
  syncRefused,
  type Group,
  type GroupsHost,
  type Member,
} from './group.ts';

type WhyLeft = 'left' | 'session expired' | 'did not rejoin' | 'did not sync';

const newcomerPatienceMs = 300_000;

const joinTimer = (group: Group): string => `join phase of ${group.id}`;
const syncTimer = (group: Group): string => `sync phase of ${group.id}`;
export const sessionTimer = (group: Group, memberId: string): string =>
  `session of ${memberId} in ${group.id}`;

/** A sign of life. */
export function sawMember(host: GroupsHost, member: Member, nowMs: number): void {
  if (!member.isNew && (member.join !== undefined || member.sync !== undefined)) return;
  host.timers.set(member.sessionTimer, nowMs + member.sessionTimeoutMs, member.onSessionEnd);
}

/** Its JoinGroup or SyncGroup waits: no session runs meanwhile, except for newcomers. */
export function suspendSession(host: GroupsHost, member: Member, nowMs: number): void {
  if (member.isNew) {
    host.timers.set(member.sessionTimer, nowMs + newcomerPatienceMs, member.onSessionEnd);
  } else {
    host.timers.clear(member.sessionTimer);
  }
}

/** Starts a rebalance where one can start; in the join phase there is one already. */
export function prepareRebalance(host: GroupsHost, group: Group, nowMs: number): void {
  if (group.state === 'PreparingRebalance') return;
  if (group.state === 'CompletingRebalance') refuseSyncs(host, group, nowMs);
  host.timers.clear(syncTimer(group));
  const wasEmpty = group.state === 'Empty';
  group.state = 'PreparingRebalance';
  if (wasEmpty) startInitialDelay(host, group, nowMs);
  else waitForMembers(host, group, nowMs);
}

function startInitialDelay(host: GroupsHost, group: Group, nowMs: number): void {
  const delayMs = host.config.groupInitialRebalanceDelayMs;
  if (delayMs <= 0) return completeJoin(host, group, nowMs);
  const remainingMs = Math.max(rebalanceTimeoutMs(group) - delayMs, 0);
  const delay = { remainingMs, someoneCame: false };
  group.initialDelay = delay;
  const end = (endMs: number): void => {
    if (!delay.someoneCame || delay.remainingMs === 0) return completeJoin(host, group, endMs);
    delay.someoneCame = false;
    const furtherMs = Math.min(delayMs, delay.remainingMs);
    delay.remainingMs -= furtherMs;
    host.timers.set(joinTimer(group), endMs + furtherMs, end);
  };
  host.timers.set(joinTimer(group), nowMs + delayMs, end);
}

function waitForMembers(host: GroupsHost, group: Group, nowMs: number): void {
  if (everybodyIsHere(group)) return completeJoin(host, group, nowMs);
  host.timers.set(joinTimer(group), nowMs + rebalanceTimeoutMs(group), (endMs) =>
    completeJoin(host, group, endMs),
  );
}

/** After anything that may have been the last thing a join phase waited for. */
export function completeJoinIfAllAreHere(host: GroupsHost, group: Group, nowMs: number): void {
  if (group.state !== 'PreparingRebalance' || group.initialDelay !== undefined) return;
  if (everybodyIsHere(group)) completeJoin(host, group, nowMs);
}

function completeJoin(host: GroupsHost, group: Group, nowMs: number): void {
  group.initialDelay = undefined;
  host.timers.clear(joinTimer(group));
  for (const member of group.members.values()) {
    if (member.join === undefined && member.instanceId === null) {
      dropMember(host, group, member, 'did not rejoin');
    }
  }
  if (group.members.size === 0) return becomeEmpty(host, group);
  if (!electLeader(group)) return waitForMembers(host, group, nowMs);
  group.generation++;
  group.protocolName = electProtocol(group);
  group.state = 'CompletingRebalance';
  for (const member of group.members.values()) {
    const parked = member.join;
    member.join = undefined;
    member.isNew = false;
    member.hasSynced = false;
    parked?.answer(joined(group, member));
    sawMember(host, member, nowMs);
  }
  host.timers.set(syncTimer(group), nowMs + rebalanceTimeoutMs(group), (endMs) =>
    removeWhoDidNotSync(host, group, endMs),
  );
}

function becomeEmpty(host: GroupsHost, group: Group): void {
  group.generation++;
  group.protocolName = null;
  group.state = 'Empty';
  host.emit({ kind: 'assigned', group: group.id, generation: group.generation, members: [] });
}

/** The old leader if it is back, else the first who is. False when only absent static members are left. */
function electLeader(group: Group): boolean {
  const members = [...group.members.values()];
  const back = members.filter((member) => member.join !== undefined);
  if (!back.some(({ id }) => id === group.leader)) group.leader = back[0]?.id ?? group.leader;
  return back.length > 0;
}

/** The leader has spoken. */
export function becomeStable(
  host: GroupsHost,
  group: Group,
  assignments: ReadonlyMap<string, Uint8Array>,
  nowMs: number,
): void {
  group.state = 'Stable';
  for (const member of group.members.values()) {
    member.assignment = assignments.get(member.id) ?? nothing;
  }
  tellAssignment(host, group);
  for (const member of group.members.values()) {
    const parked = member.sync;
    if (parked === undefined) continue;
    member.sync = undefined;
    parked.answer(synced(group, member.assignment));
    sawMember(host, member, nowMs);
  }
}

export function tellAssignment(host: GroupsHost, group: Group): void {
  host.emit({
    kind: 'assigned',
    group: group.id,
    generation: group.generation,
    members: [...group.members.values()].map((member) => ({
      memberId: member.id,
      clientId: member.clientId,
      connection: member.connection,
      partitions: assignedPartitions(group.protocolType, member.assignment),
    })),
  });
}

export function memberSynced(host: GroupsHost, group: Group, member: Member): void {
  member.hasSynced = true;
  for (const other of group.members.values()) if (!other.hasSynced) return;
  host.timers.clear(syncTimer(group));
}

function removeWhoDidNotSync(host: GroupsHost, group: Group, nowMs: number): void {
  for (const member of group.members.values()) {
    if (!member.hasSynced) dropMember(host, group, member, 'did not sync');
  }
  prepareRebalance(host, group, nowMs);
}

/** Those who wait for an assignment must join again. */
function refuseSyncs(host: GroupsHost, group: Group, nowMs: number): void {
  for (const member of group.members.values()) {
    member.assignment = nothing;
    const parked = member.sync;
    if (parked === undefined) continue;
    member.sync = undefined;
    parked.answer(syncRefused('REBALANCE_IN_PROGRESS'));
    sawMember(host, member, nowMs);
  }
}

/** A member is gone, and the others have to share anew. */
export function removeMember(
  host: GroupsHost,
  group: Group,
  member: Member,
  why: WhyLeft,
  nowMs: number,
): void {
  dropMember(host, group, member, why);
  goOnWithout(host, group, nowMs);
}

/** After members have gone. */
export function goOnWithout(host: GroupsHost, group: Group, nowMs: number): void {
  if (group.state === 'PreparingRebalance') completeJoinIfAllAreHere(host, group, nowMs);
  else if (group.state !== 'Empty') prepareRebalance(host, group, nowMs);
}

export function dropMember(host: GroupsHost, group: Group, member: Member, why: WhyLeft): void {
  member.join?.answer(joinRefused('UNKNOWN_MEMBER_ID', ''));
  host.timers.clear(member.sessionTimer);
  group.members.delete(member.id);
  if (member.instanceId !== null) group.instances.delete(member.instanceId);
  if (group.leader === member.id) group.leader = group.members.keys().next().value;
  host.emit({ kind: 'member-left', group: group.id, memberId: member.id, why });
}
