/**
 * Knows when the answer to a group is whole, and in what state the server's session is then. Each message of the
 * client has a terminator of its own; "until ReadyForQuery" would hang on Flush (pg-cursor) and on COPY FROM STDIN.
 *
 * - Parse, Bind, Close: their Complete. Describe: RowDescription or NoData. Sync, Query, FunctionCall: ReadyForQuery.
 * - Execute: CommandComplete, EmptyQueryResponse or PortalSuspended.
 * - An error answers everything up to the next Sync, which may not have been sent yet: what comes before it is skipped.
 * - CopyInResponse asks for data: the answer so far is whole. A Sync that was sent along is ignored by the server.
 * - Notices, notifications and parameter changes come when they like and end nothing.
 */
import { invariant } from '#kernel';
import type { Frame } from './frames.ts';

/** Idle, in a transaction, in a failed transaction. */
export type TransactionStatus = 'I' | 'T' | 'E';

const terminators: Readonly<Record<string, string>> = {
  P: '1',
  B: '2',
  C: '3',
  D: 'Tn',
  E: 'CIs',
  S: 'Z',
  Q: 'Z',
  F: 'Z',
};
/** Messages whose error does not end their answer: ReadyForQuery still comes. */
const readyAfterError = 'SQF';

export class AnswerTracker {
  status: TransactionStatus = 'I';
  /** The server waits for data of COPY. */
  copying = false;
  /** CopyBothResponse was seen (replication): no answer is ever whole after it. */
  streaming = false;
  /** After an error the server skips what comes, until a Sync. */
  skipping = false;
  #open: string[] = [];

  /** These messages go to the server now. */
  sent(frames: readonly Frame[]): void {
    for (const { type } of frames) this.#sentOne(type);
  }

  get complete(): boolean {
    return this.#open.length === 0 || this.copying || this.streaming;
  }

  #sentOne(type: string): void {
    if (this.copying) {
      // Only the end of the data, or a message that has no business here, ends copying.
      if (!'dHS'.includes(type)) this.copying = false;
      return;
    }
    if (terminators[type] === undefined) return;
    if (this.skipping && type !== 'S') return;
    this.skipping = false;
    this.#open.push(type);
  }

  received({ type, bytes }: Frame): void {
    const head = this.#open[0];
    if (type === 'Z') this.status = String.fromCharCode(bytes[5] ?? 0) as TransactionStatus;
    else if (type === 'E') return this.#failed(head);
    else if (type === 'W') this.streaming = true;
    else if (type === 'G') {
      this.copying = true;
      // In copy mode the server throws away a Sync that is already on its way.
      if (head === 'E') this.#open = [head];
    }
    if (head !== undefined && terminators[head]?.includes(type) === true) this.#open.shift();
    else invariant(type !== 'Z' || head === undefined, `ReadyForQuery answers no ${head ?? ''}`);
  }

  #failed(head: string | undefined): void {
    this.copying = false;
    if (head === undefined || readyAfterError.includes(head)) return;
    const next = this.#open.indexOf('S');
    this.skipping = next < 0;
    this.#open = next < 0 ? [] : this.#open.slice(next);
  }
}
