import { afterAll, expect, test } from 'vitest';
import { hashesOf, type HashRow } from '#verify';
import { contention, layContention } from '../../harness/cli/measure/contention.ts';
import { compareWaits } from '../../harness/cli/measure/proofs.ts';
import { seedBase } from '../../harness/cli/seeds.ts';

const ground = layContention();
afterAll(() => ground.remove());

/** Others at every commit; `npm run proof -- contention` runs thousands, under load. */
const seed = seedBase();
const count = 10;

test(`services that wait for each other hash alike in two processes, seed ${seed}`, async () => {
  const { root, solution } = ground;
  const what = { root, chapter: contention, folders: [solution], level: 2 } as const;
  const rows = (workers: number, fresh: boolean): Promise<readonly HashRow[]> =>
    hashesOf({ ...what, seed, count, workers, fresh });
  const [alone, together] = [await rows(1, false), await rows(2, true)];
  expect(alone).toHaveLength(count);
  const { different, waiting, classes } = compareWaits(alone, together);
  expect(different).toEqual([]);
  expect(waiting).toBeGreaterThan(count / 3);
  expect(classes).toBeGreaterThan(1);
}, 600_000);
