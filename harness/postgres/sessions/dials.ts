/**
 * The virtual clock of a server and the streams of randomness of its sessions stand in sequences, and setting
 * them costs a round trip. So they are set when somebody may look: a statement, or what the schema does beside
 * one (a default, a trigger), that names time or chance. What a session would have read meanwhile is remembered
 * and set then.
 *
 * Only texts are judged, and rather too many: a column `created_timestamp` is taken for a clock.
 */
import type { Milliseconds } from '#kernel';
import type { ReadGroup } from '../statements/reader.ts';
import { chanceOf, type WarmSession } from './warm.ts';

/** What of a run's world may be looked at. */
export interface Looks {
  readonly clock: boolean;
  readonly chance: boolean;
}

const timeWords =
  /now"?\s*\(|_timestamp\b|localtime|timeofday|current_(time|date)|\bage\s*\(|uuidv7|sleep/i;
const chanceWords = /random|uuidv|setseed/i;

export function looksOf(text: string): Looks {
  return { clock: timeWords.test(text), chance: chanceWords.test(text) };
}

/** Statements that only do what their own text says; others may leave a text behind that is run later. */
const plain =
  /^(SELECT|INSERT|UPDATE|DELETE|MERGE|VALUES|TABLE|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b/;

/** The dials of one session. */
export class Dials {
  readonly #warm: WarmSession;
  readonly #seed: number;
  readonly #stream: string;
  #beganMs: Milliseconds | undefined;
  #isSeeded = false;

  constructor(warm: WarmSession, seed: number, stream: string) {
    this.#warm = warm;
    this.#seed = seed;
    this.#stream = stream;
  }

  /** What must be set before this group is applied; `undefined` = nothing. */
  before(atMs: Milliseconds, begins: boolean, looks: Looks): string | undefined {
    const { number } = this.#warm;
    if (begins) this.#beganMs = atMs;
    const sets: string[] = [];
    if (looks.clock) {
      sets.push(`setval('sim.clock', ${atMs})`, `setval('sim.statement_${number}', ${atMs})`);
      if (this.#beganMs !== undefined) sets.push(`setval('sim.tx_${number}', ${this.#beganMs})`);
      this.#beganMs = undefined;
    }
    if (looks.chance && !this.#isSeeded) {
      this.#isSeeded = true;
      sets.push(`setval('sim.chance_${number}', ${chanceOf(this.#seed, this.#stream)})`);
    }
    return sets.length === 0 ? undefined : `select ${sets.join()}`;
  }
}

/** What a run may look at: what its schema does, what its statements say, what they have left behind. */
export class Watched {
  readonly #schema: Looks;
  #left: Looks;

  constructor(schema: Looks) {
    this.#schema = schema;
    this.#left = schema;
  }

  /** A new run finds nothing that another left behind. */
  forget(): void {
    this.#left = this.#schema;
  }

  by({ operations }: ReadGroup): Looks {
    let { clock, chance } = this.#left;
    for (const { text, described } of operations) {
      const looks = looksOf(text);
      clock ||= looks.clock;
      chance ||= looks.chance;
      if (described.verbs.every((verb) => plain.test(verb))) continue;
      this.#left = {
        clock: this.#left.clock || looks.clock,
        chance: this.#left.chance || looks.chance,
      };
    }
    return { clock, chance };
  }
}
