/** Consumer groups, as the live world asks for them. */
import { errorName } from '#protocol';
import type { Body } from './kafka-connection.ts';
import { demand, type Routes } from './kafka-routes.ts';

export interface Member {
  readonly memberId: string;
  readonly clientId: string;
  readonly partitions: readonly { readonly topic: string; readonly partition: number }[];
}

export interface GroupState {
  /** Kafka's own word: Stable, PreparingRebalance, Empty, Dead … */
  readonly state: string;
  readonly members: readonly Member[];
}

export interface Committed {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface GroupOperations {
  groups(): Promise<readonly string[]>;
  group(name: string): Promise<GroupState>;
  /** Only what is committed: offsets of at least 0. */
  committed(group: string): Promise<readonly Committed[]>;
  /** Takes members out of a group. */
  evict(group: string, memberIds: readonly string[]): Promise<void>;
  /** False while it has members. */
  deleteGroup(name: string): Promise<boolean>;
}

const absent = 'GROUP_ID_NOT_FOUND';

export function groupOperations({ coordinator, everyNode, patiently }: Routes): GroupOperations {
  return {
    async groups() {
      const answers = await Promise.all((await everyNode()).map((ask) => ask('ListGroups', {})));
      return answers.flatMap(({ groups }) => groups.map(({ groupId }: Body) => groupId as string));
    },
    group: (name) =>
      patiently(async () => {
        const { groups } = await coordinator(name)('DescribeGroups', { groups: [name] });
        const { errorCode, groupState, members } = groups[0];
        if (errorName(errorCode) === absent) return { state: 'Dead', members: [] };
        demand('DescribeGroups', errorCode);
        return { state: groupState, members: members.map(memberOf) };
      }),
    committed: (name) =>
      patiently(async () => {
        const body = { groupId: name, topics: null, requireStable: false };
        const { errorCode, topics } = await coordinator(name)('OffsetFetch', body);
        if (errorName(errorCode) === absent) return [];
        demand('OffsetFetch', errorCode);
        return topics.flatMap(committedOf).filter(({ offset }: Committed) => offset >= 0);
      }),
    evict: (name, memberIds) =>
      patiently(async () => {
        const members = memberIds.map((memberId) => ({ memberId }));
        const { errorCode } = await coordinator(name)('LeaveGroup', { groupId: name, members });
        demand('LeaveGroup', errorCode);
      }),
    deleteGroup: (name) =>
      patiently(async () => {
        const { results } = await coordinator(name)('DeleteGroups', { groupsNames: [name] });
        const { errorCode } = results[0];
        if (errorName(errorCode) === 'NON_EMPTY_GROUP') return false;
        if (errorName(errorCode) !== absent) demand('DeleteGroups', errorCode);
        return true;
      }),
  };
}

function committedOf({ name, partitions }: Body): Committed[] {
  return partitions.map(({ partitionIndex, committedOffset }: Body) => ({
    topic: name,
    partition: partitionIndex,
    offset: committedOffset,
  }));
}

/** The consumer protocol's assignment: a version, then topics with their partitions. */
function memberOf({ memberId, clientId, memberAssignment: bytes }: Body): Member {
  const partitions: { topic: string; partition: number }[] = [];
  let at = 2;
  const int32 = (): number => bytes.readInt32BE((at += 4) - 4);
  for (let topics = bytes.length < 6 ? 0 : int32(); topics > 0; topics--) {
    const end = at + 2 + bytes.readInt16BE(at);
    const topic = bytes.toString('utf8', at + 2, end);
    at = end;
    for (let count = int32(); count > 0; count--) partitions.push({ topic, partition: int32() });
  }
  return { memberId, clientId, partitions };
}
