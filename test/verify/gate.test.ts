import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadChapter, projectRoot, resolveChapter, type Chapter } from '#content';
import type { ChapterDefinition } from '#kit';
import {
  claimsOf,
  openEngine,
  tryClaim,
  trySeeds,
  type Claim,
  type Engine,
  type Trial,
} from '#verify';

const seed = 7;
const options = { schedules: 60, mutantBudgetMs: 60_000, budgetMs: 60_000 };

let engine: Engine;
let chapter: Chapter;

beforeAll(async () => {
  engine = await openEngine({ root: projectRoot });
  chapter = await loadChapter(await resolveChapter('first-crash'));
});
afterAll(() => engine.close());

/** The claims of chapter 0, with something else said in it. */
function said(definition: Partial<ChapterDefinition>, paths: Partial<Chapter> = {}): Chapter {
  return { ...chapter, ...paths, definition: { ...chapter.definition, ...definition } };
}

function claim(of: Chapter, kind: Claim['kind'], name: string = kind): Claim {
  const found = claimsOf(of, options).find((each) => each.kind === kind && each.name === name);
  if (found === undefined) throw new Error(`no claim of ${kind} ${name}`);
  return found;
}

function mutant(name: string): Chapter['mutants'] {
  return chapter.mutants.filter((each) => each.name === name);
}

const attempt = (wanted: Claim): Promise<Trial> => tryClaim(engine, wanted, seed);

describe('a claim that is true', () => {
  test('every claim about the stub', async () => {
    const claims = claimsOf(chapter, options).filter(({ kind }) => kind === 'stub');
    expect(claims).toHaveLength(3);
    for (const each of claims) expect((await attempt(each)).wrong).toBeUndefined();
  });

  test('a mutant tells after how many runs it was caught, and by which schedule', async () => {
    const trial = await attempt(claim(chapter, 'mutant', 'commit-first'));
    expect(trial).toMatchObject({ seed, schedule: { chapter: chapter.folder } });
    expect(trial.wrong).toBeUndefined();
    expect(trial.runs).toBeGreaterThan(2);
  });

  test('a solution holds once all singles and enough distinct schedules were run', async () => {
    const trial = await attempt(claim(chapter, 'solution'));
    expect(trial.wrong).toBeUndefined();
    expect(trial.schedules).toBeGreaterThanOrEqual(options.schedules);
  });

  test('singles are the same with every seed: only the first tries them, the others mix', async () => {
    const claims = claimsOf(chapter, { ...options, furtherSchedules: 10 });
    const solution = claims.find(({ kind }) => kind === 'solution');
    const [first, ...others] = await trySeeds(engine, solution as Claim, [7, 8, 9]);
    expect(first?.schedules).toBeGreaterThanOrEqual(options.schedules);
    expect(others.map(({ schedules }) => schedules)).toEqual([10, 10]);
    expect([first, ...others].map((trial) => trial?.wrong)).toEqual(Array(3).fill(undefined));
  });
});

describe('a claim that is not true', () => {
  test('a variant is refuted by mixes alone where another seed drew them', async () => {
    const of = said(
      { variants: { 'commit-first': { says: 'is wrong' } } },
      { variants: mutant('commit-first') },
    );
    const { further } = claim(of, 'variant', 'commit-first');
    const trial = await attempt(further as Claim);
    expect(trial.wrong).toMatch(/^(commit-safe|no-loss): /);
  });

  test('a mutant that breaks another property than it names', async () => {
    const mutants = { 'standby-group': { breaks: 'no-invention', says: 'a wrong name' } };
    const of = said({ mutants }, { mutants: mutant('standby-group') });
    const found = claim(of, 'mutant', 'standby-group');
    const { wrong } = await attempt({
      ...found,
      request: { ...found.request, runs: 5, schedules: 20 },
    });
    expect(wrong).toMatch(/^not caught in \d+ runs/);
  });

  test('a variant that loses greetings', async () => {
    const of = said(
      { variants: { 'commit-first': { says: 'is wrong' } } },
      { variants: mutant('commit-first') },
    );
    const trial = await attempt(claim(of, 'variant', 'commit-first'));
    expect(trial.wrong).toMatch(/^(commit-safe|no-loss): /);
    expect(trial.schedule?.faults).not.toEqual([]);
  });

  test('a solution that had no time for its singles', async () => {
    const found = claim(chapter, 'solution');
    const { wrong } = await attempt({ ...found, request: { ...found.request, budgetMs: 1 } });
    expect(wrong).toMatch(/^only \d+ of \d+ single faults in time$/);
  });

  test('a stub whose declared fault finds nothing to strike', async () => {
    const by = 'crash greeter-0 · OffsetCommit greeter (m9) · #1 · after apply';
    const declared = claimsOf(said({ stub: { ...chapter.definition.stub, by } }), options)[1];
    const { wrong } = await attempt(declared as Claim);
    expect(wrong).toContain('it never struck');
  });

  test('a stub that is not right without a fault', async () => {
    const [calm] = claimsOf(
      said({}, { stubPath: mutant('standby-group')[0]?.path ?? '' }),
      options,
    );
    const { wrong } = await attempt(calm as Claim);
    expect(wrong).toMatch(/^without a fault: /);
  });
});
