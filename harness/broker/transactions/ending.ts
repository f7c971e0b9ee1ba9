/**
 * EndTxn: what the coordinator answers, and what it makes of the transaction. Kafka's order, seen
 * on 3.9.1 and 4.3.1.
 *
 * Versions 0–4: unknown id or other producer → INVALID_PRODUCER_ID_MAPPING; other epoch →
 * PRODUCER_FENCED; markers on their way → CONCURRENT_TRANSACTIONS for both outcomes; Ongoing →
 * ends; ended the same way → NONE, as an answer may have been lost; the other way, or never begun
 * → INVALID_TXN_STATE.
 *
 * Version 5 (KIP-890): every transaction has an epoch of its own. Ending gives the next one, which
 * the markers carry. The epoch before the current one is a repetition: NONE with the current epoch
 * if it ended that way, else INVALID_TXN_STATE. An abort needs no transaction; a commit does. The
 * ending comes first of all checks.
 */
import type { ErrorName } from '#protocol';
import { refused, type ProducerAnswer } from './init.ts';
import {
  checkProducer,
  isEnding,
  isExhausted,
  type Outcome,
  type ProducerIdentity,
  type Transaction,
  type TransactionsHost,
} from './transaction.ts';

export interface EndRequest extends ProducerIdentity {
  readonly transactionalId: string;
  readonly outcome: Outcome;
  /** EndTxn 5 and later. */
  readonly bumpsEpoch: boolean;
  readonly connection: number | undefined;
}

/** Either the transaction begins to end, or this is the answer. */
export function judgeEnd(
  transaction: Transaction | undefined,
  request: EndRequest,
): 'ends' | ProducerAnswer {
  const verdict = request.bumpsEpoch
    ? judgeWithEpochs(transaction, request)
    : judge(transaction, request);
  if (verdict === 'ends') return verdict;
  if (verdict !== 'NONE' || transaction === undefined) return refused(verdict);
  const { producerId, epoch } = transaction;
  return { error: 'NONE', producerId, producerEpoch: epoch };
}

function judge(transaction: Transaction | undefined, request: EndRequest): 'ends' | ErrorName {
  const error = checkProducer('kafka-3.9', transaction, request);
  if (error !== 'NONE') return error;
  if (transaction?.state === 'Ongoing') return 'ends';
  return transaction?.state === completeState(request.outcome) ? 'NONE' : 'INVALID_TXN_STATE';
}

function judgeWithEpochs(
  transaction: Transaction | undefined,
  request: EndRequest,
): 'ends' | ErrorName {
  if (transaction === undefined) return 'INVALID_PRODUCER_ID_MAPPING';
  if (isEnding(transaction)) return 'CONCURRENT_TRANSACTIONS';
  const { producerId, producerEpoch, outcome } = request;
  const overflowed =
    transaction.lastProducerId === producerId &&
    isExhausted(producerEpoch) &&
    transaction.epoch === 0;
  if (transaction.producerId !== producerId && !overflowed) return 'INVALID_PRODUCER_ID_MAPPING';
  const isCurrent = transaction.producerId === producerId && transaction.epoch === producerEpoch;
  if (transaction.state === 'Ongoing') return isCurrent ? 'ends' : 'PRODUCER_FENCED';
  const isRepeated = overflowed || transaction.epoch === producerEpoch + 1;
  if (isRepeated && transaction.state !== 'Empty') {
    return transaction.state === completeState(outcome) ? 'NONE' : 'INVALID_TXN_STATE';
  }
  if (!isCurrent) return 'PRODUCER_FENCED';
  return outcome === 'abort' ? 'ends' : 'INVALID_TXN_STATE';
}

export function completeState(outcome: Outcome): 'CompleteCommit' | 'CompleteAbort' {
  return outcome === 'commit' ? 'CompleteCommit' : 'CompleteAbort';
}

/** The client asked for it; with a new epoch or without. */
export function prepareEnd(
  host: TransactionsHost,
  transaction: Transaction,
  { outcome, bumpsEpoch }: Pick<EndRequest, 'outcome' | 'bumpsEpoch'>,
  nowMs: number,
): ProducerAnswer {
  if (bumpsEpoch) {
    if (isExhausted(transaction.epoch)) transaction.nextProducerId = host.newProducerId();
    transaction.lastEpoch = transaction.epoch++;
  }
  prepare(transaction, outcome, nowMs);
  const { producerId, epoch, nextProducerId } = transaction;
  return nextProducerId < 0
    ? { error: 'NONE', producerId, producerEpoch: epoch }
    : { error: 'NONE', producerId: nextProducerId, producerEpoch: 0 };
}

/** A new owner came, or time is up: whoever holds the current epoch is shut out. */
export function prepareFence(
  host: TransactionsHost,
  transaction: Transaction,
  nowMs: number,
): void {
  transaction.lastEpoch = host.config.profile === 'kafka-4' ? transaction.epoch : -1;
  transaction.epoch++;
  prepare(transaction, 'abort', nowMs);
}

function prepare(transaction: Transaction, outcome: Outcome, nowMs: number): void {
  transaction.state = outcome === 'commit' ? 'PrepareCommit' : 'PrepareAbort';
  transaction.updatedAtMs = nowMs;
}

export function complete(transaction: Transaction, nowMs: number): void {
  transaction.state = completeState(transaction.state === 'PrepareCommit' ? 'commit' : 'abort');
  transaction.updatedAtMs = nowMs;
  if (transaction.nextProducerId < 0) return;
  transaction.lastProducerId = transaction.producerId;
  transaction.producerId = transaction.nextProducerId;
  transaction.epoch = 0;
  transaction.nextProducerId = -1;
}
