/**
 * What a partition knows of transactions: which are open, and which were aborted.
 *
 * The first offset of the oldest open one is the last stable offset. The aborted list is in the
 * order of the abort markers, not of first offsets, because Kafka appends to its index when a
 * marker is written (seen on 3.9.1 and 4.3.1); clients that expect another order are wrong, and a
 * sorted list would hide it.
 */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

interface Aborted extends AbortedTransaction {
  readonly markerOffset: number;
}

export interface LogTransactions {
  isOpen(producerId: number): boolean;
  /** -1 = none. */
  firstOffset(producerId: number): number;
  /** The first record of a transaction is in the log. */
  begin(producerId: number, firstOffset: number): void;
  /** Its marker is in the log. A marker without data leaves no trace in the index. */
  end(producerId: number, markerOffset: number, outcome: 'commit' | 'abort'): void;
  /** The first offset of the oldest open transaction. */
  firstUnstable(): number | undefined;
  /** Whether this offset of the producer belongs to an aborted transaction. */
  isAborted(producerId: number, offset: number): boolean;
  /** Aborted ones with a marker at or after `from` that begin below `until`. */
  aborted(from: number, until: number): AbortedTransaction[];
}

export function createLogTransactions(): LogTransactions {
  /** In the order of their first offsets, since logs only grow. */
  const open = new Map<number, number>();
  const aborted: Aborted[] = [];
  return {
    isOpen: (producerId) => open.has(producerId),
    firstOffset: (producerId) => open.get(producerId) ?? -1,
    begin(producerId, firstOffset) {
      open.set(producerId, firstOffset);
    },
    end(producerId, markerOffset, outcome) {
      const firstOffset = open.get(producerId);
      if (firstOffset === undefined) return;
      open.delete(producerId);
      if (outcome === 'abort') aborted.push({ producerId, firstOffset, markerOffset });
    },
    firstUnstable() {
      const [first] = open.values();
      return first;
    },
    isAborted: (producerId, offset) =>
      aborted.some(
        (one) =>
          one.producerId === producerId && one.firstOffset <= offset && offset < one.markerOffset,
      ),
    aborted: (from, until) =>
      aborted
        .filter((one) => one.markerOffset >= from && one.firstOffset < until)
        .map(({ producerId, firstOffset }) => ({ producerId, firstOffset })),
  };
}
