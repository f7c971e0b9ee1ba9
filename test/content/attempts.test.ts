import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { equalsMaster, listAttempts, resetExercise, snapshotExercise } from '#content';
import { course, worker } from './tiny-course.ts';

const stub = worker("console.log('stub');");

async function exercise() {
  const tiny = course('01-tiny');
  const chapter = await tiny.load();
  const file = 'exercises/01-tiny/worker.ts';
  return {
    chapter,
    root: tiny.root,
    edit: (text: string, name = file) => tiny.write(name, text),
    text: () => readFileSync(join(tiny.root, file), 'utf8'),
    kept: async () =>
      (await listAttempts(chapter)).map(({ at, path }) => ({
        at,
        text: readFileSync(join(path, 'worker.ts'), 'utf8'),
      })),
  };
}

test('an exercise equals its master until it is edited, gets a file or loses one', async () => {
  const { chapter, edit } = await exercise();
  expect(await equalsMaster(chapter)).toBe(true);
  edit('mine');
  expect(await equalsMaster(chapter)).toBe(false);
  edit(stub);
  expect(await equalsMaster(chapter)).toBe(true);
  edit('', 'exercises/01-tiny/helper.ts');
  expect(await equalsMaster(chapter)).toBe(false);
});

test('an untouched exercise is not kept', async () => {
  const { chapter, kept } = await exercise();
  expect(await snapshotExercise(chapter, '2026-05-04T09:30:00.000Z')).toBeUndefined();
  expect(await kept()).toEqual([]);
});

test('each state is kept once, under its time', async () => {
  const { chapter, edit, kept } = await exercise();
  edit('first');
  const first = await snapshotExercise(chapter, '2026-05-04T09:30:00.000Z');
  const again = await snapshotExercise(chapter, '2026-05-04T09:31:00.000Z');
  expect(again).toEqual(first);
  edit('second');
  await snapshotExercise(chapter, '2026-05-04T09:32:00.000Z');
  expect(await kept()).toEqual([
    { at: '2026-05-04T09-30-00.000Z', text: 'first' },
    { at: '2026-05-04T09-32-00.000Z', text: 'second' },
  ]);
});

test('snapshots of one millisecond, or under a clock set back, keep their order', async () => {
  const { chapter, edit, kept } = await exercise();
  for (const [text, hour] of [
    ['a', '10'],
    ['b', '10'],
    ['c', '09'],
    ['d', '11'],
  ] as const) {
    edit(text);
    await snapshotExercise(chapter, `2026-05-04T${hour}:00:00.000Z`);
  }
  expect((await kept()).map(({ text }) => text)).toEqual(['a', 'b', 'c', 'd']);
});

test('a reset gives the stub back and keeps what was edited and what was added', async () => {
  const { chapter, root, edit, text } = await exercise();
  edit('mine');
  edit('help', 'exercises/01-tiny/deep/helper.ts');
  const kept = await resetExercise(chapter, '2026-05-04T09:30:00.000Z');
  expect(text()).toBe(stub);
  expect(existsSync(join(root, 'exercises/01-tiny/deep'))).toBe(false);
  expect(kept?.files).toEqual(['deep/helper.ts', 'worker.ts']);
  expect(kept?.path).toBe(join(root, '.crashproof/attempts/01-tiny/2026-05-04T09-30-00.000Z'));
  expect(readFileSync(join(kept?.path ?? '', 'deep/helper.ts'), 'utf8')).toBe('help');
});

test('a reset after a snapshot says where the same work already lies', async () => {
  const { chapter, edit, kept } = await exercise();
  edit('mine');
  const snapshot = await snapshotExercise(chapter, '2026-05-04T09:30:00.000Z');
  expect(await resetExercise(chapter, '2026-05-04T09:31:00.000Z')).toEqual(snapshot);
  expect(await kept()).toHaveLength(1);
});

test('a reset of an untouched exercise keeps nothing', async () => {
  const { chapter, text, root } = await exercise();
  expect(await resetExercise(chapter, '2026-05-04T09:30:00.000Z')).toBeUndefined();
  expect(text()).toBe(stub);
  expect(existsSync(join(root, '.crashproof'))).toBe(false);
});
