/**
 * The transaction coordinator as pure state: who owns a transactional id, what its transaction
 * holds, how it ends. It reads no clock and knows no message format; handlers translate. Errors
 * are Kafka's, by name, in the words of the newest version of each API.
 *
 * - AddPartitionsToTxn and AddOffsetsToTxn: unknown id or other producer →
 *   INVALID_PRODUCER_ID_MAPPING, other epoch → PRODUCER_FENCED, markers on their way →
 *   CONCURRENT_TRANSACTIONS. The first partition begins the transaction and starts its time.
 * - Verification (Produce, TxnOffsetCommit, AddPartitionsToTxn with verifyOnly): the same, then
 *   TRANSACTION_ABORTABLE for a partition that was not added.
 * - Time-out: `transaction.abort.timed.out.transaction.cleanup.interval.ms` (10 s) is the grid on
 *   which Kafka looks; an open transaction that is older than it may be is fenced and aborted.
 * - Expiry: `transactional.id.expiration.ms` (7 days) after the last change of an id without an
 *   open transaction; it is unknown from then on. Kafka looks once an hour; here the moment
 *   counts.
 *
 * Left out: loading, coordinator epochs other than 0 (there are no restarts).
 */
import type { ErrorName } from '#protocol';
import { complete, judgeEnd, prepareEnd, prepareFence, type EndRequest } from './ending.ts';
import { initialize, refused, type InitRequest, type ProducerAnswer } from './init.ts';
import { Markers, type PendingMarkers } from './markers.ts';
import {
  checkProducer,
  isEnding,
  newTransaction,
  partitionName,
  type ProducerIdentity,
  type Transaction,
  type TopicPartition,
  type TransactionsHost,
} from './transaction.ts';

export type { EndRequest } from './ending.ts';
export type { InitRequest, ProducerAnswer } from './init.ts';
export type { PendingMarkers } from './markers.ts';
export type {
  Outcome,
  PartitionMarker,
  ProducerIdentity,
  Profile,
  TopicPartition,
  Transaction,
  TransactionsHost,
  TransactionState,
} from './transaction.ts';

export interface Transactions {
  init(request: InitRequest, nowMs: number): ProducerAnswer;
  add(
    transactionalId: string,
    who: ProducerIdentity,
    partitions: readonly TopicPartition[],
    nowMs: number,
    connection: number | undefined,
  ): ErrorName;
  /** Whether this producer may write to the partition as part of its transaction. */
  verify(
    transactionalId: string,
    who: ProducerIdentity,
    partition: TopicPartition,
    nowMs: number,
  ): ErrorName;
  end(request: EndRequest, nowMs: number): ProducerAnswer;
  get(transactionalId: string, nowMs: number): Readonly<Transaction> | undefined;
  /** In the order in which they were made. */
  all(nowMs: number): readonly Readonly<Transaction>[];
  /** In the order of their EndTxn. */
  pendingMarkers(): readonly PendingMarkers[];
  delayMarkers(transactionalId: string, delayMs: number | undefined): void;
  writeMarkers(transactionalId: string, nowMs: number): void;
}

export function createTransactions(host: TransactionsHost): Transactions {
  return new Coordinator(host);
}

class Coordinator implements Transactions {
  readonly #host: TransactionsHost;
  readonly #transactions = new Map<string, Transaction>();
  readonly #markers: Markers;

  constructor(host: TransactionsHost) {
    this.#host = host;
    this.#markers = new Markers(host, (transaction, nowMs) => {
      complete(transaction, nowMs);
      this.#tell(transaction, undefined);
    });
  }

  init(request: InitRequest, nowMs: number): ProducerAnswer {
    const { transactionalId, timeoutMs, connection } = request;
    if (transactionalId === '') return refused('INVALID_REQUEST');
    if (timeoutMs <= 0 || timeoutMs > this.#host.config.transactionMaxTimeoutMs) {
      return refused('INVALID_TRANSACTION_TIMEOUT');
    }
    const transaction = this.#open(transactionalId, nowMs);
    const answer = initialize(this.#host, transaction, request, nowMs);
    if (answer === 'fence') {
      this.#fence(transaction, nowMs, connection);
      return refused('CONCURRENT_TRANSACTIONS');
    }
    if (answer.error === 'NONE') this.#tell(transaction, connection);
    return answer;
  }

  add: Transactions['add'] = (transactionalId, who, partitions, nowMs, connection) => {
    if (transactionalId === '') return 'INVALID_REQUEST';
    const transaction = this.get(transactionalId, nowMs);
    const error = checkProducer(this.#host.config.profile, transaction, who);
    if (error !== 'NONE' || transaction === undefined) return error;
    const begins = transaction.state !== 'Ongoing';
    const added = partitions.filter((one) => !transaction.partitions.has(partitionName(one)));
    if (!begins && added.length === 0) return 'NONE';
    for (const one of added) transaction.partitions.set(partitionName(one), one);
    transaction.updatedAtMs = nowMs;
    if (begins) this.#begin(transaction, nowMs, connection);
    return 'NONE';
  };

  verify: Transactions['verify'] = (transactionalId, who, partition, nowMs) => {
    if (transactionalId === '') return 'INVALID_REQUEST';
    const transaction = this.get(transactionalId, nowMs);
    const error = checkProducer(this.#host.config.profile, transaction, who);
    if (error !== 'NONE' || transaction === undefined) return error;
    const isAdded = transaction.partitions.has(partitionName(partition));
    return isAdded ? 'NONE' : 'TRANSACTION_ABORTABLE';
  };

  end(request: EndRequest, nowMs: number): ProducerAnswer {
    const { transactionalId, connection } = request;
    if (transactionalId === '') return refused('INVALID_REQUEST');
    const transaction = this.get(transactionalId, nowMs);
    const verdict = judgeEnd(transaction, request);
    if (verdict !== 'ends' || transaction === undefined) return verdict as ProducerAnswer;
    const answer = prepareEnd(this.#host, transaction, request, nowMs);
    this.#ends(transaction, nowMs, connection);
    return answer;
  }

  get(transactionalId: string, nowMs: number): Transaction | undefined {
    const transaction = this.#transactions.get(transactionalId);
    if (transaction === undefined || !this.#isExpired(transaction, nowMs)) return transaction;
    this.#transactions.delete(transactionalId);
    return undefined;
  }

  all(nowMs: number): readonly Transaction[] {
    return [...this.#transactions.keys()].flatMap((id) => this.get(id, nowMs) ?? []);
  }

  pendingMarkers(): readonly PendingMarkers[] {
    return this.#markers.pending();
  }

  delayMarkers(transactionalId: string, delayMs: number | undefined): void {
    this.#markers.delay(transactionalId, delayMs);
  }

  writeMarkers(transactionalId: string, nowMs: number): void {
    this.#markers.write(transactionalId, nowMs);
  }

  #open(id: string, nowMs: number): Transaction {
    let transaction = this.get(id, nowMs);
    if (transaction === undefined) {
      transaction = newTransaction(id, this.#host.newProducerId(), nowMs);
      this.#transactions.set(id, transaction);
    }
    return transaction;
  }

  #begin(transaction: Transaction, nowMs: number, connection: number | undefined): void {
    transaction.state = 'Ongoing';
    transaction.startedAtMs = nowMs;
    const { transactionTimeoutCheckIntervalMs: intervalMs } = this.#host.config;
    const tooOldAtMs = nowMs + transaction.timeoutMs + 1;
    const looksAtMs = Math.ceil(tooOldAtMs / intervalMs) * intervalMs;
    this.#host.timers.set(timeoutTimer(transaction), looksAtMs, (atMs) =>
      this.#fence(transaction, atMs, undefined),
    );
    this.#tell(transaction, connection);
  }

  #fence(transaction: Transaction, nowMs: number, connection: number | undefined): void {
    prepareFence(this.#host, transaction, nowMs);
    this.#ends(transaction, nowMs, connection);
  }

  #ends(transaction: Transaction, nowMs: number, connection: number | undefined): void {
    this.#host.timers.clear(timeoutTimer(transaction));
    this.#tell(transaction, connection);
    this.#markers.add(transaction, nowMs);
  }

  #isExpired(transaction: Transaction, nowMs: number): boolean {
    if (transaction.state === 'Ongoing' || isEnding(transaction)) return false;
    return nowMs - transaction.updatedAtMs >= this.#host.config.transactionalIdExpirationMs;
  }

  #tell({ id, producerId, epoch, state }: Transaction, connection: number | undefined): void {
    this.#host.emit({
      kind: 'transaction',
      transactionalId: id,
      producerId,
      producerEpoch: epoch,
      state,
      connection,
    });
  }
}

function timeoutTimer({ id }: Transaction): string {
  return `transaction timeout ${id}`;
}
