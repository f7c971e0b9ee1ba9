/**
 * Goes through the records of one batch as the leader does before it appends them: how many there
 * are, their highest timestamp, and which have no key or a time out of range. In place: a few
 * kilobytes of zstd hold millions of records, too many to make an object of each. Offset deltas
 * count in compressed batches only (Kafka does not look at the others).
 *
 * Left out: snappy and lz4. Their records are taken on trust: the header's count and maximum
 * timestamp stand.
 */
import { ProtocolError, readBatchHeader, recordBytes, type BatchHeader } from '#protocol';

/** So many records are named at most where they are refused; the rest is only counted. */
const maxNamed = 10_000;

export interface Named {
  readonly count: number;
  readonly records: readonly { readonly index: number; readonly timestamp: number }[];
}

export interface Walk {
  readonly maxTimestamp: number;
  /** Records with a null key. */
  readonly withoutKey: Named;
  /** Records whose time is not within the range. */
  readonly outside: Named;
}
/**
 * `undecodable` = Kafka stumbles (UNKNOWN_SERVER_ERROR); `miscounted` = the header's count is
 * wrong.
 */
export type WalkProblem = 'undecodable' | 'miscounted';

export interface TimeRange {
  readonly earliest: number;
  readonly latest: number;
}

export function walkRecords(
  bytes: Buffer,
  header: BatchHeader,
  { earliest, latest }: TimeRange,
): Walk | WalkProblem {
  const withoutKey = new Names();
  const outside = new Names();
  let maxTimestamp = -1;
  const problem = eachRecord(bytes, header, (index, timestamp, hasKey) => {
    if (!hasKey) withoutKey.add(index, timestamp);
    if (timestamp < earliest || timestamp > latest) outside.add(index, timestamp);
    if (timestamp > maxTimestamp) maxTimestamp = timestamp;
    return true;
  });
  if (problem === 'opaque') maxTimestamp = header.maxTimestamp;
  else if (problem !== undefined) return problem;
  return { maxTimestamp, withoutKey, outside };
}

/** The first record at or after a time and an offset. */
export function recordSince(
  bytes: Buffer,
  timestamp: number,
  offset: number,
): { readonly timestamp: number; readonly offset: number } | 'opaque' | undefined {
  const header = readBatchHeader(bytes);
  let found: { readonly timestamp: number; readonly offset: number } | undefined;
  const problem = eachRecord(bytes, header, (_index, at, _hasKey, delta) => {
    if (at < timestamp || header.baseOffset + delta < offset) return true;
    found = { timestamp: at, offset: header.baseOffset + delta };
    return false;
  });
  return problem === 'opaque' ? problem : found;
}

class Names implements Named {
  count = 0;
  readonly records: { index: number; timestamp: number }[] = [];

  add(index: number, timestamp: number): void {
    if (this.count++ < maxNamed) this.records.push({ index, timestamp });
  }
}

/** Answers whether to go on. */
type Visit = (index: number, timestamp: number, hasKey: boolean, offsetDelta: number) => boolean;

function eachRecord(
  bytes: Buffer,
  header: BatchHeader,
  visit: Visit,
): WalkProblem | 'opaque' | undefined {
  const { compression } = header;
  if (compression === 'unknown') return 'undecodable';
  if (compression === 'snappy' || compression === 'lz4') return 'opaque';
  try {
    return walkInPlace(recordBytes(bytes, header), header, visit);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return 'undecodable';
  }
}

function walkInPlace(records: Buffer, header: BatchHeader, visit: Visit): WalkProblem | undefined {
  const isPlain = header.compression === 'none';
  const cursor: Cursor = { bytes: records, at: 0, end: records.length };
  for (let index = 0; index < header.count; index++) {
    if (cursor.at >= cursor.end) return 'miscounted';
    const size = varint(cursor);
    const end = cursor.at + size;
    if (!(size >= 0) || end > cursor.end) return 'undecodable';
    cursor.at++; // attributes, unused
    const ownTime = header.baseTimestamp + varint(cursor);
    const offsetDelta = varint(cursor);
    const keySize = varint(cursor);
    skip(cursor, keySize);
    skip(cursor, varint(cursor));
    skipHeaders(cursor, end);
    if (cursor.at !== end || Number.isNaN(ownTime)) return 'undecodable';
    if (!isPlain && offsetDelta !== index) return 'undecodable';
    const timestamp = header.logAppendTime ? header.maxTimestamp : ownTime;
    if (!visit(index, timestamp, keySize >= 0, offsetDelta)) return undefined;
  }
  return cursor.at === cursor.end ? undefined : 'miscounted';
}

interface Cursor {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;
}

/** Below 0 is null; NaN, which was no number, spoils the place. */
function skip(cursor: Cursor, size: number): void {
  if (!(size <= 0)) cursor.at += size;
}

function skipHeaders(cursor: Cursor, end: number): void {
  const count = varint(cursor);
  if (!(count >= 0)) cursor.at = Number.NaN;
  for (let index = 0; index < count && cursor.at < end; index++) {
    const keySize = varint(cursor);
    cursor.at = keySize < 0 ? Number.NaN : cursor.at + keySize;
    skip(cursor, varint(cursor));
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
