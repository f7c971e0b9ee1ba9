import { expect, test } from 'vitest';
import type { Schedule } from '#schedule';
import type { Outcome, Runner } from '../../harness/verify/engine/outcome.ts';
import { explore } from '../../harness/verify/explore.ts';

/** Runs in turn, two at once; what was not begun is kept. */
function runnerInTurn(): Runner & { readonly waiting: AbortSignal[] } {
  const waiting: AbortSignal[] = [];
  return {
    lanes: 2,
    waiting,
    run: (schedule, _options, signal) => {
      if (schedule.seed > 3 && signal !== undefined) waiting.push(signal);
      return schedule.seed > 3
        ? new Promise(() => undefined)
        : Promise.resolve({ schedule } as Outcome);
    },
  };
}

const explored = (runner: Runner, last: number): Promise<boolean> =>
  explore({
    runner,
    items: Array.from({ length: last }, (_, index) => index + 1),
    scheduleOf: (seed) => ({ seed }) as Schedule,
    optionsOf: () => ({ program: 'subject' }),
    isOver: () => false,
    look: (item) => item === 3,
  });

test('nobody waits for runs that had not begun when it was enough', async () => {
  const runner = runnerInTurn();
  expect(await explored(runner, 9)).toBe(true);
  expect(runner.waiting.length).toBeGreaterThan(0);
  expect(runner.waiting.every(({ aborted }) => aborted)).toBe(true);
});

test('when all was looked at, nothing is given up', async () => {
  const runner = runnerInTurn();
  expect(await explored(runner, 2)).toBe(false);
  expect(runner.waiting).toEqual([]);
});
