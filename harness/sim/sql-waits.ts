/**
 * Sessions that have no answer yet. Who waits for a lock is let go when nobody blocks it any more, one at a time: the
 * one that came first, or, where the schedule has jitter, the one that its seed draws. Who sleeps is let go when it
 * wants to wake. Time-outs of the server are kept here, in virtual time.
 *
 * Left out: transaction_timeout and idle_session_timeout, which are never reached.
 */
import type { Milliseconds, Random } from '#kernel';
import {
  closedAnswer,
  wordedError,
  type Answer,
  type LentSession,
  type TransactionStatus,
  type Waiting,
} from '#postgres';
import type { Entry } from './agenda.ts';
import { horizonMs } from './incarnation.ts';
import type { Current, Line } from './sql-line.ts';
import type { Go, SqlServer } from './sql-server.ts';
import type { World } from './world.ts';

/** What the lane does for those who wait. */
export interface Lane {
  /** A session goes on. */
  move(line: Line, go: Go): void;
  /** What it waited for has ended with this. */
  cancelled(line: Line, answer: Answer): void;
  /** The server ends the connection. */
  ended(line: Line, answer: Answer): void;
}

type Reason = Parameters<LentSession['cancel']>[0];

export class Waits {
  readonly #world: World;
  readonly #server: SqlServer;
  readonly #lane: Lane;
  readonly #draw: Random | undefined;
  /** Somebody may be let go: looked at as an event of its own. */
  #handingOver = false;

  constructor(world: World, server: SqlServer, lane: Lane) {
    this.#world = world;
    this.#server = server;
    this.#lane = lane;
    const hasJitter = (world.schedule.jitterMs ?? 0) > 0;
    this.#draw = hasJitter ? world.random('locks') : undefined;
  }

  pending(): boolean {
    return this.#handingOver || this.#server.sessions.waiting.length > 0;
  }

  /** A group has no answer: it waits, or sleeps. */
  begins(line: Line, current: Current, waiting: Waiting): void {
    const { session, connection } = line;
    if (session === undefined) return;
    if (waiting.uncontrolled !== undefined) {
      const { slot } = connection.owner;
      const sentence = `${slot} waits for a lock. ${waiting.uncontrolled}`;
      const advice = 'Run it on Linux or macOS, or in a container.';
      return this.#world.finish({ kind: 'uncontrolled', sentence, advice });
    }
    const isFirst = current.waiting === undefined;
    current.waiting = waiting;
    const { lock_timeout: lockMs, statement_timeout: statementMs } = session.timeouts;
    if (isFirst && statementMs > 0) this.#arm(current, session, statementMs, 'statement_timeout');
    // Each lock may be waited for so long.
    this.#disarm(current, 'lock_timeout');
    const { wakesAtMs } = waiting;
    if (wakesAtMs !== undefined) {
      const atMs = wakesAtMs - this.#world.epochMs;
      return void current.timers.set(
        'sleep',
        this.#at(atMs, () => this.#letGo(session)),
      );
    }
    if (current.op !== undefined) this.#world.passages.blocked(current.op);
    if (lockMs > 0) this.#arm(current, session, lockMs, 'lock_timeout');
  }

  /** Somebody moved: others may go on now. */
  look(): void {
    if (this.#handingOver || this.#server.sessions.waiting.length === 0) return;
    this.#handingOver = true;
    this.#at(this.#world.now(), () => {
      this.#handingOver = false;
      this.#handOver();
    });
  }

  cancel(session: LentSession, reason: Reason): void {
    this.#server.work(async () => {
      const line = this.#server.lineOf(session);
      if (session.waiting === undefined || line === undefined) return () => undefined;
      const answer = await session.cancel(reason);
      return () => {
        this.#lane.cancelled(line, answer);
        this.look();
      };
    });
  }

  /** A transaction that is open and idle may run out of time. */
  idles(line: Line, status: TransactionStatus): void {
    const { session } = line;
    const ms = session?.timeouts.idle_in_transaction_session_timeout ?? 0;
    if (session === undefined || status === 'I' || ms === 0 || !line.connection.open) return;
    line.idleTimer = this.#at(this.#world.now() + ms, () => {
      this.#lane.ended(line, closedAnswer(wordedError('25P03'), status));
    });
  }

  /** It asks for something. */
  awake(line: Line): void {
    if (line.idleTimer !== undefined) this.#world.agenda.cancel(line.idleTimer);
    line.idleTimer = undefined;
  }

  forget(line: Line): void {
    this.awake(line);
    if (typeof line.current === 'object') this.stopTimers(line.current);
  }

  stopTimers({ timers }: Current): void {
    for (const entry of timers.values()) this.#world.agenda.cancel(entry);
    timers.clear();
  }

  reason({ connection }: Line, { waiting, named }: Current): string | undefined {
    if (waiting === undefined) return undefined;
    const { slot } = connection.owner;
    if (waiting.wakesAtMs !== undefined) return `${slot} sleeps in the database`;
    const holders = this.#server.sessions.lent
      .filter(({ backendPid }) => waiting.blockedBy.includes(backendPid))
      .flatMap((session) => this.#server.lineOf(session)?.connection.owner.slot ?? []);
    const isOutside = waiting.blockedBy.some((pid) => this.#server.sessions.outside.has(pid));
    const [holder = isOutside ? 'somebody else' : 'somebody who is gone'] = holders;
    const what = [named.operation, named.target].filter((word) => word !== '').join(' ');
    return `${slot} waits for a lock of ${holder} (${what})`;
  }

  #handOver(): void {
    this.#server.work(async () => {
      const freed = await this.#server.sessions.freed();
      const next = this.#choose(freed);
      return () => {
        if (next !== undefined) this.#letGo(next);
      };
    });
  }

  #choose(freed: readonly LentSession[]): LentSession | undefined {
    if (this.#draw === undefined || freed.length < 2) return freed[0];
    return freed[this.#draw.below(freed.length)];
  }

  #letGo(session: LentSession): void {
    const line = this.#server.lineOf(session);
    if (line === undefined) return;
    this.#lane.move(line, async (_session, atMs) =>
      session.waiting === undefined ? undefined : session.letGo(atMs),
    );
  }

  #arm(current: Current, session: LentSession, ms: Milliseconds, reason: Reason): void {
    const atMs = this.#world.now() + ms;
    current.timers.set(
      reason,
      this.#at(atMs, () => this.cancel(session, reason)),
    );
  }

  #disarm({ timers }: Current, reason: Reason): void {
    const entry = timers.get(reason);
    if (entry !== undefined) this.#world.agenda.cancel(entry);
    timers.delete(reason);
  }

  #at(atMs: Milliseconds, go: () => void): Entry {
    const now = this.#world.now();
    return this.#world.agenda.add(Math.max(atMs, now), go, atMs - now <= horizonMs);
  }
}
