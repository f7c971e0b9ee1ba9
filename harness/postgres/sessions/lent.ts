/**
 * A server session while a client has it. It answers the client's start-up with the recorded greeting and forwards
 * its groups; an answer that is not there yet, because the session waits for a lock or sleeps, is no answer.
 *
 * No clock of its own: the world says what time it is, arms the time-outs that `timeouts` tells, and decides who of
 * those that could go on goes on.
 */
import type { Milliseconds } from '#kernel';
import { StatementReader, type ReadGroup } from '../statements/reader.ts';
import { timeouts } from '../statements/rewrite.ts';
import type { TransactionStatus } from '../wire/answers.ts';
import { errorResponse, readFields, wordedError, type WordedCode } from '../wire/errors.ts';
import { bytesOf, type Frame } from '../wire/frames.ts';
import { writeGreeting } from '../wire/greeting.ts';
import { bind, execute, parse, query, readyForQuery, sync } from '../wire/messages.ts';
import { literal } from '../virtual/roles.ts';
import { rowsOf } from './admin.ts';
import type { Answer } from './answer.ts';
import type { CancelReason } from './deadlock.ts';
import type { Pid } from './locks.ts';
import type { Dials } from './dials.ts';
import type { WarmSession } from './warm.ts';

export type Timeout = (typeof timeouts)[number];

/** The session has no answer yet: the world goes on without it. */
export interface Waiting {
  /** Those it waits for; empty for one that sleeps. */
  readonly blockedBy: readonly Pid[];
  /** It sleeps until then, in virtual time. */
  readonly wakesAtMs: Milliseconds | undefined;
  /** It cannot be stopped here, so that the order in which locks are handed over is not ours. */
  readonly uncontrolled: string | undefined;
}

export interface Ended {
  readonly session: LentSession;
  readonly answer: Answer;
}

export interface Outcome {
  /** `undefined`: it waits. */
  readonly answer: Answer | undefined;
  readonly waiting: Waiting | undefined;
  /** Others that were answered meanwhile: the victim of a deadlock that this one closed. */
  readonly ended: readonly Ended[];
  /** The deadlock that this one closed: all who waited for each other, this one first. */
  readonly deadlock?: readonly LentSession[];
}

export type Fate = 'lost' | 'arrives';

/** What a lent session asks of those who own the server. */
export interface Controller {
  forward(session: LentSession, group: ReadGroup, atMs: Milliseconds): Promise<Outcome>;
  letGo(session: LentSession, atMs: Milliseconds): Promise<Outcome>;
  cancel(session: LentSession, reason: CancelReason): Promise<Answer>;
  giveBack(session: LentSession, inFlight: Fate): Promise<void>;
}

export class LentSession {
  /** What answers the client's StartupMessage; an error where its settings are refused. */
  readonly greeting: Buffer;
  /** Its start-up settings escape control: a sentence each. */
  readonly uncontrolled: readonly string[];
  readonly warm: WarmSession;
  /** Its clock and its chance. */
  readonly dials: Dials;
  readonly statements = new StatementReader();
  /** It said LISTEN. */
  listening = false;
  waiting: Waiting | undefined;
  /** Milliseconds, 0 for none, as the client has set them. */
  timeouts: Readonly<Record<Timeout, Milliseconds>>;
  /** Of the open transaction, else of the next: `read committed`. */
  isolation: string;
  #setsTimeouts: boolean;
  #setsIsolation: boolean;
  readonly #controller: Controller;

  constructor(warm: WarmSession, dials: Dials, controller: Controller, start: StartSettings) {
    this.warm = warm;
    this.dials = dials;
    this.#controller = controller;
    this.greeting = start.greeting;
    this.uncontrolled = start.uncontrolled;
    this.timeouts = start.timeouts;
    this.#setsTimeouts = Object.values(start.timeouts).some((ms) => ms > 0);
    this.isolation = start.isolation;
    this.#setsIsolation = start.isolation !== usualIsolation;
  }

  get backendPid(): Pid {
    return this.warm.connection.pid;
  }
  get role(): string {
    return this.warm.role;
  }
  get status(): TransactionStatus {
    return this.warm.connection.tracker.status;
  }

  /** Reads a group as operations: once for each, in order, before it is forwarded, failed or dropped. */
  read(frames: readonly Frame[]): ReadGroup {
    return this.statements.read(frames);
  }

  /** What a group that ran may have changed about the session. */
  ran({ operations }: ReadGroup): void {
    for (const { described, text } of operations) {
      if (described.verbs.includes('LISTEN')) this.listening = true;
      if (text.includes('_timeout')) this.#setsTimeouts = true;
      if (/isolation/i.test(text)) this.#setsIsolation = true;
    }
  }

  /** Asks the server where the client has ever set something: only while it takes a question. */
  async readSettings(): Promise<void> {
    const { connection } = this.warm;
    if (this.#setsTimeouts) this.timeouts = await readTimeouts(connection);
    if (this.#setsIsolation) this.isolation = await readIsolation(connection);
  }

  /** Applies a group at this virtual time. */
  forward(group: ReadGroup, atMs: Milliseconds): Promise<Outcome> {
    return this.#controller.forward(this, group, atMs);
  }

  /**
   * Fails a group with this error instead of applying it: the server's transaction fails as it would. A COMMIT that
   * fails has rolled back.
   */
  async fail(group: ReadGroup, code: WordedCode, atMs: Milliseconds): Promise<Answer> {
    const error = wordedError(code);
    const { frames } = group;
    if (readFields(error)['S'] === 'FATAL') return closedAnswer(error, this.status);
    const isCommit = group.operations.some(({ described }) => described.verbs.includes('COMMIT'));
    const stand = isCommit ? [query('ROLLBACK')] : failing(frames);
    const { answer } = await this.forward({ ...group, frames: stand }, atMs);
    const asked = frames.some(({ type }) => type === 'Q' || type === 'S');
    const own = asked ? [error, readyForQuery(this.status)] : [error];
    const notifications = answer?.notifications ?? [];
    return {
      ...closedAnswer(error, this.status),
      bytes: bytesOf(own),
      frames: own,
      closed: false,
      notifications,
    };
  }

  /** Lets it go on: its lock is free, or its sleep is over. It may come to wait again. */
  letGo(atMs: Milliseconds): Promise<Outcome> {
    return this.#controller.letGo(this, atMs);
  }

  /** Ends what it waits for with the error of that time-out, or of a CancelRequest. */
  cancel(reason: Exclude<CancelReason, 'deadlock'>): Promise<Answer> {
    return this.#controller.cancel(this, reason);
  }

  /**
   * The client is gone. What it waits for is cancelled (`lost`), or stays in the queue and is applied when its turn
   * comes (`arrives`); what it had not committed is rolled back.
   */
  giveBack(inFlight: Fate = 'lost'): Promise<void> {
    return this.#controller.giveBack(this, inFlight);
  }
}

/** The server ends the connection with this error: for idle time-outs, shutdowns, refusals. */
export function closedAnswer(error: Frame, status: TransactionStatus): Answer {
  return {
    bytes: error.bytes,
    frames: [error],
    status,
    error: readFields(error),
    copying: false,
    closed: true,
    notifications: [],
  };
}

const raising = 'do $$ begin raise exception using errcode = $c$CRASH$c$; end $$';

function failing(frames: readonly Frame[]): Frame[] {
  if (frames.some(({ type }) => type === 'Q')) return [query(raising)];
  const ends = frames.filter(({ type }) => type === 'S' || type === 'H');
  const works = frames.some(({ type }) => 'PBDEC'.includes(type));
  return works ? [parse(raising), bind(), execute(), ...(ends.length > 0 ? ends : [sync])] : ends;
}

export interface StartOptions {
  readonly role: string;
  /** The client's start-up packet. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Seeds randomness and identities of this session: name slot, incarnation and connection. */
  readonly stream: string;
}

interface StartSettings {
  readonly greeting: Buffer;
  readonly uncontrolled: readonly string[];
  readonly timeouts: LentSession['timeouts'];
  readonly isolation: string;
}

const usualIsolation = 'read committed';

const noTimeouts = Object.fromEntries(timeouts.map((name) => [name, 0])) as Record<
  Timeout,
  Milliseconds
>;

/** Applies what the start-up packet sets, and says what the server would have greeted with. */
export async function startSettings(
  { connection }: WarmSession,
  parameters: Readonly<Record<string, string>>,
): Promise<StartSettings> {
  const uncontrolled: string[] = [];
  const { user: _user, database: _database, replication, options, ...rest } = parameters;
  if (replication !== undefined) {
    uncontrolled.push('a replication connection streams changes in real time');
  }
  const settings = Object.entries({ ...rest, ...readOptions(options ?? '') });
  const wished = settings.filter(
    ([name]) => name !== 'client_encoding' && !name.startsWith('_pq_'),
  );
  if (wished.some(([name, value]) => name === 'search_path' && !value.includes('sim'))) {
    uncontrolled.push('a search_path in the start-up packet brings back the real clock');
  }
  if (wished.length === 0) {
    const greeting = writeGreeting(connection.greeting);
    return { greeting, uncontrolled, timeouts: noTimeouts, isolation: usualIsolation };
  }
  const text = wished.map(
    ([name, value]) => `select set_config(${literal(name)}, ${literal(value)}, false);`,
  );
  const { frames } = await connection.send([query(text.join(''))]);
  const error = frames.find(({ type }) => type === 'E');
  if (error !== undefined) {
    const greeting = errorResponse({ ...readFields(error), S: 'FATAL', V: 'FATAL' }).bytes;
    return { greeting, uncontrolled, timeouts: noTimeouts, isolation: usualIsolation };
  }
  const told = { ...connection.greeting.parameters };
  for (const [name, value] of wished) if (told[name] !== undefined) told[name] = value;
  const greeting = writeGreeting(connection.greeting, told);
  const timeouts = await readTimeouts(connection);
  return { greeting, uncontrolled, timeouts, isolation: await readIsolation(connection) };
}

/** `-c name=value` and `--name=value`, as a start-up packet's `options` has them. */
function readOptions(options: string): Record<string, string> {
  const found = options.matchAll(/(?:-c\s*|--)([\w.-]+)=((?:\\.|\S)*)/g);
  return Object.fromEntries(
    [...found].map(([, name = '', value = '']) => [
      name.replaceAll('-', '_'),
      value.replaceAll(/\\(.)/g, '$1'),
    ]),
  );
}

const showAll = timeouts.map((name) => `show sim.${name};`).join('');

/** SHOW takes no snapshot, so that it may stand in the client's transaction unseen. */
async function readTimeouts(
  connection: WarmSession['connection'],
): Promise<LentSession['timeouts']> {
  const { frames } = await connection.send([query(showAll)]);
  const shown = rowsOf(frames).flatMap((row) => Object.entries(row));
  const read = shown.map(([name, value]) => [name.replace('sim.', ''), durationMs(value ?? '')]);
  return { ...noTimeouts, ...(Object.fromEntries(read) as Partial<Record<Timeout, Milliseconds>>) };
}

/** As with time-outs: unseen, also within a transaction. */
async function readIsolation(connection: WarmSession['connection']): Promise<string> {
  const { frames } = await connection.send([query('show transaction_isolation')]);
  return rowsOf(frames)[0]?.['transaction_isolation'] ?? usualIsolation;
}

const units: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `250`, `2s`, `1.5 min`: PostgreSQL's time-outs, in milliseconds. */
export function durationMs(text: string): Milliseconds {
  const [, amount = '0', unit = 'ms'] = /^\s*([\d.]+)\s*([a-z]+)?\s*$/.exec(text) ?? [];
  return Math.round(Number(amount) * (units[unit] ?? 0));
}
