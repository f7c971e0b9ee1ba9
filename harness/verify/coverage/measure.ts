/**
 * Crash coverage of one check: what happens when the process dies before, during and after each
 * call of the learner that waits for something.
 *
 * The calls are found on a run of the marked program, which must be the plain run to the byte. The
 * workload is the example, one republish and one graceful stop of every process. Crashes that the
 * search already made are taken from it; with `all` the missing ones are made here. Awaited calls
 * that the workload does not reach are looked for under the single faults of the level.
 */
import type { Finding } from '#check';
import type { ChapterDefinition } from '#kit';
import {
  canonicalSchedule,
  pointKey,
  slotsOf,
  type Candidate,
  type Crossing,
  type Fault,
  type PhasedPoint,
  type Schedule,
} from '#schedule';
import type { CallSite, VisitLog } from '#sim';
import type { Blamer } from '../blame.ts';
import type { Outcome, Runner } from '../engine/outcome.ts';
import { explore } from '../explore.ts';
import { momentsOf, phases, type DyingPhase } from './moments.ts';

/** A crash at one moment. */
export interface Trial {
  readonly schedule: Schedule;
  /** False = not made, did not strike, or nothing can be said of it. */
  tried: boolean;
  /** What broke. */
  finding: Finding | undefined;
  /** The same breaks without the crash. */
  anyway: boolean;
  outcome: Outcome | undefined;
}

export interface SiteTrials {
  readonly site: CallSite;
  visits: number;
  /** Only these faults lead there, none of the workload's. */
  readonly under: readonly Fault[] | undefined;
  readonly trials: Readonly<Record<DyingPhase, Set<Trial>>>;
}

export interface Measured {
  readonly workload: Schedule;
  readonly sites: readonly SiteTrials[];
  /** Awaited calls that no run came to. */
  readonly unreached: readonly CallSite[];
  /** Why there is nothing to show. */
  readonly unavailable?: string;
}

export interface MeasureInput {
  readonly chapter: ChapterDefinition;
  readonly runner: Runner;
  readonly blame: Blamer;
  readonly example: Schedule;
  /** The calm run of the example, of the plain program. */
  readonly calm: Outcome;
  /** The marked program by name, and what was marked in it. */
  readonly marked: { readonly program: string; readonly sites: readonly CallSite[] };
  /** Crashes of the example that the search has made, by `pointKey`. */
  readonly made: ReadonlyMap<string, Outcome>;
  /** Single faults under which calls are looked for. */
  readonly candidates: readonly Candidate[];
  /** Make what has not been made. */
  readonly all: boolean;
  readonly isOver: () => boolean;
  /** Told of every crash made here; true = enough. */
  readonly look: (outcome: Outcome, done: number, of: number) => Promise<boolean>;
}

/** Runs that look for calls no other run came to. */
const mostLooking = 48;

const differs = 'Watching the calls changed the run, so that nothing can be said of them.';

export function measure(input: MeasureInput): Promise<Measured> {
  return new Measurement(input).run();
}

/** A run whose calls are known, and what breaks in it before anything dies. */
interface Ground {
  readonly schedule: Schedule;
  readonly crossings: readonly Crossing[];
  readonly plain: Outcome;
  readonly marked: Outcome;
  readonly broken: ReadonlySet<string>;
}

class Measurement {
  readonly #input: MeasureInput;
  readonly #trials = new Map<string, { readonly trial: Trial; readonly ground: Ground }>();
  readonly #sites = new Map<string, SiteTrials>();
  #enough = false;

  constructor(input: MeasureInput) {
    this.#input = input;
  }

  async run(): Promise<Measured> {
    const { example, calm, all, marked } = this.#input;
    const least = await this.#ground(example, calm);
    const ground = all && least !== undefined ? await this.#workload(least) : least;
    if (least === undefined || ground === undefined) {
      return { workload: example, sites: [], unreached: [], unavailable: differs };
    }
    // What the workload breaks by itself would hide what a crash does: then the example shows all
    // that it comes to.
    if (![...ground.broken].every((name) => least.broken.has(name))) {
      this.#plan(least, least, undefined);
    }
    this.#plan(ground, least, undefined, new Set(this.#sites.keys()));
    await this.#make();
    let unreached = marked.sites.filter(
      ({ id, use }) => use === 'awaited' && ground.marked.visits?.called.includes(id) === false,
    );
    if (all && unreached.length > 0) {
      await this.#lookFor(new Set(unreached.map(({ id }) => id)));
      await this.#make();
      unreached = unreached.filter(({ id }) => !this.#sites.has(id));
    }
    return { workload: ground.schedule, sites: [...this.#sites.values()], unreached };
  }

  /** The example with one record once more and every process stopped, as far as that strikes. */
  async #workload(least: Ground): Promise<Ground | undefined> {
    const { example, chapter } = this.#input;
    const wanted = moreWork(example, chapter);
    const { fired } = await this.#plain({ ...example, faults: wanted });
    const faults = wanted.filter((_fault, index) => fired.includes(index));
    if (faults.length === 0) return least;
    const schedule = { ...example, faults };
    return this.#ground(schedule, await this.#plain(schedule));
  }

  #plain(schedule: Schedule): Promise<Outcome> {
    return this.#input.runner.run(schedule, { program: 'subject', fresh: true });
  }

  /** The marked run beside the plain one; nothing when they are not the same. */
  async #ground(schedule: Schedule, plain: Outcome): Promise<Ground | undefined> {
    const { runner, marked } = this.#input;
    const options = { program: marked.program, fresh: true, wantCrossings: true };
    const outcome = await runner.run(schedule, options);
    if (outcome.traceHash !== plain.traceHash || plain.traceHash === '') return undefined;
    const broken = new Set(plain.findings.map(({ property }) => property));
    return { schedule, crossings: outcome.crossings ?? [], plain, marked: outcome, broken };
  }

  /** Every moment of every visit, each on the ground with the fewest faults that comes to it. */
  #plan(
    ground: Ground,
    least: Ground,
    under: readonly Fault[] | undefined,
    known: ReadonlySet<string> = new Set(),
  ): void {
    const early = new Set(least.crossings.map(({ point }) => pointKey(point, 'before apply')));
    const { visits: log } = ground.marked;
    for (const visit of log?.visits ?? []) {
      const record = known.has(visit.site) ? undefined : this.#record(visit.site, under);
      if (record?.under !== under || record === undefined) continue;
      record.visits++;
      const moments = momentsOf(visit, ground.crossings, log as VisitLog);
      for (const phase of phases) {
        for (const moment of moments[phase]) {
          const base = early.has(pointKey(moment.point, 'before apply')) ? least : ground;
          record.trials[phase].add(this.#trial(moment, base));
        }
      }
    }
  }

  #record(id: string, under: readonly Fault[] | undefined): SiteTrials | undefined {
    const known = this.#sites.get(id);
    const site = this.#input.marked.sites.find((each) => each.id === id);
    if (known !== undefined || site === undefined) return known;
    const trials = { before: new Set<Trial>(), during: new Set<Trial>(), after: new Set<Trial>() };
    const made: SiteTrials = { site, visits: 0, under, trials };
    this.#sites.set(id, made);
    return made;
  }

  #trial({ point, phase }: PhasedPoint, ground: Ground): Trial {
    const crash: Fault = { kind: 'crash', place: { point, phase } };
    const schedule = { ...ground.schedule, faults: [...ground.schedule.faults, crash] };
    const key = canonicalSchedule(schedule);
    const known = this.#trials.get(key);
    if (known !== undefined) return known.trial;
    const isSingle = ground.schedule === this.#input.example;
    const outcome = isSingle ? this.#input.made.get(pointKey(point, phase)) : undefined;
    const trial = { schedule, tried: false, finding: undefined, anyway: false, outcome };
    this.#trials.set(key, { trial, ground });
    return trial;
  }

  /** Makes the crashes that are missing, and judges all. */
  async #make(): Promise<void> {
    const { runner, all, isOver, look } = this.#input;
    const missing = [...this.#trials.values()].filter(({ trial }) => trial.outcome === undefined);
    let done = 0;
    if (all && !this.#enough) {
      await explore({
        runner,
        items: missing,
        scheduleOf: ({ trial }) => trial.schedule,
        optionsOf: () => ({ program: 'subject', fresh: true }),
        isOver,
        look: async ({ trial }, outcome) => {
          trial.outcome = outcome;
          this.#enough = await look(outcome, ++done, missing.length);
          return this.#enough;
        },
      });
    }
    for (const { trial, ground } of this.#trials.values()) {
      if (trial.tried) continue;
      if (trial.outcome === undefined) {
        // What breaks by itself needs no crash to show it.
        [trial.finding] = ground.plain.findings;
        trial.anyway = trial.finding !== undefined;
        continue;
      }
      // Blaming runs the solution, one after the other.
      // oxlint-disable-next-line no-await-in-loop
      await this.#judge(trial, trial.outcome, ground);
    }
  }

  async #judge(trial: Trial, outcome: Outcome, { broken }: Ground): Promise<void> {
    const struck = outcome.fired.includes(trial.schedule.faults.length - 1);
    trial.tried = struck && (outcome.unknown === undefined || outcome.findings.length > 0);
    if (!trial.tried) return;
    for (const finding of outcome.findings) {
      if (broken.has(finding.property)) continue;
      // oxlint-disable-next-line no-await-in-loop
      if ((await this.#input.blame(outcome, finding)).blame !== 'service') continue;
      trial.finding = finding;
      return;
    }
    trial.finding = outcome.findings.find(({ property }) => broken.has(property));
    trial.anyway = trial.finding !== undefined;
  }

  /** Other faults first: most of what only a fault leads to handles an error. */
  async #lookFor(missing: Set<string>): Promise<void> {
    const { runner, candidates, marked, isOver } = this.#input;
    const isCrash = ({ family }: Candidate): boolean => family === 'crash';
    const items = candidates.toSorted((a, b) => Number(isCrash(a)) - Number(isCrash(b)));
    await explore({
      runner,
      items: items.slice(0, mostLooking),
      scheduleOf: ({ schedule }) => schedule,
      optionsOf: () => ({ program: marked.program, fresh: true, wantCrossings: true }),
      isOver: () => this.#enough || isOver(),
      look: async ({ schedule }, outcome) => {
        const found = outcome.visits?.called.filter((id) => missing.has(id)) ?? [];
        if (found.length === 0) return false;
        const ground = await this.#ground(schedule, await this.#plain(schedule));
        for (const id of found) missing.delete(id);
        if (ground !== undefined) this.#plan(ground, ground, schedule.faults);
        return missing.size === 0;
      },
    });
  }
}

function moreWork(example: Schedule, chapter: ChapterDefinition): readonly Fault[] {
  const [first] = example.commands;
  const again: readonly Fault[] =
    first === undefined ? [] : [{ kind: 'republish', on: first.id, place: 'at rest' }];
  const stops = slotsOf(example, chapter).map((on): Fault => ({
    kind: 'stop',
    on,
    place: 'at rest',
  }));
  return [...again, ...stops].filter(({ kind }) => chapter.without?.includes(kind) !== true);
}
