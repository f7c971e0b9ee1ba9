/**
 * Lends warm server sessions and keeps the server under control: one session moves at a time; one that waits for a
 * lock is found in the lock table, stopped, and let go when the world says so. Between two moves the server stands
 * still, so that what the lock table says stays true.
 *
 * The only real time here is patience: how long a group may be unanswered before it is looked up, and how long it may
 * run without waiting for anybody before it is given up as not replayable.
 */
import { Failure, invariant, stopwatch, within, type Milliseconds } from '#kernel';
import type { ReadGroup } from '../statements/reader.ts';
import { sleepLockClass } from '../virtual/functions.ts';
import type { ErrorFields } from '../wire/errors.ts';
import type { Frame } from '../wire/frames.ts';
import { query } from '../wire/messages.ts';
import { openAdmin, type Admin } from './admin.ts';
import { answerOf, readNotification, readSleep, type Answer, type Notification } from './answer.ts';
import { Dials, Watched, type Looks } from './dials.ts';
import type { RawAnswer, ServerAddress } from './connection.ts';
import { asCancelledFor, deadlockOf, type CancelReason } from './deadlock.ts';
import {
  LentSession,
  startSettings,
  type Ended,
  type Fate,
  type Outcome,
  type StartOptions,
} from './lent.ts';
import { lookUpSql, readLookUp, type Pid } from './locks.ts';
import { Outside } from './outside.ts';
import { WarmSessions } from './warm.ts';

/** A server that `startPostgres` started, with a database in it. */
export interface LendingServer {
  readonly address: ServerAddress;
  readonly database: string;
  /** A superuser. */
  readonly admin: string;
  /** SIGSTOP and SIGCONT for one backend; missing where that cannot be done. False: it is gone. */
  stopBackend?(pid: Pid): boolean;
  continueBackend?(pid: Pid): boolean;
}

export interface SessionsOptions {
  readonly roles: readonly { readonly name: string; readonly warm: number }[];
  readonly seed?: number;
  /** How long a group may be unanswered before the lock table is asked. */
  readonly patienceMs?: Milliseconds;
  /** What the schema looks at beside a statement's own text; left out = everything. */
  readonly schemaLooks?: Looks;
  /** How long a statement may run, in real time. */
  readonly limitMs?: Milliseconds;
}

interface Flight {
  readonly session: LentSession;
  readonly group: ReadGroup;
  readonly looks: Looks;
  readonly answer: Promise<RawAnswer>;
  /** When it began to wait, in order. */
  readonly order: number;
  sleep: { readonly untilMs: number; readonly turn: number } | undefined;
  fellAsleep: Promise<undefined>;
  /** Its client is gone; it goes on until it is answered. */
  orphan: boolean;
}

export async function openSessions(
  server: LendingServer,
  options: SessionsOptions,
): Promise<Sessions> {
  const admin = await openAdmin({ ...server, user: server.admin });
  const warm = new WarmSessions(server, admin);
  const sessions = new Sessions(server, admin, warm, options);
  await sessions.holdSleep();
  for (const { name, warm: count } of options.roles) await warm.warm(name, count);
  return sessions;
}

export class Sessions {
  readonly admin: Admin;
  /** Who has a table or rows for himself and is no client. */
  readonly outside: Outside;
  seed: number;
  /**
   * Who of a deadlock is cancelled; the one who closed it, who comes first, unless told otherwise.
   * For one run: forgotten when every session is taken back.
   */
  victimOf: ((cycle: readonly LentSession[]) => LentSession) | undefined;
  readonly #server: LendingServer;
  readonly #warm: WarmSessions;
  readonly #options: SessionsOptions;
  readonly #lent = new Map<Pid, LentSession>();
  /** Those that wait, in the order in which they began to. */
  readonly #flights = new Map<LentSession, Flight>();
  #order = 0;
  readonly #watched: Watched;
  #nextSleep = 0;
  #moving: LentSession | undefined;

  constructor(server: LendingServer, admin: Admin, warm: WarmSessions, options: SessionsOptions) {
    this.#server = server;
    this.#warm = warm;
    this.#options = options;
    this.#watched = new Watched(options.schemaLooks ?? { clock: true, chance: true });
    this.admin = admin;
    this.outside = new Outside(warm, server.admin, (start) => this.lend(start));
    this.seed = options.seed ?? 0;
  }

  async lend({ role, parameters = {}, stream }: StartOptions): Promise<LentSession> {
    const warm = await this.#warm.take(role);
    const dials = new Dials(warm, this.seed, stream);
    const start = await startSettings(warm, parameters);
    const session = new LentSession(warm, dials, this.#controller, start);
    this.#lent.set(session.backendPid, session);
    return session;
  }

  /** Those that have a client, in the order in which they were lent. */
  get lent(): readonly LentSession[] {
    return [...this.#lent.values()];
  }

  /** All that wait, in the order in which they began to; also those whose client is gone. */
  get waiting(): readonly LentSession[] {
    return [...this.#flights.keys()];
  }

  /** Those of them that nothing blocks any more. Ask after each move; let them go one at a time. */
  async freed(): Promise<LentSession[]> {
    const waiting = [...this.#flights.values()].filter(({ sleep }) => sleep === undefined);
    if (waiting.length === 0) return [];
    const blockers = await this.#lookUp(waiting.map(({ session }) => session.backendPid));
    return waiting
      .filter(({ session }) => (blockers.get(session.backendPid) ?? []).length === 0)
      .map(({ session }) => session);
  }

  /** Brings what was notified: after each group that may have committed. */
  async nudge(): Promise<{ session: LentSession; notifications: Notification[] }[]> {
    const found: { session: LentSession; notifications: Notification[] }[] = [];
    for (const session of this.#lent.values()) {
      const { connection } = session.warm;
      const idle = session.status === 'I' && session.waiting === undefined && !connection.busy;
      if (!session.listening || !idle || connection.tracker.skipping) continue;
      const { frames } = await connection.send([query('')]);
      const notifications = frames.filter(({ type }) => type === 'A').map(readNotification);
      if (notifications.length > 0) found.push({ session, notifications });
    }
    return found;
  }

  /** A CancelRequest: cancels what that session waits for, if it does. */
  async cancelRequest(pid: Pid, key: Buffer): Promise<Ended | undefined> {
    const session = this.#lent.get(pid);
    if (session?.waiting === undefined) return undefined;
    if (!session.warm.connection.greeting.key.equals(key)) return undefined;
    return { session, answer: await session.cancel('user request') };
  }

  /** Takes every session back, at the end of a run. */
  async giveAllBack(): Promise<void> {
    await this.outside.giveAllBack();
    for (const session of this.waiting) await session.giveBack('lost');
    for (const session of this.#lent.values()) await session.giveBack('lost');
    this.#watched.forget();
    this.victimOf = undefined;
  }

  async close(): Promise<void> {
    await this.giveAllBack();
    await this.#warm.close();
    await this.admin.close();
  }

  /** The lock that the next sleeper will wait for is held before anybody can ask for it. */
  async holdSleep(): Promise<void> {
    const [row] = await this.admin.query('select last_value, is_called from sim.sleeps');
    const last = Number(row?.['last_value'] ?? 0);
    this.#nextSleep = row?.['is_called'] === 't' ? last + 1 : last;
    await this.#lockSleep(this.#nextSleep);
  }

  readonly #controller = {
    forward: async (
      session: LentSession,
      group: ReadGroup,
      atMs: Milliseconds,
    ): Promise<Outcome> => {
      invariant(session.waiting === undefined, 'a session that waits is not asked again');
      const release = this.#take(session);
      try {
        const looks = this.#watched.by(group);
        const dialling = session.dials.before(atMs, session.status === 'I', looks);
        if (dialling !== undefined) await this.admin.query(dialling);
        const flight = this.#start(session, group, looks);
        return await this.#settle(flight, this.#options.patienceMs ?? 3);
      } finally {
        release();
      }
    },
    letGo: async (session: LentSession, atMs: Milliseconds): Promise<Outcome> => {
      const flight = this.#flightOf(session);
      const release = this.#take(session);
      try {
        if (flight.looks.clock) await this.admin.query(`select setval('sim.clock', ${atMs})`);
        await this.#wake(flight);
        this.#server.continueBackend?.(session.backendPid);
        return await this.#settle(flight, 1);
      } finally {
        release();
      }
    },
    cancel: (session: LentSession, reason: CancelReason): Promise<Answer> =>
      this.#cancel(this.#flightOf(session), reason),
    giveBack: (session: LentSession, inFlight: Fate): Promise<void> =>
      this.#giveBack(session, inFlight),
  };

  #take(session: LentSession): () => void {
    invariant(this.#moving === undefined, 'one session moves at a time');
    this.#moving = session;
    return () => (this.#moving = undefined);
  }

  #flightOf(session: LentSession): Flight {
    const flight = this.#flights.get(session);
    invariant(flight !== undefined, 'only a session that waits can be let go or cancelled');
    return flight;
  }

  #start(session: LentSession, group: ReadGroup, looks: Looks): Flight {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    let flight: Flight | undefined = undefined;
    const watch = (frame: Frame): void => {
      const sleep = readSleep(frame);
      if (sleep === undefined || flight === undefined) return;
      flight.sleep = sleep;
      resolve(undefined);
    };
    const answer = session.warm.connection.send(group.frames, watch);
    flight = {
      session,
      group,
      looks,
      answer,
      order: this.#order++,
      sleep: undefined,
      fellAsleep: promise,
      orphan: false,
    };
    return flight;
  }

  /** Waits until the flight is answered or waits for somebody. */
  async #settle(flight: Flight, patienceMs: Milliseconds): Promise<Outcome> {
    const { session } = flight;
    const elapsed = stopwatch();
    for (let patience = patienceMs; ; patience = 1) {
      const signals =
        flight.sleep === undefined ? [flight.answer, flight.fellAsleep] : [flight.answer];
      const answer = await within(patience, Promise.race(signals));
      if (answer !== undefined) return this.#answered(flight, answer);
      const blockers = await this.#lookUp([session.backendPid]);
      const blockedBy = blockers.get(session.backendPid) ?? [];
      if (blockedBy.length > 0) return this.#waits(flight, blockedBy);
      if (elapsed() > (this.#options.limitMs ?? 10_000)) return this.#giveUp(flight);
    }
  }

  async #waits(flight: Flight, blockedBy: readonly Pid[]): Promise<Outcome> {
    const { session, sleep } = flight;
    this.#flights.set(session, flight);
    if (sleep !== undefined) await this.#lockSleep(sleep.turn + 1);
    session.waiting = {
      blockedBy: sleep === undefined ? blockedBy : [],
      wakesAtMs: sleep?.untilMs,
      uncontrolled: this.#server.stopBackend === undefined ? unstoppable : undefined,
    };
    const deadlock = sleep === undefined ? await this.#deadlock(session) : undefined;
    if (deadlock?.victim === session) {
      const answer = await this.#cancel(flight, 'deadlock', deadlock.report);
      return { answer, waiting: undefined, ended: [], deadlock: deadlock.members };
    }
    this.#server.stopBackend?.(session.backendPid);
    // Who began to wait first stays first, also when it comes to wait again.
    const inOrder = [...this.#flights.values()].toSorted((a, b) => a.order - b.order);
    this.#flights.clear();
    for (const entry of inOrder) this.#flights.set(entry.session, entry);
    if (deadlock === undefined) return { answer: undefined, waiting: session.waiting, ended: [] };
    const { members, victim, report } = deadlock;
    const answer = await this.#cancel(this.#flightOf(victim), 'deadlock', report);
    const ended = [{ session: victim, answer }];
    return { answer: undefined, waiting: session.waiting, ended, deadlock: members };
  }

  async #deadlock(closer: LentSession): Promise<
    | {
        members: readonly LentSession[];
        victim: LentSession;
        report: ErrorFields;
      }
    | undefined
  > {
    const pids = this.waiting.map(({ backendPid }) => backendPid);
    const found = await deadlockOf(closer.backendPid, pids, this.admin);
    if (found === undefined) return undefined;
    const members = found.cycle.flatMap((pid) => this.#lent.get(pid) ?? []);
    const victim = this.victimOf?.(members) ?? closer;
    return { members, victim, report: found.reportTo(victim.backendPid) };
  }

  async #cancel(flight: Flight, reason: CancelReason, report?: ErrorFields): Promise<Answer> {
    const { session } = flight;
    await this.admin.query(`select pg_cancel_backend(${session.backendPid})`);
    this.#server.continueBackend?.(session.backendPid);
    const { frames, closed } = await flight.answer;
    await this.#wake(flight);
    const rewritten = asCancelledFor(frames, reason, report);
    const { answer } = await this.#answered(flight, { frames: rewritten, closed });
    invariant(answer !== undefined, 'a cancelled statement is answered');
    return answer;
  }

  async #answered(flight: Flight, raw: RawAnswer): Promise<Outcome> {
    const { session, group } = flight;
    const { connection } = session.warm;
    const { status, copying } = connection.tracker;
    this.#flights.delete(session);
    session.waiting = undefined;
    const answer = answerOf(
      raw.frames,
      { status, copying, closed: raw.closed },
      group.originalPosition,
    );
    session.ran(group);
    if (flight.orphan) await this.#return(session);
    else if (status !== 'E' && !copying && endsReady(raw.frames)) await session.readSettings();
    return { answer, waiting: undefined, ended: [] };
  }

  async #giveBack(session: LentSession, inFlight: Fate): Promise<void> {
    const flight = this.#flights.get(session);
    if (flight !== undefined && inFlight === 'arrives') {
      flight.orphan = true;
      return;
    }
    if (flight !== undefined) {
      flight.orphan = false;
      await this.#cancel(flight, 'user request');
    }
    if (this.#lent.has(session.backendPid)) await this.#return(session);
  }

  async #return(session: LentSession): Promise<void> {
    this.#lent.delete(session.backendPid);
    await this.#warm.giveBack(session.warm);
  }

  async #giveUp(flight: Flight): Promise<never> {
    const texts = flight.group.operations.map(({ text }) => text.slice(0, 80));
    await this.#cancel(flight, 'user request');
    throw new Failure(
      'UNCONTROLLED',
      `A statement ran without end in real time and was cancelled: ${texts.join('; ')}`,
    );
  }

  /** A sleeper goes on when the lock it waits for is let go. */
  async #wake(flight: Flight): Promise<void> {
    const { sleep } = flight;
    if (sleep === undefined) return;
    flight.sleep = undefined;
    flight.fellAsleep = new Promise(() => undefined);
    await this.admin.query(`select pg_advisory_unlock(${sleepLockClass}, ${sleep.turn})`);
  }

  async #lockSleep(turn: number): Promise<void> {
    await this.admin.query(`select pg_advisory_lock(${sleepLockClass}, ${turn})`);
  }

  async #lookUp(pids: readonly Pid[]): Promise<Map<Pid, Pid[]>> {
    return readLookUp(await this.admin.query(lookUpSql(pids)));
  }
}

const unstoppable = 'A session cannot be stopped here: who gets a lock first is not replayed.';

function endsReady(frames: readonly Frame[]): boolean {
  return frames.at(-1)?.type === 'Z';
}
