/**
 * What a contract case needs of a broker: connections that carry any request in any version, and
 * time. There are three kinds, in process (in-process.ts), over TCP, and none of them is kinder
 * than a socket: answers come in the order of the questions, and a closed connection is an error.
 */
import { connect } from 'node:net';
import { decodeResponse, encodeRequest, FrameReader, type ApiName } from '#protocol';

export type Body = any;

export interface Wire {
  /** The decoded answer. Rejects with `Closed` when the broker closes the connection. */
  ask(api: ApiName, version: number, body: object): Promise<Body>;
  /** A request whose answer nobody waits for (acks 0). */
  tell(api: ApiName, version: number, body: object): void;
  /** Any bytes; the first frame that comes back and belongs to no question. */
  raw(bytes: Buffer): Promise<Buffer>;
  send(bytes: Buffer): void;
  /** Once the broker has closed it. */
  readonly closed: Promise<'closed'>;
  close(): void;
}

export interface Running {
  /** Of its nodes, where it has any. */
  readonly addresses: readonly string[];
  /** To the first node where none is named. */
  open(node?: number): Promise<Wire>;
  /** As the broker sees it. */
  nowMs(): number;
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
  stop(): Promise<void>;
}

export class Closed extends Error {
  constructor() {
    super('the broker closed the connection');
  }
}

interface Question {
  readonly decode: (frame: Buffer) => Body;
  readonly resolve: (body: Body) => void;
  readonly reject: (error: Error) => void;
}

/** The client's side of any connection: `send` writes, and the owner calls `receive` and `end`. */
export class Conversation implements Wire {
  readonly closed: Promise<'closed'>;
  readonly #frames = new FrameReader();
  readonly #questions: Question[] = [];
  readonly #send: (bytes: Buffer) => void;
  readonly #hangUp: () => void;
  #correlation = 0;
  #ended = false;
  #tellClosed: (value: 'closed') => void = () => {};

  constructor(send: (bytes: Buffer) => void, hangUp: () => void) {
    this.#send = send;
    this.#hangUp = hangUp;
    this.closed = new Promise((resolve) => (this.#tellClosed = resolve));
  }

  /** Whether an answer is still to come. */
  get waits(): boolean {
    return this.#questions.length > 0;
  }

  ask(api: ApiName, version: number, body: object): Promise<Body> {
    const bytes = encodeRequest(api, version, ++this.#correlation, 'contract', body);
    return this.#question(bytes, (frame) => decodeResponse(api, version, frame).body);
  }

  tell(api: ApiName, version: number, body: object): void {
    this.#send(encodeRequest(api, version, ++this.#correlation, 'contract', body));
  }

  raw(bytes: Buffer): Promise<Buffer> {
    return this.#question(bytes, (frame) => frame);
  }

  send(bytes: Buffer): void {
    this.#send(bytes);
  }

  close(): void {
    this.end();
    this.#hangUp();
  }

  receive(bytes: Uint8Array): void {
    for (const frame of this.#frames.push(bytes)) {
      const question = this.#questions.shift();
      if (question === undefined) continue;
      try {
        question.resolve(question.decode(Buffer.from(frame)));
      } catch (error) {
        question.reject(error as Error);
      }
    }
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#tellClosed('closed');
    for (const { reject } of this.#questions.splice(0)) reject(new Closed());
  }

  #question(bytes: Buffer, decode: Question['decode']): Promise<Body> {
    const answer = new Promise<Body>((resolve, reject) => {
      if (this.#ended) return reject(new Closed());
      this.#questions.push({ decode, resolve, reject });
      this.#send(bytes);
    });
    // A case may look at an answer later, or never.
    answer.catch(() => {});
    return answer;
  }
}

/** Nodes 1, 2, … behind their addresses, with the time of this machine. */
export function overTcp(addresses: readonly string[], stop: () => Promise<void>): Running {
  const opened = new Set<Wire>();
  return {
    addresses,
    nowMs: () => Date.now(),
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    open: (node = 1) =>
      new Promise((resolve, reject) => {
        const address = addresses[node - 1]!;
        const colon = address.lastIndexOf(':');
        const place = { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
        const socket = connect({ ...place, noDelay: true });
        const wire = new Conversation(
          (bytes) => socket.write(bytes),
          () => socket.destroy(),
        );
        socket.on('data', (bytes: Buffer) => wire.receive(bytes));
        socket.on('close', () => {
          opened.delete(wire);
          wire.end();
        });
        socket.once('error', reject);
        socket.once('connect', () => {
          opened.add(wire);
          resolve(wire);
        });
      }),
    async stop() {
      for (const wire of opened) wire.close();
      await stop();
    },
  };
}
