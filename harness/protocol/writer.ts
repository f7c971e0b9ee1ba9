/**
 * Writes Kafka's primitive types into a buffer that grows and is used again. A value that does not
 * fit its type is a bug of ours, and loud: a silently cut number would travel far before it hurt.
 */
import { InvariantError } from '#kernel';
import { ProtocolError } from './protocol-error.ts';

const initialBytes = 16_384;
const keptBytes = 1_048_576;
const shortText = 48;
const maxInt64 = 2 ** 63;
const twoTo32 = 2 ** 32;

export class Writer {
  bytes: Buffer = Buffer.allocUnsafeSlow(initialBytes);
  position = 0;
  /** The field being written, for the sentence when it does not fit. */
  field = '';
  #maxBytes = Infinity;

  /** More than `maxBytes` are 'too-large'. */
  reset(maxBytes = Infinity): void {
    this.position = 0;
    this.#maxBytes = maxBytes;
    if (this.bytes.length > keptBytes) this.bytes = Buffer.allocUnsafeSlow(initialBytes);
  }

  /** A copy of what was written. */
  finish(): Buffer {
    this.#limit(this.position);
    const result = Buffer.allocUnsafe(this.position);
    this.bytes.copy(result, 0, 0, this.position);
    return result;
  }

  #limit(bytes: number): void {
    if (bytes <= this.#maxBytes) return;
    throw new ProtocolError('too-large', `an answer of more than ${this.#maxBytes} bytes`);
  }

  refuse(value: unknown, type: string): never {
    const shown = typeof value === 'object' && value !== null ? 'an object' : String(value);
    throw new InvariantError(`${this.field || 'a value'} cannot be ${shown}: it is ${type}`);
  }

  room(count: number): void {
    const needed = this.position + count;
    if (needed <= this.bytes.length) return;
    this.#limit(needed);
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.position);
    this.bytes = larger;
  }

  /** Moves past `count` bytes and says where they begin. */
  take(count: number): number {
    const start = this.position;
    if (start + count > this.bytes.length) this.room(count);
    this.position = start + count;
    return start;
  }

  int8(value: number): void {
    if ((value << 24) >> 24 !== value) this.refuse(value, 'int8');
    const at = this.take(1);
    this.bytes[at] = value;
  }

  int16(value: number): void {
    if ((value << 16) >> 16 !== value) this.refuse(value, 'int16');
    const at = this.take(2);
    this.bytes[at] = value >> 8;
    this.bytes[at + 1] = value;
  }

  int32(value: number): void {
    if ((value | 0) !== value) this.refuse(value, 'int32');
    this.putInt32(this.take(4), value);
  }

  putInt32(at: number, value: number): void {
    const bytes = this.bytes;
    bytes[at] = value >> 24;
    bytes[at + 1] = value >> 16;
    bytes[at + 2] = value >> 8;
    bytes[at + 3] = value;
  }

  /** 2^63 and above are Long.MAX_VALUE: what reading it gave comes back as it was. */
  int64(value: number): void {
    if (!Number.isInteger(value)) this.refuse(value, 'int64');
    const at = this.take(8);
    if (value >= maxInt64) {
      this.putInt32(at, 0x7fffffff);
      this.putInt32(at + 4, -1);
      return;
    }
    if (value < -maxInt64) this.refuse(value, 'int64');
    const high = Math.floor(value / twoTo32);
    this.putInt32(at, high);
    this.putInt32(at + 4, value - high * twoTo32);
  }

  bool(value: boolean): void {
    if (typeof value !== 'boolean') this.refuse(value, 'bool');
    const at = this.take(1);
    this.bytes[at] = value ? 1 : 0;
  }

  uuid(value: string): void {
    const hex = typeof value === 'string' ? value.replaceAll('-', '') : '';
    if (!/^[0-9a-f]{32}$/i.test(hex)) this.refuse(value, 'uuid');
    const at = this.take(16);
    this.bytes.write(hex, at, 'hex');
  }

  uvarint(value: number): void {
    this.room(5);
    let at = this.position;
    while (value > 127) {
      this.bytes[at++] = (value & 127) | 128;
      value >>>= 7;
    }
    this.bytes[at++] = value;
    this.position = at;
  }

  varint(value: number): void {
    if ((value | 0) !== value) this.refuse(value, 'varint');
    this.uvarint(((value << 1) ^ (value >> 31)) >>> 0);
  }

  varlong(value: number): void {
    if (!Number.isSafeInteger(value)) this.refuse(value, 'varlong');
    if ((value | 0) === value) {
      this.varint(value);
      return;
    }
    let zigzag = BigInt(value);
    zigzag = zigzag < 0n ? -2n * zigzag - 1n : 2n * zigzag;
    this.room(10);
    while (zigzag > 127n) {
      this.bytes[this.position++] = Number(zigzag & 127n) | 128;
      zigzag >>= 7n;
    }
    this.bytes[this.position++] = Number(zigzag);
  }

  string(value: string): void {
    if (typeof value !== 'string') this.refuse(value, 'string');
    const length = this.textAfter(value, 2);
    if (length > 32_767) this.refuse(`${length} bytes long`, 'string');
    const at = this.position;
    this.bytes[at] = length >> 8;
    this.bytes[at + 1] = length;
    this.position = at + 2 + length;
  }

  compactString(value: string): void {
    if (typeof value !== 'string') this.refuse(value, 'string');
    if (value.length < shortText) {
      const length = this.textAfter(value, 1);
      if (length < 127) {
        this.bytes[this.position] = length + 1;
        this.position += 1 + length;
        return;
      }
    }
    const length = Buffer.byteLength(value);
    this.uvarint(length + 1);
    const at = this.take(length);
    this.bytes.write(value, at, 'utf8');
  }

  /**
   * Puts the text `gap` bytes ahead without moving; short plain texts do not pay for a native call.
   */
  private textAfter(value: string, gap: number): number {
    const length = value.length;
    this.room(gap + length * 3);
    const bytes = this.bytes;
    const at = this.position + gap;
    if (length < shortText) {
      let index = 0;
      while (index < length) {
        const code = value.charCodeAt(index);
        if (code > 127) break;
        bytes[at + index] = code;
        index++;
      }
      if (index === length) return length;
    }
    return bytes.write(value, at, 'utf8');
  }

  raw(value: Uint8Array): void {
    if (!(value instanceof Uint8Array)) this.refuse(value, 'bytes');
    const at = this.take(value.length);
    this.bytes.set(value, at);
  }
}
