/**
 * Record batches of magic 2: many records in one checksummed, possibly compressed piece.
 *
 * gzip and zstd are opened; snappy and lz4 stay opaque (Node has no codec for them): their batches
 * can be stored and passed on, and asking for their records throws 'unsupported-codec'. Magic 0 and
 * 1 are not read.
 */
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import {
  attributeBits,
  batchLength,
  headerBytes,
  readBatchHeader,
  sealBatch,
  type BatchHeader,
} from './batch-header.ts';
import { ProtocolError } from './protocol-error.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

export interface RecordHeader {
  readonly key: string;
  readonly value: Buffer | null;
}

export interface BatchRecord {
  readonly offset: number;
  /** The batch's maximum where it is stamped with log append time. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}

export interface RecordBatch extends BatchHeader {
  /**
   * Decoded at the first look. Throws 'unsupported-codec', 'malformed', or 'wrong-count' when the
   * batch holds other than `count` well-formed records. A spread of the batch leaves them out.
   */
  readonly records: readonly BatchRecord[];
}

export interface NewRecord {
  readonly key?: Buffer | string | null;
  readonly value?: Buffer | string | null;
  readonly headers?: readonly { readonly key: string; readonly value: Buffer | string | null }[];
  /** Left out: the base timestamp of the batch. */
  readonly timestamp?: number;
  /** Left out: one more than the record before. */
  readonly offset?: number;
}

export interface NewBatch {
  readonly records: readonly NewRecord[];
  /** Left out: 0. */
  readonly baseOffset?: number;
  /** This and what stands for no producer: -1 when left out. */
  readonly partitionLeaderEpoch?: number;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly compression?: 'none' | 'gzip' | 'zstd';
  readonly transactional?: boolean;
  readonly control?: boolean;
  readonly logAppendTime?: boolean;
  /** Left out: that of the first record, else 0. */
  readonly baseTimestamp?: number;
  /** Left out: the highest of the records. */
  readonly maxTimestamp?: number;
  /** Left out: that of the last record; compaction keeps it although the last record went. */
  readonly lastOffsetDelta?: number;
}

/** 64 times what Kafka takes of a batch by default; Kafka itself unpacks whatever comes. */
const maxUnpackedBytes = 67_108_864;
const writer = new Writer();

export function decodeBatch(buffer: Buffer, start = 0): RecordBatch {
  return new LazyBatch(buffer, start) as object as RecordBatch;
}

/** A class, because an object literal with a getter costs a microsecond; the header is copied in. */
class LazyBatch {
  readonly #decode: () => readonly BatchRecord[];
  #records: readonly BatchRecord[] | undefined;

  constructor(buffer: Buffer, start: number) {
    const header = readBatchHeader(buffer, start);
    this.#decode = () => decodeRecords(buffer, start, header);
    Object.assign(this, header);
  }

  get records(): readonly BatchRecord[] {
    return (this.#records ??= this.#decode());
  }
}

/** Every whole batch in the buffer; a cut one at the end, legal in a fetch answer, is left out. */
export function* batchesIn(buffer: Buffer): Generator<RecordBatch, void, undefined> {
  let start = 0;
  for (;;) {
    const length = batchLength(buffer, start);
    if (length === undefined || length > buffer.length - start) return;
    yield decodeBatch(buffer, start);
    start += length;
  }
}

export function encodeBatch(batch: NewBatch): Buffer {
  const { records, baseOffset = 0, compression = 'none' } = batch;
  const baseTimestamp = batch.baseTimestamp ?? records[0]?.timestamp ?? 0;
  writer.reset();
  writer.take(headerBytes);
  let offset = baseOffset - 1;
  let highest = baseTimestamp;
  for (const record of records) {
    offset = record.offset ?? offset + 1;
    const timestamp = record.timestamp ?? baseTimestamp;
    highest = Math.max(highest, timestamp);
    writeRecord(record, offset - baseOffset, timestamp - baseTimestamp);
  }
  if (compression !== 'none') {
    const plain = writer.bytes.subarray(headerBytes, writer.position);
    const packed = compression === 'gzip' ? gzipSync(plain) : zstdCompressSync(plain);
    writer.position = headerBytes;
    writer.raw(packed);
  }
  const end = writer.position;
  writer.position = 0;
  writer.int64(baseOffset);
  writer.int32(0);
  writer.int32(batch.partitionLeaderEpoch ?? -1);
  writer.int8(2);
  writer.int32(0);
  writer.int16(attributeBits(batch));
  writer.int32(batch.lastOffsetDelta ?? Math.max(0, offset - baseOffset));
  writer.int64(baseTimestamp);
  writer.int64(batch.maxTimestamp ?? highest);
  writer.int64(batch.producerId ?? -1);
  writer.int16(batch.producerEpoch ?? -1);
  writer.int32(batch.baseSequence ?? -1);
  writer.int32(records.length);
  writer.position = end;
  const encoded = writer.finish();
  sealBatch(encoded);
  return encoded;
}

function writeRecord(record: NewRecord, offsetDelta: number, timestampDelta: number): void {
  const key = toBytes(record.key);
  const value = toBytes(record.value);
  const headers = (record.headers ?? []).map((header) => ({
    key: Buffer.from(header.key),
    value: toBytes(header.value),
  }));
  // The length stands in front and has no fixed width: write the record behind a gap and close it.
  const start = writer.position;
  writer.take(5);
  writer.int8(0);
  writer.varlong(timestampDelta);
  writer.varint(offsetDelta);
  writeBytes(key);
  writeBytes(value);
  writer.varint(headers.length);
  for (const header of headers) {
    writeBytes(header.key);
    writeBytes(header.value);
  }
  const end = writer.position;
  writer.position = start;
  writer.varint(end - start - 5);
  writer.bytes.copyWithin(writer.position, start + 5, end);
  writer.position += end - start - 5;
}

function writeBytes(value: Buffer | null): void {
  writer.varint(value === null ? -1 : value.length);
  if (value !== null) writer.raw(value);
}

function toBytes(value: Buffer | string | null | undefined): Buffer | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? Buffer.from(value) : value;
}

/** The records of a batch as bytes, opened where they are compressed. Throws as `records` does. */
export function recordBytes(buffer: Buffer, header: BatchHeader, start = 0): Buffer {
  return unpack(buffer.subarray(start + headerBytes, start + header.sizeBytes), header);
}

function decodeRecords(buffer: Buffer, start: number, header: BatchHeader): readonly BatchRecord[] {
  const reader = new Reader(recordBytes(buffer, header, start));
  const records: BatchRecord[] = [];
  while (reader.remaining > 0 && records.length < header.count) {
    records.push(readRecord(reader, header));
  }
  if (records.length !== header.count || reader.remaining > 0) {
    const more = reader.remaining > 0 ? ' and more bytes' : '';
    throw new ProtocolError(
      'wrong-count',
      `${header.count} records announced, ${records.length}${more} found`,
    );
  }
  return records;
}

function unpack(packed: Buffer, { compression }: BatchHeader): Buffer {
  if (compression === 'none') return packed;
  if (compression !== 'gzip' && compression !== 'zstd') {
    throw new ProtocolError('unsupported-codec', `records compressed with ${compression}`);
  }
  try {
    const maxOutputLength = maxUnpackedBytes;
    if (compression === 'gzip') return gunzipSync(packed, { maxOutputLength });
    return zstdDecompressSync(packed, { maxOutputLength });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ProtocolError('malformed', `records that ${compression} cannot open: ${why}`);
  }
}

function readRecord(reader: Reader, batch: BatchHeader): BatchRecord {
  const size = reader.varint();
  if (size < 0) throw new ProtocolError('malformed', `a record of ${size} bytes`);
  const start = reader.take(size);
  const end = reader.position;
  const { limit } = reader;
  reader.position = start;
  reader.limit = end;
  reader.int8();
  const timestampDelta = reader.varlong();
  const offset = batch.baseOffset + reader.varint();
  const key = readBytes(reader);
  const value = readBytes(reader);
  const headers = readHeaders(reader);
  if (reader.position !== end) {
    throw new ProtocolError('malformed', `a record of ${size} bytes ends at ${reader.position}`);
  }
  reader.limit = limit;
  const timestamp = batch.logAppendTime ? batch.maxTimestamp : batch.baseTimestamp + timestampDelta;
  return { offset, timestamp, key, value, headers };
}

function readBytes(reader: Reader): Buffer | null {
  const length = reader.varint();
  return length < 0 ? null : reader.view(length);
}

function readHeaders(reader: Reader): readonly RecordHeader[] {
  const count = reader.varint();
  // A header is two lengths at least.
  if (count < 0 || count > reader.remaining / 2) {
    throw new ProtocolError('malformed', `${count} record headers`);
  }
  const headers: RecordHeader[] = [];
  for (let index = 0; index < count; index++) {
    const length = reader.varint();
    if (length < 0) throw new ProtocolError('malformed', 'a record header without a key');
    headers.push({ key: reader.text(length), value: readBytes(reader) });
  }
  return headers;
}
