import { expect, test } from 'vitest';
import { sameAfterResets } from '../../harness/cli/measure/resets.ts';
import { seedBase } from '../../harness/cli/seeds.ts';

/** Others at every commit; `npm run proof -- reset --runs 5000` takes thousands. */
const seed = seedBase();

test(`a schedule hashes alike among others on one server, seed ${seed}`, async () => {
  const { same, different } = await sameAfterResets(seed, 40, () => undefined);
  expect(different).toEqual([]);
  expect(same).toBe(5);
}, 300_000);
