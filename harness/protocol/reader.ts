/**
 * Reads Kafka's primitive types out of a buffer. Believes no length: whatever goes past the limit
 * is 'malformed', and nothing is allocated by an announced size.
 *
 * Null is -1 (0 in compact form) and nothing else; Kafka takes every negative length for null.
 */
import { ProtocolError } from './protocol-error.ts';

const twoTo32 = 2 ** 32;

export class Reader {
  readonly bytes: Buffer;
  position: number;
  limit: number;
  /** How many elements its arrays may still have, all of them together. */
  elementsLeft = Infinity;

  constructor(bytes: Buffer, position = 0, limit = bytes.length) {
    this.bytes = bytes;
    this.position = position;
    this.limit = limit;
  }

  get remaining(): number {
    return this.limit - this.position;
  }

  /** Moves past `count` bytes and says where they begin. */
  take(count: number): number {
    const start = this.position;
    if (count > this.limit - start) {
      throw new ProtocolError(
        'malformed',
        `${count} bytes wanted at ${start}, ${this.limit - start} are left`,
      );
    }
    this.position = start + count;
    return start;
  }

  int8(): number {
    return (this.bytes[this.take(1)]! << 24) >> 24;
  }

  int16(): number {
    const at = this.take(2);
    const bytes = this.bytes;
    return ((bytes[at]! << 24) >> 16) | bytes[at + 1]!;
  }

  int32(): number {
    const at = this.take(4);
    const bytes = this.bytes;
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }

  int64(): number {
    const high = this.int32();
    return high * twoTo32 + (this.int32() >>> 0);
  }

  bool(): boolean {
    return this.bytes[this.take(1)] !== 0;
  }

  uuid(): string {
    const at = this.take(16);
    const hex = this.bytes.toString('hex', at, at + 16);
    const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
    return `${parts.join('-')}-${hex.slice(20)}`;
  }

  /** At most five bytes, unsigned. */
  uvarint(): number {
    const first = this.bytes[this.take(1)]!;
    if (first < 128) return first;
    let value = first & 127;
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = this.bytes[this.take(1)]!;
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
    throw new ProtocolError('malformed', `a varint of more than 5 bytes before ${this.position}`);
  }

  varint(): number {
    const value = this.uvarint();
    return (value >>> 1) ^ -(value & 1);
  }

  varlong(): number {
    let low = 0;
    let shift = 1;
    // 49 bits stay exact as a number; longer ones are rare and go the slow way.
    for (let count = 0; count < 7; count++) {
      const byte = this.bytes[this.take(1)]!;
      low += (byte & 127) * shift;
      if (byte < 128) return low % 2 === 0 ? low / 2 : -(low + 1) / 2;
      shift *= 128;
    }
    let value = BigInt(low);
    for (let bits = 49n; bits < 70n; bits += 7n) {
      const byte = this.bytes[this.take(1)]!;
      value |= BigInt(byte & 127) << bits;
      if (byte < 128) {
        value = BigInt.asUintN(64, value);
        return Number(BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n)));
      }
    }
    throw new ProtocolError('malformed', `a varlong of more than 10 bytes before ${this.position}`);
  }

  /** Length of a string, of bytes or of an array: -1 is null. */
  compactLength(): number {
    return this.uvarint() - 1;
  }

  text(length: number): string {
    const at = this.take(length);
    return length === 0 ? '' : this.bytes.toString('utf8', at, at + length);
  }

  view(length: number): Buffer {
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }
}
