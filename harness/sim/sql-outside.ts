/**
 * Somebody who is no part of the chapter has a table for a while: an operator's session, a migration that is stuck.
 * Whoever wants to write to it waits as for any other lock.
 *
 * Left out: who reads is never kept waiting, so that the tables can be looked at meanwhile.
 */
import type { Milliseconds } from '#kernel';
import type { OutsideLock } from '#postgres';
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
  take(table: string, ms: Milliseconds, struck: () => void): void {
    const ends = this.#ends;
    this.#server.work(async () => {
      const lock = await this.#server.sessions.outside.lock(table);
      return () => {
        if (lock === undefined) return;
        this.#held.add(lock);
        if (this.#ends !== ends) return this.#giveBack(lock);
        struck();
        this.#world.later(ms, () => this.#giveBack(lock));
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
