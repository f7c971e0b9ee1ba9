/**
 * The offsets a group has committed, and who may commit. Kafka's order, seen on 3.9.1:
 * 1. a partition that is not there → UNKNOWN_TOPIC_OR_PARTITION, for that one; none there: nothing else is looked at
 * 2. no such group: generation < 0 makes one (a consumer without membership), else ILLEGAL_GENERATION
 * 3. generation < 0 in an empty group: accepted, whatever the member id; without one in any other: UNKNOWN_MEMBER_ID
 * 4. unknown member, fenced instance, other generation
 * 5. CompletingRebalance → REBALANCE_IN_PROGRESS; PreparingRebalance is accepted (with the old generation)
 * 6. metadata that is too long → OFFSET_METADATA_TOO_LARGE, for that partition
 * Any offset is stored as it is, negative ones and those beyond the end too. A member's commit is a sign of life.
 *
 * Commits inside transactions: transactional-offsets.ts. Not served: retention (7 days after a group became empty).
 */
import type { ErrorName } from '#protocol';
import {
  checkGeneration,
  type Group,
  type GroupsHost,
  type Identity,
  type Offset,
  type StoredOffset,
} from './group.ts';
import { sawMember } from './rebalance.ts';
import { subscribedTopics } from './subscription.ts';

export interface OffsetToCommit extends Offset {
  readonly topic: string;
  readonly partition: number;
}

/** The answer for each offset, in their order. `open` finds the group, or makes it for a simple commit. */
export function commit(
  host: GroupsHost,
  open: () => Group | undefined,
  who: Identity,
  offsets: readonly OffsetToCommit[],
  nowMs: number,
): readonly ErrorName[] {
  const known = offsets.map(({ topic, partition }) => host.topics.has(topic, partition));
  if (!known.includes(true)) return offsets.map(() => 'UNKNOWN_TOPIC_OR_PARTITION');
  const group = open();
  const error = group === undefined ? 'ILLEGAL_GENERATION' : admitCommit(host, group, who, nowMs);
  return offsets.map((offset, index) => {
    if (known[index] !== true) return 'UNKNOWN_TOPIC_OR_PARTITION';
    if (group === undefined || error !== 'NONE') return error;
    if (offset.metadata.length > host.config.offsetMetadataMaxBytes) {
      return 'OFFSET_METADATA_TOO_LARGE';
    }
    store(host, group, offset, who.connection);
    return 'NONE';
  });
}

function admitCommit(host: GroupsHost, group: Group, who: Identity, nowMs: number): ErrorName {
  if (who.generation < 0) {
    if (group.state === 'Empty') return 'NONE';
    if (who.memberId === '' && who.instanceId === null) return 'UNKNOWN_MEMBER_ID';
  }
  const error = checkGeneration(group, who);
  if (error !== 'NONE') return error;
  if (group.state === 'CompletingRebalance') return 'REBALANCE_IN_PROGRESS';
  const member = group.members.get(who.memberId);
  if (member !== undefined) sawMember(host, member, nowMs);
  return 'NONE';
}

export function store(
  host: GroupsHost,
  group: Group,
  offset: OffsetToCommit,
  connection: number | undefined,
): void {
  put(host, group, { ...offset, position: group.offsetsWritten++ }, connection);
}

/** At a place in the order that is already known. */
export function put(
  host: GroupsHost,
  group: Group,
  toPut: OffsetToCommit & StoredOffset,
  connection: number | undefined,
): void {
  const { topic, partition, offset, leaderEpoch, metadata, position } = toPut;
  let partitions = group.offsets.get(topic);
  if (partitions === undefined) group.offsets.set(topic, (partitions = new Map()));
  partitions.set(partition, { offset, leaderEpoch, metadata, position });
  host.emit({ kind: 'committed', group: group.id, topic, partition, offset, connection });
}

export interface TopicOffsets {
  readonly topic: string;
  readonly partitions: readonly (Offset & {
    readonly partition: number;
    readonly error: ErrorName;
  })[];
}

const none: Offset = { offset: -1, leaderEpoch: -1, metadata: '' };

/**
 * What is asked for (missing ones are -1), or everything there is. Where the answer has to be
 * stable, a partition with an offset of an open transaction is UNSTABLE_OFFSET_COMMIT; whoever
 * asks for everything is not told of one that has nothing else.
 */
export function fetchOffsets(
  group: Group | undefined,
  asked: readonly { readonly topic: string; readonly partitions: readonly number[] }[] | null,
  isUnstable: (topic: string, partition: number) => boolean,
): readonly TopicOffsets[] {
  const offsets = group?.offsets ?? new Map<string, Map<number, StoredOffset>>();
  const wanted =
    asked ?? [...offsets].map(([topic, stored]) => ({ topic, partitions: [...stored.keys()] }));
  return wanted.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map((partition) =>
      isUnstable(topic, partition)
        ? { partition, error: 'UNSTABLE_OFFSET_COMMIT', ...none }
        : { partition, error: 'NONE', ...known(offsets.get(topic)?.get(partition)) },
    ),
  }));
}

function known({ offset, leaderEpoch, metadata }: Offset = none): Offset {
  return { offset, leaderEpoch, metadata };
}

/** One answer for each partition of each topic. */
export function deleteOffsets(
  host: GroupsHost,
  group: Group,
  asked: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
): ErrorName | readonly (readonly ErrorName[])[] {
  const inUse = group.state !== 'Empty';
  if (inUse && group.protocolType !== 'consumer') return 'NON_EMPTY_GROUP';
  const subscribed = inUse ? subscribedTopics(group) : new Set<string>();
  return asked.map(({ topic, partitions }) =>
    partitions.map((partition): ErrorName => {
      if (!host.topics.has(topic, partition)) return 'UNKNOWN_TOPIC_OR_PARTITION';
      if (subscribed?.has(topic) !== false) return 'GROUP_SUBSCRIBED_TO_TOPIC';
      const stored = group.offsets.get(topic);
      stored?.delete(partition);
      if (stored?.size === 0) group.offsets.delete(topic);
      return 'NONE';
    }),
  );
}
