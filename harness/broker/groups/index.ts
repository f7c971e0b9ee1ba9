/**
 * The classic group coordinator as pure state: members, generations, assignments, committed offsets. It reads no
 * clock, owns no socket and knows no message format; handlers/ translate. Errors are Kafka's, by name.
 *
 * Held against Apache Kafka 3.9.1. Where 4.x is known to differ the comment says so; there is no second profile yet.
 *
 * Not served: group loading (a broker has its groups from the first moment), offset retention, the consumer protocol
 * of KIP-848, offsets inside transactions. An empty group stays until somebody deletes it.
 */
import type { ErrorName } from '#protocol';
import {
  checkGeneration,
  checkMember,
  joinRefused,
  membersForLeader,
  newGroup,
  nothing,
  syncRefused,
  type Group,
  type GroupsHost,
  type GroupState,
  type Identity,
  type SyncAnswer,
} from './group.ts';
import { forgetId, join, type AnswerJoin, type JoinRequest } from './join.ts';
import { commit, fetchOffsets, store, type OffsetToCommit, type TopicOffsets } from './offsets.ts';
import { prepareRebalance, removeMember, sawMember, sessionTimer } from './rebalance.ts';
import { sync, type SyncRequest } from './sync.ts';

export type {
  GroupsHost,
  GroupState,
  Identity,
  JoinAnswer,
  Protocol,
  SyncAnswer,
} from './group.ts';
export type { AnswerJoin, JoinRequest } from './join.ts';
export type { OffsetToCommit, TopicOffsets } from './offsets.ts';
export type { SyncRequest } from './sync.ts';

export interface Leaver {
  /** '' = whoever holds the instance id. */
  readonly memberId: string;
  readonly instanceId: string | null;
}

export interface GroupDescription {
  readonly state: GroupState;
  readonly protocolType: string;
  /** '' unless stable, as are metadata and assignments of the members. */
  readonly protocolName: string;
  readonly members: readonly {
    readonly memberId: string;
    readonly instanceId: string | null;
    readonly clientId: string;
    readonly metadata: Uint8Array;
    readonly assignment: Uint8Array;
  }[];
}

/** JoinGroup and SyncGroup answer through a function, because they may wait; everything else answers at once. */
export interface Groups {
  join(request: JoinRequest, nowMs: number, answer: AnswerJoin): void;
  sync(request: SyncRequest, nowMs: number, answer: (answer: SyncAnswer) => void): void;
  heartbeat(who: Identity, nowMs: number): ErrorName;
  /** Group errors, or one answer for each leaver. */
  leave(
    groupId: string,
    leavers: readonly Leaver[],
    nowMs: number,
  ): ErrorName | readonly ErrorName[];
  /** One answer for each offset. */
  commit(who: Identity, offsets: readonly OffsetToCommit[], nowMs: number): readonly ErrorName[];
  fetchOffsets(
    groupId: string,
    asked: readonly { readonly topic: string; readonly partitions: readonly number[] }[] | null,
  ): readonly TopicOffsets[];
  /** In the order in which they were made. */
  list(): readonly {
    readonly groupId: string;
    readonly protocolType: string;
    readonly state: GroupState;
  }[];
  /** Undefined = no such group. */
  describe(groupId: string): GroupDescription | undefined;
  delete(groupId: string): ErrorName;
  /** -1 = none. */
  committed(groupId: string, topic: string, partition: number): number;
  /** As a tool does it: no membership, no questions. */
  setCommitted(groupId: string, topic: string, partition: number, offset: number): void;
  /** Starts a rebalance as any coordinator may; nothing to do where there is no generation to end. */
  rebalance(groupId: string, nowMs: number): void;
  /** The largest among members. */
  sessionTimeoutMs(groupId: string): number | undefined;
  /** Offsets die with their topic. */
  topicDeleted(topic: string): void;
  /** Requests that wait are forgotten; their members stay, as nobody tells a coordinator about connections. */
  connectionClosed(connection: number): void;
}

export function createGroups(host: GroupsHost): Groups {
  const groups = new Map<string, Group>();
  const open = (id: string): Group => {
    let group = groups.get(id);
    if (group === undefined) groups.set(id, (group = newGroup(id)));
    return group;
  };
  return {
    join(request, nowMs, answer) {
      const { groupId, memberId, sessionTimeoutMs } = request;
      const { groupMinSessionTimeoutMs: min, groupMaxSessionTimeoutMs: max } = host.config;
      if (groupId === '') return answer(joinRefused('INVALID_GROUP_ID', memberId));
      if (sessionTimeoutMs < min || sessionTimeoutMs > max) {
        return answer(joinRefused('INVALID_SESSION_TIMEOUT', memberId));
      }
      const group = memberId === '' ? open(groupId) : groups.get(groupId);
      if (group === undefined) return answer(joinRefused('UNKNOWN_MEMBER_ID', memberId));
      join(host, group, request, nowMs, answer);
    },
    sync(request, nowMs, answer) {
      const group = groups.get(request.groupId);
      if (group !== undefined) return sync(host, group, request, nowMs, answer);
      answer(syncRefused(request.groupId === '' ? 'INVALID_GROUP_ID' : 'UNKNOWN_MEMBER_ID'));
    },
    heartbeat: (who, nowMs) => heartbeat(host, groups.get(who.groupId), who, nowMs),
    leave(groupId, leavers, nowMs) {
      if (groupId === '') return 'INVALID_GROUP_ID';
      const group = groups.get(groupId);
      return leavers.map((leaver) =>
        group === undefined ? 'UNKNOWN_MEMBER_ID' : leave(host, group, leaver, nowMs),
      );
    },
    commit: (who, offsets, nowMs) =>
      commit(
        host,
        () => (who.generation < 0 ? open(who.groupId) : groups.get(who.groupId)),
        who,
        offsets,
        nowMs,
      ),
    fetchOffsets: (groupId, asked) => fetchOffsets(groups.get(groupId), asked),
    list: () =>
      [...groups.values()].map(({ id, protocolType, state }) => ({
        groupId: id,
        protocolType: protocolType ?? '',
        state,
      })),
    describe(groupId) {
      const group = groups.get(groupId);
      return group === undefined ? undefined : describe(group);
    },
    delete(groupId) {
      const group = groups.get(groupId);
      if (group === undefined) return 'GROUP_ID_NOT_FOUND';
      if (group.state !== 'Empty') return 'NON_EMPTY_GROUP';
      for (const id of group.promisedIds) host.timers.clear(sessionTimer(group, id));
      groups.delete(groupId);
      return 'NONE';
    },
    committed: (groupId, topic, partition) =>
      groups.get(groupId)?.offsets.get(topic)?.get(partition)?.offset ?? -1,
    setCommitted(groupId, topic, partition, offset) {
      const toStore = { topic, partition, offset, leaderEpoch: -1, metadata: '' };
      store(host, open(groupId), toStore, undefined);
    },
    rebalance(groupId, nowMs) {
      const group = groups.get(groupId);
      if (group !== undefined && group.state !== 'Empty') prepareRebalance(host, group, nowMs);
    },
    sessionTimeoutMs(groupId) {
      const members = [...(groups.get(groupId)?.members.values() ?? [])];
      if (members.length === 0) return undefined;
      return Math.max(...members.map(({ sessionTimeoutMs }) => sessionTimeoutMs));
    },
    topicDeleted(topic) {
      for (const { offsets } of groups.values()) offsets.delete(topic);
    },
    connectionClosed(connection) {
      for (const group of groups.values()) dropAnswers(group, connection);
    },
  };
}

/**
 * Unknown member, fenced instance, other generation; else a sign of life, and REBALANCE_IN_PROGRESS while the group
 * waits for its members. While it waits for the leader's assignment there is nothing to say.
 */
function heartbeat(
  host: GroupsHost,
  group: Group | undefined,
  who: Identity,
  nowMs: number,
): ErrorName {
  if (who.groupId === '') return 'INVALID_GROUP_ID';
  if (group === undefined) return 'UNKNOWN_MEMBER_ID';
  const error = checkGeneration(group, who);
  const member = group.members.get(who.memberId);
  if (error !== 'NONE' || member === undefined) return error;
  sawMember(host, member, nowMs);
  return group.state === 'PreparingRebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE';
}

function leave(host: GroupsHost, group: Group, leaver: Leaver, nowMs: number): ErrorName {
  const { memberId, instanceId } = leaver;
  if (group.promisedIds.has(memberId)) {
    forgetId(host, group, memberId, nowMs);
    return 'NONE';
  }
  const id = memberId === '' ? (group.instances.get(instanceId ?? '') ?? '') : memberId;
  const error = checkMember(group, { memberId: id, instanceId });
  const member = group.members.get(id);
  if (error !== 'NONE' || member === undefined) return error;
  removeMember(host, group, member, 'left', nowMs);
  return 'NONE';
}

function describe(group: Group): GroupDescription {
  const stable = group.state === 'Stable';
  const metadata = new Map(membersForLeader(group).map((told) => [told.memberId, told.metadata]));
  return {
    state: group.state,
    protocolType: group.protocolType ?? '',
    protocolName: stable ? (group.protocolName ?? '') : '',
    members: [...group.members.values()].map(({ id, instanceId, clientId, assignment }) => ({
      memberId: id,
      instanceId,
      clientId,
      metadata: (stable ? metadata.get(id) : undefined) ?? nothing,
      assignment: stable ? assignment : nothing,
    })),
  };
}

/** The member goes on waiting, as it would; only nobody hears the answer. */
function dropAnswers(group: Group, connection: number): void {
  const parked = { connection: undefined, answer: () => {} };
  for (const member of group.members.values()) {
    if (member.join?.connection === connection) member.join = parked;
    if (member.sync?.connection === connection) member.sync = parked;
  }
}
