/**
 * Runs one event of an instance and everything it sets off at once: promise reactions, ticks, immediates. Done
 * synchronously, so that whoever runs is known without bookkeeping, and a thousand idle timers cost no turn of the
 * real event loop.
 */
import { invariant } from '#kernel';
import type { Incarnation } from './incarnation.ts';
import type { World } from './world.ts';

/** Node runs its ticks and promise reactions through this after every callback; it has no documented name. */
const flush = (process as unknown as { _tickCallback: () => void })._tickCallback;

export function settle(world: World, process: Incarnation, event: () => void): void {
  invariant(typeof flush === 'function', 'this Node cannot run promise reactions on demand');
  process.ticksInEvent = 0;
  process.immediatesInEvent = 0;
  guarded(world, process, event);
  flush();
  while (process.immediates.length > 0 && !process.dead) {
    const round = process.immediates;
    process.immediates = [];
    for (const immediate of round) {
      if (!immediate.armed || process.dead) continue;
      immediate.armed = false;
      guarded(world, process, immediate.callback);
      flush();
    }
  }
}

function guarded(world: World, process: Incarnation, run: () => void): void {
  try {
    run();
  } catch (error) {
    world.threw(process, error);
  }
}
