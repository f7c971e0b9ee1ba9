/**
 * Who looks for work with a statement that would also claim it (`update … where not sent returning …`)
 * asks the same again and again, and finds nothing. The first times may matter; later ones are no
 * places for faults and nothing to tell, as a query is that finds no rows, until something changes.
 */
import type { Answer } from '#postgres';
import type { NamedGroup } from './sql-operations.ts';

/** One that is tried again after an error is no poll yet. */
const leastTimes = 2;

/** What one connection asked without effect since the world last changed. */
export class Polls {
  #change = -1;
  readonly #times = new Map<string, number>();

  /** `lastChange`: the position of the last fact that says that something changed. */
  isPoll({ nature, statements }: NamedGroup, lastChange: number): boolean {
    if (nature !== 'change') return false;
    if (lastChange !== this.#change) this.#times.clear();
    this.#change = lastChange;
    return (this.#times.get(keyOf(statements)) ?? 0) >= leastTimes;
  }

  answered({ nature, statements }: NamedGroup, answer: Answer): void {
    if (nature !== 'change') return;
    const key = keyOf(statements);
    if (hadEffect(answer)) this.#times.delete(key);
    else this.#times.set(key, (this.#times.get(key) ?? 0) + 1);
  }
}

function keyOf(statements: NamedGroup['statements']): string {
  return JSON.stringify(statements.map(({ text, values }) => [text, values]));
}

/** It failed, or a statement of it says that it met a row: `UPDATE 1`, `INSERT 0 1`. */
export function hadEffect({ frames, error }: Answer): boolean {
  if (error !== undefined) return true;
  return frames.some(
    ({ type, bytes }) =>
      type === 'C' && / [1-9]\d*$/.test(bytes.toString('latin1', 5, bytes.length - 1)),
  );
}
