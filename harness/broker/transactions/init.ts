/**
 * InitProducerId of a transactional id: who owns it from now on. Kafka's order, seen on 3.9.1 and
 * 4.3.1:
 * 1. the time-out is not above 0, or longer than allowed → INVALID_TRANSACTION_TIMEOUT
 * 2. markers are on their way → CONCURRENT_TRANSACTIONS
 * 3. id and epoch are given: another producer → PRODUCER_FENCED; the current epoch gets the next;
 *    the epoch before, whose answer was lost, the current one again; others → PRODUCER_FENCED. A
 *    transactional id that nobody knows gets a new producer whatever is given.
 * 4. a transaction is open: it is fenced and aborted with the next epoch, which nobody is told,
 *    and the answer is CONCURRENT_TRANSACTIONS. Whoever asks again gets the epoch after that. 3.9
 *    forgets whose epoch it was, so its owner is fenced when it asks again (C8); 4 remembers, and
 *    gives it the fencing epoch.
 * 5. epochs used up → a new producer id from epoch 0 (from Kafka's source, not observed)
 */
import type { ErrorName } from '#protocol';
import {
  isEnding,
  isExhausted,
  type ProducerIdentity,
  type Transaction,
  type TransactionsHost,
} from './transaction.ts';

export interface InitRequest {
  readonly transactionalId: string;
  readonly timeoutMs: number;
  /** What the producer believes to be. */
  readonly expected: ProducerIdentity | undefined;
  readonly connection: number | undefined;
}

/** -1 and -1 with an error. */
export interface ProducerAnswer {
  readonly error: ErrorName;
  readonly producerId: number;
  readonly producerEpoch: number;
}

export function refused(error: ErrorName): ProducerAnswer {
  return { error, producerId: -1, producerEpoch: -1 };
}

/** The answer for an id without an open transaction; `fence` = abort that one first. */
export function initialize(
  host: TransactionsHost,
  transaction: Transaction,
  { timeoutMs, expected }: InitRequest,
  nowMs: number,
): ProducerAnswer | 'fence' {
  if (isEnding(transaction)) return refused('CONCURRENT_TRANSACTIONS');
  if (expected !== undefined && !isKnown(transaction, expected)) return refused('PRODUCER_FENCED');
  if (transaction.state === 'Ongoing') return 'fence';
  const next = nextEpoch(transaction, expected?.producerEpoch);
  if (next === 'fenced') return refused('PRODUCER_FENCED');
  if (next === 'exhausted') {
    transaction.lastProducerId = transaction.producerId;
    transaction.lastEpoch = expected === undefined ? -1 : transaction.epoch;
    transaction.producerId = host.newProducerId();
    transaction.epoch = 0;
  } else {
    transaction.epoch = next.epoch;
    transaction.lastEpoch = next.lastEpoch;
  }
  transaction.state = 'Empty';
  transaction.timeoutMs = timeoutMs;
  // Only DescribeTransactions and ListTransactions show it: 3.9.1 leaves what was there.
  if (host.config.profile === 'kafka-4') transaction.startedAtMs = -1;
  transaction.updatedAtMs = nowMs;
  const { producerId, epoch } = transaction;
  return { error: 'NONE', producerId, producerEpoch: epoch };
}

function isKnown(transaction: Transaction, expected: ProducerIdentity): boolean {
  if (transaction.epoch === -1 || expected.producerId === transaction.producerId) return true;
  const isEarlier = expected.producerId === transaction.lastProducerId;
  return isEarlier && isExhausted(expected.producerEpoch);
}

function nextEpoch(
  { epoch, lastEpoch }: Transaction,
  expected: number | undefined,
): { readonly epoch: number; readonly lastEpoch: number } | 'fenced' | 'exhausted' {
  if (isExhausted(epoch) && (expected === undefined || expected === epoch)) return 'exhausted';
  if (expected === undefined) return { epoch: epoch + 1, lastEpoch: -1 };
  if (epoch === -1 || expected === epoch) return { epoch: epoch + 1, lastEpoch: epoch };
  return expected === lastEpoch ? { epoch, lastEpoch } : 'fenced';
}
