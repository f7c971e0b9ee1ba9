/**
 * The step after EndTxn: its answer is on its way, and no reader knows yet. Some milliseconds
 * later the markers are written in the order in which partitions were added, offsets last (Kafka has
 * its own order), and the transaction is complete. A fetch that waits is answered once for all
 * partitions. It is always a step of its own, also with a delay of 0. Only an ending without any
 * partition (EndTxn 5 aborts what was never begun) has no markers, and is complete at once.
 *
 * Whoever drives the broker may give a transactional id another delay, hold its markers, and write
 * them when it likes; a real coordinator under load does no less (up to 100 ms were seen).
 *
 * A marker that a partition refuses, because it knows a newer epoch, is never written, and the
 * transaction is never complete: Kafka takes it for somebody else's affair (C12).
 */
import {
  isEnding,
  partitionName,
  type Outcome,
  type Transaction,
  type TopicPartition,
  type TransactionsHost,
} from './transaction.ts';

export interface PendingMarkers {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly outcome: Outcome;
  readonly partitions: readonly TopicPartition[];
  /** When they will be written; undefined = held. */
  readonly atMs: number | undefined;
}

interface Waiting {
  readonly transaction: Transaction;
  readonly sinceMs: number;
}

export class Markers {
  readonly #host: TransactionsHost;
  readonly #onComplete: (transaction: Transaction, nowMs: number) => void;
  readonly #waiting = new Map<string, Waiting>();
  readonly #delaysMs = new Map<string, number | undefined>();

  constructor(
    host: TransactionsHost,
    onComplete: (transaction: Transaction, nowMs: number) => void,
  ) {
    this.#host = host;
    this.#onComplete = onComplete;
  }

  /** A transaction begins to end. */
  add(transaction: Transaction, nowMs: number): void {
    if (transaction.partitions.size === 0) return this.#onComplete(transaction, nowMs);
    const waiting = { transaction, sinceMs: nowMs };
    this.#waiting.set(transaction.id, waiting);
    this.#arm(waiting);
  }

  pending(): readonly PendingMarkers[] {
    return [...this.#waiting.values()].map((waiting) => ({
      transactionalId: waiting.transaction.id,
      producerId: waiting.transaction.producerId,
      producerEpoch: waiting.transaction.epoch,
      outcome: outcomeOf(waiting.transaction),
      partitions: [...waiting.transaction.partitions.values()],
      atMs: this.#dueAtMs(waiting),
    }));
  }

  /** Counts from EndTxn on; undefined = held. For those that wait and those to come. */
  delay(transactionalId: string, delayMs: number | undefined): void {
    this.#delaysMs.set(transactionalId, delayMs);
    const waiting = this.#waiting.get(transactionalId);
    if (waiting !== undefined) this.#arm(waiting);
  }

  /** Now, if any wait; those to come have the usual delay again. */
  write(transactionalId: string, nowMs: number): void {
    this.#delaysMs.delete(transactionalId);
    const waiting = this.#waiting.get(transactionalId);
    if (waiting === undefined) return;
    this.#host.timers.clear(timerOf(waiting));
    this.#write(waiting, nowMs);
  }

  #dueAtMs({ transaction, sinceMs }: Waiting): number | undefined {
    const delayMs = this.#delaysMs.has(transaction.id)
      ? this.#delaysMs.get(transaction.id)
      : this.#host.config.markerDelayMs;
    return delayMs === undefined ? undefined : sinceMs + delayMs;
  }

  #arm(waiting: Waiting): void {
    const atMs = this.#dueAtMs(waiting);
    const name = timerOf(waiting);
    if (atMs === undefined) return this.#host.timers.clear(name);
    this.#host.timers.set(name, atMs, (nowMs) => this.#write(waiting, nowMs));
  }

  #write({ transaction }: Waiting, nowMs: number): void {
    this.#waiting.delete(transaction.id);
    const { id, producerId, epoch } = transaction;
    const marker = {
      transactionalId: id,
      producerId,
      producerEpoch: epoch,
      outcome: outcomeOf(transaction),
    };
    const places = [...transaction.partitions.values()];
    const offsets = places.filter(isOffsets);
    for (const some of [places.filter((place) => !isOffsets(place)), offsets]) {
      const markers = some.map((place) => ({ ...place, ...marker }));
      for (const [index, error] of this.#host.writeMarkers(markers, nowMs).entries()) {
        if (error === 'NONE') transaction.partitions.delete(partitionName(some[index]!));
      }
    }
    if (transaction.partitions.size > 0) return;
    const { completionDelayMs } = this.#host.config;
    if (completionDelayMs === 0) return this.#onComplete(transaction, nowMs);
    this.#host.timers.set(`completion ${id}`, nowMs + completionDelayMs, (atMs) =>
      this.#onComplete(transaction, atMs),
    );
  }
}

function isOffsets({ topic }: TopicPartition): boolean {
  return topic === '__consumer_offsets';
}

function outcomeOf(transaction: Transaction): Outcome {
  return isEnding(transaction) && transaction.state === 'PrepareCommit' ? 'commit' : 'abort';
}

function timerOf({ transaction }: Waiting): string {
  return `markers ${transaction.id}`;
}
