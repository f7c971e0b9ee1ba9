/**
 * What a coordinator knows of one group, and the questions that can be answered by looking: who must be here,
 * which protocol wins, whether somebody still is who it says. Nothing here changes anything.
 *
 * Where Kafka follows the order of a hash table, this broker follows the order of joining: the members in the
 * leader's answer, the next leader when the old one is gone, and a tied vote for the protocol (the first vote wins).
 * All three differ between runs or versions of Kafka, so code that depends on them is wrong anyway.
 */
import type { ErrorName } from '#protocol';
import type { BrokerEvent } from '../events.ts';
import type { Profile } from '../transactions/transactions.ts';

/** The part of the broker's state that groups need. */
export interface GroupsHost {
  readonly config: {
    readonly groupInitialRebalanceDelayMs: number;
    readonly groupMinSessionTimeoutMs: number;
    readonly groupMaxSessionTimeoutMs: number;
    readonly groupMaxSize: number;
    readonly offsetMetadataMaxBytes: number;
    readonly memberIdRequired: boolean;
    readonly profile: Profile;
  };
  readonly topics: { has(topic: string, partition: number): boolean };
  readonly timers: {
    set(name: string, atMs: number, run: (nowMs: number) => void): void;
    clear(name: string): void;
  };
  emit(event: BrokerEvent): void;
  newId(prefix: string): string;
}

/** Dead is what an unknown group is called; a group of ours is never kept in that state. */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

export interface Protocol {
  readonly name: string;
  readonly metadata: Uint8Array;
}

/** Who says it is whom. */
export interface Identity {
  readonly groupId: string;
  readonly memberId: string;
  readonly instanceId: string | null;
  /** -1 = no membership. */
  readonly generation: number;
  readonly connection: number | undefined;
}

export interface JoinAnswer {
  readonly error: ErrorName;
  readonly generation: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leader: string;
  readonly skipAssignment: boolean;
  readonly memberId: string;
  readonly members: readonly {
    readonly memberId: string;
    readonly instanceId: string | null;
    readonly metadata: Uint8Array;
  }[];
}

export interface SyncAnswer {
  readonly error: ErrorName;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignment: Uint8Array;
}

/** A request that waits for others. */
export interface Parked<T> {
  readonly connection: number | undefined;
  readonly answer: (answer: T) => void;
}

export interface Member {
  readonly id: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  /** The one it last joined or synced on, open or not. */
  connection: number | undefined;
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  protocols: readonly Protocol[];
  assignment: Uint8Array;
  /** Not yet part of any generation. */
  isNew: boolean;
  /** Has asked for its assignment in this generation. */
  hasSynced: boolean;
  join: Parked<JoinAnswer> | undefined;
  sync: Parked<SyncAnswer> | undefined;
  readonly sessionTimer: string;
  readonly onSessionEnd: (nowMs: number) => void;
}

export interface Offset {
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
}

/** With its place in the order in which the group's offsets were written. */
export interface StoredOffset extends Offset {
  readonly position: number;
}

/** Written inside a transaction that has not ended. */
export interface PendingOffset extends StoredOffset {
  readonly topic: string;
  readonly partition: number;
  readonly connection: number | undefined;
}

export interface Group {
  readonly id: string;
  state: GroupState;
  generation: number;
  protocolType: string | null;
  protocolName: string | null;
  leader: string | undefined;
  /** In the order of joining. */
  readonly members: Map<string, Member>;
  /** Instance id → member id. */
  readonly instances: Map<string, string>;
  /** Ids that were handed out with MEMBER_ID_REQUIRED and not used yet. They hold up the join phase. */
  readonly promisedIds: Set<string>;
  /** Inside `group.initial.rebalance.delay.ms`, when nothing but time ends the join phase. */
  initialDelay: { remainingMs: number; someoneCame: boolean } | undefined;
  /** Topic → partition → offset. */
  readonly offsets: Map<string, Map<number, StoredOffset>>;
  /** Producer id → `topic/partition` → offset. */
  readonly pending: Map<number, Map<string, PendingOffset>>;
  offsetsWritten: number;
}

export const nothing = new Uint8Array(0);

export function newGroup(id: string): Group {
  return {
    id,
    state: 'Empty',
    generation: 0,
    protocolType: null,
    protocolName: null,
    leader: undefined,
    members: new Map(),
    instances: new Map(),
    promisedIds: new Set(),
    initialDelay: undefined,
    offsets: new Map(),
    pending: new Map(),
    offsetsWritten: 0,
  };
}

/** The instance id is asked first: an id that another process took over is fenced, not unknown. */
export function checkMember(
  group: Group,
  who: Pick<Identity, 'memberId' | 'instanceId'>,
): ErrorName {
  if (who.instanceId !== null) {
    const current = group.instances.get(who.instanceId);
    if (current === undefined) return 'UNKNOWN_MEMBER_ID';
    if (current !== who.memberId) return 'FENCED_INSTANCE_ID';
  }
  return group.members.has(who.memberId) ? 'NONE' : 'UNKNOWN_MEMBER_ID';
}

/** The same, and of this generation. */
export function checkGeneration(group: Group, who: Identity): ErrorName {
  const error = checkMember(group, who);
  if (error !== 'NONE') return error;
  return who.generation === group.generation ? 'NONE' : 'ILLEGAL_GENERATION';
}

/** Whether a newcomer speaks at least one protocol that everybody here speaks. */
export function speaksOurProtocols(
  group: Group,
  protocolType: string,
  protocols: readonly Protocol[],
): boolean {
  if (group.members.size === 0) return protocolType !== '' && protocols.length > 0;
  const common = commonProtocols(group);
  return group.protocolType === protocolType && protocols.some(({ name }) => common.has(name));
}

function commonProtocols(group: Group): Set<string> {
  let common: Set<string> | undefined;
  for (const { protocols } of group.members.values()) {
    const names = new Set(protocols.map(({ name }) => name));
    common = common === undefined ? names : common.intersection(names);
  }
  return common ?? new Set();
}

/** Everybody votes for the first of its protocols that all speak. */
export function electProtocol(group: Group): string | null {
  const common = commonProtocols(group);
  const votes = new Map<string, number>();
  for (const { protocols } of group.members.values()) {
    const vote = protocols.find(({ name }) => common.has(name))?.name;
    if (vote !== undefined) votes.set(vote, (votes.get(vote) ?? 0) + 1);
  }
  let winner: string | null = null;
  for (const [name, count] of votes) {
    if (winner === null || count > (votes.get(winner) ?? 0)) winner = name;
  }
  return winner;
}

export function sameProtocols(a: readonly Protocol[], b: readonly Protocol[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ name, metadata }, index) => {
      const other = b[index];
      return name === other?.name && Buffer.compare(metadata, other.metadata) === 0;
    })
  );
}

export function everybodyIsHere(group: Group): boolean {
  if (group.promisedIds.size > 0) return false;
  for (const member of group.members.values()) if (member.join === undefined) return false;
  return true;
}

/** How long the slowest member may take to come back. */
export function rebalanceTimeoutMs(group: Group): number {
  let longest = 0;
  for (const member of group.members.values()) {
    longest = Math.max(longest, member.rebalanceTimeoutMs);
  }
  return longest;
}

/** Members with the metadata of the chosen protocol: what the leader computes its assignment from. */
export function membersForLeader(group: Group): JoinAnswer['members'] {
  return [...group.members.values()].map(({ id, instanceId, protocols }) => ({
    memberId: id,
    instanceId,
    metadata: protocols.find(({ name }) => name === group.protocolName)?.metadata ?? nothing,
  }));
}

/** The current generation as a member is told of it. */
export function joined(group: Group, member: Member): JoinAnswer {
  return {
    error: 'NONE',
    generation: group.generation,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leader: group.leader ?? '',
    skipAssignment: false,
    memberId: member.id,
    members: member.id === group.leader ? membersForLeader(group) : [],
  };
}

export function joinRefused(error: ErrorName, memberId: string): JoinAnswer {
  return {
    error,
    generation: -1,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    memberId,
    members: [],
  };
}

export function synced(group: Group, assignment: Uint8Array): SyncAnswer {
  const { protocolType, protocolName } = group;
  return { error: 'NONE', protocolType, protocolName, assignment };
}

export function syncRefused(error: ErrorName): SyncAnswer {
  return { error, protocolType: null, protocolName: null, assignment: nothing };
}
