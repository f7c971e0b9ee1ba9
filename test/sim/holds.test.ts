import { expect, test } from 'vitest';
import { byCall, worker } from './support/course.ts';
import { atMsOf, facts, recorded, services } from './support/play.ts';

const stage = await services(worker());
const record = 'worker-0 · sink.record (m1) · #1';
const other = 'worker-1 · JoinGroup workers · #1';

test('a held call waits until the end of its hold is crossed', async () => {
  const instances = { worker: 2 };
  const calm = await stage.play({ instances });
  const run = await stage.play({
    instances,
    holds: [`hold worker-0 · JoinGroup workers · #1 · before apply until ${other} · after apply`],
  });
  expect(run.held).toEqual([0]);
  const applied = (of: typeof run, slot: string): number =>
    atMsOf(facts(of, 'operation', { slot, operation: 'JoinGroup', step: 'applied' })[0]);
  expect(applied(calm, 'worker-0')).toBeLessThanOrEqual(applied(calm, 'worker-1'));
  expect(applied(run, 'worker-0')).toBeGreaterThanOrEqual(applied(run, 'worker-1'));
  expect(run.findings).toEqual([]);
});

test('a hold whose end is never crossed lets go, and is not counted as held', async () => {
  const run = await stage.play({
    commands: 1,
    holds: [`hold ${record} · before apply until worker-7 · JoinGroup workers · #1 · after apply`],
  });
  expect(run.held).toEqual([]);
  expect(run.ending).toEqual({ kind: 'rest' });
  const arrived = facts(run, 'operation', { operation: 'sink.record', step: 'arrived' })[0];
  const applied = facts(run, 'operation', { operation: 'sink.record', step: 'applied' })[0];
  expect(atMsOf(applied) - atMsOf(arrived)).toBe(120_000);
});

test('no run is at rest while something is held, an answered Fetch included', async () => {
  const run = await stage.play({
    commands: 1,
    holds: [
      'hold worker-0 · Fetch orders (m1) · #1 · after apply until worker-7 · sink.record · #1 · after apply',
    ],
  });
  expect(run.ending).toEqual({ kind: 'rest' });
  expect(run.findings).toEqual([]);
  expect(recorded(run)).toContain('m1');
});

test('a hold that was released costs no time afterwards', async () => {
  const calm = await stage.play({ commands: 2 });
  const run = await stage.play({
    commands: 2,
    holds: [`hold ${record} · after apply until worker-0 · sink.record (m2) · #1 · after apply`],
  });
  // Nothing else comes before its own answer: it waits for itself and lets go.
  expect(run.held).toEqual([]);
  const both = await stage.play({
    commands: 2,
    instances: { worker: 2 },
    holds: [
      `hold worker-0 · FindCoordinator workers · #1 · before apply until ${other} · before apply`,
    ],
  });
  expect(both.held).toEqual([0]);
  expect(both.virtualMs).toBeLessThan(calm.virtualMs + 60_000);
});

test('what is behind a held request on its connection waits for it', async () => {
  const pair = await services(
    worker('await Promise.all([heartbeat(), ports.sink.record(order)]);'),
  );
  const hold =
    'hold worker-0 · OffsetCommit workers (m1) · #1 · before apply ' +
    'until worker-7 · sink.record · #1 · after apply';
  const run = await pair.play({ commands: 2, holds: [hold] });
  const [first] = facts(run, 'operation', { operation: 'OffsetCommit', step: 'applied' });
  expect(first?.cause).toEqual(['m1']);
});

const patient = await services(
  worker() +
    `export const caller = async ({ kafka }) => {
      const producer = new Kafka(kafka).producer();
      await producer.connect();
      return {
        take: async ({ id }) => {
          const messages = [{ key: id, value: JSON.stringify({ id }) }];
          await producer.send({ topic: 'orders', messages });
          await new Promise((resolve) => setTimeout(resolve, 10_000));
        },
        stop: () => producer.disconnect(),
      };
    };`,
  byCall,
);

test('who is held and dies is waited for no longer, and what it asked for is lost', async () => {
  const run = await patient.play({
    commands: 1,
    holds: [`hold ${record} · before apply until worker-7 · sink.record · #1 · after apply`],
    faults: ['crash worker-0 after command m1'],
  });
  expect(run.fired).toEqual([0]);
  expect(run.held).toEqual([]);
  expect(run.virtualMs).toBeLessThan(110_000);
  expect(recorded(run)).toEqual(['m1']);
});

test('a fault at the place of a hold strikes when the call comes, not when it is let go', async () => {
  const run = await stage.play({
    instances: { worker: 2 },
    commands: 1,
    faults: [`freeze ${record} · before apply · 45000 ms`],
    holds: [`hold ${record} · before apply until worker-1 · sink.record (m1) · #1 · before apply`],
  });
  expect(run.fired).toEqual([0]);
  expect(run.held).toEqual([0]);
  const arrived = facts(run, 'operation', { operation: 'sink.record', step: 'arrived' })[0];
  const frozen = facts(run, 'instance', { slot: 'worker-0', state: 'frozen' })[0];
  expect(atMsOf(frozen)).toBe(atMsOf(arrived));
});
