/**
 * One raw connection to a real server: sends groups, gathers their answers, and tells when one is whole. No timer of
 * its own; everything is awaited by state.
 *
 * Left out: passwords and encryption. The launcher's servers trust whoever is on this machine.
 */
import net from 'node:net';
import { Failure, invariant } from '#kernel';
import { AnswerTracker } from '../wire/answers.ts';
import { readFields } from '../wire/errors.ts';
import { bytesOf, FrameReader, type Frame } from '../wire/frames.ts';
import { readGreeting, type Greeting } from '../wire/greeting.ts';
import { startupMessage, terminate } from '../wire/messages.ts';

/** As `net.connect` takes it. */
export type ServerAddress =
  | { readonly path: string }
  | { readonly host: string; readonly port: number };

export interface RawAnswer {
  readonly frames: readonly Frame[];
  /** The server ended the connection while it answered. */
  readonly closed: boolean;
}

export class Connection {
  readonly tracker = new AnswerTracker();
  greeting: Greeting = { parameters: {}, pid: 0, key: Buffer.alloc(0) };
  closed = false;
  readonly #socket: net.Socket;
  readonly #reader = new FrameReader();
  #frames: Frame[] = [];
  #whole: ((answer: RawAnswer) => void) | undefined;
  #watch: ((frame: Frame) => void) | undefined;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.#arrived(bytes));
    socket.on('error', () => this.#ended());
    socket.on('close', () => this.#ended());
  }

  static async open(
    address: ServerAddress,
    parameters: Readonly<Record<string, string>>,
  ): Promise<Connection> {
    const socket = net.connect(address);
    const connection = new Connection(socket);
    const { frames, closed } = await connection.#exchange(() => {
      // The start-up packet is answered like a Query: whatever comes, then ReadyForQuery.
      connection.tracker.sent([{ type: 'Q', bytes: Buffer.alloc(0) }]);
      socket.write(startupMessage(parameters));
    });
    const error = frames.find(({ type }) => type === 'E');
    if (closed || error !== undefined) {
      socket.destroy();
      const reason = error === undefined ? 'it closed the connection' : readFields(error)['M'];
      throw new Failure('TROUBLE', `PostgreSQL does not let us in: ${reason}`);
    }
    connection.greeting = readGreeting(frames);
    return connection;
  }

  get pid(): number {
    return this.greeting.pid;
  }

  /** Something was sent that has no whole answer yet. */
  get busy(): boolean {
    return this.#whole !== undefined;
  }

  /** Sends these messages; settles when their answer is whole. `watch` sees each message as it comes. */
  send(frames: readonly Frame[], watch?: (frame: Frame) => void): Promise<RawAnswer> {
    invariant(!this.busy, 'a session is asked for one group at a time');
    this.#watch = watch;
    return this.#exchange(() => {
      this.tracker.sent(frames);
      this.#socket.write(bytesOf(frames));
    });
  }

  /** Ends the session; settles when the server has closed it. */
  async close(): Promise<void> {
    if (this.closed) return;
    const ended = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.end(terminate.bytes);
    await ended;
  }

  /** For a backend that is stopped or lost: nothing is waited for. */
  destroy(): void {
    this.#socket.destroy();
  }

  #exchange(start: () => void): Promise<RawAnswer> {
    if (this.closed) return Promise.resolve({ frames: [], closed: true });
    return new Promise((resolve) => {
      this.#whole = resolve;
      start();
      this.#settle();
    });
  }

  #arrived(bytes: Buffer): void {
    for (const frame of this.#reader.take(bytes)) {
      this.tracker.received(frame);
      this.#frames.push(frame);
      this.#watch?.(frame);
    }
    this.#settle();
  }

  #settle(): void {
    if (this.tracker.complete || this.closed) this.#finish();
  }

  #finish(): void {
    const whole = this.#whole;
    if (whole === undefined) return;
    const frames = this.#frames;
    this.#whole = undefined;
    this.#watch = undefined;
    this.#frames = [];
    whole({ frames, closed: this.closed });
  }

  #ended(): void {
    this.closed = true;
    this.#finish();
  }
}
