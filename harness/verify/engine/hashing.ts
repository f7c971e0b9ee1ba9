/** The process behind `hashesOf`: draws schedules from a seed, runs them, sends one row each. */
import { invariant } from '#kernel';
import { loadChapter, resolveChapter } from '#content';
import { canonicalSchedule, createGenerator, type Schedule } from '#schedule';
import { explore } from '../explore.ts';
import type { FromHashing, HashRequest, HashRow } from '../hashes.ts';
import { databaseCache, exampleOf, program } from '../run-check.ts';
import type { Outcome } from './outcome.ts';
import { plainError } from './plain-error.ts';
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
  await explore({
    runner: pool,
    items: distinct((index) => generate(seed, index), count),
    scheduleOf: (item) => item,
    optionsOf: () => ({ ...options, wantFacts: true }),
    isOver: () => false,
    look: (_item, outcome) => {
      rows.push(rowOf(outcome));
      return false;
    },
  });
  await pool.close();
  return rows;
}

function rowOf({ schedule, traceHash, traceClass, fired, held, facts = [] }: Outcome): HashRow {
  const { faults, holds } = schedule;
  const struck = fired.length === faults.length && held.length === holds.length;
  const waits = facts.filter((fact) => fact.kind === 'operation' && fact.step === 'waits').length;
  return { traceHash, traceClass, struck, facts: facts.length, waits };
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
