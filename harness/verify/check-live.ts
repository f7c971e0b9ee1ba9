/**
 * One check against a real Kafka and, where the chapter has tables, a real PostgreSQL: a calm run, one SIGKILL at the
 * second port call and at the second commit of the database, before and after it is applied, everything restarted at
 * rest. Each run has fresh topics and a fresh database. What holds at rest is judged; what must hold always is not,
 * for nobody sees every moment of a real engine.
 *
 * Left out: replaying saved schedules, faults other than a crash at a port call or a statement, blaming the client
 * (the solution is not run beside the learner's code), making findings small.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { Failure, invariant, stopwatch } from '#kernel';
import { judge, type Judgement } from '#check';
import type { ChapterDefinition } from '#kit';
import { loadChapter, resolveChapter, schemaOf, type Chapter } from '#content';
import { isStatement, parseFault, printFault, type Schedule } from '#schedule';
import {
  createGround,
  createKafkaClient,
  databaseCommits,
  openDatabaseServer,
  runLive,
  type FreshDatabase,
  type KafkaClient,
  type LiveRecord,
  type Plan,
  type ProgramFiles,
} from '#live';
import { bundle, firstLearnerFrame, mapText, portsOf, scriptName, type Bundle } from '#sim';
import { forgetful, openCorpus } from './corpus.ts';
import { composeLive, type LiveResult } from './compose-live.ts';
import { namingOf } from './live-naming.ts';
import type { CheckProgress, CheckRequest } from './request.ts';
import type { Report } from './report.ts';
import { exampleOf } from './run-check.ts';

export interface LiveLimits {
  /** How long after the last fault everything must be done. */
  readonly horizonMs: number;
}

const limitsLeftOut: LiveLimits = { horizonMs: 90_000 };
const defaultSeed = 42;

export async function checkLive(
  request: CheckRequest,
  { horizonMs }: LiveLimits = limitsLeftOut,
): Promise<Report> {
  const elapsed = stopwatch();
  const { root, broker } = request;
  if (broker === undefined) {
    const says = 'The live world needs a Kafka. Example: --world live --broker 127.0.0.1:9092';
    throw new Failure('USAGE', says);
  }
  request.onProgress?.({ phase: 'preparing', runs: 0, done: 0, broken: 0 });
  const chapter = await loadChapter(await resolveChapter(request.chapter, root));
  const plans = plansOf(request, chapter);
  const kafka = await createKafkaClient(broker);
  try {
    const made = await program(request, chapter);
    const files = writeProgram(made);
    try {
      const results = await withDatabase(request, chapter, (database) =>
        runAll({ request, chapter, kafka, database, files, bundle: made, horizonMs }, plans),
      );
      return composeLive({
        request,
        chapter,
        bundle: made,
        results,
        planned: plans.length,
        seed: request.seed ?? defaultSeed,
        seconds: elapsed() / 1_000,
        corpus: request.remember === false ? forgetful : openCorpus(root, chapter.folder),
      });
    } finally {
      rmSync(files.place, { recursive: true, force: true });
    }
  } finally {
    kafka.close();
  }
}

/** A server for this check, where the chapter has tables. */
async function withDatabase<Value>(
  { root, folders, databaseUrl }: CheckRequest,
  chapter: Chapter,
  work: (fresh: (() => Promise<FreshDatabase>) | undefined) => Promise<Value>,
): Promise<Value> {
  const { tables, roles, schemas } = chapter.definition;
  if (tables === undefined) return work(undefined);
  const texts = await schemaOf(
    chapter,
    folders.map((folder) => resolve(root, folder)),
  );
  const server = await openDatabaseServer({
    url: databaseUrl,
    cacheDirectory: join(root, '.crashproof/cache/postgres'),
    memory: join(root, '.crashproof/live/databases.json'),
  });
  try {
    return await work(() => server.fresh({ texts, roles: Object.keys(roles), schemas, tables }));
  } finally {
    await server.close();
  }
}

interface LiveCheck {
  readonly request: CheckRequest;
  readonly chapter: Chapter;
  readonly kafka: KafkaClient;
  /** Makes one run's own; left out where the chapter has no tables. */
  readonly database: (() => Promise<FreshDatabase>) | undefined;
  readonly files: ProgramFiles;
  readonly bundle: Bundle;
  readonly horizonMs: number;
}

async function runAll(check: LiveCheck, plans: readonly Plan[]): Promise<LiveResult[]> {
  const { request } = check;
  const results: LiveResult[] = [];
  const isHit = ({ judgement: { findings } }: LiveResult): boolean =>
    findings.some(({ property }) => request.until === undefined || request.until === property);
  for (const plan of plans) {
    const phase = plan.kind === 'nothing' ? 'calm' : 'singles';
    const done = { runs: results.length, done: results.length, of: plans.length, broken: 0 };
    const say = (event: Partial<CheckProgress>): void =>
      request.onProgress?.({ phase, ...done, ...event });
    say({});
    // One Kafka, fixed topic names: one run after the other.
    const result = await runOne(check, plan, (waitsFor) => say({ waitsFor }));
    results.push(result);
    if (isHit(result) || result.judgement.unknown !== undefined) break;
  }
  return results;
}

async function runOne(
  { request, chapter, kafka, database: makeDatabase, files, bundle: made, horizonMs }: LiveCheck,
  plan: Plan,
  onWait: (sentence: string) => void,
): Promise<LiveResult> {
  const { definition } = chapter;
  const memory = join(request.root, '.crashproof/live/topics.json');
  const ground = createGround({ kafka, chapter: definition, memory, onWait });
  const example = exampleOf(chapter, request.seed ?? defaultSeed);
  let slots: ReadonlySet<string> = slotsOf(chapter);
  await ground.prepare();
  let database: FreshDatabase | undefined;
  try {
    database = await makeDatabase?.();
    const record = await runLive({
      chapter: definition,
      program: files,
      kafka,
      commands: example.commands,
      ports: portsOf(definition),
      database,
      naming: namingOf(chapter, example.commands),
      plan,
      horizonMs,
      onWait,
      ...(request.signal && { signal: request.signal }),
      ...stacksOf(made, files),
    });
    ({ slots } = record);
    for (const { service, libraries } of record.loaded) {
      const same = service === made.service.hash && libraries === made.libraries.hash;
      invariant(same, 'a process loads the very files that the simulated world evaluates');
    }
    return resultOf(record, chapter, plan, example, horizonMs);
  } finally {
    await Promise.all([ground.clear(slots), database?.remove()]);
  }
}

function resultOf(
  record: LiveRecord,
  { definition }: Chapter,
  plan: Plan,
  example: Schedule,
  horizonMs: number,
): LiveResult {
  const { facts, ending, fired, regrouped } = record;
  const later = `${Math.round(horizonMs / 1_000)} seconds later`;
  const judged = judge(facts, definition, ending, { everyMoment: false, later });
  const schedule = fired === undefined ? example : { ...example, faults: [fired] };
  const judgement = regrouped ? withoutCalm(judged) : judged;
  return { plan, record, schedule, judgement };
}

/** Whose group changed in the middle may have been given something twice, and rightly so. */
function withoutCalm(judgement: Judgement): Judgement {
  const { findings, notJudged } = judgement;
  return {
    ...judgement,
    findings: findings.filter(({ property }) => property !== 'calm-exact'),
    notJudged: [...new Set([...notJudged, 'calm-exact'])],
  };
}

function program({ folders, root }: CheckRequest, { definition }: Chapter): Promise<Bundle> {
  const entries = Object.fromEntries(
    Object.entries(definition.roles).map(([role, { file }]) => [role, file]),
  );
  return bundle({ folders, entries, projectRoot: root });
}

function slotsOf({ definition }: Chapter): ReadonlySet<string> {
  return new Set(
    Object.entries(definition.roles).flatMap(([role, { instances }]) =>
      Array.from({ length: instances[0] }, (_, index) => `${role}-${index}`),
    ),
  );
}

let checks = 0;

/** The two files, byte for byte as they are hashed, in a folder of this check's own. */
function writeProgram(made: Bundle): ProgramFiles & { readonly place: string } {
  const { projectRoot, folder, service, libraries } = made;
  const live = join(projectRoot, '.crashproof/live');
  const place = join(live, `${process.pid}-${++checks}`);
  mkdirSync(place, { recursive: true });
  sweep(live);
  const paths = {
    service: join(place, basename(scriptName(made))),
    libraries: join(place, `libraries-${libraries.hash.slice(0, 12)}.cjs`),
  };
  writeFileSync(paths.service, service.code);
  writeFileSync(paths.libraries, libraries.code);
  return { ...paths, place, projectRoot, folder };
}

/** What checks left that were killed. */
function sweep(live: string): void {
  for (const name of readdirSync(live)) {
    const [, pid] = /^(\d+)-\d+$/.exec(name) ?? [];
    if (pid === undefined) continue;
    try {
      process.kill(Number(pid), 0);
    } catch {
      rmSync(join(live, name), { recursive: true, force: true });
    }
  }
}

/** Stacks name the file where it lies; the maps know it by the name that the simulation gives. */
function stacksOf(made: Bundle, { service }: ProgramFiles) {
  const known = (text: string): string => text.replaceAll(service, scriptName(made));
  return {
    lineOf: (stack: string) => {
      const frame = firstLearnerFrame(known(stack), made);
      return frame && { file: frame.file, line: frame.line, column: frame.column };
    },
    readable: (text: string) => mapText(known(text), made),
  };
}

/** What is done, in this order: what was asked for, else the chapter's usual. */
function plansOf({ faults = [], replay, calm }: CheckRequest, { definition }: Chapter): Plan[] {
  if (replay !== undefined) {
    throw new Failure(
      'USAGE',
      'A saved schedule cannot be replayed live yet; a crash at a port call or a statement can ' +
        'be placed. ' +
        "Example: --world live --fault 'crash greeter-0 · sink.record (m2) · #1 · before apply'",
    );
  }
  if (faults.length > 0) return faults.map(planOf);
  if (calm === true) return [{ kind: 'nothing' }];
  const counted = [...portCallsOf(definition).slice(0, 1), ...commitsOf(definition)];
  return [
    { kind: 'nothing' },
    ...counted.flatMap((each): Plan[] => [
      { kind: 'crash', at: { counted: each, nth: 2 }, phase: 'before apply' },
      { kind: 'crash', at: { counted: each, nth: 2 }, phase: 'after apply' },
    ]),
    { kind: 'restart at rest' },
  ];
}

function portCallsOf(definition: ChapterDefinition): readonly string[] {
  return [...portsOf(definition)].flatMap(([port, { calls }]) =>
    calls.map((call) => `${port}.${call}`),
  );
}

function commitsOf({ tables }: ChapterDefinition): readonly string[] {
  return tables === undefined ? [] : [databaseCommits];
}

function planOf(text: string): Plan {
  const parsed = parseFault(text);
  if (!parsed.ok) {
    throw new Failure('USAGE', `${parsed.sentence} Example: --fault '${parsed.example}'`);
  }
  const { kind, place, on } = parsed.value;
  if (kind === 'restart' && on === 'everything' && place === 'at rest') {
    return { kind: 'restart at rest' };
  }
  const point = typeof place === 'object' && 'point' in place ? place : undefined;
  const operation = point?.point.operation ?? '';
  const isExact = operation.includes('.') || isStatement(operation);
  if (kind !== 'crash' || point === undefined || !isExact || point.phase === 'after answer') {
    throw new Failure(
      'USAGE',
      'The live world can place a crash at a port call or a statement, not ' +
        `${printFault(parsed.value)}. ` +
        "Example: --world live --fault 'crash greeter-0 · sink.record (m2) · #1 · before apply'",
    );
  }
  return { kind: 'crash', at: point.point, phase: point.phase };
}
