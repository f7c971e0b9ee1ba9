/**
 * What a search makes of each outcome: a finding of the service, a note about the client, or that
 * nothing can be said. Also sees to it that runs are what they seem: some are run again with nothing
 * shared, all are once something was left behind.
 */
import type { Finding } from '#check';
import { firstOwn, type Blamer } from './blame.ts';
import type { Outcome, Runner } from './engine/outcome.ts';
import type { Tally } from './tally.ts';

export interface Hit {
  readonly outcome: Outcome;
  readonly finding: Finding;
}

export interface Unknown {
  readonly sentence: string;
  readonly advice: string;
  readonly outcome: Outcome;
}

export interface DecisionInput {
  readonly runner: Runner;
  readonly tally: Tally;
  readonly blame: Blamer;
  /** The only property that ends the search; left out = any. */
  readonly until: string | undefined;
}

/** Every so many schedules one is run again with nothing shared. */
const freshEvery = 40;

export class Decision {
  hit: Hit | undefined;
  unknown: Unknown | undefined;
  /** Searching goes on with nothing shared between processes. */
  fresh = false;
  readonly #input: DecisionInput;

  constructor(input: DecisionInput) {
    this.#input = input;
  }

  get made(): boolean {
    return this.hit !== undefined || this.unknown !== undefined;
  }

  /** The calm run with nothing shared, and again as the search runs. True = both can be relied on. */
  async calm(first: Outcome, again: Outcome): Promise<boolean> {
    if (first.leaks.length > 0) return !this.#shared(first, first.leaks);
    if (again.leaks.length > 0) this.fresh = true;
    else if (first.traceHash !== again.traceHash) return !this.#unrepeatable(first, []);
    await this.judge(first);
    return true;
  }

  /** True = stop searching. `wasFresh`: this run shared nothing. */
  async judge(outcome: Outcome, wasFresh = this.fresh): Promise<boolean> {
    if (outcome.unknown !== undefined && outcome.findings.length === 0) {
      return this.#cannotTell(outcome, outcome.unknown.sentence, outcome.unknown.advice);
    }
    if (outcome.leaks.length > 0 && wasFresh) return this.#shared(outcome, outcome.leaks);
    if (outcome.leaks.length > 0 && !this.fresh) {
      if (await this.#repeat(outcome, false)) return true;
      this.fresh = true;
    }
    const { until, blame, tally } = this.#input;
    const finding = await firstOwn(outcome, blame, tally.notes, until);
    if (finding === undefined) return false;
    this.hit = { outcome, finding };
    // What only shows with nothing shared is made small that way, too.
    this.fresh ||= wasFresh;
    return true;
  }

  /** Runs some of them again. True = stop searching. */
  async sample(outcome: Outcome, index: number, wasFresh = this.fresh): Promise<boolean> {
    const due = index % freshEvery === freshEvery - 1;
    return (
      due && !this.fresh && outcome.traceHash !== '' && (await this.#repeat(outcome, wasFresh))
    );
  }

  /** The same schedule shared the other way: unequal bytes mean that something leaked. */
  async #repeat(outcome: Outcome, wasFresh: boolean): Promise<boolean> {
    const { runner, tally } = this.#input;
    const options = { program: 'subject', fresh: !wasFresh };
    const again = await runner.run(outcome.schedule, options);
    tally.repeatedFresh++;
    const leftBehind = wasFresh ? outcome.leaks : again.leaks;
    if (leftBehind.length > 0) return this.#shared(outcome, leftBehind);
    if (again.traceHash === outcome.traceHash) return false;
    return this.#unrepeatable(outcome, [...outcome.leaks, ...again.leaks]);
  }

  #shared(outcome: Outcome, leaks: readonly string[]): true {
    const { sentence, advice } = sharedBy(leaks);
    return this.#cannotTell(outcome, sentence, advice);
  }

  #unrepeatable(outcome: Outcome, leaks: readonly string[]): true {
    const what = 'The same schedule does not run the same twice';
    const why =
      leaks.length > 0
        ? `. Changed from outside the service: ${[...new Set(leaks)].join('; ')}.`
        : ': a package keeps something from one process to the next.';
    return this.#cannotTell(outcome, what + why, leakAdvice);
  }

  #cannotTell(outcome: Outcome, sentence: string, advice: string): true {
    this.unknown ??= { sentence, advice, outcome };
    return true;
  }
}

const leakAdvice =
  'Keep state inside the service function, in Kafka or behind a port: a process that dies loses ' +
  'everything else.';

/** What a run with nothing shared left to others all the same. */
export function sharedBy(leaks: readonly string[]): { sentence: string; advice: string } {
  const what = 'The service changes what all processes of the simulation share';
  return { sentence: `${what}: ${leaks.join('; ')}.`, advice: leakAdvice };
}
