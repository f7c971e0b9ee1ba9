import { expect, test } from 'vitest';
import type { Schedule } from '#schedule';
import type { Outcome, Runner } from '../../harness/verify/engine/outcome.ts';
import { explore } from '../../harness/verify/explore.ts';

/** Ends the first three runs and keeps who waits for others. */
function runnerOfThree(): Runner & { readonly signals: (AbortSignal | undefined)[] } {
  const signals: (AbortSignal | undefined)[] = [];
  return {
    lanes: 2,
    signals,
    run: (schedule, _options, signal) => {
      signals.push(signal);
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
  const runner = runnerOfThree();
  expect(await explored(runner, 9)).toBe(true);
  expect(runner.signals.length).toBeGreaterThan(3);
  expect(runner.signals.slice(3).map((signal) => signal?.aborted)).not.toContain(false);
});

test('when all was looked at, nothing is given up', async () => {
  const runner = runnerOfThree();
  expect(await explored(runner, 2)).toBe(false);
  expect(runner.signals.map((signal) => signal?.aborted)).toEqual([false, false]);
});
