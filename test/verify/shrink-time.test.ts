import { expect, test } from 'vitest';
import { loadChapter, projectRoot, resolveChapter } from '#content';
import { openEngine, type EngineRequest, type Report } from '#verify';

const chapter = await loadChapter(await resolveChapter('producer-consumer'));
const mutant = chapter.mutants.find(({ name }) => name === 'never-commits');

/** It breaks without a fault, and would break with fewer commands. */
async function checked(times: Pick<EngineRequest, 'budgetMs' | 'shrinkMs'>): Promise<Report> {
  const engine = await openEngine({ root: projectRoot, workers: 1 });
  try {
    const folders = [chapter.solutionPath, mutant?.path ?? ''];
    return await engine.check({ chapter: chapter.folder, folders, remember: false, ...times });
  } finally {
    await engine.close();
  }
}

test('a finding has the rest of the budget to be made small', async () => {
  const report = await checked({ budgetMs: 300_000, shrinkMs: 0 });
  expect(report.findings[0]).toMatchObject({ property: 'progress', minimal: true });
  expect(report.findings[0]?.shrinkRuns).toBeGreaterThan(0);
  expect(report.notes).toEqual([]);
});

test('and a time of its own where none is left', async () => {
  const report = await checked({ budgetMs: 1, shrinkMs: 300_000 });
  expect(report.findings[0]).toMatchObject({ property: 'progress', minimal: true });
});

test('after that it is shown as it was found, and said to be so', async () => {
  const report = await checked({ budgetMs: 1, shrinkMs: 0 });
  expect(report.verdict).toBe('broken');
  expect(report.findings[0]).toMatchObject({ minimal: false, shrinkRuns: 0, confirmed: true });
  expect(report.findings[0]?.schedule.commands).toHaveLength(
    chapter.definition.workload.example.length,
  );
  expect(report.notes).toEqual([expect.stringContaining('no time to make the schedule as small')]);
});
