/**
 * Runs schedules on all lanes at once and looks at the outcomes in the order of the schedules, so that what a check
 * finds does not depend on how many threads it has.
 */
import type { Schedule } from '#schedule';
import type { Outcome, Runner, RunOptions } from './engine/outcome.ts';

export interface Exploration<Item> {
  readonly runner: Runner;
  readonly items: Iterable<Item>;
  readonly scheduleOf: (item: Item) => Schedule;
  readonly optionsOf: (item: Item, index: number) => RunOptions;
  /** True = enough: later outcomes are not looked at. */
  readonly look: (item: Item, outcome: Outcome, ran: RunOptions) => boolean | Promise<boolean>;
  readonly isOver: () => boolean;
}

/** Resolves to true when `look` said that it is enough. */
export async function explore<Item>(exploration: Exploration<Item>): Promise<boolean> {
  const { runner, scheduleOf, optionsOf, look, isOver } = exploration;
  const items = exploration.items[Symbol.iterator]();
  const running: { item: Item; options: RunOptions; outcome: Promise<Outcome> }[] = [];
  const enough = new AbortController();
  let index = 0;
  let exhausted = false;
  const fill = (): void => {
    while (!exhausted && running.length < runner.lanes * 2) {
      const next = isOver() ? { done: true as const, value: undefined } : items.next();
      if (next.done === true) {
        exhausted = true;
        return;
      }
      const item = next.value;
      const options = optionsOf(item, index++);
      const outcome = runner.run(scheduleOf(item), options, enough.signal);
      outcome.catch(() => undefined); // looked at in its turn
      running.push({ item, options, outcome });
    }
  };
  for (;;) {
    fill();
    const first = running.shift();
    if (first === undefined) return false;
    if (await look(first.item, await first.outcome, first.options)) break;
  }
  enough.abort(); // what has not begun would keep others waiting
  return true;
}
