/**
 * What a partition remembers of producers: per producer id the epoch and the last five batches.
 *
 * In Kafka's order (seen on 3.9.1 and 4.3.1): an exact duplicate of a remembered batch of the same
 * epoch is known before anything is refused; then the epoch; then the sequence, which goes from
 * 2^31-1 back to 0. A producer nobody remembers may start anywhere, except where it asked for a
 * transaction with Produce 12 or later. A newer epoch starts at 0 and forgets the older batches.
 *
 * A marker is remembered as an epoch: if that is the producer's own, its batches stay known and
 * its sequence goes on across transactions, committed or not; a newer one forgets them.
 *
 * A transactional batch that was refused because its partition was not added leaves its sequence
 * behind: until something of this producer is written there, no higher one is accepted, and whether
 * it has to start at 0 depends on the version that came first.
 *
 * Expiry: `producer.id.expiration.ms` (24 h) after the highest record timestamp of the last batch,
 * at the next look (every 10 minutes), unless a transaction is open. Left out: restarts (after
 * which Kafka knows the last batch only).
 */
import type { BrokerConfig } from './config.ts';

export interface ProducerBatch {
  readonly baseSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly maxTimestampMs: number;
}

export interface ProducerEntry {
  epoch: number;
  /** Oldest first, all of the current epoch. */
  batches: ProducerBatch[];
  /** The highest timestamp of its last batch, or that of its last marker. */
  lastTimestampMs: number;
  /** Broker's time at its last batch or marker. */
  writtenAtMs: number;
  /** Of its last marker; -1 = it has none. */
  coordinatorEpoch: number;
}

export interface SequencedBatch {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly count: number;
}

export type SequenceVerdict =
  | { readonly duplicateOf: ProducerBatch }
  | 'INVALID_PRODUCER_EPOCH'
  | 'OUT_OF_ORDER_SEQUENCE_NUMBER'
  | 'NONE';

/** What a producer asked in vain to write (KIP-890). */
export interface Attempt {
  readonly epoch: number;
  readonly lowestSequence: number;
  readonly startsAtZero: boolean;
}

const rememberedBatches = 5;
const highestSequence = 0x7fffffff;

export function judgeSequence(
  producers: ReadonlyMap<number, ProducerEntry>,
  batch: SequencedBatch,
  attempt?: Attempt,
): SequenceVerdict {
  const known = producers.get(batch.producerId);
  const jumps = attempt !== undefined && batch.baseSequence > attempt.lowestSequence;
  if (known === undefined) {
    const wrong = jumps || (attempt?.startsAtZero === true && batch.baseSequence !== 0);
    return wrong ? 'OUT_OF_ORDER_SEQUENCE_NUMBER' : 'NONE';
  }
  const last = known.batches.at(-1);
  if (batch.producerEpoch === known.epoch) {
    const lastSequence = lastSequenceOf(batch);
    const duplicateOf = known.batches.find(
      (one) => one.baseSequence === batch.baseSequence && one.lastSequence === lastSequence,
    );
    if (duplicateOf !== undefined) return { duplicateOf };
    const expected = last === undefined ? 0 : next(last.lastSequence);
    return !jumps && batch.baseSequence === expected ? 'NONE' : 'OUT_OF_ORDER_SEQUENCE_NUMBER';
  }
  if (batch.producerEpoch < known.epoch) return 'INVALID_PRODUCER_EPOCH';
  return batch.baseSequence === 0 ? 'NONE' : 'OUT_OF_ORDER_SEQUENCE_NUMBER';
}

export function rememberAttempt(
  attempts: Map<number, Attempt>,
  batch: SequencedBatch,
  addsPartitions: boolean,
): void {
  const { producerId, producerEpoch: epoch, baseSequence: lowestSequence } = batch;
  const known = attempts.get(producerId);
  const isNew = known === undefined || epoch > known.epoch;
  const isLower = known?.epoch === epoch && lowestSequence < known.lowestSequence;
  const startsAtZero = known?.startsAtZero ?? addsPartitions;
  if (isNew || isLower) attempts.set(producerId, { epoch, lowestSequence, startsAtZero });
}

export function rememberBatch(
  producers: Map<number, ProducerEntry>,
  batch: SequencedBatch,
  baseOffset: number,
  maxTimestampMs: number,
  nowMs: number,
): void {
  const remembered: ProducerBatch = {
    baseSequence: batch.baseSequence,
    lastSequence: lastSequenceOf(batch),
    baseOffset,
    maxTimestampMs,
  };
  const known = producers.get(batch.producerId);
  if (known === undefined || known.epoch !== batch.producerEpoch) {
    producers.set(batch.producerId, {
      epoch: batch.producerEpoch,
      batches: [remembered],
      lastTimestampMs: maxTimestampMs,
      writtenAtMs: nowMs,
      coordinatorEpoch: known?.coordinatorEpoch ?? -1,
    });
    return;
  }
  known.batches.push(remembered);
  known.lastTimestampMs = maxTimestampMs;
  known.writtenAtMs = nowMs;
  if (known.batches.length > rememberedBatches) known.batches.shift();
}

/** A marker of an older epoch than the one known is refused. */
export function rememberMarker(
  producers: Map<number, ProducerEntry>,
  { producerId, producerEpoch }: { readonly producerId: number; readonly producerEpoch: number },
  nowMs: number,
): 'NONE' | 'INVALID_PRODUCER_EPOCH' {
  const known = producers.get(producerId);
  if (known !== undefined && known.epoch > producerEpoch) return 'INVALID_PRODUCER_EPOCH';
  const batches = known?.epoch === producerEpoch ? known.batches : [];
  producers.set(producerId, {
    epoch: producerEpoch,
    batches,
    lastTimestampMs: nowMs,
    writtenAtMs: nowMs,
    coordinatorEpoch: 0,
  });
  return 'NONE';
}

/** Forgets a producer that is asked for after its time; Kafka looks in intervals. */
export function forgetExpired(
  { producerIdExpirationMs, producerIdExpirationCheckIntervalMs: intervalMs }: BrokerConfig,
  producers: Map<number, ProducerEntry>,
  producerId: number,
  nowMs: number,
): void {
  const known = producers.get(producerId);
  if (known === undefined) return;
  const lastLookMs = Math.floor(nowMs / intervalMs) * intervalMs;
  const lookedSince = lastLookMs > known.writtenAtMs;
  if (lookedSince && lastLookMs - known.lastTimestampMs >= producerIdExpirationMs) {
    producers.delete(producerId);
  }
}

function lastSequenceOf(batch: SequencedBatch): number {
  const last = batch.baseSequence + batch.count - 1;
  return last > highestSequence ? last - highestSequence - 1 : last;
}

function next(sequence: number): number {
  return sequence === highestSequence ? 0 : sequence + 1;
}
