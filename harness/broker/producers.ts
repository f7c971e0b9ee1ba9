/** What a partition remembers of an idempotent producer. */
export interface ProducerBatch {
  readonly baseSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly maxTimestampMs: number;
}

export interface ProducerEntry {
  epoch: number;
  /** The last five, oldest first, all of the current epoch. */
  readonly batches: ProducerBatch[];
}
