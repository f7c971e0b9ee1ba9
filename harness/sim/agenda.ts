/**
 * What will happen, in virtual time: a binary heap by (time, order of scheduling). Cancelling marks an entry; it is
 * skipped when its turn comes, and the heap is rebuilt when most of it is dead.
 *
 * "Outstanding" counts the timers that were armed at the last mark and have neither fired nor been cleared since:
 * how the world knows that nothing which was waiting when it last changed is still waiting.
 */
import type { Milliseconds } from '#kernel';

export interface Entry {
  readonly atMs: Milliseconds;
  /** Order among equal times; also the entry's age. */
  readonly order: number;
  armed: boolean;
  /** Counts for "outstanding": timers do, deliveries are watched elsewhere. */
  readonly timer: boolean;
  readonly run: () => void;
}

export interface Agenda {
  add(atMs: Milliseconds, run: () => void, timer: boolean): Entry;
  cancel(entry: Entry): void;
  nextAtMs(): Milliseconds;
  /** The earliest armed entry, taken out and disarmed. */
  take(): Entry | undefined;
  mark(): void;
  outstanding(): number;
}

export function createAgenda(): Agenda {
  let heap: Entry[] = [];
  let nextOrder = 0;
  let dead = 0;
  let armedTimers = 0;
  let markOrder = 0;
  let outstanding = 0;

  const before = (a: Entry, b: Entry): boolean =>
    a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

  const up = (start: number): void => {
    let at = start;
    const entry = heap[at] as Entry;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Entry;
      if (!before(entry, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  };

  const down = (start: number): void => {
    let at = start;
    const entry = heap[at] as Entry;
    const size = heap.length;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && before(heap[child + 1] as Entry, heap[child] as Entry)) child++;
      if (!before(heap[child] as Entry, entry)) break;
      heap[at] = heap[child] as Entry;
      at = child;
    }
    heap[at] = entry;
  };

  const push = (entry: Entry): void => {
    heap.push(entry);
    up(heap.length - 1);
  };

  const pop = (): Entry | undefined => {
    const top = heap[0];
    const last = heap.pop();
    if (top !== undefined && last !== undefined && top !== last) {
      heap[0] = last;
      down(0);
    }
    return top;
  };

  const disarm = (entry: Entry): void => {
    entry.armed = false;
    if (!entry.timer) return;
    armedTimers--;
    if (entry.order < markOrder) outstanding--;
  };

  const sweep = (): void => {
    if (dead < 64 || dead * 2 < heap.length) return;
    heap = heap.filter((slot) => slot.armed);
    dead = 0;
    for (let at = (heap.length >> 1) - 1; at >= 0; at--) down(at);
  };

  const dropDead = (): void => {
    while (heap.length > 0 && !(heap[0] as Entry).armed) {
      pop();
      dead--;
    }
  };

  return {
    add(atMs, run, timer) {
      const entry: Entry = { atMs, order: nextOrder++, armed: true, timer, run };
      if (timer) armedTimers++;
      push(entry);
      return entry;
    },
    cancel(entry) {
      if (!entry.armed) return;
      disarm(entry);
      dead++;
      sweep();
    },
    nextAtMs() {
      dropDead();
      return heap.length === 0 ? Infinity : (heap[0] as Entry).atMs;
    },
    take() {
      dropDead();
      const entry = pop();
      if (entry !== undefined) disarm(entry);
      return entry;
    },
    mark() {
      markOrder = nextOrder;
      outstanding = armedTimers;
    },
    outstanding: () => outstanding,
  };
}
