/** The process behind `hashesOf`: draws schedules from a seed, runs them, sends one row each. */
import type { Fact } from '#check';
import { Failure, invariant } from '#kernel';
import { loadChapter, resolveChapter } from '#content';
import {
  canonicalSchedule,
  createGenerator,
  parseFault,
  type Fault,
  type Schedule,
} from '#schedule';
import { explore } from '../explore.ts';
import type { FromHashing, HashRequest, HashRow } from '../hashes.ts';
import { exampleOf, program } from '../run-check.ts';
import type { Outcome } from './outcome.ts';
import { plainError } from './plain-error.ts';
import { databaseCache } from './database-cache.ts';
import { createPool } from './pool.ts';

const say = (message: FromHashing): void => {
  invariant(process.send !== undefined, 'this file runs as a child process');
  process.send(message);
};

process.on('disconnect', () => process.exit());

process.once('message', (request: HashRequest) => {
  hash(request).then(
    (rows) => say({ kind: 'rows', rows }),
    (error: unknown) => say({ kind: 'failed', error: plainError(error) }),
  );
});

async function hash(request: HashRequest): Promise<HashRow[]> {
  const { root, folders, level, seed, count, workers, fresh } = request;
  const chapter = await loadChapter(await resolveChapter(request.chapter, root));
  const pool = createPool(workers);
  if (chapter.definition.tables !== undefined) pool.wantDatabases(databaseCache(root));
  pool.prepare({ name: 'subject', ...(await program(chapter, folders, root)) });
  const options = { program: 'subject', fresh };
  const schedule = exampleOf(chapter, seed);
  const wanted = { ...options, wantCrossings: true, wantFacts: true };
  const { crossings = [], facts = [] } = await pool.run(schedule, wanted);
  const calm = { schedule, crossings, facts };
  const generate = createGenerator({ chapter: chapter.definition, level, calm });
  const rows: HashRow[] = [];
  const classes = new Set<string>();
  const always = faultsOf(request);
  const draw = (index: number): Schedule => {
    const drawn = generate(seed, index);
    return { ...drawn, faults: [...drawn.faults, ...always] };
  };
  let index = 0;
  await explore({
    runner: pool,
    // Not all count where something has to happen in them.
    items: distinct(draw, request.wanted === undefined ? count : count * mostPerRow),
    scheduleOf: (item) => item,
    optionsOf: () => ({ ...options, wantFacts: true }),
    isOver: () => false,
    look: (_item, outcome) => {
      const row = rowOf(outcome, index++);
      if (countsAs(row, request, classes)) rows.push(row);
      classes.add(row.traceClass);
      return rows.length === count;
    },
  });
  await pool.close();
  return rows;
}

/** How many schedules are drawn for one that counts, at most. */
const mostPerRow = 5;

function faultsOf({ faults = [] }: HashRequest): readonly Fault[] {
  return faults.map((text) => {
    const parsed = parseFault(text);
    if (parsed.ok) return parsed.value;
    throw new Failure('USAGE', parsed.sentence);
  });
}

function countsAs(
  { counts, traceClass }: HashRow,
  { wanted }: HashRequest,
  classes: ReadonlySet<string>,
): boolean {
  if (wanted === undefined) return true;
  return !classes.has(traceClass) && wanted.every((name) => (counts[name] ?? 0) > 0);
}

function rowOf(outcome: Outcome, index: number): HashRow {
  const { schedule, traceHash, traceClass, fired, held, facts = [] } = outcome;
  const { faults, holds } = schedule;
  const struck = fired.length === faults.length && held.length === holds.length;
  const counts = countsOf(facts);
  return { index, traceHash, traceClass, struck, facts: facts.length, counts };
}

function countsOf(facts: readonly Fact[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  const count = (name: string): number => (counts[name] = (counts[name] ?? 0) + 1);
  for (const fact of facts) {
    if (fact.kind === 'fault') count(fact.fault);
    if (fact.kind !== 'operation') continue;
    count(fact.step);
    if (fact.step !== 'applied') continue;
    const [error] = fact.error?.split(' ') ?? [];
    count(error ?? `${fact.operation} ${fact.target}`);
  }
  return counts;
}

function* distinct(draw: (index: number) => Schedule, count: number): Generator<Schedule> {
  const seen = new Set<string>();
  for (let index = 0; seen.size < count && index < count * 20; index++) {
    const schedule = draw(index);
    const text = canonicalSchedule(schedule);
    if (seen.has(text)) continue;
    seen.add(text);
    yield schedule;
  }
}
