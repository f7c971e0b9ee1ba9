/**
 * Cuts what a client writes into groups: the smallest pieces that a server answers at once. A group ends with Query,
 * Sync, Flush or FunctionCall; copied data ends with CopyDone or CopyFail where a Query asked for it, else with the
 * Sync or Flush after that, for the server keeps its answer until then.
 *
 * Left out: data of COPY is held until it ends, so that an early error of the server reaches the client after its
 * last byte. Authentication is not expected (the server trusts).
 */
import { FrameReader, type Frame } from './frames.ts';
import { readStartUp, type StartUp } from './start-up.ts';

export interface MessageGroup {
  readonly kind: 'messages';
  readonly frames: readonly Frame[];
}

export type Group = StartUp | MessageGroup | { readonly kind: 'terminate' };

const ends = new Set(['Q', 'S', 'H', 'F', 'p']);
const endsOfCopy = new Set(['c', 'f']);

export class GroupReader {
  readonly #frames = new FrameReader();
  #beforeStart: Buffer | undefined = Buffer.alloc(0);
  #open: Frame[] = [];
  /** The last message that asked for work was a Query: a COPY belongs to it. */
  #simple = false;

  take(bytes: Uint8Array): Group[] {
    if (this.#beforeStart === undefined) return this.#cut(bytes);
    this.#beforeStart = Buffer.concat([this.#beforeStart, bytes]);
    const groups: Group[] = [];
    while (this.#beforeStart !== undefined) {
      const first = readStartUp(this.#beforeStart);
      if (first === undefined) return groups;
      groups.push(first);
      const rest: Buffer = this.#beforeStart.subarray(first.bytes.length);
      this.#beforeStart = first.kind === 'start' ? undefined : rest;
      if (first.kind === 'unreadable') return groups;
      if (first.kind === 'start') groups.push(...this.#cut(rest));
    }
    return groups;
  }

  #cut(bytes: Uint8Array): Group[] {
    const groups: Group[] = [];
    for (const frame of this.#frames.take(bytes)) {
      if (frame.type === 'X') {
        this.#open = [];
        groups.push({ kind: 'terminate' });
        continue;
      }
      // The slice is of the socket's chunk; a group may outlive it.
      this.#open.push(frame);
      if ('QPBEDCF'.includes(frame.type)) this.#simple = frame.type === 'Q';
      if (ends.has(frame.type) || (this.#simple && endsOfCopy.has(frame.type))) {
        groups.push({ kind: 'messages', frames: this.#open });
        this.#open = [];
      }
    }
    return groups;
  }

  /** Messages that no Query, Sync or Flush has followed yet: the server need not answer them. */
  get unfinished(): readonly Frame[] {
    return this.#open;
  }
}
