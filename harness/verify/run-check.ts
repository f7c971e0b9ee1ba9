/** One check inside the simulation process: prepare, search, make small, see again, compose. */
import { join, relative, resolve } from 'node:path';
import { readFileSync } from 'node:fs';
import { Failure, hashName, stopwatch, type Milliseconds } from '#kernel';
import type { Command, Level } from '#kit';
import { loadChapter, resolveChapter, schemaOf, type Chapter } from '#content';
import { parseFault, parseSchedule, type Schedule } from '#schedule';
import { bundle, type Bundle, type BundleRequest } from '#sim';
import { alwaysService, blamer, firstOwn } from './blame.ts';
import { compose, type Shown } from './compose.ts';
import { forgetful, openCorpus, upTo, type Corpus } from './corpus.ts';
import type { Outcome, Runner } from './engine/outcome.ts';
import { sharedBy } from './decision.ts';
import { databaseCache } from './engine/database-cache.ts';
import type { NamedProgram } from './engine/messages.ts';
import type { Pool } from './engine/pool.ts';
import type { CheckRequest } from './request.ts';
import type { Report } from './report.ts';
import type { MeasureInput, Measured, Trial } from './coverage/measure.ts';
import { explore } from './explore.ts';
import { neverStruck } from './never-struck.ts';
import { search, type SearchInput, type SearchResult } from './search.ts';
import { smallest } from './smallest.ts';
import { createTally } from './tally.ts';

const defaultSeed = 42;

export interface Searched {
  readonly level: Level;
  readonly result: SearchResult;
  readonly seconds: number;
}

/** What a search finds and what that took; nothing is made small, seen again or composed. */
export async function runSearch(request: CheckRequest, pool: Pool): Promise<Searched> {
  const elapsed = stopwatch();
  const check = await prepare(request, pool, false);
  const result = check.single ? await runOne(check) : await search(check.input);
  return { level: check.input.level, result, seconds: elapsed() / 1_000 };
}

/** The threads stay open. `elapsed` = since when somebody waits for it. */
export async function runCheck(
  request: CheckRequest,
  pool: Pool,
  elapsed: () => Milliseconds = stopwatch(),
): Promise<Report> {
  const check = await prepare(request, pool, true);
  const result = check.single ? await runOne(check) : await search(check.input);
  const shown = await show(check, result, elapsed());
  const measured = await result.measured;
  const replayed = await replayMarks(check, measured);
  return compose({
    chapterName: check.chapter.folder,
    chapter: check.input.chapter,
    level: check.input.level,
    seed: check.input.seed,
    seconds: elapsed() / 1_000,
    bundle: check.bundle,
    corpus: check.corpus,
    search: result,
    shown,
    measured,
    replayed,
    single: check.single !== undefined,
    flags: flagsOf(check.chapter, request),
  });
}

interface Check {
  readonly request: CheckRequest;
  readonly chapter: Chapter;
  readonly bundle: Bundle;
  readonly corpus: Corpus;
  readonly runner: Runner;
  readonly input: SearchInput;
  /** Only this schedule. */
  readonly single: Schedule | undefined;
}

/** `covers` = the calls of the service matter, too. */
async function prepare(request: CheckRequest, pool: Pool, covers: boolean): Promise<Check> {
  request.onProgress?.({ phase: 'preparing', runs: 0, done: 0, broken: 0 });
  const chapter = await loadChapter(await resolveChapter(request.chapter, request.root));
  const { definition } = chapter;
  const seed = request.seed ?? defaultSeed;
  if (definition.tables !== undefined) pool.wantDatabases(databaseCache(request.root));
  const subject = await program(chapter, request.folders, request.root);
  pool.prepare({ name: 'subject', ...subject });
  const corpus = request.remember === false ? forgetful : openCorpus(request.root, chapter.folder);
  const example = exampleOf(chapter, seed);
  const single = singleOf(request, corpus, example);
  const level = request.level ?? definition.pass;
  const input: SearchInput = {
    request,
    chapter: definition,
    level,
    seed,
    runner: pool,
    saved: upTo(level, corpus.saved, definition),
    blame: isSolution(chapter, request) ? alwaysService : withReferences(chapter, pool, level),
    example,
    ...(covers && { marked: withMarks(chapter, request, pool) }),
  };
  const { bundle: made } = subject;
  return { request, chapter, bundle: made, corpus, runner: pool, input, single };
}

export async function program(
  chapter: Chapter,
  folders: readonly string[],
  root: string,
  options: Pick<BundleRequest, 'sites' | 'stopAt'> = {},
): Promise<Omit<NamedProgram, 'name'>> {
  const { definition, path } = chapter;
  const entries = Object.fromEntries(
    Object.entries(definition.roles).map(([role, { file }]) => [role, file]),
  );
  const absolute = folders.map((folder) => resolve(root, folder));
  return {
    chapterFile: join(path, 'chapter.ts'),
    bundle: await bundle({ folders, entries, projectRoot: root, ...options }),
    ...(definition.tables !== undefined && { schema: await schemaOf(chapter, absolute) }),
  };
}

/** Bundled when it is needed: a first red does not wait for it. */
function withMarks(
  chapter: Chapter,
  { folders, root }: CheckRequest,
  pool: Pool,
): NonNullable<SearchInput['marked']> {
  let ready: ReturnType<NonNullable<SearchInput['marked']>> | undefined;
  const make = async (): Promise<MeasureInput['marked']> => {
    const marked = await program(chapter, folders, root, { sites: true });
    pool.prepare({ name: 'marked', ...marked });
    return { program: 'marked', sites: marked.bundle.sites };
  };
  return () => (ready ??= make());
}

/** Bundled when a defect of the client first shows. */
function withReferences(chapter: Chapter, pool: Pool, level: Level): SearchInput['blame'] {
  const { solutionPath, definition, variants, root } = chapter;
  const right = variants.filter(({ name }) => {
    const { level: upTo = definition.pass } = definition.variants[name] ?? {};
    return upTo >= level;
  });
  const prepare = async (name: string, folders: readonly string[]): Promise<string> => {
    pool.prepare({ name, ...(await program(chapter, folders, root)) });
    return name;
  };
  let ready: Promise<readonly string[]> | undefined;
  return blamer(
    pool,
    () =>
      (ready ??= Promise.all([
        prepare('solution', [solutionPath]),
        ...right.map(({ name, path }) => prepare(`variant ${name}`, [solutionPath, path])),
      ])),
  );
}

function isSolution(chapter: Chapter, { folders, root }: CheckRequest): boolean {
  return folders.length === 1 && resolve(root, folders[0] ?? '') === chapter.solutionPath;
}

/** Options that make a command judge the same files again. */
function flagsOf(chapter: Chapter, { folders, root }: CheckRequest): string {
  const [base, ...overlays] = folders.map((folder) => resolve(root, folder));
  const solution = base === chapter.solutionPath ? ' --solution' : '';
  return solution + overlays.map((folder) => ` --from ${shortest(folder, root)}`).join('');
}

function shortest(folder: string, root: string): string {
  const inside = relative(root, folder);
  return inside.startsWith('..') ? folder : inside;
}

export function exampleOf({ folder, definition }: Chapter, seed: number): Schedule {
  const { workload } = definition;
  const idOf = workload.id as (command: Command) => string;
  return {
    format: 1,
    chapter: folder,
    seed: hashName(`example ${seed}`),
    instances: {},
    commands: workload.example.map((value) => ({ id: idOf(value), value })),
    faults: [],
    holds: [],
  };
}

/** The one schedule that was asked for, if one was. */
export function singleOf(
  request: Pick<CheckRequest, 'faults' | 'replay' | 'calm'>,
  corpus: Corpus,
  example: Schedule,
): Schedule | undefined {
  const { faults, replay, calm } = request;
  if (replay !== undefined) return replayed(replay, corpus);
  if (faults !== undefined && faults.length > 0) {
    return {
      ...example,
      faults: faults.map((text) => {
        const parsed = parseFault(text);
        if (parsed.ok) return parsed.value;
        throw new Failure('USAGE', `${parsed.sentence} Example: --fault '${parsed.example}'`);
      }),
    };
  }
  return calm === true ? example : undefined;
}

function replayed(replay: string, corpus: Corpus): Schedule {
  const saved = corpus.saved.find(({ id }) => id === replay);
  if (saved !== undefined) return saved.schedule;
  if (/^k\d+$/.test(replay)) {
    const ids = corpus.saved.map(({ id }) => id).join(', ');
    const known = ids === '' ? 'Nothing is saved for this chapter yet.' : `There are ${ids}.`;
    throw new Failure('USAGE', `There is no saved schedule ${replay}. ${known}`);
  }
  let text: string;
  try {
    text = readFileSync(replay, 'utf8');
  } catch (cause) {
    throw new Failure('USAGE', `${replay} cannot be read.`, { cause });
  }
  const parsed = parseSchedule(text);
  if (parsed.ok) return parsed.value;
  throw new Failure('USAGE', `${replay}: ${parsed.sentence}`);
}

/** Replay, `--fault`, `--calm`: one schedule, nothing searched. */
async function runOne({ runner, single, input }: Check): Promise<SearchResult> {
  const tally = createTally(Object.keys(input.chapter.properties));
  const schedule = single as Schedule;
  const outcome = await runner.run(schedule, {
    program: 'subject',
    fresh: true,
    wantFacts: true,
    wantCrossings: true,
  });
  tally.add(outcome);
  const never = neverStruck(outcome);
  const [any] = outcome.findings;
  if (never !== undefined && any !== undefined) tally.notes.add(never.sentence);
  const finding = await firstOwn(outcome, input.blame, tally.notes);
  const { leaks } = outcome;
  const reason =
    outcome.unknown ??
    (leaks.length > 0 ? sharedBy(leaks) : undefined) ??
    (any === undefined ? never : undefined);
  return {
    hit: finding && { outcome, finding },
    unknown: reason && { ...reason, outcome },
    tally,
    fresh: true,
    complete: true,
    preparedMs: 0,
  };
}

/** Runs again what the marks of the coverage say, where that was asked for. */
async function replayMarks(
  { runner, request }: Check,
  measured: Measured | undefined,
): Promise<ReadonlyMap<Trial, boolean>> {
  const replayed = new Map<Trial, boolean>();
  if (request.verify !== true || measured === undefined) return replayed;
  const trials = measured.sites.flatMap(({ trials: { before, during, after } }) => [
    ...before,
    ...during,
    ...after,
  ]);
  await explore({
    runner,
    items: [...new Set(trials)].filter(({ finding, anyway }) => finding !== undefined && !anyway),
    scheduleOf: ({ schedule }) => schedule,
    optionsOf: () => ({ program: 'subject', fresh: true }),
    isOver: () => request.signal?.aborted === true,
    look: (trial, outcome) => {
      const same = outcome.findings.some(({ signature }) => signature === trial.finding?.signature);
      replayed.set(trial, same && outcome.traceHash === trial.outcome?.traceHash);
      return false;
    },
  });
  return replayed;
}

/** Makes a hit small and runs it once more, traced, with nothing shared. */
async function show(
  check: Check,
  result: SearchResult,
  afterMs: Milliseconds,
): Promise<Shown | undefined> {
  const { hit } = result;
  if (hit === undefined || result.unknown !== undefined) return undefined;
  const { runner, request } = check;
  const { signature, property } = hit.finding;
  if (doesNotReturn(hit.outcome)) return asFound(hit.outcome, property);
  const small =
    check.single === undefined
      ? await smallest(check, { outcome: hit.outcome, signature, fresh: result.fresh, afterMs })
      : { schedule: hit.outcome.schedule, runs: 0, minimal: false };
  if ('note' in small) result.tally.notes.add(small.note);
  request.onProgress?.({ phase: 'confirming', runs: result.tally.runs, done: 0, broken: 1 });
  const wanted = { traced: true, wantFacts: true } as const;
  const plainly = runner.run(small.schedule, { program: 'subject', fresh: result.fresh });
  const [plain, outcome] = await Promise.all([plainly, traced(check, small.schedule, plainly)]);
  const undisturbed: Schedule = { ...small.schedule, faults: [], holds: [] };
  const calm =
    request.calm === true
      ? (await runner.run(undisturbed, { ...wanted, program: 'subject' })).facts
      : undefined;
  const confirmed = outcome.traceHash === plain.traceHash && outcome.findings.length > 0;
  return {
    outcome: outcome.findings.length > 0 ? outcome : hit.outcome,
    property,
    minimal: small.minimal && confirmed,
    shrinkRuns: small.runs,
    confirmed,
    calm,
  };
}

/**
 * With the learner's lines. Marked code knows whose call a statement belongs to, also behind the
 * queue of a pool; where it should not run like the plain code, stacks have to do.
 */
async function traced(
  { runner, input }: Check,
  schedule: Schedule,
  plainly: Promise<Outcome>,
): Promise<Outcome> {
  const wanted = { traced: true, wantFacts: true, fresh: true } as const;
  const marked = await input.marked?.();
  if (marked !== undefined) {
    const outcome = await runner.run(schedule, { ...wanted, program: marked.program });
    if (outcome.traceHash === (await plainly).traceHash) return outcome;
  }
  return runner.run(schedule, { ...wanted, program: 'subject' });
}

function doesNotReturn({ ending }: Outcome): boolean {
  return ending.kind === 'service' && ending.property === 'does-not-return';
}

/** Every further look would cost all of the time that the first one cost. */
function asFound(outcome: Outcome, property: string): Shown {
  const once = { minimal: false, shrinkRuns: 0, confirmed: false } as const;
  return { outcome, property, ...once, calm: undefined };
}
