import { expect, test } from 'vitest';
import { worker } from './support/course.ts';
import { facts, lifeOf, recorded, services } from './support/play.ts';

const plain = services(worker());
const commit = 'worker-0 · OffsetCommit workers (m1) · #1';

test('a run without faults does everything once and comes to rest', async () => {
  const run = await (await plain).play();
  expect(run.ending).toEqual({ kind: 'rest' });
  expect(run.findings).toEqual([]);
  expect(recorded(run)).toEqual(['m1', 'm2', 'm3']);
});

test('a crash before apply loses the request, which the next process repeats', async () => {
  const run = await (await plain).play({ faults: [`crash ${commit} · before apply`] });
  expect(run.fired).toEqual([0]);
  expect(recorded(run)).toEqual(['m1', 'm1', 'm2', 'm3']);
  expect(lifeOf(run, 'worker-0')).toEqual(['starts', 'ready', 'dies', 'starts', 'ready']);
});

test('a crash after apply keeps the effect and loses the answer', async () => {
  const run = await (await plain).play({ faults: [`crash ${commit} · after apply`] });
  expect(recorded(run)).toEqual(['m1', 'm2', 'm3']);
  const steps = facts(run, 'operation', { operation: 'OffsetCommit', incarnation: 1 });
  expect(steps.map(({ step }) => step)).toEqual(['arrived', 'applied']);
});
