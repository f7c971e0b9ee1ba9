import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { faultKinds } from '#schedule';
import { hashesOf, type HashRow } from '#verify';
import { contention, layContention } from '../../harness/cli/measure/contention.ts';
import { compareWaits } from '../../harness/cli/measure/proofs.ts';
import { seedBase } from '../../harness/cli/seeds.ts';

const ground = layContention();
afterAll(() => ground.remove());

/** One mover waits for nobody of its kind: whoever waits here waits for somebody outside. */
const chapterFile = join(ground.root, `chapters/${contention}/chapter.ts`);
const others = JSON.stringify(faultKinds.filter((kind) => kind !== 'lock'));
const alone = readFileSync(chapterFile, 'utf8')
  .replace('instances: [3, 3]', 'instances: [1, 1]')
  .replace('minutes: 1,', `minutes: 1, without: ${others},`);
writeFileSync(chapterFile, alone);

/** Others at every commit. */
const seed = seedBase();
const count = 12;

test(`a service that waits for somebody outside hashes alike in two processes, seed ${seed}`, async () => {
  const { root, solution } = ground;
  const what = { root, chapter: contention, folders: [solution], level: 2 } as const;
  const rows = (workers: number, fresh: boolean): Promise<readonly HashRow[]> =>
    hashesOf({ ...what, seed, count, workers, fresh });
  const [one, other] = [await rows(1, false), await rows(2, true)];
  expect(one).toHaveLength(count);
  const { different, waiting } = compareWaits(one, other);
  expect(different).toEqual([]);
  expect(waiting).toBeGreaterThan(count / 4);
}, 600_000);
