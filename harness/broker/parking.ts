/**
 * Requests that wait for data in partitions (the long polls of Fetch). A request is woken by every
 * append to a partition it watches, and by the deletion of one; whether that is enough is its own
 * decision.
 */
import type { Timers } from './timers.ts';

export interface Parked {
  readonly connection: number;
  /** Also the name of its timer. */
  readonly name: string;
  /** What it watches (`partitionKey`). */
  readonly keys: readonly string[];
  readonly untilMs: number;
  /** Something happened; answers true when it need not wait any longer. */
  readonly isReady: () => boolean;
  readonly answer: (nowMs: number) => void;
}

export interface Parking {
  park(parked: Parked): void;
  /** Looks again at whoever waits for this partition, in the order of arrival. */
  wake(key: string, nowMs: number): void;
  /** Who waits is looked at when all of it is done, as Kafka does with the appends of one request. */
  together<T>(nowMs: number, work: () => T): T;
  /** Nobody is there to be answered any more. */
  forget(connection: number): void;
}

export function partitionKey(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

export function createParking(timers: Timers): Parking {
  const everyone = new Set<Parked>();
  const waiting = new Map<string, Set<Parked>>();

  /** What happened while nobody is to be woken yet. */
  let held: Set<string> | undefined;

  const leave = (parked: Parked): void => {
    everyone.delete(parked);
    timers.clear(parked.name);
    for (const key of parked.keys) {
      const set = waiting.get(key);
      if (set?.delete(parked) && set.size === 0) waiting.delete(key);
    }
  };
  const finish = (parked: Parked, nowMs: number): void => {
    leave(parked);
    parked.answer(nowMs);
  };
  const wake = (key: string, nowMs: number): void => {
    if (held !== undefined) {
      held.add(key);
      return;
    }
    const set = waiting.get(key);
    if (set === undefined) return;
    for (const parked of set) if (parked.isReady()) finish(parked, nowMs);
  };

  return {
    park(parked) {
      everyone.add(parked);
      for (const key of parked.keys) {
        const set = waiting.get(key);
        if (set === undefined) waiting.set(key, new Set([parked]));
        else set.add(parked);
      }
      timers.set(parked.name, parked.untilMs, (nowMs) => finish(parked, nowMs));
    },
    wake,
    together(nowMs, work) {
      const keys = new Set<string>();
      held = keys;
      try {
        return work();
      } finally {
        held = undefined;
        for (const key of keys) wake(key, nowMs);
      }
    },
    forget(connection) {
      for (const parked of everyone) if (parked.connection === connection) leave(parked);
    },
  };
}
