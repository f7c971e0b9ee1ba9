/**
 * Whether a transactional batch may go into a partition (KIP-890). A partition with an open
 * transaction of this producer takes its word: 3.9 whatever the epoch, 4 for this epoch only.
 * Elsewhere the coordinator is asked. Seen on 3.9.1 and 4.3.1:
 *
 * - not added to the transaction → INVALID_TXN_STATE with a sentence (Produce up to 10),
 *   TRANSACTION_ABORTABLE (11); from 12 on the partition is added instead
 * - unknown transactional id, other producer id → INVALID_PRODUCER_ID_MAPPING; any other epoch →
 *   INVALID_PRODUCER_EPOCH
 * - markers on their way → NOT_ENOUGH_REPLICAS, which old clients retry (up to 11), or
 *   CONCURRENT_TRANSACTIONS (from 12 on)
 * All of them tell log start -1.
 */
import type { BatchHeader, ErrorName } from '#protocol';
import { refuse, type Refusal } from '../append.ts';
import type { Answer, HandlerContext } from '../handler.ts';
import { rememberAttempt } from '../producers.ts';
import type { Partition } from '../topics.ts';

/** From this version on, Produce adds partitions by itself. */
export const addsPartitions = 12;
/** `add.partitions.to.txn.retry.backoff.ms` and its maximum. */
const retryEveryMs = 20;
const retryForMs = 100;

/** Undefined = it may. */
export function verifyBatch(
  { state, request }: HandlerContext,
  { topic, index, log, producers, attempts }: Partition,
  header: BatchHeader,
  nowMs: number,
): Refusal | undefined {
  if (!header.transactional || header.producerId < 0) return undefined;
  const { producerId, producerEpoch } = header;
  const sameEpoch = producers.get(producerId)?.epoch === producerEpoch;
  const trusted = state.config.profile === 'kafka-3.9' || sameEpoch;
  if (trusted && log.transactions.isOpen(producerId)) return undefined;
  rememberAttempt(attempts, header, request.version >= addsPartitions);
  const { transactionalId } = request.body;
  const place = { topic, partition: index };
  const { transactions } = state;
  const error =
    request.version >= addsPartitions
      ? transactions.add(transactionalId, header, [place], nowMs, request.connection)
      : transactions.verify(transactionalId, header, place, nowMs);
  return error === 'NONE' ? undefined : inWordsOfProduce(error, request.version);
}

function inWordsOfProduce(error: ErrorName, version: number): Refusal {
  if (error === 'PRODUCER_FENCED') return refuse('INVALID_PRODUCER_EPOCH');
  if (error === 'TRANSACTION_ABORTABLE' && version < 11) {
    const message = 'Partition was not added to the transaction';
    return { ...refuse('INVALID_TXN_STATE'), message };
  }
  if (error === 'CONCURRENT_TRANSACTIONS' && version < addsPartitions) {
    const message =
      'Unable to verify the partition has been added to the transaction. ' +
      'Underlying error: CONCURRENT_TRANSACTIONS';
    return { ...refuse('NOT_ENOUGH_REPLICAS'), message };
  }
  return refuse(error);
}

/** Tries until there is an answer; the last attempt has to give one. */
export function patiently(
  context: HandlerContext,
  attempt: (nowMs: number, isLast: boolean) => Answer | undefined,
): Answer | undefined {
  const first = attempt(context.nowMs, false);
  if (first !== undefined) return first;
  const { state, request, nowMs: sinceMs } = context;
  const answer = context.later();
  const tryAgain = (atMs: number): void =>
    state.timers.set(`produce ${request.id}`, atMs + retryEveryMs, (nowMs) => {
      const outcome = attempt(nowMs, nowMs - sinceMs >= retryForMs);
      if (outcome === undefined) tryAgain(nowMs);
      else answer(outcome);
    });
  tryAgain(sinceMs);
  return undefined;
}
