/**
 * Who of those that wait for each other is undone: the one who closed the circle, unless the schedule has chosen
 * another. PostgreSQL leaves it to chance: whoever looks first after deadlock_timeout undoes itself.
 */
import type { LentSession, Outcome } from '#postgres';
import type { Op } from './passage.ts';
import type { SqlServer } from './sql-server.ts';
import type { World } from './world.ts';

export class SqlDeadlocks {
  readonly #world: World;
  readonly #server: SqlServer;

  constructor(world: World, server: SqlServer) {
    this.#world = world;
    this.#server = server;
    server.sessions.victimOf = (cycle) => this.#victimOf(cycle);
  }

  /** Before anybody hears of it: what the schedule has chosen shows, and what it could have. */
  look({ deadlock = [], ended }: Outcome): void {
    for (const session of deadlock.slice(1)) {
      const op = this.#opOf(session);
      if (op === undefined) continue;
      this.#world.passages.deadlocked(op);
      if (ended.some((each) => each.session === session)) op.victim?.();
    }
  }

  #victimOf(cycle: readonly LentSession[]): LentSession {
    const chosen = cycle.find((session) => this.#opOf(session)?.victim !== undefined);
    return chosen ?? (cycle[0] as LentSession);
  }

  #opOf(session: LentSession): Op | undefined {
    const current = this.#server.lineOf(session)?.current;
    return typeof current === 'object' ? current.op : undefined;
  }
}
