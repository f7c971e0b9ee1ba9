import { afterAll, expect, test } from 'vitest';
import { hashesOf, type HashRow } from '#verify';
import {
  compareContended,
  contentionRequest,
  layContention,
} from '../../harness/cli/measure/contention.ts';
import { seedBase } from '../../harness/cli/seeds.ts';

const ground = layContention();
afterAll(() => ground.remove());

/** Others at every commit; `npm run proof -- contention` runs thousands, under load. */
const seed = seedBase();
const count = 10;

test(`services that wait for each other hash alike in two processes, seed ${seed}`, async () => {
  const rows = (workers: number, fresh: boolean): Promise<readonly HashRow[]> =>
    hashesOf(contentionRequest(ground, { seed, count, workers, fresh }));
  const [alone, together] = [await rows(1, false), await rows(2, true)];
  expect(alone).toHaveLength(count);
  const { different, classes, happened } = compareContended(alone, together);
  expect(different).toEqual([]);
  expect(classes).toBe(count);
  for (const times of Object.values(happened)) expect(times).toBeGreaterThanOrEqual(count);
}, 600_000);
