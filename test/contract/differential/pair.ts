/**
 * One sequence on both brokers in lockstep. The embedded one goes first and says what to expect;
 * what the real one has not settled yet is asked again for a while.
 *
 * The first difference that nothing explains ends the sequence, and so does an explained one: what
 * comes after it would only repeat it.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Actor, Immediate } from './actor.ts';
import type { Command, Observation } from './commands.ts';
import { explanations } from './explanations.ts';

export interface Difference {
  readonly at: number;
  readonly command: Command;
  readonly embedded: unknown;
  readonly real: unknown;
}

export interface Tally {
  sequences: number;
  comparisons: number;
  /** By the name of the explanation. */
  readonly suppressed: Record<string, number>;
}

/** These change nothing, so that asking again shows whether something was only late. */
const looking = new Set<Command['kind']>([
  'committed',
  'describe',
  'fetch',
  'list',
  'clients read',
  'client looks',
]);
/** After these a coordinator may need a moment of its own. */
const moving = new Set<Command['kind']>(['join', 'sync', 'leave', 'delete']);
const patienceMs = 10_000;
/** Whatever comes at all comes in this time. */
const limitMs = 30_000;

export class Pair {
  readonly #embedded: Actor;
  readonly #real: Actor;
  readonly #passReal: (ms: number) => Promise<void>;
  readonly #tally: Tally;

  constructor(embedded: Actor, real: Actor, passReal: (ms: number) => Promise<void>, tally: Tally) {
    this.#embedded = embedded;
    this.#real = real;
    this.#passReal = passReal;
    this.#tally = tally;
  }

  async play(commands: readonly Command[]): Promise<Difference | undefined> {
    this.#tally.sequences++;
    for (const [at, command] of commands.entries()) {
      const told = await this.#step(command);
      const all = [...told, ...(await this.#released(command))];
      for (const [embedded, real] of all) {
        this.#tally.comparisons++;
        if (isDeepStrictEqual(embedded, real)) continue;
        const explained = explanations.find((one) => one.explains(embedded, real));
        if (explained === undefined) return { at, command, embedded, real };
        this.#tally.suppressed[explained.name] = (this.#tally.suppressed[explained.name] ?? 0) + 1;
        return undefined;
      }
    }
    return undefined;
  }

  async #step(command: Command): Promise<[Observation, Observation][]> {
    if (command.kind === 'join' || command.kind === 'sync') {
      if (this.#embedded.groups.waiting.has(command.member)) return [];
      this.#embedded.groups.start(command);
      this.#real.groups.start(command);
      return [];
    }
    if (command.kind === 'heartbeat' || command.kind === 'leave') {
      if (this.#embedded.groups.waiting.has(command.member)) return [];
    }
    const embedded = await inTime('embedded', this.#embedded.act(command));
    return [[embedded, await this.#realAct(command, embedded)]];
  }

  async #realAct(command: Immediate, expected: Observation): Promise<Observation> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const told = await inTime('real', this.#real.act(command));
      const settled = isDeepStrictEqual(told, expected) || !looking.has(command.kind);
      if (settled || Date.now() > deadline) return told;
      await this.#passReal(10);
    }
  }

  /** What waited and is answered now, on both sides; and that the rest still waits. */
  async #released({ kind: done }: Command): Promise<[Observation, Observation][]> {
    if (!moving.has(done)) return [];
    await new Promise((resolve) => setImmediate(resolve));
    const answers: [Observation, Observation][] = [];
    for (const [slot, waiting] of this.#embedded.groups.waiting) {
      const real = this.#real.groups.waiting.get(slot)!;
      if (waiting.answered === undefined) continue;
      const answer = await inTime('real', real.answer);
      this.#embedded.groups.waiting.delete(slot);
      this.#real.groups.waiting.delete(slot);
      answers.push([waiting.answered, answer]);
    }
    const pairs = answers.map((pair) => pair.map(plain) as [Observation, Observation]);
    const expected = await this.#embedded.act({ kind: 'describe' });
    pairs.push([expected, await this.#realAct({ kind: 'describe' }, expected)]);
    for (const [slot, { kind }] of this.#embedded.groups.waiting) {
      const answered = this.#real.groups.waiting.get(slot)?.answered;
      if (answered !== undefined) pairs.push([{ kind, waits: true }, plain(answered)]);
    }
    return pairs;
  }
}

/** By the clock on the wall: in virtual time it would not be long. */
export async function inTime<T>(side: string, answer: Promise<T>): Promise<T | Observation> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Observation>((resolve) => {
    timer = setTimeout(() => resolve({ kind: `the ${side} one does not answer` }), limitMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Names of members are looked up last: an answer may come before the one that names its sender. */
function plain(observation: Observation): Observation {
  const fields = Object.entries(observation).map(([name, value]) => [
    name,
    typeof value === 'function' ? (value as () => unknown)() : value,
  ]);
  return Object.fromEntries(fields) as Observation;
}
