/**
 * The database goes down: whoever is connected is told so and parted from it, what was not committed is undone, and
 * nobody can connect until it is up again. What it had committed is there.
 *
 * Left out: a start that takes time (57P03): who connects is refused until the server takes everybody.
 */
import type { Milliseconds } from '#kernel';
import { wordedError } from '#postgres';
import { databaseAddress, refusal, type Connection } from './network.ts';
import type { Line } from './sql-line.ts';
import type { World } from './world.ts';

export class SqlOutage {
  readonly #world: World;
  #pending = 0;

  constructor(world: World) {
    this.#world = world;
  }

  get pending(): boolean {
    return this.#pending > 0;
  }

  refuses(): Error | undefined {
    return this.pending ? refusal(databaseAddress) : undefined;
  }

  /** `struck` gets no word: what it asked for was applied, and an error would deny that. */
  begin(ms: Milliseconds, lines: readonly Line[], struck: Connection | undefined): void {
    this.#pending++;
    this.#world.later(ms, () => this.#pending--);
    const { bytes } = wordedError('57P01');
    for (const { connection } of lines) {
      if (connection !== struck) this.#world.network.answer(connection, bytes, () => undefined);
      this.#world.network.close(connection);
    }
  }
}
