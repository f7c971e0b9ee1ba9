/**
 * What a read_committed reader sees of one partition: records in the order of their offsets, as far
 * as no open transaction holds them back, and none of an aborted one. A marker decides about all
 * records of its producer that stand before it, late ones too.
 */
import { invariant } from '#kernel';

export class Visibility<Entry> {
  readonly #waiting: {
    readonly entry: Entry;
    readonly producerId: number | undefined;
    fate: 'open' | 'commit' | 'abort';
  }[] = [];

  /** What became visible by this record; `producerId` = it is part of a transaction. */
  append(entry: Entry, producerId: number | undefined): readonly Entry[] {
    if (producerId === undefined && this.#waiting.length === 0) return [entry];
    const fate = producerId === undefined ? 'commit' : 'open';
    this.#waiting.push({ entry, producerId, fate });
    return [];
  }

  /** What became visible by this marker. */
  mark(producerId: number, outcome: 'commit' | 'abort'): readonly Entry[] {
    for (const one of this.#waiting) {
      if (one.fate === 'open' && one.producerId === producerId) one.fate = outcome;
    }
    const visible: Entry[] = [];
    while (this.#waiting.length > 0 && this.#waiting[0]?.fate !== 'open') {
      const first = this.#waiting.shift();
      invariant(first !== undefined, 'a record waits');
      if (first.fate === 'commit') visible.push(first.entry);
    }
    return visible;
  }
}
