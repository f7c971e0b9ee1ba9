/**
 * Splits a byte stream into frames by their 4-byte length. Refuses a length that Kafka's socket
 * server refuses: not positive, or above socket.request.max.bytes (100 MiB). After that the stream
 * cannot be read any further, and frames that the same push completed are lost with it.
 */
import { ProtocolError } from './protocol-error.ts';

const maxFrameBytes = 104_857_600;

export class FrameReader {
  #chunks: Buffer[] = [];
  #held = 0;
  /** Bytes that must be held before anything can happen. */
  #wanted = 4;

  /**
   * The frames completed by these bytes, without their length; they may be views of what was
   * pushed.
   */
  push(bytes: Uint8Array): Buffer[] {
    if (bytes.length > 0) {
      this.#chunks.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
      this.#held += bytes.length;
    }
    if (this.#held < this.#wanted) return [];
    const all = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
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
    this.#chunks = at < all.length ? [all.subarray(at)] : [];
    this.#held = all.length - at;
    return frames;
  }
}
