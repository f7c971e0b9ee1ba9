/** Crash coverage of real checks: every call carries its marks, every ✗ is seen again. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { findChapters, loadChapter, projectRoot, resolveChapter, type Chapter } from '#content';
import { invariant } from '#kernel';
import { openEngine, type Coverage, type CoveredCall, type Engine, type Report } from '#verify';
import { seedBase } from '../../harness/cli/seeds.ts';

const first = await loadChapter(await resolveChapter('first-crash'));
const third = await loadChapter(await resolveChapter('idempotent-consumer'));
const second = await loadChapter(await resolveChapter('producer-consumer'));
let engine: Engine;

// Each makes some hundred runs, twice, and shares its cores.
vi.setConfig({ testTimeout: 300_000 });

beforeAll(async () => {
  engine = await openEngine({ root: projectRoot, workers: 2 });
});
afterAll(() => engine.close());

/** Only what crashes need: singles of level 1, then every moment of every call. */
function covered(chapter: Chapter, folders: readonly string[], more = {}): Promise<Report> {
  return engine.check({
    chapter: chapter.folder,
    folders,
    level: 1,
    schedules: 1,
    remember: false,
    coverage: true,
    verify: true,
    budgetMs: 300_000,
    ...more,
  });
}

const glyphs = {
  survives: '✓',
  breaks: '✗',
  'breaks anyway': '=',
  'not tried': '?',
  nothing: '·',
} as const;

const marks = ({ before, during, after }: CoveredCall): string =>
  [before, during, after].map(({ word }) => glyphs[word]).join('');

const painted = ({ coverage }: Report): Record<string, string> =>
  Object.fromEntries(
    (coverage?.sites ?? []).map((call) => [call.call.replace(/\(.*$/s, ''), marks(call)]),
  );

/** `not seen again` for every ✗ that a second run does not show. */
function unproven({ sites }: Coverage): string[] {
  return sites.flatMap((call) =>
    [call.before, call.during, call.after].flatMap(({ word, finding }) =>
      word === 'breaks' && finding?.replayed !== true ? [`${call.line} ${marks(call)}`] : [],
    ),
  );
}

test('the first exercise is painted as its text tells it', async () => {
  const report = await covered(first, [first.stubPath]);
  expect(painted(report)).toEqual({
    'consumer.connect': '✓·✓',
    'consumer.subscribe': '✓·✓',
    'consumer.run': '✓✓✓',
    'consumer.commitOffsets': '✓✗✗',
    'ports.sink.record': '✗✓✓',
    'consumer.disconnect': '✓✓✓',
  });
  const { coverage } = report;
  expect(coverage).toMatchObject({ complete: true, lines: 6, survive: 4 });
  expect(coverage?.workload).toEqual(['republish m1 at rest', 'stop greeter-0 at rest']);
  const call = coverage?.sites.find(({ call: text }) => text.startsWith('consumer.commit'));
  // Once for each greeting and once more for the first; only that one had been recorded before.
  expect(call?.during).toMatchObject({ tried: 4, of: 4, broke: 3 });
  expect(call?.during.finding).toMatchObject({
    property: 'no-loss',
    faults: ['crash greeter-0 · OffsetCommit greeter (m1) · #1 · after apply'],
    replayed: true,
  });
});

describe('every service of the first chapter', () => {
  const { mutants, variants, solutionPath } = first;
  const services = [
    ['solution', [solutionPath]] as const,
    ...[...mutants, ...variants].map(({ name, path }) => [name, [solutionPath, path]] as const),
  ];
  test.each(services)('%s', async (_name, folders) => {
    const report = await covered(first, folders);
    const { coverage } = report;
    expect(coverage?.unavailable).toBeUndefined();
    expect(coverage?.complete).toBe(true);
    expect(unproven(coverage as Coverage)).toEqual([]);
    if (report.verdict === 'holds') expect(coverage?.survive).toBe(coverage?.lines);
  });
});

const overlay = (chapter: Chapter, name: string): readonly string[] => [
  chapter.solutionPath,
  chapter.mutants.find((mutant) => mutant.name === name)?.path ??
    join(chapter.path, 'variants', name),
];

/** A wrong service of one chapter and a right one of another, others at every commit; all: `proof coverage`. */
const seed = seedBase();
const chapters = await Promise.all((await findChapters()).map((folder) => loadChapter(folder)));
const chapterAt = (index: number): Chapter => {
  const chapter = chapters[index % chapters.length];
  invariant(chapter !== undefined, 'there are chapters');
  return chapter;
};
const sample = [
  oneOf(chapterAt(seed), chapterAt(seed).mutants),
  oneOf(chapterAt(seed + 1), chapterAt(seed + 1).variants),
];

function oneOf(chapter: Chapter, services: Chapter['mutants']) {
  const service = services[Math.floor(seed / chapters.length) % services.length];
  invariant(service !== undefined, `${chapter.folder} has a mutant and a variant`);
  return { chapter, ...service };
}

test.each(sample)('$chapter.folder, $name: every ✗ is seen again', async ({ chapter, path }) => {
  const report = await covered(chapter, [chapter.solutionPath, path], { budgetMs: 60_000 });
  const coverage = report.coverage as Coverage;
  expect(coverage.unavailable).toBeUndefined();
  expect(coverage.sites.length).toBeGreaterThan(3);
  expect(unproven(coverage)).toEqual([]);
  // A busy machine may not come to every moment in time; what it came to survived.
  const words = coverage.sites.flatMap(({ before, during, after }) =>
    [before, during, after].map(({ word }) => word),
  );
  if (report.verdict === 'holds') expect(words).not.toContain('breaks');
  if (report.verdict === 'holds' && coverage.complete) {
    expect(coverage.survive).toBe(coverage.lines);
  }
});

test('what only a timer sends is painted at its own call, on the way of the workload', async () => {
  const report = await covered(second, overlay(second, 'queue-before-flush'));
  const calls = painted(report);
  expect(calls['producer.send']).toMatch(/^✗/);
  expect(unproven(report.coverage as Coverage)).toEqual([]);
});

test('statements of a pool are painted one by one', async () => {
  const report = await covered(third, [third.stubPath]);
  const { coverage } = report;
  const queries = (coverage?.sites ?? []).filter(({ call }) => call.startsWith('db.query'));
  expect(queries.map(marks)).toEqual(['✗✗✗', '✗✗✗']);
  expect(queries.map(({ before }) => before.broke)).toEqual([1, 3]);
  // The offsets of a whole batch are committed behind its last payment.
  expect(painted(report)['consumer.run']).toBe('✓✗✓');
  expect(queries[1]?.during.finding).toMatchObject({ property: 'counted-once', replayed: true });
  expect(unproven(coverage as Coverage)).toEqual([]);
});

test('a transaction survives dying at every one of its statements', async () => {
  const { coverage, verdict } = await covered(third, [third.solutionPath]);
  expect(verdict).toBe('holds');
  expect(coverage).toMatchObject({ complete: true });
  expect(coverage?.survive).toBe(coverage?.lines);
  const lines = (coverage?.sites ?? []).filter(({ call }) => call.startsWith('client.query'));
  expect(lines.length).toBeGreaterThanOrEqual(4);
});

test('without --coverage a broken check shows what it tried until then, and makes no more', async () => {
  const report = await covered(first, [first.stubPath], { coverage: false, verify: false });
  expect(report.verdict).toBe('broken');
  expect(report.coverage).toMatchObject({ complete: false, workload: [] });
  expect(painted(report)['consumer.commitOffsets']).toContain('✗');
  expect(Object.values(painted(report)).join('')).toContain('?');
});

test('one schedule that was asked for covers nothing', async () => {
  const faults = ['crash greeter-0 · OffsetCommit greeter (m1) · #1 · after apply'];
  const report = await covered(first, [first.stubPath], { faults, coverage: false });
  expect(report.coverage).toMatchObject({ sites: [], complete: false });
  expect(report.coverage?.unavailable).toContain('Only what was asked for was run');
});
