/** The long proofs, one function each: bounded, with a line of progress now and then. */
import { findChapters, loadChapter, projectRoot, resolveChapter, type Chapter } from '#content';
import type { Json } from '#kernel';
import {
  claimsOf,
  gateDefaults,
  hashesOf,
  openEngine,
  trySeeds,
  type HashRow,
  type Trial,
} from '#verify';
import { seedsFrom } from '../seeds.ts';
import { fuzzBroker } from './fuzz/drive.ts';
import { kafkajsSuite } from './kafkajs-suite/proof.ts';
import { differential } from './differential.ts';
import { compareContended, contentionRequest, layContention } from './contention.ts';
import { startLoad } from './load.ts';
import { paint, type Painted } from './marks.ts';
import { rounded, spread } from './numbers.ts';
import { databaseChapter, databaseVictims, killOne, victims, type Left } from './orphans.ts';
import { sameAfterResets } from './resets.ts';
import { heapGrowth, openSubject } from './runs.ts';

export interface Wanted {
  readonly seeds: number;
  readonly schedules: number;
  readonly count: number;
  readonly runs: number;
  /** Of mutants, services, hashes and coverage: these chapters, by number or name; empty = all. */
  readonly chapters: readonly string[];
  readonly seedBase: number;
  readonly frames: number;
  readonly sequences: number;
  /** A checkout of kafkajs, and the addresses of a Kafka to take its baseline on. */
  readonly kafkajs: string | undefined;
  readonly kafka: string | undefined;
  readonly say: (line: string) => void;
}

export interface Proven {
  readonly held: boolean;
  /** Nothing was proven, and `says` why: something is not there that the section needs. */
  readonly skipped?: boolean;
  readonly says: string;
  readonly figures: Record<string, Json>;
}

export const sections = {
  mutants,
  services,
  hashes,
  coverage,
  contention,
  reset,
  orphans,
  heap,
  hostile,
  kafkajs: kafkajsSuite,
  differential,
};

/** Every mutant, many seeds, nothing saved: caught by the property it names, and how soon. */
async function mutants({ seeds, seedBase, chapters: names, say }: Wanted): Promise<Proven> {
  const all: { name: string; trial: Trial }[] = [];
  await eachClaim('mutant', names, gateDefaults, async (name, attempt) => {
    const trials = await attempt(seedsFrom(seedBase, seeds));
    const wrong = trials.filter((trial) => trial.wrong !== undefined);
    const runs = spread(trials.map((trial) => trial.runs));
    const mark = wrong.length === 0 ? '✓' : '✗';
    say(`  ${mark} ${name}: runs ${runs.median} (${runs.min} to ${runs.max})`);
    for (const { seed, wrong: why } of wrong) say(`      seed ${seed}: ${why}`);
    all.push(...trials.map((trial) => ({ name, trial })));
  });
  const missed = all.filter(({ trial }) => trial.wrong !== undefined);
  const caught = all.filter(({ trial }) => trial.wrong === undefined);
  const seconds = spread(caught.map(({ trial }) => trial.seconds));
  const runs = spread(caught.map(({ trial }) => trial.runs));
  return {
    held: missed.length === 0,
    says:
      `${caught.length} of ${all.length} caught; seconds to the finding: median ` +
      `${seconds.median}, 95th percentile ${seconds.p95}`,
    figures: {
      seeds,
      caught: caught.length,
      of: all.length,
      missed: missed.map(({ name, trial }) => `${name}, seed ${trial.seed}`),
      secondsToFinding: { ...seconds },
      runsToFinding: { ...runs },
    },
  };
}

/**
 * Solutions and variants: distinct schedules, every fault of each struck, and no finding. The first
 * seed tries all single faults; the others share half as many schedules again, all of them mixes.
 */
async function services(wanted: Wanted): Promise<Proven> {
  const { seeds, schedules, seedBase, chapters: names, say } = wanted;
  const furtherSchedules = Math.ceil(schedules / seeds / 2);
  const rows: Record<string, Json> = {};
  let wrong = 0;
  for (const kind of ['solution', 'variant'] as const) {
    const options = { ...gateDefaults, schedules, furtherSchedules };
    await eachClaim(kind, names, options, async (name, attempt) => {
      const trials = await attempt(seedsFrom(seedBase, seeds));
      const [first] = trials;
      const bad = trials.filter((trial) => trial.wrong !== undefined);
      wrong += bad.length;
      const sum = (of: (trial: Trial) => number): number =>
        trials.reduce((total, trial) => total + of(trial), 0);
      const moments = Object.keys(first?.sometimes ?? {});
      const sometimes = moments.map(
        (at) => [at, sum((trial) => trial.sometimes[at] ?? 0)] as const,
      );
      const [least] = sometimes.toSorted(([, a], [, b]) => a - b);
      const distinct = sum((trial) => trial.schedules);
      rows[name] = {
        schedules: distinct,
        runs: sum((trial) => trial.runs),
        seconds: rounded(sum((trial) => trial.seconds)),
        sometimes: Object.fromEntries(sometimes),
        ...(bad.length > 0 && { wrong: bad.map((trial) => `seed ${trial.seed}: ${trial.wrong}`) }),
      };
      const rarest = least === undefined ? '' : ` · rarest moment: ${least[0]} ${least[1]} times`;
      const mark = bad.length === 0 ? '✓' : '✗';
      say(`  ${mark} ${name}: ${distinct}${rarest}`);
      for (const { seed, wrong: why } of bad) say(`      seed ${seed}: ${why}`);
    });
  }
  const further =
    seeds > 1 ? `, and ${furtherSchedules} mixes with each of ${seeds - 1} further seeds` : '';
  return {
    held: wrong === 0,
    says: `${Object.keys(rows).length} services, ${schedules} distinct schedules each${further}`,
    figures: { seeds, schedules, furtherSchedules, services: rows },
  };
}

async function eachClaim(
  kind: 'mutant' | 'solution' | 'variant',
  names: readonly string[],
  options: typeof gateDefaults,
  work: (
    name: string,
    attempt: (seeds: readonly number[]) => Promise<readonly Trial[]>,
  ) => Promise<void>,
): Promise<void> {
  const engine = await openEngine({ root: projectRoot });
  try {
    for (const chapter of await chaptersOf(names)) {
      for (const claim of claimsOf(chapter, { ...options, budgetMs: 1_200_000 })) {
        if (claim.kind !== kind) continue;
        const name = `${chapter.folder} ${claim.name}`;
        await work(name, (seeds) => trySeeds(engine, claim, seeds));
      }
    }
  } finally {
    await engine.close();
  }
}

async function chaptersOf(names: readonly string[]): Promise<Chapter[]> {
  const folders =
    names.length === 0
      ? await findChapters()
      : await Promise.all(names.map((name) => resolveChapter(name)));
  return Promise.all(folders.map((folder) => loadChapter(folder)));
}

/** Each schedule in four processes: one thread and two, shared and fresh, under load. */
async function hashes({ count, seedBase, chapters: names, say }: Wanted): Promise<Proven> {
  const ways = [
    { workers: 1, fresh: false },
    { workers: 2, fresh: false },
    { workers: 1, fresh: true },
    { workers: 2, fresh: true },
  ];
  const stopLoad = startLoad();
  const classes = new Set<string>();
  let [equal, of] = [0, 0];
  try {
    for (const chapter of await chaptersOf(names)) {
      const columns: (readonly HashRow[])[] = [];
      for (const way of ways) {
        const start = performance.now();
        columns.push(
          await hashesOf({
            root: projectRoot,
            chapter: chapter.folder,
            folders: [chapter.solutionPath],
            level: 3,
            seed: seedBase,
            count,
            ...way,
          }),
        );
        const seconds = ((performance.now() - start) / 1_000).toFixed(0);
        const what = `${way.workers} thread(s), ${way.fresh ? 'fresh' : 'shared'}`;
        say(`  ${chapter.folder}: ${what}, ${columns.at(-1)?.length} schedules, ${seconds} s`);
      }
      const [first = []] = columns;
      for (const [index, { traceHash, traceClass }] of first.entries()) {
        of++;
        classes.add(traceClass);
        if (columns.every((rows) => rows[index]?.traceHash === traceHash)) equal++;
        else say(`  ✗ ${chapter.folder}: schedule ${index} of seed ${seedBase} differs`);
      }
    }
  } finally {
    stopLoad();
  }
  return {
    held: equal === of && of > 0,
    says: `${equal} of ${of} distinct schedules hash alike in four processes under load`,
    figures: { equal, of, traceClasses: classes.size, processes: ways.length },
  };
}

/** Every call of every solution and mutant carries its marks, and each ✗ comes again byte for byte. */
async function coverage({ seedBase, chapters: names, say }: Wanted): Promise<Proven> {
  const all: Painted[] = [];
  const engine = await openEngine({ root: projectRoot });
  try {
    for (const chapter of await chaptersOf(names)) {
      for await (const painted of paint(engine, chapter, seedBase)) {
        const { name, calls, broken, notAgain, open, unavailable } = painted;
        const isWhole = notAgain.length === 0 && open.length === 0 && unavailable === undefined;
        say(`  ${isWhole ? '✓' : '✗'} ${name}: ${calls} calls, ${broken} break`);
        for (const where of notAgain) say(`      ${where} did not come again`);
        for (const where of open) say(`      ${where} is open`);
        if (unavailable !== undefined) say(`      ${unavailable}`);
        all.push(painted);
      }
    }
  } finally {
    await engine.close();
  }
  const sum = (of: (each: Painted) => number): number => all.reduce((n, each) => n + of(each), 0);
  const notAgain = sum((each) => each.notAgain.length);
  const broken = sum((each) => each.broken);
  const whole = all.filter(({ open, unavailable }) => open.length === 0 && !unavailable).length;
  return {
    held: notAgain === 0 && whole === all.length && whole > 0,
    says:
      `${broken - notAgain} of ${broken} marks that break come again byte for byte; ` +
      `${whole} of ${all.length} services have every moment of every call tried`,
    figures: {
      services: all.length,
      whole,
      calls: sum((each) => each.calls),
      broken,
      notAgain,
      open: all.flatMap(({ name, open }) => open.map((where) => `${name} ${where}`)),
    },
  };
}

/** Services that wait for each other in the database: each schedule in two processes, under load. */
async function contention({ count, seedBase, say }: Wanted): Promise<Proven> {
  const ground = layContention();
  const stopLoad = startLoad();
  try {
    const rows = (workers: number, fresh: boolean): Promise<readonly HashRow[]> =>
      hashesOf(contentionRequest(ground, { seed: seedBase, count, workers, fresh }));
    const alone = await rows(1, false);
    const { classes, happened, different } = compareContended(alone, await rows(2, true));
    for (const index of different) say(`  ✗ schedule ${index} of seed ${seedBase} differs`);
    const drawn = (alone.at(-1)?.index ?? -1) + 1;
    return {
      held: different.length === 0 && alone.length === count && classes === count,
      says:
        `${alone.length - different.length} of ${count} schedules of distinct trace classes hash ` +
        `alike in two processes under load; ${drawn} were drawn, and in each that counts: ` +
        Object.entries(happened)
          .map(([name, times]) => `${name} (${times} in all)`)
          .join(', '),
      figures: {
        schedules: alone.length,
        drawn,
        classes,
        happened,
        different: different.length,
      },
    };
  } finally {
    stopLoad();
    ground.remove();
  }
}

/** One server, many runs: the same schedule sees the same bytes, whatever ran before it. */
async function reset({ runs, seedBase, say }: Wanted): Promise<Proven> {
  const seen = await sameAfterResets(seedBase, runs, (done) => say(`  ${done} of ${runs} runs`));
  const { same, anew, different } = seen;
  for (const run of different) say(`  ✗ run ${run} of seed ${seedBase} is not as the first`);
  return {
    held: different.length === 0,
    says:
      `${same - different.length} of ${same} times the same schedule hashed alike, from run 1 to ` +
      `run ${runs} of one server; ${anew} times the database was made anew in between`,
    figures: { runs, same, anew, different: different.length },
  };
}

/** kill -9 of any one process of a check leaves none of the others, nor of its database. */
async function orphans({ say }: Wanted): Promise<Proven> {
  const tried: Left[] = [];
  const withDatabase = await databaseChapter();
  const checks = [
    { database: undefined, whom: victims },
    ...(withDatabase === undefined ? [] : [{ database: withDatabase, whom: databaseVictims }]),
  ];
  for (const { database, whom } of checks) {
    for (const victim of whom) {
      for (const delayMs of [0, 300, 3_000]) {
        const result = await killOne(victim, delayMs, database);
        tried.push(result);
        const { left, processes } = result;
        const what = `kill -9 of ${victim} of chapter ${database ?? 1} after ${delayMs} ms`;
        say(`  ${what}: ${left.length} of ${processes} left`);
        for (const line of left) say(`      ${line}`);
      }
    }
  }
  const left = tried.reduce((sum, each) => sum + each.left.length, 0);
  return {
    held: left === 0,
    says: `${tried.length} times one process was killed, ${left} processes were left`,
    figures: { killed: tried.length, left },
  };
}

async function heap({ runs, say }: Wanted): Promise<Proven> {
  const subject = await openSubject();
  const grown = await heapGrowth(subject, runs, (done) => say(`  ${done} of ${runs} runs`));
  return {
    held: grown.kbPerRun <= 1,
    says: `${grown.kbPerRun} KB per run over ${grown.runs} runs`,
    figures: { ...grown },
  };
}

/** Frames from a seed against the embedded broker: no exception, no growth, nobody disturbed. */
async function hostile({ frames, seedBase, say }: Wanted): Promise<Proven> {
  const fuzzed = fuzzBroker(seedBase, frames, say);
  for (const trouble of fuzzed.troubles) say(`  ✗ ${trouble}`);
  const { heapMb } = fuzzed;
  const early = Math.max(...heapMb.slice(0, Math.ceil(heapMb.length / 4)));
  const late = Math.max(...heapMb.slice(-Math.ceil(heapMb.length / 4)));
  const grownMb = rounded(late - early);
  const { requests, answers, closed, roundTrips, troubles } = fuzzed;
  return {
    held: troubles.length === 0 && grownMb < 16,
    says:
      `${frames} frames, ${requests} requests understood, ${closed} connections closed, ` +
      `${roundTrips} round trips of a good client, heap grew by ${grownMb} MB`,
    figures: {
      frames,
      requests,
      answers,
      closed,
      roundTrips,
      troubles: troubles.length,
      heapMb: { firstQuarter: early, lastQuarter: late },
    },
  };
}
