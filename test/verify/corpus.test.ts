/** What a learner's earlier runs mean for the next: which old findings are tried, which question is asked. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openCorpus, upTo } from '../../harness/verify/corpus.ts';
import { chapterOne, exampleSchedule } from '../schedule/chapter-one.ts';

const chapter = '00-first-crash';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'crashproof-corpus-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test('the next question is asked when other code shows the same finding, not when one looks again', () => {
  const corpus = openCorpus(folder(), chapter);
  expect(corpus.seen('no-loss x', 'first', false)).toBe(0);
  expect(corpus.seen('no-loss x', 'first', true)).toBe(0);
  expect(corpus.seen('no-loss x', 'first', true)).toBe(0);
  expect(corpus.seen('no-loss x', 'second', true)).toBe(1);
  expect(corpus.seen('no-loss x', 'first', false)).toBe(0);
  expect(corpus.seen('no-loss x', 'third', false)).toBe(1);
  expect(corpus.seen('no-loss y', 'third', true)).toBe(0);
});

test('what an earlier version counted is no obstacle', async () => {
  const root = folder();
  const kept = join(root, '.crashproof', chapter);
  await mkdir(kept, { recursive: true });
  writeFileSync(join(kept, 'seen.json'), '{ "no-loss x": 3 }');
  const corpus = openCorpus(root, chapter);
  expect(corpus.seen('no-loss x', 'first', true)).toBe(0);
  expect(corpus.seen('no-loss x', 'second', true)).toBe(1);
});

test('what a harsher level found is kept, and not tried at a milder one', () => {
  const root = folder();
  const corpus = openCorpus(root, chapter);
  const stops = { kind: 'stop', on: 'greeter-0', place: 'at rest' } as const;
  const one = { ...exampleSchedule, faults: [stops] };
  const two = { ...one, instances: { ...exampleSchedule.instances, greeter: 2 } };
  corpus.save(one);
  corpus.save(two);
  const { saved } = openCorpus(root, chapter);
  expect(saved.map(({ id }) => id)).toEqual(['k1', 'k2']);
  expect(upTo(1, saved, chapterOne)).toEqual([one]);
  expect(upTo(2, saved, chapterOne)).toEqual([one, two]);
});
