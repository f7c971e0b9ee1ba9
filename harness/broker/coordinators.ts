/**
 * Requests that only the coordinator of one group or one transactional id serves. Asked elsewhere,
 * the whole request is refused with NOT_COORDINATOR (seen on 3.9.1, before anything else of it is
 * looked at). An empty or missing key is left to the handler, which refuses it everywhere alike.
 *
 * Not here: requests about several groups or ids (DescribeGroups, DeleteGroups, OffsetFetch from v8,
 * DescribeTransactions), which each node answers for its own, ListGroups and ListTransactions, which
 * tell only those, and those that look at topics first: OffsetCommit, TxnOffsetCommit and
 * AddPartitionsToTxn.
 */
import type { ApiName, ErrorName } from '#protocol';
import type { KafkaRequest } from './handler.ts';
import type { BrokerState } from './state.ts';
import type { TopicPartition } from './transactions/transactions.ts';

type KeyOf = (body: any, version: number) => string | null;

const groupId: KeyOf = (body) => body.groupId;
const transactionalId: KeyOf = (body) => body.transactionalId;

const keys: Partial<Record<ApiName, KeyOf>> = {
  JoinGroup: groupId,
  SyncGroup: groupId,
  Heartbeat: groupId,
  LeaveGroup: groupId,
  OffsetDelete: groupId,
  OffsetFetch: (body, version) => (version < 8 ? body.groupId : null),
  InitProducerId: transactionalId,
  AddOffsetsToTxn: transactionalId,
  EndTxn: transactionalId,
};

export function isMisdirected(state: BrokerState, request: KafkaRequest): boolean {
  const key = keys[request.api]?.(request.body, request.version);
  if (key === undefined || key === null) return false;
  return !coordinates(state, request, key);
}

/** Whether the node that was asked is the one for this group or transactional id. */
export function coordinates(
  { cluster }: BrokerState,
  { node }: KafkaRequest,
  key: string,
): boolean {
  return key === '' || cluster.coordinatorOf(key) === node;
}

/** What another node says of offsets that are to be committed. */
export function offsetsElsewhere(
  { topics }: BrokerState,
  places: readonly TopicPartition[],
): readonly ErrorName[] {
  return places.map(({ topic, partition }) =>
    topics.has(topic, partition) ? 'NOT_COORDINATOR' : 'UNKNOWN_TOPIC_OR_PARTITION',
  );
}
