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
  return new HeapAgenda();
}

class HeapAgenda implements Agenda {
  #heap: Entry[] = [];
  #nextOrder = 0;
  #dead = 0;
  #armedTimers = 0;
  #markOrder = 0;
  #outstanding = 0;

  add(atMs: Milliseconds, run: () => void, timer: boolean): Entry {
    const entry: Entry = { atMs, order: this.#nextOrder++, armed: true, timer, run };
    if (timer) this.#armedTimers++;
    this.#push(entry);
    return entry;
  }

  cancel(entry: Entry): void {
    if (!entry.armed) return;
    this.#disarm(entry);
    this.#dead++;
    this.#sweep();
  }

  nextAtMs(): Milliseconds {
    this.#dropDead();
    return this.#heap.length === 0 ? Infinity : (this.#heap[0] as Entry).atMs;
  }

  take(): Entry | undefined {
    this.#dropDead();
    const entry = this.#pop();
    if (entry !== undefined) this.#disarm(entry);
    return entry;
  }

  mark(): void {
    this.#markOrder = this.#nextOrder;
    this.#outstanding = this.#armedTimers;
  }

  outstanding(): number {
    return this.#outstanding;
  }

  #before(a: Entry, b: Entry): boolean {
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  }

  #up(start: number): void {
    let at = start;
    const entry = this.#heap[at] as Entry;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#heap[parent] as Entry;
      if (!this.#before(entry, above)) break;
      this.#heap[at] = above;
      at = parent;
    }
    this.#heap[at] = entry;
  }

  #down(start: number): void {
    let at = start;
    const entry = this.#heap[at] as Entry;
    const size = this.#heap.length;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (
        child + 1 < size &&
        this.#before(this.#heap[child + 1] as Entry, this.#heap[child] as Entry)
      )
        child++;
      if (!this.#before(this.#heap[child] as Entry, entry)) break;
      this.#heap[at] = this.#heap[child] as Entry;
      at = child;
    }
    this.#heap[at] = entry;
  }

  #push(entry: Entry): void {
    this.#heap.push(entry);
    this.#up(this.#heap.length - 1);
  }

  #pop(): Entry | undefined {
    const top = this.#heap[0];
    const last = this.#heap.pop();
    if (top !== undefined && last !== undefined && top !== last) {
      this.#heap[0] = last;
      this.#down(0);
    }
    return top;
  }

  #disarm(entry: Entry): void {
    entry.armed = false;
    if (!entry.timer) return;
    this.#armedTimers--;
    if (entry.order < this.#markOrder) this.#outstanding--;
  }

  #sweep(): void {
    if (this.#dead < 64 || this.#dead * 2 < this.#heap.length) return;
    this.#heap = this.#heap.filter((slot) => slot.armed);
    this.#dead = 0;
    for (let at = (this.#heap.length >> 1) - 1; at >= 0; at--) this.#down(at);
  }

  #dropDead(): void {
    while (this.#heap.length > 0 && !(this.#heap[0] as Entry).armed) {
      this.#pop();
      this.#dead--;
    }
  }
}
