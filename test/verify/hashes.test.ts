import { describe, expect, test } from 'vitest';
import { findChapters, loadChapter, projectRoot } from '#content';
import { hashesOf, type HashRow } from '#verify';
import { seedBase } from '../../harness/cli/seeds.ts';

/** Other schedules at every commit; `npm run proof -- hashes` runs a thousand. */
const seed = seedBase();
const chapters = await Promise.all((await findChapters()).map((folder) => loadChapter(folder)));
const each = Math.ceil(60 / chapters.length);

describe.each(chapters)('$folder, schedules of seed ' + seed, ({ folder, solutionPath }) => {
  const rows = (workers: number, fresh: boolean, of = seed): Promise<readonly HashRow[]> =>
    hashesOf({
      root: projectRoot,
      chapter: folder,
      folders: [solutionPath],
      level: 3,
      seed: of,
      count: each,
      workers,
      fresh,
    });

  test('hash alike in two processes, on one thread and on two, shared and fresh', async () => {
    const alone = await rows(1, false);
    const together = await rows(2, true);
    expect(together).toEqual(alone);
    expect(alone).toHaveLength(each);
  });

  // Of one seed: how many of a few drawn schedules strike differs from seed to seed.
  test('differ from each other, and a good part of their faults strikes', async () => {
    const drawn = await rows(2, false, 5);
    expect(new Set(drawn.map(({ traceHash }) => traceHash)).size).toBeGreaterThan(each / 2);
    expect(drawn.filter(({ struck }) => struck).length).toBeGreaterThan(each / 5);
  });
});
