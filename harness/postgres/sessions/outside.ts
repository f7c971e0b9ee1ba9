/**
 * Transactions of somebody outside who has a table for himself: others may read it, and wait to write to it. The mode
 * is that of ALTER TABLE … ADD FOREIGN KEY and of CREATE TRIGGER. He never waits for anybody, so that he is in no
 * deadlock.
 */
import { Failure } from '#kernel';
import { quoted } from '../virtual/roles.ts';
import { readFields } from '../wire/errors.ts';
import { query } from '../wire/messages.ts';
import type { Pid } from './locks.ts';
import type { WarmSession, WarmSessions } from './warm.ts';

export interface OutsideLock {
  readonly pid: Pid;
  giveBack(): Promise<void>;
}

export class Outside {
  readonly #warm: WarmSessions;
  readonly #role: string;
  readonly #held = new Map<Pid, WarmSession>();

  /** `role` may lock every table. */
  constructor(warm: WarmSessions, role: string) {
    this.#warm = warm;
    this.#role = role;
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
    if (error === undefined) {
      this.#held.set(pid, session);
      return { pid, giveBack: () => this.#giveBack(pid) };
    }
    await this.#warm.giveBack(session);
    const { C: code = '', M: message } = readFields(error);
    if (notToBeHad.has(code)) return undefined;
    throw new Failure('TROUBLE', `PostgreSQL refused our own lock: ${message} (${code})`);
  }

  async giveAllBack(): Promise<void> {
    for (const pid of this.#held.keys()) await this.#giveBack(pid);
  }

  async #giveBack(pid: Pid): Promise<void> {
    const session = this.#held.get(pid);
    if (session === undefined) return;
    this.#held.delete(pid);
    await this.#warm.giveBack(session);
  }
}

/** Somebody has it; no such table, no such schema; no table at all. */
const notToBeHad = new Set(['55P03', '42P01', '3F000', '42809']);
