/**
 * Somebody who is no part of the chapter has a table, or some rows, for a while: an operator's session, a migration
 * that is stuck. Whoever wants to write to that waits as for any other lock.
 *
 * Left out: who only reads is never kept waiting, so that the tables can be looked at meanwhile.
 */
import type { Milliseconds } from '#kernel';
import type { LentSession, OutsideLock, ReadGroup } from '#postgres';
import type { SqlServer } from './sql-server.ts';
import type { World } from './world.ts';

export class OutsideLocks {
  readonly #world: World;
  readonly #server: SqlServer;
  readonly #freed: () => void;
  readonly #held = new Set<OutsideLock>();
  /** How often the server has gone down. */
  #ends = 0;

  constructor(world: World, server: SqlServer, freed: () => void) {
    this.#world = world;
    this.#server = server;
    this.#freed = freed;
  }

  get pending(): boolean {
    return this.#held.size > 0;
  }

  /** Nothing happens where somebody has the table already: the fault has not struck then. */
  takeTable(table: string, ms: Milliseconds, struck: () => void): void {
    this.#take(() => this.#server.sessions.outside.lock(table), ms, struck);
  }

  /** Nothing happens where there are no rows that it wants, or somebody has some of them. */
  takeRows(session: LentSession, group: ReadGroup, ms: Milliseconds, struck: () => void): void {
    const atMs = this.#server.atMs();
    this.#take(() => this.#server.sessions.outside.lockRows(session, group, atMs), ms, struck);
  }

  /** Whether a statement of this session would find something to lock, or have to wait. */
  finds(session: LentSession, group: ReadGroup, then: (found: boolean) => void): void {
    this.#server.work(async () => {
      const found = await this.#server.sessions.outside.finds(session, group, this.#server.atMs());
      return () => then(found);
    });
  }

  #take(lock: () => Promise<OutsideLock | undefined>, ms: Milliseconds, struck: () => void): void {
    const ends = this.#ends;
    this.#server.work(async () => {
      const taken = await lock();
      return () => {
        if (taken === undefined) return;
        this.#held.add(taken);
        if (this.#ends !== ends) return this.#giveBack(taken);
        struck();
        this.#world.later(ms, () => this.#giveBack(taken));
      };
    });
  }

  /** The server goes down, and with it every transaction. */
  end(): void {
    this.#ends++;
    for (const lock of this.#held) this.#giveBack(lock);
  }

  #giveBack(lock: OutsideLock): void {
    if (!this.#held.delete(lock)) return;
    this.#server.work(async () => {
      await lock.giveBack();
      return this.#freed;
    });
  }
}
