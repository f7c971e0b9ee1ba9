/**
 * Things that time alone will do, by name. Setting a name again moves it (to the end of its
 * instant). A Map with a remembered minimum: most timers are re-armed many times and run once or
 * never, and there are few at a time, so a scan after the earliest one went is cheaper than a
 * heap.
 */
export interface Timer {
  readonly name: string;
  readonly atMs: number;
  /** Age: a timer that is set again is a new one. */
  readonly order: number;
  readonly run: (nowMs: number) => void;
}

export interface Timers {
  readonly set: (name: string, atMs: number, run: (nowMs: number) => void) => void;
  readonly clear: (name: string) => void;
  readonly has: (name: string) => boolean;
  /** The earliest; of those at the same instant, the one that was set first. */
  readonly next: () => Timer | undefined;
  /**
   * From here on `outstanding` counts: timers set before that have neither run nor been cleared or
   * moved.
   */
  mark(): void;
  outstanding(): number;
}

export function createTimers(): Timers {
  const timers = new Map<string, Timer>();
  let earliest: Timer | undefined;
  let nextOrder = 0;
  let markOrder = 0;
  const clear = (name: string): void => {
    if (timers.delete(name) && earliest?.name === name) earliest = undefined;
  };
  return {
    set(name, atMs, run) {
      clear(name);
      const timer = { name, atMs, run, order: nextOrder++ };
      if (timers.size === 0 || (earliest !== undefined && atMs < earliest.atMs)) earliest = timer;
      timers.set(name, timer);
    },
    clear,
    has: (name) => timers.has(name),
    next() {
      if (earliest === undefined) {
        for (const timer of timers.values()) {
          if (earliest === undefined || timer.atMs < earliest.atMs) earliest = timer;
        }
      }
      return earliest;
    },
    mark() {
      markOrder = nextOrder;
    },
    outstanding() {
      let count = 0;
      for (const { order } of timers.values()) if (order < markOrder) count++;
      return count;
    },
  };
}
