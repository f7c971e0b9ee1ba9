import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChapters, loadChapter, projectRoot } from '#content';
import { claimsOf, gateDefaults, openEngine, tryClaim, type Engine } from '#verify';
import { seedBase } from '../../harness/cli/seeds.ts';

/**
 * One mutant and one service of each chapter, others at every commit; `npm run chapter check` looks
 * at all of them.
 */
const seed = seedBase();
const chapters = await Promise.all((await findChapters()).map((folder) => loadChapter(folder)));

/** All singles of a chapter with tables take a minute where the machine is busy. */
const timeoutMs = gateDefaults.budgetMs + 60_000;

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine({ root: projectRoot });
});
afterAll(() => engine.close());

describe.each(chapters)('$folder', (chapter) => {
  const all = claimsOf(chapter, { ...gateDefaults, schedules: 150 });
  const stub = all.filter(({ kind }) => kind === 'stub');
  const right = all.filter(({ kind }) => kind === 'solution' || kind === 'variant');
  const mutants = all.filter(({ kind }) => kind === 'mutant');
  const sample = [...stub, ...[right, mutants].flatMap((list) => list[seed % list.length] ?? [])];

  test.each(sample)('$kind $name $says', { timeout: timeoutMs }, async (claim) => {
    const { wrong, schedule } = await tryClaim(engine, claim, seed);
    expect({ wrong, ...(wrong !== undefined && { schedule }) }).toEqual({ wrong: undefined });
  });
});
