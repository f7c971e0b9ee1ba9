import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadChapter, projectRoot, resolveChapter } from '#content';
import { openEngine, type EngineRequest, type Searched } from '#verify';

const chapter = await loadChapter(await resolveChapter('first-crash'));

async function searched(workers: number, request: Partial<EngineRequest>): Promise<Searched> {
  const engine = await openEngine({ root: projectRoot, workers });
  try {
    const folders = [chapter.solutionPath];
    return await engine.search({
      chapter: chapter.folder,
      folders,
      budgetMs: 60_000,
      schedules: 80,
      seed: 11,
      ...request,
    });
  } finally {
    await engine.close();
  }
}

test('what a search tries does not depend on the number of threads', async () => {
  const [one, three] = [await searched(1, {}), await searched(3, {})];
  const { tally } = one.result;
  expect(tally.classes.size).toBeGreaterThanOrEqual(80);
  expect(three.result.tally.classes).toEqual(tally.classes);
  expect(three.result.tally.runs).toBe(tally.runs);
  expect(three.result.tally.sometimes).toEqual(tally.sometimes);
});

test('what a search finds does not depend on the number of threads', async () => {
  const folders = [chapter.stubPath];
  const [one, three] = [await searched(1, { folders }), await searched(3, { folders })];
  expect(one.result.hit?.outcome.schedule.faults).toHaveLength(1);
  expect(three.result.hit?.outcome.schedule).toEqual(one.result.hit?.outcome.schedule);
  expect(three.result.hit?.outcome.traceHash).toBe(one.result.hit?.outcome.traceHash);
});

test('a service that leaves something behind in some runs is judged by runs that share nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'leaving-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const solution = readFileSync(join(chapter.solutionPath, 'greeter.ts'), 'utf8');
  const leaving = solution
    .replace(
      'await ports.sink.record(',
      `const place = partition + ' ' + message.offset;
      if (seen.has(place)) Object.assign(Kafka.prototype, { again: true });
      seen.add(place);
      await ports.sink.record(`,
    )
    .replace('const consumer', 'const seen = new Set<string>();\n  const consumer');
  expect(leaving).not.toBe(solution);
  writeFileSync(join(folder, 'greeter.ts'), leaving);
  const folders = [chapter.solutionPath, folder];
  const [one, three] = [await searched(1, { folders }), await searched(3, { folders })];
  expect(one.result).toMatchObject({ fresh: true, unknown: undefined, hit: undefined });
  expect(three.result).toMatchObject({ fresh: true, unknown: undefined, hit: undefined });
  expect(three.result.tally.classes).toEqual(one.result.tally.classes);
});

test('a search that may take as many runs as it likes ends with enough distinct schedules', async () => {
  const few = await searched(2, { schedules: 40 });
  expect(few.result.complete).toBe(true);
  const { singles, classes } = few.result.tally;
  expect(singles.tried).toBe(singles.of);
  expect(classes.size).toBeLessThan(80);
});

test('singles may be drawn: so many of all, the same with a seed, others with another', async () => {
  const drawn = async (seed: number): Promise<ReadonlySet<string>> => {
    const { result } = await searched(2, { schedules: 1, singles: 10, seed });
    expect(result.complete).toBe(true);
    expect(result.tally.singles.of).toBe(10);
    return result.tally.classes;
  };
  const first = await drawn(11);
  expect(await drawn(11)).toEqual(first);
  expect(await drawn(12)).not.toEqual(first);
});

test('without singles a search is complete after its mixes', async () => {
  const { result } = await searched(2, { schedules: 5, singles: 0 });
  expect(result).toMatchObject({ complete: true, hit: undefined });
  expect(result.tally).toMatchObject({ singles: { tried: 0, of: 0 }, classes: { size: 5 } });
});

test('a search whose time is over says which command has more', async () => {
  const engine = await openEngine({ root: projectRoot, workers: 1 });
  onTestFinished(() => engine.close());
  const asked = { chapter: chapter.folder, folders: [chapter.solutionPath], remember: false };
  const short = await engine.check({ ...asked, budgetMs: 1 });
  expect(short.verdict).toBe('unknown');
  expect(short.unknown?.advice).toMatch(
    /^Give it more time:\nnpx crash 0 --solution --budget \d+s$/,
  );
  const harder = await engine.check({ ...asked, budgetMs: 1, level: 2 });
  expect(harder.unknown?.advice).toMatch(/^npx crash 0 --solution --level 2 --budget \d+s$/m);
});

test('what a service does about a refusal is refused once more', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gives-up-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const finished = readFileSync(join(chapter.solutionPath, 'greeter.ts'), 'utf8');
  const record = 'ports.sink.record(readGreeting(message))';
  const twice = `await ${record}.catch(() => ${record}).catch(() => console.error('given up'));`;
  const lines = finished.replace(`await ${record};`, twice);
  expect(lines).toContain(twice);
  writeFileSync(join(folder, 'greeter.ts'), lines);

  const folders = [chapter.solutionPath, folder];
  const { hit } = (await searched(2, { folders, schedules: 1_000 })).result;
  const kinds = hit?.outcome.schedule.faults.map(({ kind }) => kind);
  expect(hit?.finding.property).toBe('no-loss');
  expect(kinds).toEqual(['reject', 'reject']);
});
