/**
 * Who may join, and whether that starts a rebalance. Seen on Kafka 3.9.1; the order of the checks is Kafka's.
 *
 * - A rejoin with the same protocols changes nothing: it is told the current generation again, and is no sign of life
 *   (seen on 3.9.1 and 4.3.1). The exception is the leader of a stable group, whose rejoin always starts a rebalance
 *   (that is how it says "the topics changed").
 * - A static member that comes back without its id takes over from its former self, which is fenced. In a stable
 *   group nothing else happens as long as the name of the chosen protocol stays the same.
 * - Two JoinGroups of one member at a time (after a lost connection): the later one counts, the earlier one is never
 *   answered.
 * - A full group (`group.max.size`) takes nobody new, and forgets a member that comes back after others took the last
 *   places of a join phase: GROUP_MAX_SIZE_REACHED, before a newcomer is given an id.
 */
import {
  checkMember,
  electProtocol,
  joined,
  joinRefused,
  nothing,
  sameProtocols,
  speaksOurProtocols,
  type Group,
  type GroupsHost,
  type JoinAnswer,
  type Member,
  syncRefused,
  type Protocol,
} from './group.ts';
import {
  completeJoinIfAllAreHere,
  prepareRebalance,
  removeMember,
  sawMember,
  sessionTimer,
  suspendSession,
  tellAssignment,
} from './rebalance.ts';

export interface JoinRequest {
  readonly groupId: string;
  /** '' = I have none yet. */
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly connection: number | undefined;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocolType: string;
  readonly protocols: readonly Protocol[];
  /** Understands MEMBER_ID_REQUIRED (v4+). */
  readonly takesMemberId: boolean;
  /** Understands `skipAssignment` (v9+). */
  readonly skipsAssignment: boolean;
}

export type AnswerJoin = (answer: JoinAnswer) => void;

export function join(
  host: GroupsHost,
  group: Group,
  request: JoinRequest,
  nowMs: number,
  answer: AnswerJoin,
): void {
  if (!hasRoom(host, group, request.memberId)) {
    const member = group.members.get(request.memberId);
    if (member !== undefined) removeMember(host, group, member, 'left', nowMs);
    return answer(joinRefused('GROUP_MAX_SIZE_REACHED', ''));
  }
  if (!speaksOurProtocols(group, request.protocolType, request.protocols)) {
    return answer(joinRefused('INCONSISTENT_GROUP_PROTOCOL', request.memberId));
  }
  if (request.memberId === '') joinAsNew(host, group, request, nowMs, answer);
  else joinAsKnown(host, group, request, nowMs, answer);
  completeJoinIfAllAreHere(host, group, nowMs);
}

/** In a join phase those count who are back. */
function hasRoom({ config }: GroupsHost, group: Group, memberId: string): boolean {
  const member = group.members.get(memberId);
  if (group.state === 'PreparingRebalance') {
    const back = [...group.members.values()].filter((one) => one.join !== undefined).length;
    return member?.join !== undefined || back < config.groupMaxSize;
  }
  return (
    group.state === 'Empty' || member !== undefined || group.members.size < config.groupMaxSize
  );
}

function joinAsNew(
  host: GroupsHost,
  group: Group,
  request: JoinRequest,
  nowMs: number,
  answer: AnswerJoin,
): void {
  const { instanceId } = request;
  const id = host.newId(instanceId ?? request.clientId);
  if (instanceId === null) {
    if (!request.takesMemberId || !host.config.memberIdRequired) {
      return addMember(host, group, id, request, nowMs, answer);
    }
    promiseId(host, group, id, nowMs + request.sessionTimeoutMs);
    return answer(joinRefused('MEMBER_ID_REQUIRED', id));
  }
  const former = group.members.get(group.instances.get(instanceId) ?? '');
  if (former === undefined) addMember(host, group, id, request, nowMs, answer);
  else takeOver(host, group, former, id, request, nowMs, answer);
}

function promiseId(host: GroupsHost, group: Group, id: string, untilMs: number): void {
  group.promisedIds.add(id);
  host.timers.set(sessionTimer(group, id), untilMs, (nowMs) => forgetId(host, group, id, nowMs));
}

/** An id that was handed out will not be used. */
export function forgetId(host: GroupsHost, group: Group, id: string, nowMs: number): void {
  host.timers.clear(sessionTimer(group, id));
  group.promisedIds.delete(id);
  completeJoinIfAllAreHere(host, group, nowMs);
}

function joinAsKnown(
  host: GroupsHost,
  group: Group,
  request: JoinRequest,
  nowMs: number,
  answer: AnswerJoin,
): void {
  const { memberId, instanceId } = request;
  if (group.promisedIds.has(memberId)) {
    // Kafka never expected that.
    if (instanceId !== null) return answer(joinRefused('UNKNOWN_SERVER_ERROR', memberId));
    group.promisedIds.delete(memberId);
    return addMember(host, group, memberId, request, nowMs, answer);
  }
  const error = checkMember(group, request);
  const member = group.members.get(memberId);
  if (error !== 'NONE' || member === undefined) return answer(joinRefused(error, memberId));
  if (changesNothing(group, member, request)) return answer(joined(group, member));
  member.protocols = request.protocols;
  member.sessionTimeoutMs = request.sessionTimeoutMs;
  member.rebalanceTimeoutMs = request.rebalanceTimeoutMs;
  parkJoin(host, member, request, nowMs, answer);
  prepareRebalance(host, group, nowMs);
}

function changesNothing(group: Group, member: Member, request: JoinRequest): boolean {
  if (group.state === 'PreparingRebalance') return false;
  if (group.state === 'Stable' && group.leader === member.id) return false;
  return sameProtocols(member.protocols, request.protocols);
}

function addMember(
  host: GroupsHost,
  group: Group,
  id: string,
  request: JoinRequest,
  nowMs: number,
  answer: AnswerJoin,
): void {
  if (group.initialDelay !== undefined && group.generation === 0) {
    group.initialDelay.someoneCame = true;
  }
  const member = newMember(host, group, id, request);
  if (group.members.size === 0) group.protocolType = request.protocolType;
  group.members.set(id, member);
  if (member.instanceId !== null) group.instances.set(member.instanceId, id);
  group.leader ??= id;
  parkJoin(host, member, request, nowMs, answer);
  prepareRebalance(host, group, nowMs);
}

function newMember(host: GroupsHost, group: Group, id: string, request: JoinRequest): Member {
  const member: Member = {
    id,
    instanceId: request.instanceId,
    clientId: request.clientId,
    connection: request.connection,
    sessionTimeoutMs: request.sessionTimeoutMs,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    protocols: request.protocols,
    assignment: nothing,
    isNew: true,
    hasSynced: false,
    join: undefined,
    sync: undefined,
    sessionTimer: sessionTimer(group, id),
    onSessionEnd: (nowMs) => removeMember(host, group, member, 'session expired', nowMs),
  };
  return member;
}

function parkJoin(
  host: GroupsHost,
  member: Member,
  request: JoinRequest,
  nowMs: number,
  answer: AnswerJoin,
): void {
  member.connection = request.connection;
  member.join = { connection: request.connection, answer };
  suspendSession(host, member, nowMs);
}

/**
 * A static member is back and has forgotten its id. Before v9 a client that hears its own id as the leader's would
 * compute an assignment nobody waits for, so it is told the id it had before.
 */
function takeOver(
  host: GroupsHost,
  group: Group,
  former: Member,
  id: string,
  request: JoinRequest,
  nowMs: number,
  answer: AnswerJoin,
): void {
  const leaderBefore = group.leader ?? '';
  const member = replaceMember(host, group, former, newMember(host, group, id, request));
  if (group.state !== 'Stable' || electProtocol(group) !== group.protocolName) {
    parkJoin(host, member, request, nowMs, answer);
    return prepareRebalance(host, group, nowMs);
  }
  sawMember(host, member, nowMs);
  tellAssignment(host, group);
  const told = joined(group, member);
  answer(
    request.skipsAssignment
      ? { ...told, skipAssignment: group.leader === id }
      : { ...told, leader: leaderBefore, members: [] },
  );
}

function replaceMember(host: GroupsHost, group: Group, former: Member, member: Member): Member {
  member.assignment = former.assignment;
  member.isNew = former.isNew;
  member.hasSynced = former.hasSynced;
  host.timers.clear(former.sessionTimer);
  group.members.delete(former.id);
  group.members.set(member.id, member);
  if (member.instanceId !== null) group.instances.set(member.instanceId, member.id);
  if (group.leader === former.id) group.leader = member.id;
  former.join?.answer(joinRefused('FENCED_INSTANCE_ID', former.id));
  former.sync?.answer(syncRefused('FENCED_INSTANCE_ID'));
  return member;
}
