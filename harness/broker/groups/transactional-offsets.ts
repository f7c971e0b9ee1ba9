/**
 * Offsets committed inside transactions: pending until the marker lands in `__consumer_offsets`.
 * Kafka's order, seen on 3.9.1 and 4.3.1:
 * 1. a partition that is not there → UNKNOWN_TOPIC_OR_PARTITION, for that one; group id "" →
 *    INVALID_GROUP_ID. A group that is not there is made; as Kafka 4, only when the coordinator
 *    (2) has agreed, and a generation of it is refused with ILLEGAL_GENERATION instead.
 * 2. no transaction of this producer is open in the group's log: the coordinator is asked
 * 3. no member and no generation: accepted, as old versions carry none; generation -1 in an empty
 *    group too. Else unknown member, fenced instance, other generation. Any group state will do,
 *    and it is no sign of life.
 * 4. an older epoch → INVALID_PRODUCER_EPOCH; no epoch → UNKNOWN_SERVER_ERROR
 * 5. metadata that is too long → OFFSET_METADATA_TOO_LARGE, for that partition
 *
 * Between EndTxn and the marker a late offset is taken where the transaction has written one before,
 * and becomes part of it; elsewhere the coordinator says CONCURRENT_TRANSACTIONS (both seen).
 *
 * A commit takes effect only where nothing was committed since it was written; an abort forgets.
 */
import type { ErrorName } from '#protocol';
import type { Outcome, ProducerIdentity } from '../transactions/transactions.ts';
import { checkGeneration, type Group, type GroupsHost, type Identity } from './group.ts';
import type { OffsetsLog } from './offsets-log.ts';
import { put, type OffsetToCommit } from './offsets.ts';

export interface TransactionalCommit extends Identity, ProducerIdentity {
  readonly offsets: readonly OffsetToCommit[];
  /** Asks the transaction coordinator. */
  readonly verify: () => ErrorName;
}

/** `group` makes it where it is not there, if it may. */
type Open = () => { readonly group: () => Group | undefined; readonly log: OffsetsLog };

export function commitInTransaction(
  host: GroupsHost,
  open: Open,
  commit: TransactionalCommit,
): readonly ErrorName[] {
  const { offsets } = commit;
  const known = offsets.map(({ topic, partition }) => host.topics.has(topic, partition));
  if (!known.includes(true)) return offsets.map(() => 'UNKNOWN_TOPIC_OR_PARTITION');
  const tooLong = ({ metadata }: OffsetToCommit): boolean =>
    metadata.length > host.config.offsetMetadataMaxBytes;
  const fits = offsets.some((offset, index) => known[index] === true && !tooLong(offset));
  const { group, error } = admit(host, open, commit, fits);
  return offsets.map((offset, index) => {
    if (known[index] !== true) return 'UNKNOWN_TOPIC_OR_PARTITION';
    if (group === undefined || error !== 'NONE') return error;
    if (tooLong(offset)) return 'OFFSET_METADATA_TOO_LARGE';
    let pending = group.pending.get(commit.producerId);
    if (pending === undefined) group.pending.set(commit.producerId, (pending = new Map()));
    const { connection } = commit;
    const position = group.offsetsWritten++;
    pending.set(keyOf(offset.topic, offset.partition), { ...offset, position, connection });
    return 'NONE';
  });
}

function admit(
  host: GroupsHost,
  open: Open,
  commit: TransactionalCommit,
  writes: boolean,
): { readonly group: Group | undefined; readonly error: ErrorName } {
  if (commit.groupId === '') return { group: undefined, error: 'INVALID_GROUP_ID' };
  const { producerId, producerEpoch } = commit;
  const { group: find, log } = open();
  if (host.config.profile === 'kafka-3.9') find();
  let error: ErrorName = log.isOpen(producerId, producerEpoch) ? 'NONE' : commit.verify();
  const group = error === 'NONE' ? find() : undefined;
  if (error === 'NONE') error = group ? admitMember(group, commit) : 'ILLEGAL_GENERATION';
  if (error === 'NONE' && writes) error = log.write(producerId, producerEpoch);
  return { group, error };
}

function admitMember(group: Group, who: Identity): ErrorName {
  const { generation, memberId, instanceId } = who;
  if (generation < 0 && group.state === 'Empty') return 'NONE';
  if (generation < 0 && memberId === '' && instanceId === null) return 'NONE';
  return checkGeneration(group, who);
}

export function isPending(group: Group, topic: string, partition: number): boolean {
  const key = keyOf(topic, partition);
  return [...group.pending.values()].some((pending) => pending.has(key));
}

export function endPending(
  host: GroupsHost,
  group: Group,
  producerId: number,
  outcome: Outcome,
): void {
  const pending = group.pending.get(producerId);
  if (pending === undefined) return;
  group.pending.delete(producerId);
  if (outcome === 'abort') return;
  for (const offset of pending.values()) {
    const current = group.offsets.get(offset.topic)?.get(offset.partition);
    if (current !== undefined && current.position > offset.position) continue;
    put(host, group, offset, offset.connection);
  }
}

export function forgetPending(group: Group, topic: string): void {
  for (const pending of group.pending.values()) {
    for (const [key, offset] of pending) if (offset.topic === topic) pending.delete(key);
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}
