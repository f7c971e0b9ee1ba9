import { expect, test } from 'vitest';
import { byCall, worker } from './support/course.ts';
import { atMsOf, facts, faultAt, lifeOf, recorded, services } from './support/play.ts';

const plain = await services(worker());
const commit = 'worker-0 · OffsetCommit workers (m1) · #1';

/** Two records on their way at once, by two connections of one process. */
const twoProducers = await services(
  `
  import { Kafka } from 'kafkajs';
  export const caller = async ({ kafka }) => {
    const producers = [0, 1].map(() => new Kafka(kafka).producer());
    for (const producer of producers) await producer.connect();
    const send = (producer, id) =>
      producer.send({ topic: 'orders', messages: [{ key: id, value: JSON.stringify({ id }) }] });
    for (const producer of producers) await send(producer, 'warm-up');
    return {
      take: ({ id }) => Promise.all(producers.map((producer, at) => send(producer, id + '-' + at))),
      stop: async () => {},
    };
  };`,
  byCall,
);
const firstProduce = 'caller-0 · Produce orders (m1-0) · #1';

test('a run without faults does everything once and comes to rest', async () => {
  const run = await plain.play();
  expect(run.ending).toEqual({ kind: 'rest' });
  expect(run.findings).toEqual([]);
  expect(recorded(run)).toEqual(['m1', 'm2', 'm3']);
});

test('a crash before apply loses the request, which the next process repeats', async () => {
  const run = await plain.play({ faults: [`crash ${commit} · before apply`] });
  expect(run.fired).toEqual([0]);
  expect(recorded(run)).toEqual(['m1', 'm1', 'm2', 'm3']);
  expect(lifeOf(run, 'worker-0')).toEqual(['starts', 'ready', 'dies', 'starts', 'ready']);
});

test('a crash after apply keeps the effect and loses the answer', async () => {
  const run = await plain.play({ faults: [`crash ${commit} · after apply`] });
  expect(recorded(run)).toEqual(['m1', 'm2', 'm3']);
  const steps = facts(run, 'operation', { operation: 'OffsetCommit', incarnation: 1 });
  expect(steps.map(({ step }) => step)).toEqual(['arrived', 'applied']);
});

test('a crash loses what the process had written on its other connections', async () => {
  const place = `${firstProduce} · before apply`;
  const lost = await twoProducers.play({ commands: 1, faults: [`crash ${place}`] });
  const written = facts(lost, 'append').map(({ command }) => command);
  expect(written).not.toContain('m1-0');
  expect(written).not.toContain('m1-1');
});

test('with "in flight arrives" the other bytes are applied although nobody waits for them', async () => {
  const place = `${firstProduce} · before apply`;
  const run = await twoProducers.play({
    commands: 1,
    faults: [faultAt('crash', place, { inFlight: 'arrives' })],
  });
  const written = facts(run, 'append').map(({ command }) => command);
  expect(written).not.toContain('m1-0');
  expect(written).toContain('m1-1');
  const [dies] = facts(run, 'instance', { slot: 'caller-0', state: 'dies' });
  const [late] = facts(run, 'append', { command: 'm1-1' });
  expect(late?.seq).toBeGreaterThan(dies?.seq ?? Infinity);
});

test('a held request of a dead process arrives or is lost, as the schedule says', async () => {
  const hold =
    'hold caller-0 · Produce orders (m1-1) · #1 · before apply ' +
    'until caller-0 · ApiVersions · #9 · before apply';
  const at = `${firstProduce} · after apply`;
  const written = async (options?: { inFlight: 'arrives' }): Promise<readonly unknown[]> => {
    const faults = [faultAt('crash', at, options)];
    const run = await twoProducers.play({ commands: 1, holds: [hold], faults });
    expect(run.fired).toEqual([0]);
    return facts(run, 'append').map(({ command }) => command);
  };
  expect(await written()).not.toContain('m1-1');
  expect(await written({ inFlight: 'arrives' })).toContain('m1-1');
});

test('a call of a command ends unknown when its process dies, and is not sent twice', async () => {
  const run = await twoProducers.play({
    commands: 2,
    faults: [`crash ${firstProduce} · after apply`],
  });
  const states = facts(run, 'command').map(({ id, state }) => `${id} ${state}`);
  expect(states.slice(0, 2)).toEqual(['m1 sent', 'm1 unknown']);
  expect(states.filter((state) => state === 'm1 sent')).toHaveLength(1);
  expect(states).toContain('m2 acked');
});

test('a dead member is not put out early: its successor reads after its session', async () => {
  const run = await plain.play({ faults: [`crash ${commit} · before apply`] });
  const [dies] = facts(run, 'instance', { state: 'dies' });
  const again = facts(run, 'deliver', { incarnation: 2 })[0];
  const waitedMs = atMsOf(again) - atMsOf(dies);
  expect(waitedMs).toBeGreaterThan(29_000);
  expect(waitedMs).toBeLessThan(31_000);
});

test('a crashed process is started again after one second', async () => {
  const run = await plain.play({ faults: [`crash ${commit} · before apply`] });
  const [, again] = facts(run, 'instance', { state: 'starts' });
  const [dies] = facts(run, 'instance', { state: 'dies' });
  expect(atMsOf(again) - atMsOf(dies)).toBe(1_000);
});

test('nothing of a dead process runs: no timer, no promise, no byte', async () => {
  const run = await (
    await services(
      worker(`
      setInterval(() => console.log('tick'), 5);
      await ports.sink.record(order);
      console.log('recorded');`),
    )
  ).play({ commands: 1, faults: ['crash worker-0 · sink.record (m1) · #1 · after apply'] });
  const [dies] = facts(run, 'instance', { state: 'dies' });
  const last = facts(run, 'console', { incarnation: 1 }).at(-1);
  expect(dies).toBeDefined();
  expect(last?.seq ?? -1).toBeLessThan(dies?.seq ?? 0);
  expect(facts(run, 'operation', { incarnation: 1 }).at(-1)?.step).toBe('applied');
});
