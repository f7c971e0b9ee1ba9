/**
 * Requests that only the coordinator of one group or one transactional id serves. Asked elsewhere,
 * the whole request is refused with NOT_COORDINATOR (seen on 3.9.1, before anything else of it is
 * looked at). An empty or missing key is left to the handler, which refuses it everywhere alike.
 *
 * Not here: requests about several groups (DescribeGroups, DeleteGroups, OffsetFetch from v8),
 * which each node answers for its own, ListGroups, which tells only those, and OffsetCommit, which
 * looks at topics first.
 */
import type { ApiName } from '#protocol';
import type { KafkaRequest } from './handler.ts';
import type { BrokerState } from './state.ts';

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
  TxnOffsetCommit: groupId,
  InitProducerId: transactionalId,
  AddPartitionsToTxn: (body, version) => (version < 4 ? body.v3AndBelowTransactionalId : null),
  AddOffsetsToTxn: transactionalId,
  EndTxn: transactionalId,
};

export function isMisdirected({ cluster }: BrokerState, request: KafkaRequest): boolean {
  if (cluster.nodes.length === 1) return false;
  const key = keys[request.api]?.(request.body, request.version);
  if (key === undefined || key === null || key === '') return false;
  return cluster.coordinatorOf(key) !== request.node;
}
