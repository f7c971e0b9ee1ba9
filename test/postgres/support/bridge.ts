/**
 * Real clients against lent sessions: a TCP port whose connections are cut into groups and forwarded one at a time, as
 * a world would, with a virtual time that only the test moves.
 */
import net from 'node:net';
import { Failure } from '#kernel';
import {
  closedAnswer,
  GroupReader,
  type Answer,
  type Fate,
  type Group,
  type LentSession,
  type Outcome,
  type Sessions,
  type SqlOperation,
  type WordedCode,
  wordedError,
} from '#postgres';

export interface Bridge {
  readonly port: number;
  nowMs: number;
  /** Operations in the order in which they were forwarded. */
  readonly operations: SqlOperation[];
  readonly uncontrolled: string[];
  readonly answers: Answer[];
  /** The next group whose text matches fails with this error instead. */
  failNext: { readonly text: RegExp; readonly code: WordedCode } | undefined;
  /** Which of those that could go on goes first. */
  choose(freed: readonly LentSession[]): LentSession | undefined;
  /** What becomes of what a client left behind. */
  fate: Fate;
  /** Lets go who can be let go, again and again; sleepers only up to now. */
  moveOn(): Promise<void>;
  /** Ends the wait of the first who waits. */
  timeOut(reason: 'lock_timeout' | 'statement_timeout'): Promise<void>;
  /** Settles when this many sessions wait. */
  waiting(count: number): Promise<void>;
  /** Settles when every client that has gone is forgotten and nothing is under way. */
  idle(): Promise<void>;
  /** As at the beginning: time, notes, choices. */
  reset(): void;
  close(): Promise<void>;
}

const fresh: Pick<Bridge, 'nowMs' | 'failNext' | 'choose' | 'fate'> = {
  nowMs: 1_700_000_000_000,
  failNext: undefined,
  choose: ([first]) => first,
  fate: 'lost',
};

export async function openBridge(sessions: Sessions, role = 'relay'): Promise<Bridge> {
  let turn: Promise<unknown> = Promise.resolve();
  let connections = 0;
  const open = new Set<net.Socket>();
  const sockets = new Map<LentSession, net.Socket>();
  const wake: (() => void)[] = [];

  const deliver = (session: LentSession, answer: Answer): void => {
    bridge.answers.push(answer);
    const socket = sockets.get(session);
    socket?.write(answer.bytes);
    for (const { bytes } of answer.notifications) socket?.write(bytes);
    if (answer.closed) socket?.end();
  };

  const take = (session: LentSession, outcome: Outcome): void => {
    for (const ended of outcome.ended) deliver(ended.session, ended.answer);
    if (outcome.answer !== undefined) deliver(session, outcome.answer);
    for (const tell of wake.splice(0)) tell();
  };

  const handOver = async (): Promise<void> => {
    for (;;) {
      const freed = await sessions.freed();
      const asleep = sessions.waiting.filter(({ waiting }) => {
        const wakes = waiting?.wakesAtMs;
        return wakes !== undefined && wakes <= bridge.nowMs;
      });
      const next = bridge.choose([...freed, ...asleep]);
      if (next === undefined) break;
      take(next, await next.letGo(bridge.nowMs));
    }
    for (const { session, notifications } of await sessions.nudge()) {
      for (const { bytes } of notifications) sockets.get(session)?.write(bytes);
    }
  };

  const inTurn = <Value>(work: () => Promise<Value>): Promise<Value> => {
    const next = turn.then(work);
    turn = next.catch(() => undefined);
    return next;
  };

  const server = net.createServer((socket) => {
    const reader = new GroupReader();
    const stream = `client-${connections++}`;
    let session: LentSession | undefined;
    let last: Promise<unknown> = Promise.resolve();
    const handle = async (group: Group): Promise<void> => {
      if (group.kind === 'encryption') return void socket.write('N');
      if (group.kind === 'start') {
        session = await inTurn(() => sessions.lend({ role, parameters: group.parameters, stream }));
        bridge.uncontrolled.push(...session.uncontrolled);
        sockets.set(session, socket);
        return void socket.write(session.greeting);
      }
      if (group.kind === 'cancel') {
        const ended = await inTurn(() => sessions.cancelRequest(group.pid, group.key));
        if (ended !== undefined) {
          take(ended.session, { ...ended, waiting: undefined, ended: [] });
        }
        return void socket.end();
      }
      if (group.kind !== 'messages' || session === undefined) return void socket.end();
      const lent = session;
      await inTurn(async () => {
        const read = lent.read(group.frames);
        bridge.operations.push(...read.operations);
        bridge.uncontrolled.push(...read.uncontrolled);
        const fault = bridge.failNext;
        if (fault !== undefined && read.operations.some(({ text }) => fault.text.test(text))) {
          bridge.failNext = undefined;
          deliver(lent, await lent.fail(read, fault.code, bridge.nowMs));
        } else {
          try {
            take(lent, await lent.forward(read, bridge.nowMs));
          } catch (error) {
            if (!(error instanceof Failure)) throw error;
            bridge.uncontrolled.push(error.message);
            deliver(lent, closedAnswer(wordedError('57P01'), lent.status));
          }
        }
        await handOver();
      });
      while (lent.waiting !== undefined) await new Promise<void>((tell) => wake.push(tell));
    };
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      for (const group of reader.take(bytes)) {
        last = last.then(() => handle(group));
      }
    });
    open.add(socket);
    socket.on('close', () => {
      open.delete(socket);
      for (const tell of wake.splice(0)) tell();
      const lent = session;
      if (lent === undefined) return;
      void inTurn(async () => {
        await lent.giveBack(bridge.fate);
        sockets.delete(lent);
        await handOver();
      });
    });
  });

  const bridge: Bridge = {
    port: 0,
    operations: [],
    uncontrolled: [],
    answers: [],
    ...fresh,
    moveOn: () => inTurn(handOver),
    timeOut: (reason) =>
      inTurn(async () => {
        const [session] = sessions.waiting;
        if (session === undefined) return;
        const answer = await session.cancel(reason);
        take(session, { answer, waiting: undefined, ended: [] });
        await handOver();
      }),
    async waiting(count) {
      while (sessions.waiting.length < count) {
        await new Promise<void>((tell) => wake.push(tell));
      }
    },
    async idle() {
      while (open.size > 0) await new Promise<void>((tell) => wake.push(tell));
      await turn;
    },
    reset() {
      for (const list of [bridge.operations, bridge.uncontrolled, bridge.answers]) list.length = 0;
      Object.assign(bridge, fresh);
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets.values()) socket.destroy();
      await closed;
      await turn;
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  return Object.assign(bridge, { port });
}
