/**
 * Transactions of somebody outside who has a table, or some rows, for himself. A table: others may read it, and wait to
 * write to it; the mode is that of ALTER TABLE … ADD FOREIGN KEY and of CREATE TRIGGER. Rows: those that a statement
 * wants. Nobody could tell them from its text, so that he runs that statement himself, as the same role, and does not
 * commit: a service that does the same work twice. He never waits for anybody, so that he is in no deadlock.
 *
 * What he ran is undone when he lets go, but for what no rollback undoes: a sequence has moved on.
 */
import { Failure, type Milliseconds } from '#kernel';
import type { ReadGroup, SqlOperation } from '../statements/reader.ts';
import { quoted } from '../virtual/roles.ts';
import { readFields } from '../wire/errors.ts';
import { bodyOf, readCString, type Frame } from '../wire/frames.ts';
import { bind, execute, parse, query, sync } from '../wire/messages.ts';
import type { LentSession, Outcome, StartOptions } from './lent.ts';
import type { Pid } from './locks.ts';
import type { WarmSessions } from './warm.ts';

export interface OutsideLock {
  readonly pid: Pid;
  giveBack(): Promise<void>;
}

export class Outside {
  readonly #warm: WarmSessions;
  readonly #role: string;
  readonly #lend: (start: StartOptions) => Promise<LentSession>;
  readonly #held = new Map<Pid, () => Promise<void>>();

  /** `role` may lock every table. */
  constructor(
    warm: WarmSessions,
    role: string,
    lend: (start: StartOptions) => Promise<LentSession>,
  ) {
    this.#warm = warm;
    this.#role = role;
    this.#lend = lend;
  }

  has(pid: Pid): boolean {
    return this.#held.has(pid);
  }

  /** Takes the table (`ledger`, `shop.ledger`) if it is free at once; `undefined`: it is not, or there is none. */
  async lock(table: string): Promise<OutsideLock | undefined> {
    const session = await this.#warm.take(this.#role);
    const { pid } = session.connection;
    const name = table.split('.').map(quoted).join('.');
    const text = `begin; lock table only ${name} in share row exclusive mode nowait`;
    const { frames } = await session.connection.send([query(text)]);
    const error = frames.find(({ type }) => type === 'E');
    if (error === undefined) return this.#holding(pid, () => this.#warm.giveBack(session));
    await this.#warm.giveBack(session);
    const { C: code = '', M: message } = readFields(error);
    if (notToBeHad.has(code)) return undefined;
    throw new Failure('TROUBLE', `PostgreSQL refused our own lock: ${message} (${code})`);
  }

  /**
   * Takes the rows that this group of that session wants: `undefined` where there are none, where somebody has one of
   * them, or where the group is not one statement.
   */
  async lockRows(
    { role }: LentSession,
    group: ReadGroup,
    atMs: Milliseconds,
  ): Promise<OutsideLock | undefined> {
    const session = await this.#lend({ role, stream: 'outside' });
    const outcome = await begun(session, group, atMs);
    if (rowsOf(outcome) > 0) return this.#holding(session.backendPid, () => session.giveBack());
    await session.giveBack();
    return undefined;
  }

  /** Whether it would wait, or bring rows; what it locked meanwhile is free again. */
  async finds({ role }: LentSession, group: ReadGroup, atMs: Milliseconds): Promise<boolean> {
    const session = await this.#lend({ role, stream: 'outside' });
    const outcome = await begun(session, group, atMs);
    await session.giveBack();
    return outcome?.waiting !== undefined || rowsOf(outcome) > 0;
  }

  async giveAllBack(): Promise<void> {
    for (const pid of this.#held.keys()) await this.#giveBack(pid);
  }

  #holding(pid: Pid, giveBack: () => Promise<void>): OutsideLock {
    this.#held.set(pid, giveBack);
    return { pid, giveBack: () => this.#giveBack(pid) };
  }

  async #giveBack(pid: Pid): Promise<void> {
    const giveBack = this.#held.get(pid);
    this.#held.delete(pid);
    await giveBack?.();
  }
}

/** Somebody has it; no such table, no such schema; no table at all. */
const notToBeHad = new Set(['55P03', '42P01', '3F000', '42809']);

/** The statement of this group within a transaction of its own. */
async function begun(
  session: LentSession,
  { operations }: ReadGroup,
  atMs: Milliseconds,
): Promise<Outcome | undefined> {
  const [operation, ...others] = operations;
  if (operation === undefined || others.length > 0) return undefined;
  await session.forward(session.read([query('begin')]), atMs);
  return session.forward(session.read(asking(operation)), atMs);
}

function asking({ text, values }: SqlOperation): readonly Frame[] {
  if (!/\$\d/.test(text)) return [query(text)];
  return [parse(text), bind('', '', values), execute(), sync];
}

/** How many rows were locked or changed, by the words in which the server says that it is done: `UPDATE 2`. */
function rowsOf(outcome: Outcome | undefined): number {
  const done = outcome?.answer?.frames.find(({ type }) => type === 'C');
  if (done === undefined || outcome?.answer?.error !== undefined) return 0;
  const [, rows = '0'] = / (\d+)$/.exec(readCString(bodyOf(done), 0).text) ?? [];
  return Number(rows);
}
