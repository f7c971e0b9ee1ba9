/**
 * Splits a byte stream into frames by their 4-byte length. Refuses a length that Kafka's socket
 * server refuses: not positive, or above socket.request.max.bytes (100 MiB). After that the stream
 * cannot be read any further, and frames that the same push completed are lost with it.
 */
import { ProtocolError } from './protocol-error.ts';

const maxFrameBytes = 104_857_600;
const nothing = Buffer.alloc(0);

export class FrameReader {
  /** The beginning of a frame; its room grows with what came, not with what was announced. */
  #partial: Buffer = nothing;
  #held = 0;
  /** Bytes that must be held before anything can happen. */
  #wanted = 4;

  /**
   * The frames completed by these bytes, without their length; they may be views of what was
   * pushed.
   */
  push(bytes: Uint8Array): Buffer[] {
    if (this.#held + bytes.length < this.#wanted) {
      this.#keep(bytes);
      return [];
    }
    let all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (this.#held > 0) {
      this.#keep(bytes);
      all = this.#partial.subarray(0, this.#held);
    }
    const frames: Buffer[] = [];
    let at = 0;
    this.#wanted = 4;
    while (all.length - at >= 4) {
      const length = all.readInt32BE(at);
      if (length <= 0 || length > maxFrameBytes) {
        throw new ProtocolError('malformed', `a frame of ${length} bytes`);
      }
      this.#wanted = 4 + length;
      if (all.length - at < this.#wanted) break;
      frames.push(all.subarray(at + 4, at + this.#wanted));
      at += this.#wanted;
      this.#wanted = 4;
    }
    this.#partial = nothing;
    this.#held = 0;
    if (at < all.length) this.#keep(all.subarray(at));
    return frames;
  }

  #keep(bytes: Uint8Array): void {
    const held = this.#held + bytes.length;
    if (held > this.#partial.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(held, 2 * this.#held));
      this.#partial.copy(larger, 0, 0, this.#held);
      this.#partial = larger;
    }
    this.#partial.set(bytes, this.#held);
    this.#held = held;
  }
}
