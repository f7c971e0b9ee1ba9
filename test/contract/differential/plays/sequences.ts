import type { Step } from '../commands.ts';

interface Sent {
  readonly base: number;
  readonly count: number;
}

/** What a slot has sent to a partition: sequence numbers and sizes of batches that were taken. */
export class Sequences {
  readonly #batches = new Map<number, Sent[]>();
  epoch = 0;

  plan(place: number, count: number, step: Step): Sent {
    const sent = this.#batches.get(place) ?? [];
    const last = sent.at(-1);
    const next = last === undefined ? 0 : last.base + last.count;
    if (step === 'gap') return { base: next + 2, count };
    if (step === 'again') return last ?? { base: next, count };
    if (step === 'older') return sent.at(-6) ?? sent[0] ?? { base: next, count };
    return { base: next, count };
  }

  taken(place: number, batch: Sent): void {
    const sent = this.#batches.get(place) ?? [];
    this.#batches.set(place, sent);
    if (!sent.some(({ base }) => base === batch.base)) sent.push(batch);
  }

  restart(): void {
    this.#batches.clear();
  }
}
