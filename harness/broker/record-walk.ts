/**
 * Goes through the records of one batch as the leader does before it appends them: how many there
 * are, their highest timestamp, and which have no key. Uncompressed batches are walked in place
 * without making an object per record; compressed ones are decoded. Offset deltas count in
 * compressed batches only (Kafka does not look at the others).
 *
 * Left out: snappy and lz4. Their records are taken on trust: the header's count and maximum
 * timestamp stand.
 */
import { decodeBatch, ProtocolError, type BatchHeader } from '#protocol';

export interface Walk {
  readonly maxTimestamp: number;
  /** Indexes of records with a null key. */
  readonly withoutKey: readonly number[];
  readonly timestamps: readonly number[];
}
/**
 * `undecodable` = Kafka stumbles (UNKNOWN_SERVER_ERROR); `miscounted` = the header's count is
 * wrong.
 */
export type WalkProblem = 'undecodable' | 'miscounted';

const recordsAt = 61;

export function walkRecords(bytes: Buffer, header: BatchHeader): Walk | WalkProblem {
  return header.compression === 'none' ? walkInPlace(bytes, header) : walkDecoded(bytes, header);
}

function walkDecoded(bytes: Buffer, header: BatchHeader): Walk | WalkProblem {
  if (header.compression === 'unknown') return 'undecodable';
  try {
    const { records } = decodeBatch(bytes);
    if (records.some((record, index) => record.offset !== header.baseOffset + index)) {
      return 'undecodable';
    }
    return {
      maxTimestamp: records.reduce((max, record) => Math.max(max, record.timestamp), -1),
      withoutKey: records.flatMap((record, index) => (record.key === null ? [index] : [])),
      timestamps: records.map((record) => record.timestamp),
    };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    if (error.kind === 'wrong-count') return 'miscounted';
    if (error.kind !== 'unsupported-codec') return 'undecodable';
    return { maxTimestamp: header.maxTimestamp, withoutKey: [], timestamps: [] };
  }
}

function walkInPlace(bytes: Buffer, header: BatchHeader): Walk | WalkProblem {
  const cursor: Cursor = { bytes, at: recordsAt, end: header.sizeBytes };
  const withoutKey: number[] = [];
  const timestamps: number[] = [];
  let maxTimestamp = -1;
  for (let index = 0; index < header.count; index++) {
    if (cursor.at >= cursor.end) return 'miscounted';
    const size = varint(cursor);
    const end = cursor.at + size;
    if (!(size >= 0) || end > cursor.end) return 'undecodable';
    cursor.at++; // attributes, unused
    const timestamp = header.baseTimestamp + varint(cursor);
    varint(cursor); // offset delta
    const keySize = varint(cursor);
    if (keySize < 0) withoutKey.push(index);
    else cursor.at += keySize;
    const valueSize = varint(cursor);
    if (valueSize > 0) cursor.at += valueSize;
    skipHeaders(cursor, end);
    if (cursor.at !== end || Number.isNaN(timestamp)) return 'undecodable';
    timestamps.push(timestamp);
    if (timestamp > maxTimestamp) maxTimestamp = timestamp;
  }
  return cursor.at === cursor.end ? { maxTimestamp, withoutKey, timestamps } : 'miscounted';
}

interface Cursor {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;
}

function skipHeaders(cursor: Cursor, end: number): void {
  const count = varint(cursor);
  if (!(count >= 0)) cursor.at = Number.NaN;
  for (let index = 0; index < count && cursor.at < end; index++) {
    const keySize = varint(cursor);
    cursor.at = keySize < 0 ? Number.NaN : cursor.at + keySize;
    const valueSize = varint(cursor);
    if (valueSize > 0) cursor.at += valueSize;
  }
}

/**
 * A zigzag varint of up to ten bytes; NaN when there is none. Exact up to 2^53, which timestamps
 * are.
 */
function varint(cursor: Cursor): number {
  let value = 0;
  let scale = 1;
  for (let count = 0; count < 10; count++) {
    const byte = cursor.at < cursor.end ? cursor.bytes[cursor.at++] : undefined;
    if (byte === undefined) return Number.NaN;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    scale *= 128;
  }
  return Number.NaN;
}
