/**
 * Requests that wait for data in partitions (the long polls of Fetch). A request is woken by every append to a
 * partition it watches, and by the deletion of one; whether that is enough is its own decision.
 */
export interface Parked {
  readonly connection: number;
  /** Looks again. Called while parked only. */
  readonly wake: (nowMs: number) => void;
}

export interface Parking {
  park(keys: readonly string[], parked: Parked): void;
  leave(keys: readonly string[], parked: Parked): void;
  /** Wakes who waits for this partition, in the order of arrival. */
  wake(key: string, nowMs: number): void;
}

export function partitionKey(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

export function createParking(): Parking {
  const waiting = new Map<string, Set<Parked>>();
  return {
    park(keys, parked) {
      for (const key of keys) {
        const set = waiting.get(key);
        if (set === undefined) waiting.set(key, new Set([parked]));
        else set.add(parked);
      }
    },
    leave(keys, parked) {
      for (const key of keys) {
        const set = waiting.get(key);
        if (set?.delete(parked) && set.size === 0) waiting.delete(key);
      }
    },
    wake(key, nowMs) {
      const set = waiting.get(key);
      if (set === undefined) return;
      for (const parked of [...set]) if (set.has(parked)) parked.wake(nowMs);
    },
  };
}
