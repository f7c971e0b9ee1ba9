/** Batches that no client would send. */
import { crc32c } from '#protocol';

/** The same bytes with one of them changed; the CRC stays what it was. */
export function tampered(batch: Buffer, at: number, byte: number): Buffer {
  const copy = Buffer.from(batch);
  copy[at] = byte;
  return copy;
}

/** Changes header bytes and makes the CRC fit again. */
export function reheaded(batch: Buffer, change: (bytes: Buffer) => void): Buffer {
  const copy = Buffer.from(batch);
  change(copy);
  copy.writeUInt32BE(crc32c(copy, 21), 17);
  return copy;
}

/** Where header fields stand. */
export const header = {
  baseOffset: 0,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  maxTimestamp: 35,
  baseSequence: 53,
  count: 57,
  records: 61,
} as const;

export const badCrc = (batch: Buffer): Buffer =>
  tampered(batch, header.crc, batch[header.crc]! ^ 0x55);
