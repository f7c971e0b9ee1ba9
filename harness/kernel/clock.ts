/** The real clock, for supervisors, budgets and reports. The simulated world has its own and never looks here. */
import type { Milliseconds } from './index.ts';

/** Milliseconds since the Unix epoch. */
export function wallMs(): Milliseconds {
  return Date.now();
}

/** Starts now; each call says how long ago that was. */
export function stopwatch(): () => Milliseconds {
  const start = performance.now();
  return () => performance.now() - start;
}

/** Calls again and again without keeping the process alive; the result stops it. */
export function every(ms: Milliseconds, call: () => void): () => void {
  const timer = setInterval(call, ms);
  timer.unref();
  return () => clearInterval(timer);
}

/** What was asked for, or `undefined` when it took too long. */
export function within<Value>(ms: Milliseconds, work: Promise<Value>): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
