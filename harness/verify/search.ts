/**
 * One check: saved schedules, the calm run twice, every single fault, second faults, random mixes, within a budget.
 * Stops at the first finding (or the one asked for), makes it small and sees it once more with everything fresh.
 */
import { stopwatch } from '#kernel';
import type { ChapterDefinition, Level } from '#kit';
import type { Finding } from '#check';
import {
  createGenerator,
  scaledSchedules,
  seconds,
  singles,
  type Calm,
  type Candidate,
  type Schedule,
} from '#schedule';
import type { Blamer } from './blame.ts';
import type { Outcome, Runner, RunOptions } from './engine/outcome.ts';
import { explore } from './explore.ts';
import type { CheckPhase, CheckRequest } from './request.ts';
import { createTally, type Tally } from './tally.ts';

export interface Hit {
  readonly outcome: Outcome;
  readonly finding: Finding;
}

export interface Unknown {
  readonly sentence: string;
  readonly advice: string;
  readonly outcome: Outcome;
}

export interface SearchResult {
  readonly hit: Hit | undefined;
  readonly unknown: Unknown | undefined;
  readonly tally: Tally;
  /** Searching went on with nothing shared between processes. */
  readonly fresh: boolean;
  /** All singles of the level were executed. */
  readonly complete: boolean;
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
}

const defaultBudgetMs = 15_000;
/** Every so many schedules one is run again with nothing shared. */
const freshEvery = 40;

export async function search(input: SearchInput): Promise<SearchResult> {
  const seek = createSeek(input);
  const calm = await seek.calm();
  if (calm !== undefined && !seek.over()) {
    const enough =
      (await seek.saved()) ||
      (await seek.singles(calm)) ||
      (await seek.pairs()) ||
      (await seek.random(calm));
    return seek.result(!enough && seek.singlesDone());
  }
  return seek.result(false);
}

function createSeek({ request, chapter, level, seed, runner, saved, blame, example }: SearchInput) {
  const elapsed = stopwatch();
  const tally = createTally(Object.keys(chapter.properties));
  const budgetMs = request.budgetMs ?? defaultBudgetMs;
  const wanted = request.schedules ?? Infinity;
  const firsts: { candidate: Candidate; outcome: Outcome }[] = [];
  let hit: Hit | undefined;
  let unknown: Unknown | undefined;
  let fresh = false;
  let singlesRun = -1;

  const options = (extra: Partial<RunOptions> = {}): RunOptions => ({
    program: 'subject',
    fresh,
    ...extra,
  });
  const isOver = (): boolean => elapsed() > budgetMs || request.signal?.aborted === true;
  const isDecided = (): boolean => hit !== undefined || unknown !== undefined;
  const progress = (phase: CheckPhase, done: number, of?: number): void => {
    const broken = hit === undefined ? 0 : 1;
    request.onProgress?.({
      phase,
      runs: tally.runs,
      done,
      broken,
      ...(of !== undefined && { of }),
    });
  };

  const cannotTell = (outcome: Outcome, sentence: string, advice: string): true => {
    unknown ??= { sentence, advice, outcome };
    return true;
  };

  /** The same schedule with nothing shared: unequal bytes mean that something leaked from run to run. */
  const repeat = async (outcome: Outcome, wasFresh: boolean): Promise<boolean> => {
    const again = await runner.run(outcome.schedule, options({ fresh: !wasFresh }));
    tally.repeatedFresh++;
    const leftBehind = wasFresh ? outcome.leaks : again.leaks;
    if (leftBehind.length > 0) return cannotTell(outcome, sharedChanged(leftBehind), leakAdvice);
    if (again.traceHash === outcome.traceHash) return false;
    return cannotTell(outcome, notRepeatable([...outcome.leaks, ...again.leaks]), leakAdvice);
  };

  /** True = stop searching. */
  const judged = async (outcome: Outcome, wasFresh = fresh): Promise<boolean> => {
    if (outcome.unknown !== undefined && outcome.findings.length === 0) {
      return cannotTell(outcome, outcome.unknown.sentence, outcome.unknown.advice);
    }
    if (outcome.leaks.length > 0 && wasFresh) {
      return cannotTell(outcome, sharedChanged(outcome.leaks), leakAdvice);
    }
    if (outcome.leaks.length > 0 && !fresh) {
      if (await repeat(outcome, false)) return true;
      fresh = true;
    }
    for (const finding of outcome.findings) {
      if (request.until !== undefined && finding.property !== request.until) continue;
      const blamed = await blame(outcome, finding);
      if (blamed !== 'service') {
        tally.notes.add(`${blamed}: ${finding.sentence}`);
        continue;
      }
      hit = { outcome, finding };
      // What only shows with nothing shared is made small that way, too.
      fresh ||= wasFresh;
      return true;
    }
    return false;
  };

  const sampled = async (outcome: Outcome, index: number, wasFresh = fresh): Promise<boolean> =>
    !fresh && index % freshEvery === freshEvery - 1 && outcome.traceHash !== ''
      ? repeat(outcome, wasFresh)
      : false;

  return {
    over: isDecided,
    singlesDone: () =>
      tally.singles.of > 0 && tally.singles.tried + tally.unfired >= tally.singles.of,
    async calm(): Promise<Calm | undefined> {
      progress('calm', 0, 2);
      const wanted = { wantCrossings: true, wantFacts: true };
      const [first, again] = await Promise.all([
        runner.run(example, options({ ...wanted, fresh: true })),
        runner.run(example, options(wanted)),
      ]);
      tally.add(first);
      tally.add(again);
      const leaks = [...new Set([...first.leaks, ...again.leaks])];
      if (first.leaks.length > 0) {
        cannotTell(first, sharedChanged(first.leaks), leakAdvice);
        return undefined;
      }
      if (leaks.length > 0) fresh = true;
      else if (first.traceHash !== again.traceHash) {
        cannotTell(first, notRepeatable(leaks), leakAdvice);
        return undefined;
      }
      await judged(first);
      return { schedule: example, crossings: first.crossings ?? [], facts: first.facts ?? [] };
    },
    async saved(): Promise<boolean> {
      progress('saved', 0, saved.length);
      return explore({
        runner,
        items: saved,
        scheduleOf: (schedule) => schedule,
        optionsOf: () => options(),
        isOver,
        look: (_schedule, outcome) => {
          tally.add(outcome);
          return judged(outcome);
        },
      });
    },
    async singles(calm: Calm): Promise<boolean> {
      const scaled: Calm[] = [];
      const list = singles({ chapter, level, calm, scaled: [] });
      const more = level < 2 ? [] : scaledSchedules(calm, chapter);
      for (const schedule of more) {
        const { crossings = [], facts = [] } = await runner.run(
          schedule,
          options({ wantCrossings: true, wantFacts: true }),
        );
        scaled.push({ schedule, crossings, facts });
      }
      const all = more.length === 0 ? list : singles({ chapter, level, calm, scaled });
      tally.singles.of = all.length;
      tally.crashPoints.of = all.filter(({ family }) => family === 'crash').length;
      singlesRun = 0;
      return explore({
        runner,
        items: all,
        scheduleOf: ({ schedule }) => schedule,
        // What dies with a process shows best where processes share nothing, not even a library.
        optionsOf: ({ family }) =>
          options(family === 'crash' ? { wantCrossings: true, wantFacts: true, fresh: true } : {}),
        isOver,
        look: async (candidate, outcome) => {
          tally.single(candidate, outcome);
          progress('singles', ++singlesRun, all.length);
          if (candidate.family === 'crash') firsts.push({ candidate, outcome });
          const wasFresh = fresh || candidate.family === 'crash';
          return (
            (await judged(outcome, wasFresh)) || (await sampled(outcome, singlesRun, wasFresh))
          );
        },
      });
    },
    async pairs(): Promise<boolean> {
      const lists = firsts.map(({ candidate, outcome }) =>
        seconds({
          chapter,
          level,
          first: candidate.schedule,
          crossings: outcome.crossings ?? [],
          facts: outcome.facts ?? [],
        }),
      );
      firsts.length = 0;
      tally.seconds.of = lists.reduce((sum, { length }) => sum + length, 0);
      let done = 0;
      // Half of what is left: random mixes find what pairs do not.
      const until = elapsed() + (budgetMs - elapsed()) / 2;
      const enough = (tally.classes.size + wanted) / 2;
      await explore({
        runner,
        items: inTurn(lists),
        scheduleOf: ({ schedule }) => schedule,
        optionsOf: () => options(),
        isOver: () => isOver() || elapsed() > until,
        look: async (_candidate, outcome) => {
          if (tally.add(outcome)) tally.seconds.tried++;
          progress('seconds', ++done, tally.seconds.of);
          return (
            (await judged(outcome)) ||
            (await sampled(outcome, done)) ||
            tally.classes.size >= enough
          );
        },
      });
      return isDecided();
    },
    async random(calm: Calm): Promise<boolean> {
      const generate = createGenerator({ chapter, level, calm });
      const most = request.runs ?? Infinity;
      if (tally.classes.size >= wanted) return false;
      await explore({
        runner,
        items: endless(most),
        scheduleOf: (index) => generate(seed, index),
        optionsOf: () => options(),
        isOver,
        look: async (index, outcome) => {
          if (tally.add(outcome)) tally.random++;
          progress('random', index + 1, request.runs);
          return (
            (await judged(outcome)) ||
            (await sampled(outcome, index)) ||
            tally.classes.size >= wanted
          );
        },
      });
      return isDecided();
    },
    result: (complete: boolean): SearchResult => ({ hit, unknown, tally, fresh, complete }),
  };
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

const leakAdvice =
  'Keep state inside the service function, in Kafka or behind a port: a process that dies loses everything else.';

function sharedChanged(leaks: readonly string[]): string {
  return `The service changes what all processes of the simulation share: ${leaks.join('; ')}.`;
}

function notRepeatable(leaks: readonly string[]): string {
  return leaks.length > 0
    ? `The same schedule does not run the same twice. Changed from outside the service: ${[...new Set(leaks)].join('; ')}.`
    : 'The same schedule does not run the same twice: a package keeps something from one process to the next.';
}
