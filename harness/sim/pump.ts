/**
 * Drives a world to its end on the real thread. Must start from a macrotask, because the world runs promise reactions
 * itself. While it runs, errors that nobody caught belong to the instance whose event is running.
 */
import { setImmediate } from 'node:timers';
import type { RunRecord } from '#check';
import type { World } from './world.ts';

/** Steps between two looks at the real event loop, so that messages to this thread are heard. */
const stepsInTurn = 20_000;

export function pump(world: World, onStep?: () => void): Promise<RunRecord> {
  return new Promise((resolve, reject) => {
    let inTurn = false;
    const errors = takeOver('uncaughtException', (error: unknown) => {
      if (world.current === undefined) world.abort(error);
      else world.threw(world.current, error);
      // An error in a tick unwinds the turn itself; one in a promise reaction does not.
      setImmediate(() => {
        if (!inTurn) return;
        world.current = undefined;
        turn();
      });
    });
    const rejections = takeOver(
      'unhandledRejection',
      (reason: unknown, promise: Promise<unknown>) => {
        if (world.current === undefined) world.abort(reason);
        else world.unhandled(world.current, reason, promise);
      },
    );

    const over = (): void => {
      errors();
      rejections();
      if (world.aborted !== undefined) reject(world.aborted.error);
      else resolve(world.result());
    };

    const turn = (): void => {
      inTurn = true;
      let next: ReturnType<World['step']> = 'moved';
      for (let steps = 0; next === 'moved' && steps < stepsInTurn; steps++) {
        onStep?.();
        next = world.step();
      }
      inTurn = false;
      if (next === 'ended') over();
      else if (next === 'moved') setImmediate(turn);
      else next.then(() => setImmediate(turn), reject);
    };
    setImmediate(turn);
  });
}

/** Puts our listener in place of all others; the result puts them back. */
function takeOver(event: string, listener: (...values: never[]) => void): () => void {
  const others = process.rawListeners(event) as ((...values: unknown[]) => void)[];
  process.removeAllListeners(event);
  process.on(event, listener as (...values: unknown[]) => void);
  return () => {
    process.removeListener(event, listener as (...values: unknown[]) => void);
    for (const other of others) process.on(event, other);
  };
}
