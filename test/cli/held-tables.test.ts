import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { faultKinds } from '#schedule';
import { hashesOf, type HashRow } from '#verify';
import { contention, layContention } from '../../harness/cli/measure/contention.ts';
import { seedBase } from '../../harness/cli/seeds.ts';

const ground = layContention();
afterAll(() => ground.remove());

/** One mover waits for nobody of its kind: whoever waits here waits for somebody outside. */
const chapterFile = join(ground.root, `chapters/${contention}/chapter.ts`);
const others = JSON.stringify(faultKinds.filter((kind) => kind !== 'lock' && kind !== 'lock-rows'));
const alone = readFileSync(chapterFile, 'utf8')
  .replace("file: 'mover.ts', instances: [3, 3]", "file: 'mover.ts', instances: [1, 1]")
  .replace(/ {4}relay: .*\n/, '')
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
  expect(other.map(({ traceHash }) => traceHash)).toEqual(one.map(({ traceHash }) => traceHash));
  const waiting = one.filter(({ counts }) => (counts['waits'] ?? 0) > 0);
  expect(waiting.length).toBeGreaterThan(count / 4);
}, 600_000);
