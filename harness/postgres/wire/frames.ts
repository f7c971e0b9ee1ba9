/**
 * Frames of PostgreSQL's protocol 3: one letter, a length that counts itself, a body. The client's first frames have
 * no letter (StartupMessage, SSLRequest, CancelRequest), so that its stream begins with them.
 *
 * Left out: what stands inside a message; `messages.ts`, `errors.ts` and `greeting.ts` know the few that matter.
 */
import { invariant } from '#kernel';

export interface Frame {
  /** The message's letter, as the protocol writes it. */
  readonly type: string;
  /** The whole message with its header. */
  readonly bytes: Buffer;
}

const headerBytes = 5;
/** PostgreSQL itself refuses messages beyond this. */
const longestFrame = 0x3fffffff;

/** Cuts a stream of lettered messages into frames; what is not whole yet is kept. */
export class FrameReader {
  #kept: Buffer = Buffer.alloc(0);

  take(bytes: Uint8Array): Frame[] {
    const all = this.#kept.length === 0 ? asBuffer(bytes) : Buffer.concat([this.#kept, bytes]);
    const frames: Frame[] = [];
    let at = 0;
    while (all.length - at >= headerBytes) {
      const length = all.readInt32BE(at + 1);
      invariant(length >= 4 && length <= longestFrame, `a message of ${length} bytes is none`);
      if (all.length - at < length + 1) break;
      const whole = all.subarray(at, at + length + 1);
      frames.push({ type: String.fromCharCode(whole[0] ?? 0), bytes: whole });
      at += length + 1;
    }
    this.#kept = all.subarray(at);
    return frames;
  }

  /** Bytes of a message that has not arrived whole. */
  get incomplete(): number {
    return this.#kept.length;
  }
}

export function bodyOf(frame: Frame): Buffer {
  return frame.bytes.subarray(headerBytes);
}

export function frame(type: string, ...parts: readonly Uint8Array[]): Frame {
  const length = parts.reduce((sum, part) => sum + part.length, 4);
  const header = Buffer.alloc(headerBytes);
  header.write(type, 'latin1');
  header.writeInt32BE(length, 1);
  return { type, bytes: Buffer.concat([header, ...parts]) };
}

/** Text as the protocol ends it. */
export function cString(text: string): Buffer {
  return Buffer.from(`${text}\0`);
}

/** The text that begins at `at`, and where the next value begins. */
export function readCString(body: Buffer, at: number): { text: string; next: number } {
  const end = body.indexOf(0, at);
  invariant(end >= 0, 'a text of the protocol has no end');
  return { text: body.toString('utf8', at, end), next: end + 1 };
}

export function bytesOf(frames: readonly Frame[]): Buffer {
  return Buffer.concat(frames.map(({ bytes }) => bytes));
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
