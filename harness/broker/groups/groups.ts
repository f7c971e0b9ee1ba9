/**
 * The classic group coordinator as pure state: members, generations, assignments, committed offsets. It reads no
 * clock, owns no socket and knows no message format; handlers/ translate. Errors are Kafka's, by name.
 *
 * Held against Apache Kafka 3.9.1. Where 4.x is known to differ the comment says so; the profile `kafka-4` answers
 * differently only where transactions are concerned.
 *
 * Not served: group loading (a broker has its groups from the first moment), offset retention, the consumer protocol
 * of KIP-848. An empty group stays until somebody deletes it, or the last of its offsets.
 */
import type { ErrorName } from '#protocol';
import {
  checkGeneration,
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
import { join, type AnswerJoin, type JoinRequest } from './join.ts';
import { leave, type Leaver } from './leave.ts';
import {
  commit,
  deleteOffsets,
  fetchOffsets,
  store,
  type OffsetToCommit,
  type TopicOffsets,
} from './offsets.ts';
import { createOffsetsLog, offsetsPartitionOf, type OffsetsLog } from './offsets-log.ts';
import { prepareRebalance, sawMember, sessionTimer } from './rebalance.ts';
import { sync, type SyncRequest } from './sync.ts';
import {
  commitInTransaction,
  endPending,
  forgetPending,
  isPending,
  type TransactionalCommit,
} from './transactional-offsets.ts';
import type { Outcome, ProducerIdentity, Profile } from '../transactions/transactions.ts';

export type {
  GroupsHost,
  GroupState,
  Identity,
  JoinAnswer,
  Protocol,
  SyncAnswer,
} from './group.ts';
export type { AnswerJoin, JoinRequest } from './join.ts';
export type { Leaver } from './leave.ts';
export type { OffsetToCommit, TopicOffsets } from './offsets.ts';
export type { SyncRequest } from './sync.ts';
export type { TransactionalCommit } from './transactional-offsets.ts';

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
  /** The same; the offsets wait for the end of the transaction. */
  commitInTransaction(commit: TransactionalCommit): readonly ErrorName[];
  /** A marker comes to a partition of `__consumer_offsets`. */
  endTransaction(
    offsetsPartition: number,
    producer: ProducerIdentity,
    outcome: Outcome,
  ): 'NONE' | 'INVALID_PRODUCER_EPOCH';
  fetchOffsets(
    groupId: string,
    asked: readonly { readonly topic: string; readonly partitions: readonly number[] }[] | null,
    requireStable?: boolean,
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
  /** A group error, or for each topic one answer for each partition. */
  deleteOffsets(
    groupId: string,
    asked: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
  ): ErrorName | readonly (readonly ErrorName[])[];
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
  return new ClassicGroups(host);
}

class ClassicGroups implements Groups {
  readonly #host: GroupsHost;
  readonly #groups = new Map<string, Group>();
  /** By partition of `__consumer_offsets`. */
  readonly #logs = new Map<number, OffsetsLog>();

  constructor(host: GroupsHost) {
    this.#host = host;
  }

  #open(id: string): Group {
    let group = this.#groups.get(id);
    if (group === undefined) this.#groups.set(id, (group = newGroup(id)));
    return group;
  }

  join(request: JoinRequest, nowMs: number, answer: AnswerJoin): void {
    const { groupId, memberId, sessionTimeoutMs } = request;
    const { groupMinSessionTimeoutMs: min, groupMaxSessionTimeoutMs: max } = this.#host.config;
    if (groupId === '') return answer(joinRefused('INVALID_GROUP_ID', memberId));
    if (sessionTimeoutMs < min || sessionTimeoutMs > max) {
      return answer(joinRefused('INVALID_SESSION_TIMEOUT', memberId));
    }
    const group = memberId === '' ? this.#open(groupId) : this.#groups.get(groupId);
    if (group === undefined) return answer(joinRefused('UNKNOWN_MEMBER_ID', memberId));
    join(this.#host, group, request, nowMs, answer);
  }

  sync(request: SyncRequest, nowMs: number, answer: (answer: SyncAnswer) => void): void {
    const group = this.#groups.get(request.groupId);
    if (group !== undefined) return sync(this.#host, group, request, nowMs, answer);
    answer(syncRefused(request.groupId === '' ? 'INVALID_GROUP_ID' : 'UNKNOWN_MEMBER_ID'));
  }

  heartbeat(who: Identity, nowMs: number): ErrorName {
    return heartbeat(this.#host, this.#groups.get(who.groupId), who, nowMs);
  }

  leave(
    groupId: string,
    leavers: readonly Leaver[],
    nowMs: number,
  ): ErrorName | readonly ErrorName[] {
    if (groupId === '') return 'INVALID_GROUP_ID';
    const group = this.#groups.get(groupId);
    if (group === undefined) return leavers.map(() => 'UNKNOWN_MEMBER_ID');
    return leave(this.#host, group, leavers, nowMs);
  }

  commit(who: Identity, offsets: readonly OffsetToCommit[], nowMs: number): readonly ErrorName[] {
    const group = (): Group | undefined =>
      who.generation < 0 ? this.#open(who.groupId) : this.#groups.get(who.groupId);
    return commit(this.#host, group, who, offsets, nowMs);
  }

  commitInTransaction(commit: TransactionalCommit): readonly ErrorName[] {
    const { groupId, generation } = commit;
    const makesGroup = generation < 0 || this.#host.config.profile === 'kafka-3.9';
    const open = () => ({
      group: () => (makesGroup ? this.#open(groupId) : this.#groups.get(groupId)),
      log: this.#log(offsetsPartitionOf(groupId)),
    });
    return commitInTransaction(this.#host, open, commit);
  }

  endTransaction: Groups['endTransaction'] = (offsetsPartition, producer, outcome) => {
    const { producerId, producerEpoch } = producer;
    const error = this.#log(offsetsPartition).end(producerId, producerEpoch);
    if (error !== 'NONE') return error;
    for (const group of this.#groups.values()) {
      if (group.pending.size === 0 || offsetsPartitionOf(group.id) !== offsetsPartition) continue;
      endPending(this.#host, group, producerId, outcome);
    }
    return 'NONE';
  };

  #log(partition: number): OffsetsLog {
    let log = this.#logs.get(partition);
    if (log === undefined) {
      this.#logs.set(partition, (log = createOffsetsLog(this.#host.config.profile)));
    }
    return log;
  }

  fetchOffsets: Groups['fetchOffsets'] = (groupId, asked, requireStable = false) => {
    const group = this.#groups.get(groupId);
    return fetchOffsets(group, asked, (topic, partition) =>
      requireStable && group !== undefined ? isPending(group, topic, partition) : false,
    );
  };

  list: Groups['list'] = () =>
    [...this.#groups.values()].map(({ id, protocolType, state }) => ({
      groupId: id,
      protocolType: protocolType ?? '',
      state,
    }));

  describe(groupId: string): GroupDescription | undefined {
    const group = this.#groups.get(groupId);
    return group === undefined ? undefined : describe(group, this.#host.config.profile);
  }

  delete(groupId: string): ErrorName {
    const group = this.#groups.get(groupId);
    if (group === undefined) return 'GROUP_ID_NOT_FOUND';
    if (group.state !== 'Empty') return 'NON_EMPTY_GROUP';
    for (const id of group.promisedIds) this.#host.timers.clear(sessionTimer(group, id));
    this.#groups.delete(groupId);
    return 'NONE';
  }

  deleteOffsets: Groups['deleteOffsets'] = (groupId, asked) => {
    if (groupId === '') return 'INVALID_GROUP_ID';
    const group = this.#groups.get(groupId);
    if (group === undefined) return 'GROUP_ID_NOT_FOUND';
    const answers = deleteOffsets(this.#host, group, asked);
    // Kafka 4 keeps a group that holds nothing any more.
    const isOver = group.state === 'Empty' && group.offsets.size === 0;
    if (isOver && this.#host.config.profile === 'kafka-3.9') this.delete(groupId);
    return answers;
  };

  committed(groupId: string, topic: string, partition: number): number {
    return this.#groups.get(groupId)?.offsets.get(topic)?.get(partition)?.offset ?? -1;
  }

  setCommitted(groupId: string, topic: string, partition: number, offset: number): void {
    const toStore = { topic, partition, offset, leaderEpoch: -1, metadata: '' };
    store(this.#host, this.#open(groupId), toStore, undefined);
  }

  rebalance(groupId: string, nowMs: number): void {
    const group = this.#groups.get(groupId);
    if (group !== undefined && group.state !== 'Empty') prepareRebalance(this.#host, group, nowMs);
  }

  sessionTimeoutMs(groupId: string): number | undefined {
    const members = [...(this.#groups.get(groupId)?.members.values() ?? [])];
    if (members.length === 0) return undefined;
    return Math.max(...members.map(({ sessionTimeoutMs }) => sessionTimeoutMs));
  }

  topicDeleted(topic: string): void {
    for (const group of this.#groups.values()) {
      group.offsets.delete(topic);
      forgetPending(group, topic);
      // Kafka 3.9 looks at every group, also at those that never knew the topic.
      const holds = group.offsets.size > 0 || group.pending.size > 0;
      if (!holds && this.#host.config.profile === 'kafka-3.9') this.delete(group.id);
    }
  }

  connectionClosed(connection: number): void {
    for (const group of this.#groups.values()) dropAnswers(group, connection);
  }
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

/** As Kafka 4, members have the assignment of the last generation while a new one begins. */
function describe(group: Group, profile: Profile): GroupDescription {
  const stable = group.state === 'Stable';
  const assigned = stable || profile === 'kafka-4';
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
      assignment: assigned ? assignment : nothing,
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
