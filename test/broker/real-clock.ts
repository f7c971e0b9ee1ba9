import type { ServerClock } from '#broker';

/** The clock of a broker that real clients talk to. */
export const realClock: ServerClock = {
  nowMs: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
