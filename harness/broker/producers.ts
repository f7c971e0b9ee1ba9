/**
 * What a partition remembers of idempotent producers: per producer id the epoch and the last five
 * batches.
 *
 * In Kafka's order (seen on 3.9.1 and 4.3.1): an exact duplicate of a remembered batch of the same
 * epoch is known before anything is refused; then the epoch; then the sequence, which goes from
 * 2^31-1 back to 0. A producer nobody remembers may start anywhere (Produce up to version 11). A
 * newer epoch starts at 0 and forgets the older batches.
 *
 * Left out: expiry after `producer.id.expiration.ms` (24 h) and restarts (after which Kafka knows
 * the last batch only).
 */
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

const rememberedBatches = 5;
const highestSequence = 0x7fffffff;

export function judgeSequence(
  producers: ReadonlyMap<number, ProducerEntry>,
  batch: SequencedBatch,
): SequenceVerdict {
  const known = producers.get(batch.producerId);
  if (known === undefined) return 'NONE';
  const last = known.batches.at(-1);
  if (batch.producerEpoch === known.epoch) {
    const lastSequence = lastSequenceOf(batch);
    const duplicateOf = known.batches.find(
      (one) => one.baseSequence === batch.baseSequence && one.lastSequence === lastSequence,
    );
    if (duplicateOf !== undefined) return { duplicateOf };
    const expected = last === undefined ? batch.baseSequence : next(last.lastSequence);
    return batch.baseSequence === expected ? 'NONE' : 'OUT_OF_ORDER_SEQUENCE_NUMBER';
  }
  if (batch.producerEpoch < known.epoch) return 'INVALID_PRODUCER_EPOCH';
  return batch.baseSequence === 0 ? 'NONE' : 'OUT_OF_ORDER_SEQUENCE_NUMBER';
}

export function rememberBatch(
  producers: Map<number, ProducerEntry>,
  batch: SequencedBatch,
  baseOffset: number,
  maxTimestampMs: number,
): void {
  const remembered: ProducerBatch = {
    baseSequence: batch.baseSequence,
    lastSequence: lastSequenceOf(batch),
    baseOffset,
    maxTimestampMs,
  };
  const known = producers.get(batch.producerId);
  if (known === undefined || known.epoch !== batch.producerEpoch) {
    producers.set(batch.producerId, { epoch: batch.producerEpoch, batches: [remembered] });
    return;
  }
  known.batches.push(remembered);
  if (known.batches.length > rememberedBatches) known.batches.shift();
}

function lastSequenceOf(batch: SequencedBatch): number {
  const last = batch.baseSequence + batch.count - 1;
  return last > highestSequence ? last - highestSequence - 1 : last;
}

function next(sequence: number): number {
  return sequence === highestSequence ? 0 : sequence + 1;
}
