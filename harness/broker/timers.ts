/**
 * Things that time alone will do, by name. Setting a name again moves it (to the end of its instant).
 * A Map with a remembered minimum: most timers are re-armed many times and run once or never,
 * and there are few at a time, so a scan after the earliest one went is cheaper than a heap.
 */
export interface Timer {
  readonly name: string;
  readonly atMs: number;
  readonly run: (nowMs: number) => void;
}

export interface Timers {
  set(name: string, atMs: number, run: (nowMs: number) => void): void;
  clear(name: string): void;
  /** The earliest; of those at the same instant, the one that was set first. */
  next(): Timer | undefined;
}

export function createTimers(): Timers {
  const timers = new Map<string, Timer>();
  let earliest: Timer | undefined;
  const clear = (name: string): void => {
    if (timers.delete(name) && earliest?.name === name) earliest = undefined;
  };
  return {
    set(name, atMs, run) {
      clear(name);
      const timer = { name, atMs, run };
      if (timers.size === 0 || (earliest !== undefined && atMs < earliest.atMs)) earliest = timer;
      timers.set(name, timer);
    },
    clear,
    next() {
      if (earliest === undefined) {
        for (const timer of timers.values()) {
          if (earliest === undefined || timer.atMs < earliest.atMs) earliest = timer;
        }
      }
      return earliest;
    },
  };
}
