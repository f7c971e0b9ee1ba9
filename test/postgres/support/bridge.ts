/**
 * Real clients against lent sessions: a TCP port whose connections are cut into groups and forwarded one at a time, as
 * a world would, with a virtual time that only the test moves.
 */
import net from 'node:net';
import { Failure } from '#kernel';
import {
  closedAnswer,
  GroupReader,
  wordedError,
  type Answer,
  type Fate,
  type Group,
  type LentSession,
  type MessageGroup,
  type Outcome,
  type Sessions,
  type SqlOperation,
  type WordedCode,
} from '#postgres';

interface Choices {
  nowMs: number;
  /** The next group whose text matches fails with this error instead. */
  failNext: { readonly text: RegExp; readonly code: WordedCode } | undefined;
  /** Which of those that could go on goes first. */
  choose: (freed: readonly LentSession[]) => LentSession | undefined;
  /** What becomes of what a client left behind. */
  fate: Fate;
}

const fresh: Choices = {
  nowMs: 1_700_000_000_000,
  failNext: undefined,
  choose: ([first]) => first,
  fate: 'lost',
};

export class Bridge implements Choices {
  nowMs = fresh.nowMs;
  failNext = fresh.failNext;
  choose = fresh.choose;
  fate = fresh.fate;
  /** Operations in the order in which they were forwarded. */
  readonly operations: SqlOperation[] = [];
  readonly uncontrolled: string[] = [];
  readonly answers: Answer[] = [];
  readonly #sessions: Sessions;
  readonly #server: net.Server;
  readonly #open = new Set<net.Socket>();
  readonly #sockets = new Map<LentSession, net.Socket>();
  readonly #moved: (() => void)[] = [];
  #turn: Promise<unknown> = Promise.resolve();
  #connections = 0;

  private constructor(sessions: Sessions) {
    this.#sessions = sessions;
    this.#server = net.createServer((socket) => this.#connected(socket));
  }

  static async open(sessions: Sessions): Promise<Bridge> {
    const bridge = new Bridge(sessions);
    await new Promise<void>((resolve) => bridge.#server.listen(0, '127.0.0.1', resolve));
    return bridge;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  /** Lets go who can be let go, again and again; sleepers only up to now. */
  moveOn(): Promise<void> {
    return this.#inTurn(() => this.#handOver());
  }

  /** Ends the wait of the first who waits. */
  timeOut(reason: 'lock_timeout' | 'statement_timeout'): Promise<void> {
    return this.#inTurn(async () => {
      const [session] = this.#sessions.waiting;
      if (session === undefined) return;
      const answer = await session.cancel(reason);
      this.#take(session, { answer, waiting: undefined, ended: [] });
      await this.#handOver();
    });
  }

  /** Settles when this many sessions wait. */
  async waiting(count: number): Promise<void> {
    while (this.#sessions.waiting.length < count) await this.#move();
  }

  /** Settles when every client that has gone is forgotten and nothing is under way. */
  async idle(): Promise<void> {
    while (this.#open.size > 0) await this.#move();
    await this.#turn;
  }

  /** As at the beginning: time, notes, choices. */
  reset(): void {
    for (const list of [this.operations, this.uncontrolled, this.answers]) list.length = 0;
    Object.assign(this, fresh);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#open) socket.destroy();
    await closed;
    await this.#turn;
  }

  #connected(socket: net.Socket): void {
    const reader = new GroupReader();
    const client: Client = { socket, stream: `client-${this.#connections++}`, session: undefined };
    let last: Promise<unknown> = Promise.resolve();
    this.#open.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      for (const group of reader.take(bytes)) last = last.then(() => this.#handle(client, group));
    });
    socket.on('close', () => {
      this.#open.delete(socket);
      this.#tell();
      const { session } = client;
      if (session === undefined) return;
      void this.#inTurn(async () => {
        await session.giveBack(this.fate);
        this.#sockets.delete(session);
        await this.#handOver();
      });
    });
  }

  async #handle(client: Client, group: Group): Promise<void> {
    const { socket, stream, session } = client;
    if (group.kind === 'encryption') return void socket.write('N');
    if (group.kind === 'start') {
      const { parameters } = group;
      client.session = await this.#inTurn(() =>
        this.#sessions.lend({ role: 'relay', parameters, stream }),
      );
      this.uncontrolled.push(...client.session.uncontrolled);
      this.#sockets.set(client.session, socket);
      return void socket.write(client.session.greeting);
    }
    if (group.kind === 'cancel') {
      const ended = await this.#inTurn(() => this.#sessions.cancelRequest(group.pid, group.key));
      if (ended !== undefined) {
        this.#take(ended.session, { ...ended, waiting: undefined, ended: [] });
      }
      return void socket.end();
    }
    if (group.kind !== 'messages' || session === undefined) return void socket.end();
    await this.#inTurn(() => this.#forward(session, group));
    while (session.waiting !== undefined) await this.#move();
  }

  async #forward(session: LentSession, { frames }: MessageGroup): Promise<void> {
    const read = session.read(frames);
    this.operations.push(...read.operations);
    this.uncontrolled.push(...read.uncontrolled);
    const fault = this.failNext;
    if (fault !== undefined && read.operations.some(({ text }) => fault.text.test(text))) {
      this.failNext = undefined;
      this.#deliver(session, await session.fail(read, fault.code, this.nowMs));
    } else {
      try {
        this.#take(session, await session.forward(read, this.nowMs));
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        this.uncontrolled.push(error.message);
        this.#deliver(session, closedAnswer(wordedError('57P01'), session.status));
      }
    }
    await this.#handOver();
  }

  #deliver(session: LentSession, answer: Answer): void {
    this.answers.push(answer);
    const socket = this.#sockets.get(session);
    socket?.write(answer.bytes);
    for (const { bytes } of answer.notifications) socket?.write(bytes);
    if (answer.closed) socket?.end();
  }

  #take(session: LentSession, outcome: Outcome): void {
    for (const ended of outcome.ended) this.#deliver(ended.session, ended.answer);
    if (outcome.answer !== undefined) this.#deliver(session, outcome.answer);
    this.#tell();
  }

  async #handOver(): Promise<void> {
    for (;;) {
      const freed = await this.#sessions.freed();
      const asleep = this.#sessions.waiting.filter(({ waiting }) => {
        const wakes = waiting?.wakesAtMs;
        return wakes !== undefined && wakes <= this.nowMs;
      });
      const next = this.choose([...freed, ...asleep]);
      if (next === undefined) break;
      this.#take(next, await next.letGo(this.nowMs));
    }
    for (const { session, notifications } of await this.#sessions.nudge()) {
      for (const { bytes } of notifications) this.#sockets.get(session)?.write(bytes);
    }
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const next = this.#turn.then(work);
    this.#turn = next.catch(() => undefined);
    return next;
  }

  #move(): Promise<void> {
    return new Promise((resolve) => this.#moved.push(resolve));
  }

  #tell(): void {
    for (const tell of this.#moved.splice(0)) tell();
  }
}

interface Client {
  readonly socket: net.Socket;
  readonly stream: string;
  session: LentSession | undefined;
}
