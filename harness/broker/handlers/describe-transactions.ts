/**
 * DescribeTransactions (65), version 0: the coordinator's view of transactional ids. Unknown →
 * TRANSACTIONAL_ID_NOT_FOUND, another node's → NOT_COORDINATOR, "" → INVALID_REQUEST. Partitions
 * that have their marker are not listed any more. The start is -1 before the first transaction; as
 * `kafka-4` after each InitProducerId.
 */
import { errorCode, type ErrorName } from '#protocol';
import { coordinates } from '../coordinators.ts';
import { handler } from '../handler.ts';
import { remembering } from '../remembering.ts';
import type { Transaction } from '../transactions/transactions.ts';

export const describeTransactions = handler('DescribeTransactions', ({ state, request, nowMs }) => {
  const ids: readonly string[] = request.body.transactionalIds;
  const tellOne = remembering((transactionalId) => {
    if (transactionalId === '') return refused(transactionalId, 'INVALID_REQUEST');
    if (!coordinates(state, request, transactionalId)) {
      return refused(transactionalId, 'NOT_COORDINATOR');
    }
    const transaction = state.transactions.get(transactionalId, nowMs);
    return transaction === undefined
      ? refused(transactionalId, 'TRANSACTIONAL_ID_NOT_FOUND')
      : tell(transaction);
  });
  return { throttleTimeMs: 0, transactionStates: ids.map(tellOne) };
});

function tell(transaction: Readonly<Transaction>): object {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of transaction.partitions.values()) {
    const partitions = topics.get(topic);
    if (partitions === undefined) topics.set(topic, [partition]);
    else partitions.push(partition);
  }
  return {
    errorCode: 0,
    transactionalId: transaction.id,
    transactionState: transaction.state,
    transactionTimeoutMs: transaction.timeoutMs,
    transactionStartTimeMs: transaction.startedAtMs,
    producerId: transaction.producerId,
    producerEpoch: transaction.epoch,
    topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
  };
}

function refused(transactionalId: string, error: ErrorName): object {
  return {
    errorCode: errorCode(error),
    transactionalId,
    transactionState: '',
    transactionTimeoutMs: 0,
    transactionStartTimeMs: 0,
    producerId: 0,
    producerEpoch: 0,
    topics: [],
  };
}
