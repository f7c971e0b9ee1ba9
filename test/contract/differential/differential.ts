/**
 * Random sequences of requests and of what clients do, each on the embedded broker and on a real
 * one. Several lanes at a time, each with partitions of its own that its sequences use one after the
 * other.
 *
 * Requests go to an embedded broker in virtual time; clients have timers of their own, so that
 * theirs stands behind an address.
 */
import fc from 'fast-check';
import type { BrokerOptions } from '#broker';
import { InProcess } from '../in-process.ts';
import { Pool } from '../pool.ts';
import { Scene, type Place } from '../scene.ts';
import { serve } from '../served.ts';
import type { Running } from '../wire.ts';
import { Actor } from './actor.ts';
import { slots, type Sequence } from './commands.ts';
import { sequences } from './draw.ts';
import { Turns } from './turns.ts';
import { inTime, Pair, type Difference, type Tally } from './pair.ts';

export interface Wanted {
  readonly seed: number;
  /** Of all lanes together. */
  readonly count: number;
  readonly limitMs: number;
  readonly lanes?: number;
}

export interface Found {
  readonly tally: Tally;
  /** The smallest sequence with it, and how to play it again. */
  readonly difference:
    | (Difference & {
        readonly sequence: Sequence;
        readonly seed: number;
        readonly path: string;
      })
    | undefined;
}

export async function differential(
  real: Running,
  options: BrokerOptions,
  { seed, count, limitMs, lanes = 8 }: Wanted,
): Promise<Found> {
  const line = options.profile === 'kafka-4' ? '4' : '3.9';
  const tally: Tally = { sequences: 0, comparisons: 0, suppressed: {} };
  const turns = new Turns();
  const patience = new Patience();
  const pool = new Pool(real, lanes * slots.places, 'differential');
  const found = await Promise.all(
    Array.from({ length: lanes }, async (_, lane): Promise<Found['difference']> => {
      const pooled: Place[] = [];
      while (pooled.length < slots.places) pooled.push(await pool.take());
      const oneTopic = await pool.create(`clients-${lane}`, slots.places, {});
      let last: Difference | undefined;
      const play = async (sequence: Sequence): Promise<boolean> => {
        if (patience.over(last)) return true;
        const places = sequence.on === 'one topic' ? oneTopic : pooled;
        const difference = await turns.take(sequence.on === 'own topic', () =>
          playOnce(real, pool, places, options, sequence, tally),
        );
        last = difference ?? last;
        if (difference !== undefined) patience.start();
        return difference === undefined;
      };
      const result = await fc.check(fc.asyncProperty(sequences(line), play), {
        seed: (seed + lane) | 0,
        numRuns: Math.ceil(count / lanes),
        interruptAfterTimeLimit: limitMs,
      });
      if (!result.failed) return undefined;
      if (result.counterexample === null || last === undefined) throw result.errorInstance;
      const [sequence] = result.counterexample;
      return { ...last, sequence, seed: result.seed, path: result.counterexamplePath ?? '' };
    }),
  );
  await turns.close();
  return { tally, difference: found.find((one) => one !== undefined) };
}

/** One difference is enough, and a minute to find a smaller sequence with it. */
class Patience {
  #endMs = Infinity;

  start(): void {
    if (this.#endMs === Infinity) this.#endMs = Date.now() + 60_000;
  }

  over(found: Difference | undefined): boolean {
    return found === undefined ? this.#endMs < Infinity : Date.now() > this.#endMs;
  }
}

let played = 0;

async function playOnce(
  real: Running,
  pool: Pool,
  places: readonly Place[],
  options: BrokerOptions,
  sequence: Sequence,
  tally: Tally,
): Promise<Difference | undefined> {
  const running =
    sequence.on === 'one topic'
      ? await serve(options)
      : new InProcess({ ...options, patient: true });
  const ownPool = new Pool(running, slots.places);
  const name = `d${++played}`;
  const own =
    sequence.on === 'one topic'
      ? await ownPool.create(places[0]!.topic, slots.places, {})
      : await taken(ownPool);
  const embedded = await Actor.begin(new Scene(running, ownPool, name), own, sequence);
  const other = await Actor.begin(new Scene(real, pool, name), places, sequence);
  try {
    return await new Pair(embedded, other, (ms) => real.pass(ms), tally).play(sequence.commands);
  } finally {
    if (sequence.on === 'one topic') await inTime('embedded', embedded.end());
    await running.stop();
    await inTime('real', other.end());
  }
}

async function taken(pool: Pool): Promise<Place[]> {
  const places: Place[] = [];
  while (places.length < slots.places) places.push(await pool.take());
  return places.toSorted((a, b) => a.partition - b.partition);
}
