/** Whatever producers do in whatever order: what a right reader of committed records gets. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { batchesIn, decodeMarker } from '#protocol';
import { TransactionDesk, type Producer } from './scene.ts';

type Step =
  | { readonly do: 'add' | 'write' | 'commit' | 'abort' | 'init'; readonly who: number }
  | { readonly do: 'plain' }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'hold' | 'let go'; readonly who: number };

const who = fc.nat({ max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('add', 'write', 'write', 'commit', 'abort', 'init'),
      who,
    }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'plain' }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass'), ms: fc.nat({ max: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('hold', 'let go'), who }) },
) as fc.Arbitrary<Step>;

/** Plays the steps; whatever is refused has no effect, and that is fine. */
class Play {
  readonly desk = new TransactionDesk();
  readonly #owners: Producer[] = [0, 1, 2].map((id) => this.desk.producer(`p${id}`));
  #values = 0;

  take(one: Step): void {
    if (one.do === 'pass') return this.desk.pass(one.ms);
    if (one.do === 'plain') {
      const nobody = { id: 'nobody', producerId: -1, epoch: -1 };
      const plain = { transactional: false, transactionalId: null, sequence: -1 };
      this.desk.write(nobody, `v${this.#values++}`, plain);
      return;
    }
    const producer = this.#owners[one.who]!;
    if (one.do === 'add') this.desk.add(producer);
    else if (one.do === 'write') this.desk.write(producer, `v${this.#values++}`);
    else if (one.do === 'commit') this.desk.commit(producer);
    else if (one.do === 'abort') this.desk.abort(producer);
    else if (one.do === 'hold') this.desk.broker.delayMarkers(producer.id, undefined);
    else if (one.do === 'let go') this.desk.broker.writeMarkers(producer.id, this.desk.nowMs);
    else {
      const { error, ...next } = this.desk.init(producer.id);
      if (error === 'NONE') this.#owners[one.who] = { id: producer.id, ...next };
    }
  }

  /** As Java's consumer reads: the aborted list by first offset, ended by abort markers. */
  readCommitted(from: number): string[] {
    const [fetched] = this.desk.fetch([['t', 0, from]], { isolationLevel: 1 }) as any[];
    const ahead: { producerId: number; firstOffset: number }[] =
      fetched.abortedTransactions.toSorted((a: any, b: any) => a.firstOffset - b.firstOffset);
    const aborted = new Set<number>();
    const read: string[] = [];
    for (const batch of batchesIn(fetched.records)) {
      const lastOffset = batch.baseOffset + batch.lastOffsetDelta;
      while (ahead[0] !== undefined && ahead[0].firstOffset <= lastOffset) {
        aborted.add(ahead.shift()!.producerId);
      }
      if (decodeMarker(batch)?.type === 'abort') aborted.delete(batch.producerId);
      if (batch.control || (batch.transactional && aborted.has(batch.producerId))) continue;
      for (const { offset, value } of batch.records) if (offset >= from) read.push(String(value));
    }
    return read;
  }

  /** What the whole log says, decided marker by marker. */
  whatLies(until: number): string[] {
    const batches = this.desk.broker.read('t', 0);
    return batches.flatMap((batch, index) => {
      if (batch.control || batch.baseOffset >= until) return [];
      const isEnd = (later: (typeof batches)[number]): boolean =>
        later.control && later.producerId === batch.producerId;
      const end = batches.slice(index).find(isEnd);
      const counts = !batch.transactional || (end && decodeMarker(end)?.type === 'commit');
      return counts ? batch.records.map(({ value }) => String(value)) : [];
    });
  }
}

test('a reader of committed records gets those of committed transactions, up to the stable end', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const play = new Play();
      let stable = 0;
      for (const one of steps) {
        play.take(one);
        const { lastStable, highWatermark } = play.desk.broker.offsets('t', 0);
        expect(lastStable).toBeGreaterThanOrEqual(stable);
        expect(lastStable).toBeLessThanOrEqual(highWatermark);
        stable = lastStable;
      }
      const all = play.whatLies(stable);
      for (let from = 0; from <= stable; from++) {
        expect(play.readCommitted(from)).toEqual(all.slice(play.whatLies(from).length));
      }
    }),
    { numRuns: 150 },
  );
});
