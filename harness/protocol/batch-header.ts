/**
 * The fixed part of a record batch (magic 2), and what a broker changes in it.
 *
 *    0 baseOffset 8 · 8 length 4 · 12 partitionLeaderEpoch 4 · 16 magic 1 · 17 crc 4
 *   21 attributes 2 · 23 lastOffsetDelta 4 · 27 baseTimestamp 8 · 35 maxTimestamp 8
 *   43 producerId 8 · 51 producerEpoch 2 · 53 baseSequence 4 · 57 count 4 · 61 records
 *
 * The checksum covers everything from the attributes on, so base offset and leader epoch may change
 * freely. The older message formats (magic 0 and 1) are recognised by batchMagic and read by
 * nothing here.
 */
import { invariant } from '#kernel';
import { crc32c } from './crc32c.ts';
import { ProtocolError } from './protocol-error.ts';

export const headerBytes = 61;
const prefixBytes = 12;
const at = {
  baseOffset: 0,
  length: 8,
  partitionLeaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  count: 57,
} as const;

const logAppendTimeBit = 0x08;
const transactionalBit = 0x10;
const controlBit = 0x20;
const compressionMask = 0x07;
const compressions = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/** `unknown`: one of the numbers 5 to 7, which Kafka gave to no codec. */
export type Compression = (typeof compressions)[number] | 'unknown';

export interface BatchHeader {
  readonly baseOffset: number;
  /** Bytes of the whole batch, its 12-byte prefix included. */
  readonly sizeBytes: number;
  readonly partitionLeaderEpoch: number;
  readonly magic: number;
  /** Unsigned. */
  readonly crc: number;
  readonly attributes: number;
  readonly lastOffsetDelta: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  /** Records, as the batch says. */
  readonly count: number;
  readonly compression: Compression;
  readonly transactional: boolean;
  readonly control: boolean;
  readonly logAppendTime: boolean;
}

/**
 * Announced bytes with the prefix, also when the buffer ends earlier; undefined when under 12 bytes
 * are left.
 */
export function batchLength(buffer: Buffer, start = 0): number | undefined {
  if (buffer.length - start < prefixBytes) return undefined;
  return buffer.readInt32BE(start + at.length) + prefixBytes;
}

/** The magic byte lies at the same place in all formats; undefined when the buffer ends before. */
export function batchMagic(buffer: Buffer, start = 0): number | undefined {
  return start + at.magic < buffer.length ? buffer.readInt8(start + at.magic) : undefined;
}

/**
 * Throws 'malformed' unless a whole batch of magic 2 begins there. Neither checksum nor records are
 * looked at.
 */
export function readBatchHeader(buffer: Buffer, start = 0): BatchHeader {
  const sizeBytes = batchLength(buffer, start);
  const left = buffer.length - start;
  if (sizeBytes === undefined || sizeBytes > left || sizeBytes < headerBytes) {
    throw new ProtocolError(
      'malformed',
      `a batch of ${sizeBytes ?? 'unknown'} bytes where ${left} are left`,
    );
  }
  const magic = buffer.readInt8(start + at.magic);
  if (magic !== 2) throw new ProtocolError('malformed', `a batch of magic ${magic}`);
  const attributes = buffer.readInt16BE(start + at.attributes);
  return {
    baseOffset: int64At(buffer, start + at.baseOffset),
    sizeBytes,
    partitionLeaderEpoch: buffer.readInt32BE(start + at.partitionLeaderEpoch),
    magic,
    crc: buffer.readUInt32BE(start + at.crc),
    attributes,
    lastOffsetDelta: buffer.readInt32BE(start + at.lastOffsetDelta),
    baseTimestamp: int64At(buffer, start + at.baseTimestamp),
    maxTimestamp: int64At(buffer, start + at.maxTimestamp),
    producerId: int64At(buffer, start + at.producerId),
    producerEpoch: buffer.readInt16BE(start + at.producerEpoch),
    baseSequence: buffer.readInt32BE(start + at.baseSequence),
    count: buffer.readInt32BE(start + at.count),
    compression: compressions[attributes & compressionMask] ?? 'unknown',
    transactional: (attributes & transactionalBit) !== 0,
    control: (attributes & controlBit) !== 0,
    logAppendTime: (attributes & logAppendTimeBit) !== 0,
  };
}

export interface Attributes {
  readonly compression?: Exclude<Compression, 'unknown'>;
  readonly transactional?: boolean;
  readonly control?: boolean;
  readonly logAppendTime?: boolean;
}

export function attributeBits(attributes: Attributes): number {
  const { compression = 'none', transactional, control, logAppendTime } = attributes;
  return (
    compressions.indexOf(compression) |
    (logAppendTime ? logAppendTimeBit : 0) |
    (transactional ? transactionalBit : 0) |
    (control ? controlBit : 0)
  );
}

export function checkCrc(buffer: Buffer, start = 0): boolean {
  const sizeBytes = batchLength(buffer, start);
  if (sizeBytes === undefined || sizeBytes < headerBytes) return false;
  if (start + sizeBytes > buffer.length) return false;
  return buffer.readUInt32BE(start + at.crc) === checksum(buffer, start, sizeBytes);
}

/** In place; outside the checksum. */
export function rewriteBaseOffset(
  buffer: Buffer,
  baseOffset: number,
  partitionLeaderEpoch: number,
  start = 0,
): void {
  putInt64(buffer, baseOffset, start + at.baseOffset);
  buffer.writeInt32BE(partitionLeaderEpoch, start + at.partitionLeaderEpoch);
}

/**
 * In place: sets or clears the log-append-time bit; renews the checksum only where something
 * changed.
 */
export function rewriteTimestamp(
  buffer: Buffer,
  stamp: { readonly maxTimestamp: number; readonly logAppendTime: boolean },
  start = 0,
): void {
  const { attributes, maxTimestamp, sizeBytes } = readBatchHeader(buffer, start);
  const stamped = stamp.logAppendTime
    ? attributes | logAppendTimeBit
    : attributes & ~logAppendTimeBit;
  if (stamped === attributes && stamp.maxTimestamp === maxTimestamp) return;
  buffer.writeInt16BE(stamped, start + at.attributes);
  putInt64(buffer, stamp.maxTimestamp, start + at.maxTimestamp);
  buffer.writeUInt32BE(checksum(buffer, start, sizeBytes), start + at.crc);
}

/** Fills in what is known only when the batch is complete: its length and its checksum. */
export function sealBatch(buffer: Buffer): void {
  buffer.writeInt32BE(buffer.length - prefixBytes, at.length);
  buffer.writeUInt32BE(checksum(buffer, 0, buffer.length), at.crc);
}

function checksum(buffer: Buffer, start: number, sizeBytes: number): number {
  return crc32c(buffer, start + at.attributes, start + sizeBytes);
}

function int64At(buffer: Buffer, position: number): number {
  return buffer.readInt32BE(position) * 2 ** 32 + buffer.readUInt32BE(position + 4);
}

function putInt64(buffer: Buffer, value: number, position: number): void {
  invariant(Number.isSafeInteger(value), `${value} is no offset or timestamp`);
  const high = Math.floor(value / 2 ** 32);
  buffer.writeInt32BE(high, position);
  buffer.writeUInt32BE(value - high * 2 ** 32, position + 4);
}
