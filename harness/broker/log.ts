/**
 * The log of one partition: batches as they came, with what is needed to find them. Offsets go up,
 * so every question is a binary search. Control batches live here like others. With one replica
 * the high watermark is the end of the log; the last stable offset is that too, unless a
 * transaction is open.
 *
 * Left out: segments, retention, compaction. Records are only deleted by hand (DeleteRecords).
 */
import { createLogTransactions, type LogTransactions } from './transactions/log-index.ts';

export interface StoredBatch {
  /** With the base offset and the leader epoch of this log. */
  readonly bytes: Buffer;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly maxTimestampMs: number;
  readonly leaderEpoch: number;
  /** Bytes of the log before this batch, deleted ones too. */
  readonly position: number;
  /** Holds markers, no records. */
  readonly control: boolean;
}

export interface PartitionLog {
  readonly batches: readonly StoredBatch[];
  readonly logStart: number;
  readonly highWatermark: number;
  /** What a read_committed reader may read up to. */
  readonly lastStable: number;
  /** Behind the last record that is no marker. */
  readonly recordsEnd: number;
  readonly transactions: LogTransactions;
  append(batch: Omit<StoredBatch, 'position'>): void;
  /** Moves the start up to an offset within the log. Whole batches before it are gone. */
  deleteBefore(offset: number): void;
  /** The index of the batch that holds this offset or is the first above it. */
  find(offset: number): number;
  /** Bytes from the batch that holds an offset up to the first batch at or above another. */
  bytesBetween(from: number, until: number): number;
  /**
   * The bytes from the batch that holds `from`, below the offset `until`, at most `maxBytes`: the
   * last batch may be cut anywhere, as Kafka cuts its file, the first one never: where it does not
   * fit, `wholeFirst` decides between all of it and nothing.
   */
  read(from: number, until: number, maxBytes: number, wholeFirst: boolean): Buffer;
  /**
   * Below which offset the aborted transactions of such a read are listed. Kafka looks it up in
   * its sparse index, so it lies behind what was read, as far as the end of the log.
   */
  abortedBound(from: number, sizeBytes: number): number;
}

/** `index.interval.bytes`: so many bytes of the log have one entry in Kafka's offset index. */
const indexIntervalBytes = 4096;

const nothing = Buffer.alloc(0);

export function createLog(): PartitionLog {
  const batches: StoredBatch[] = [];
  const transactions = createLogTransactions();
  const index: { readonly offset: number; readonly position: number }[] = [];
  let start = 0;
  let end = 0;
  let recordsEnd = 0;
  let size = 0;
  let unindexedBytes = 0;

  const find = (offset: number): number => {
    let low = 0;
    let high = batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (batches[middle]!.lastOffset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const positionOf = (offset: number): number => batches[find(offset)]?.position ?? size;

  return {
    batches,
    get logStart() {
      return start;
    },
    get highWatermark() {
      return end;
    },
    get lastStable() {
      return Math.max(start, transactions.firstUnstable() ?? end);
    },
    get recordsEnd() {
      return recordsEnd;
    },
    transactions,
    append(batch) {
      if (unindexedBytes > indexIntervalBytes) {
        index.push({ offset: batch.lastOffset, position: size });
        unindexedBytes = 0;
      }
      batches.push({ ...batch, position: size });
      size += batch.bytes.length;
      unindexedBytes += batch.bytes.length;
      end = batch.lastOffset + 1;
      if (!batch.control) recordsEnd = end;
    },
    deleteBefore(offset) {
      if (offset <= start) return;
      start = offset;
      batches.splice(0, find(offset));
    },
    find,
    bytesBetween: (from, until) => Math.max(0, positionOf(until) - positionOf(from)),
    read(from, until, maxBytes, wholeFirst) {
      return from < until ? slice(batches, find(from), until, maxBytes, wholeFirst) : nothing;
    },
    abortedBound(from, sizeBytes) {
      const readUntil = positionOf(from) + sizeBytes;
      return index.find(({ position }) => position >= readUntil)?.offset ?? end;
    },
  };
}

/** From the batch at `first` on, as `PartitionLog.read` says. */
function slice(
  batches: readonly StoredBatch[],
  first: number,
  until: number,
  maxBytes: number,
  wholeFirst: boolean,
): Buffer {
  const firstSize = batches[first]?.bytes.length ?? 0;
  if (firstSize > maxBytes && !wholeFirst) return nothing;
  let room = Math.max(maxBytes, firstSize);
  const parts: Buffer[] = [];
  for (let index = first; index < batches.length && room > 0; index++) {
    const batch = batches[index]!;
    if (batch.baseOffset >= until) break;
    parts.push(batch.bytes.length > room ? batch.bytes.subarray(0, room) : batch.bytes);
    room -= batch.bytes.length;
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}
