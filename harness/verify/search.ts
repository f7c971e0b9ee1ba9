/**
 * One check: saved schedules, the calm run twice, every single fault, crashes around every call,
 * second faults, random mixes, within a budget. Stops at the first finding (or the one asked for),
 * makes it small and sees it once more with everything fresh.
 */
import { random, stopwatch, type Milliseconds } from '#kernel';
import type { ChapterDefinition, Level } from '#kit';
import {
  canonicalSchedule,
  createGenerator,
  pointKey,
  scaledSchedules,
  seconds,
  singles,
  withoutZombies,
  type Calm,
  type Candidate,
  type Family,
  type Schedule,
} from '#schedule';
import type { Blamer } from './blame.ts';
import { Decision, type Hit, type Unknown } from './decision.ts';
import type { Outcome, Runner, RunOptions } from './engine/outcome.ts';
import { measure, type MeasureInput, type Measured } from './coverage/measure.ts';
import { explore, type Exploration } from './explore.ts';
import type { CheckPhase, CheckRequest } from './request.ts';
import { createTally, type Tally } from './tally.ts';

export type { Hit, Unknown };

export interface SearchResult {
  readonly hit: Hit | undefined;
  readonly unknown: Unknown | undefined;
  readonly tally: Tally;
  /** Searching went on with nothing shared between processes. */
  readonly fresh: boolean;
  /** All singles of the level were executed, or as many as were asked for. */
  readonly complete: boolean;
  /** From the beginning of the search to the first single; 0 where none began. */
  readonly preparedMs: Milliseconds;
  /** Where the calls of the service matter; goes on while the finding is made small. */
  readonly measured?: Promise<Measured | undefined>;
}

export interface SearchInput {
  readonly request: CheckRequest;
  readonly chapter: ChapterDefinition;
  readonly level: Level;
  readonly seed: number;
  readonly runner: Runner;
  readonly saved: readonly Schedule[];
  readonly blame: Blamer;
  readonly example: Schedule;
  /** Makes the program whose calls are marked ready; left out = calls do not matter. */
  readonly marked?: () => Promise<MeasureInput['marked']>;
}

type Seen = Pick<Outcome, 'schedule' | 'crossings' | 'facts'>;

export const defaultBudgetMs = 15_000;

export async function search(input: SearchInput): Promise<SearchResult> {
  return new Search(input).run();
}

class Search {
  readonly #input: SearchInput;
  readonly #tally: Tally;
  readonly #decision: Decision;
  readonly #budgetMs: number;
  /** Distinct schedules that are enough. */
  readonly #wanted: number;
  readonly #elapsed = stopwatch();
  readonly #firsts: { candidate: Candidate; outcome: Outcome }[] = [];
  /** Crashes of the example, by place. */
  readonly #made = new Map<string, Outcome>();
  #single: Promise<readonly Candidate[]> | undefined;
  /** Calm runs with more instances. */
  #scaled: Promise<readonly Calm[]> | undefined;
  /** Nothing can be said: what was begun ahead is not needed. */
  readonly #over = new AbortController();
  #measured: Measured | undefined;
  #preparedMs: Milliseconds = 0;

  constructor(input: SearchInput) {
    const { chapter, request, runner, blame } = input;
    this.#input = input;
    this.#tally = createTally(Object.keys(chapter.properties));
    this.#budgetMs = request.budgetMs ?? defaultBudgetMs;
    this.#wanted = request.schedules ?? Infinity;
    this.#decision = new Decision({ runner, blame, tally: this.#tally, until: request.until });
  }

  async run(): Promise<SearchResult> {
    const calm = await this.#calm();
    const decision = this.#decision;
    if (calm !== undefined && !decision.made) {
      for (const phase of [
        () => this.#saved(),
        () => this.#singles(calm),
        () => this.#measure(calm, true),
        () => this.#pairs(),
        () => this.#random(calm),
      ]) {
        await phase();
        if (decision.made) break;
      }
    }
    const measured =
      calm && this.#measure(calm, this.#input.request.coverage === true).then(() => this.#measured);
    measured?.catch(() => undefined); // said by whoever waits for it
    const { hit, unknown, fresh } = decision;
    if (unknown !== undefined) this.#over.abort();
    const { tried, of, unfired } = this.#tally.singles;
    const all = tried + unfired >= of && (of > 0 || this.#input.request.singles === 0);
    return {
      hit,
      unknown,
      fresh,
      tally: this.#tally,
      complete: all && !decision.made,
      preparedMs: this.#preparedMs,
      ...(measured && { measured }),
    };
  }

  async #calm(): Promise<(Calm & { readonly outcome: Outcome }) | undefined> {
    const { runner, example, request, saved } = this.#input;
    this.#progress('calm', 0, 2);
    const wanted = { wantCrossings: true, wantFacts: true };
    const alone = runner.run(example, this.#options({ ...wanted, fresh: true }));
    const shared = runner.run(example, this.#options(wanted));
    shared.catch(() => undefined); // looked at in its turn
    const first = await alone;
    const isClear = [first.findings, first.leaks, saved].every(({ length }) => length === 0);
    if (isClear && first.unknown === undefined && request.singles !== 0) {
      void this.#beginScaled(first);
    }
    const again = await shared;
    this.#tally.add(first);
    this.#tally.add(again);
    if (!(await this.#decision.calm(first, again))) return undefined;
    return { ...calmOf(first), outcome: first };
  }

  async #saved(): Promise<void> {
    const { saved } = this.#input;
    this.#progress('saved', 0, saved.length);
    await this.#explore({
      items: saved,
      scheduleOf: (schedule) => schedule,
      optionsOf: () => this.#options(),
      isOver: () => this.#isOver(),
      look: (_schedule, outcome) => {
        this.#tally.add(outcome);
        this.#remember(outcome);
        return this.#decision.judge(outcome);
      },
    });
  }

  async #singles(calm: Calm): Promise<void> {
    if (this.#input.request.singles === 0) return;
    const all = this.#drawn(await (this.#single ??= this.#candidates(calm)));
    this.#preparedMs = this.#elapsed();
    this.#tally.singles.of = all.length;
    this.#tally.crashPoints.of = all.filter(({ family }) => family === 'crash').length;
    let done = 0;
    await this.#explore({
      items: all,
      scheduleOf: ({ schedule }) => schedule,
      // What dies with a process shows best where processes share nothing, not even a library.
      optionsOf: ({ family }) =>
        isFirst(family)
          ? this.#options({
              wantCrossings: true,
              wantFacts: true,
              ...(family === 'crash' && { fresh: true }),
            })
          : this.#options(),
      isOver: () => this.#isOver(),
      look: async (candidate, outcome) => {
        const isCrash = candidate.family === 'crash';
        this.#tally.single(candidate, outcome);
        this.#progress('singles', ++done, all.length);
        if (isFirst(candidate.family)) this.#firsts.push({ candidate, outcome });
        this.#remember(outcome);
        const wasFresh = this.#decision.fresh || isCrash;
        const stop = await this.#decision.judge(outcome, wasFresh);
        return stop || this.#decision.sample(outcome, done, wasFresh);
      },
    });
  }

  /** In the order in which they would all be tried. */
  #drawn(all: readonly Candidate[]): readonly Candidate[] {
    const { request, seed } = this.#input;
    const { singles: most = all.length } = request;
    if (all.length <= most) return all;
    const draw = random(seed, 'sample of singles');
    const left = [...all.keys()];
    const chosen = new Set<number>();
    while (chosen.size < most) {
      for (const index of left.splice(draw.below(left.length), 1)) chosen.add(index);
    }
    return all.filter((_candidate, index) => chosen.has(index));
  }

  /** A crash of the example says what its place says of every call there. */
  #remember({ facts, crossings: _crossings, ...outcome }: Outcome): void {
    const { schedule, findings } = outcome;
    const [fault, ...others] = schedule.faults;
    if (fault?.kind !== 'crash' || others.length > 0 || fault.with !== undefined) return;
    const { place } = fault;
    if (typeof place === 'string' || !('point' in place)) return;
    const undisturbed = canonicalSchedule({ ...schedule, faults: [] });
    if (undisturbed !== canonicalSchedule(this.#input.example)) return;
    // Whose fault a finding is shows in the facts; nothing else asks for them.
    const kept = facts !== undefined && findings.length > 0 ? { ...outcome, facts } : outcome;
    this.#made.set(pointKey(place.point, place.phase), kept);
  }

  /** Once: what the calls of the service are, and what a crash around each does. */
  async #measure(calm: Calm & { readonly outcome: Outcome }, all: boolean): Promise<void> {
    const { chapter, runner, blame, example, marked, request } = this.#input;
    const decision = this.#decision;
    if (marked === undefined || this.#measured !== undefined) return;
    if (decision.unknown !== undefined) return;
    const candidates = all ? await (this.#single ??= this.#candidates(calm)) : [];
    this.#measured = await measure({
      chapter,
      runner,
      blame,
      example,
      calm: calm.outcome,
      marked: await marked(),
      made: this.#made,
      candidates,
      all,
      isOver: () => this.#isOver(),
      look: async (outcome, done, of) => {
        this.#tally.add(outcome);
        this.#progress('coverage', done, of);
        if (!decision.made) await decision.judge(outcome, true);
        return decision.made && request.coverage !== true;
      },
    });
  }

  async #candidates(calm: Calm): Promise<readonly Candidate[]> {
    const { chapter, level } = this.#input;
    const noZombies = level < 2 ? undefined : withoutZombies(calm.crossings);
    if (noZombies !== undefined) this.#tally.notPlaced.add(noZombies);
    return singles({ chapter, level, calm, scaled: await this.#beginScaled(calm) });
  }

  /** From level 2 on; with nothing shared, so that they can be relied on whatever the example shows. */
  #beginScaled(calm: Seen): Promise<readonly Calm[]> {
    this.#scaled ??= this.#runScaled(calmOf(calm));
    this.#scaled.catch(() => undefined); // said by whoever needs them
    return this.#scaled;
  }

  async #runScaled(calm: Calm): Promise<readonly Calm[]> {
    const { chapter, level, runner } = this.#input;
    if (level < 2) return [];
    const wanted = this.#options({ wantCrossings: true, wantFacts: true, fresh: true });
    const runs = scaledSchedules(calm, chapter).map((schedule) =>
      runner.run(schedule, wanted, this.#over.signal),
    );
    return (await Promise.all(runs)).map(calmOf);
  }

  async #pairs(): Promise<void> {
    const { chapter, level } = this.#input;
    const lists = this.#firsts.map(({ candidate, outcome }) =>
      seconds({
        chapter,
        level,
        first: candidate.schedule,
        crossings: outcome.crossings ?? [],
        facts: outcome.facts ?? [],
      }),
    );
    this.#firsts.length = 0;
    const { seconds: share, classes } = this.#tally;
    share.of = lists.reduce((sum, { length }) => sum + length, 0);
    // Half of what is left: random mixes find what pairs do not.
    const now = this.#elapsed();
    await this.#mix(inTurn(lists), {
      phase: 'seconds',
      of: share.of,
      scheduleOf: ({ schedule }) => schedule,
      untilMs: now + (this.#budgetMs - now) / 2,
      enough: (classes.size + this.#wanted) / 2,
      counted: () => share.tried++,
    });
  }

  async #random(calm: Calm): Promise<void> {
    const { chapter, level, seed, request } = this.#input;
    const generate = createGenerator({ chapter, level, calm });
    await this.#mix(endless(request.runs ?? Infinity), {
      phase: 'random',
      of: request.runs,
      scheduleOf: (index) => generate(seed, index),
      untilMs: Infinity,
      enough: this.#wanted,
      counted: () => this.#tally.random++,
    });
  }

  /** Ends at the same schedule on any number of threads: outcomes are looked at in order. */
  async #mix<Item>(
    items: Iterable<Item>,
    mix: {
      readonly phase: CheckPhase;
      readonly of: number | undefined;
      readonly scheduleOf: (item: Item) => Schedule;
      readonly untilMs: number;
      /** Distinct schedules in all. */
      readonly enough: number;
      readonly counted: () => void;
    },
  ): Promise<void> {
    const { classes } = this.#tally;
    if (classes.size >= mix.enough) return;
    let done = 0;
    await this.#explore({
      items,
      scheduleOf: mix.scheduleOf,
      optionsOf: () => this.#options(),
      isOver: () => this.#isOver() || this.#elapsed() > mix.untilMs,
      look: async (_item, outcome) => {
        if (this.#tally.add(outcome)) mix.counted();
        this.#progress(mix.phase, ++done, mix.of);
        const stop = await this.#decision.judge(outcome);
        if (stop || classes.size >= mix.enough) return true;
        return this.#decision.sample(outcome, done);
      },
    });
  }

  /** A run that had begun when something was seen to be left behind is made again, with nothing shared. */
  #explore<Item>({ look, ...wanted }: Omit<Exploration<Item>, 'runner'>): Promise<boolean> {
    const { runner } = this.#input;
    return explore({
      ...wanted,
      runner,
      look: async (item, seen, ran) => {
        if (!this.#decision.fresh || ran.fresh === true) return look(item, seen, ran);
        return look(item, await runner.run(seen.schedule, { ...ran, fresh: true }), ran);
      },
    });
  }

  #options(extra: Partial<RunOptions> = {}): RunOptions {
    return { program: 'subject', fresh: this.#decision.fresh, ...extra };
  }

  #isOver(): boolean {
    return this.#elapsed() > this.#budgetMs || this.#input.request.signal?.aborted === true;
  }

  #progress(phase: CheckPhase, done: number, of?: number): void {
    this.#input.request.onProgress?.({
      phase,
      runs: this.#tally.runs,
      done,
      broken: this.#decision.hit === undefined ? 0 : 1,
      ...(of !== undefined && { of }),
    });
  }
}

function calmOf({ schedule, crossings = [], facts = [] }: Seen): Calm {
  return { schedule, crossings, facts };
}

/** What is recovered from: a process that died, a call or statement that failed and is tried again. */
function isFirst(family: Family): boolean {
  return ['crash', 'reject', 'database error', 'victim'].includes(family);
}

function* endless(most: number): Generator<number> {
  for (let index = 0; index < most; index++) yield index;
}

/** One of each list, then the next of each: the budget is spread over all first faults. */
function* inTurn<Item>(lists: readonly (readonly Item[])[]): Generator<Item> {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  for (let index = 0; index < longest; index++) {
    for (const list of lists) {
      const item = list[index];
      if (item !== undefined) yield item;
    }
  }
}
