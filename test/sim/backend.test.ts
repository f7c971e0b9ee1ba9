/** A backend that needs real time: virtual time stands still until it has answered. */
import { setTimeout as wait } from 'node:timers/promises';
import { createBroker } from '#broker';
import { expect, test } from 'vitest';
import { createLoader, createWorld, portsOf, pump, type PortBackend, type World } from '#sim';
import { services } from './support/play.ts';

const worker = `
  import { Kafka } from 'kafkajs';
  export const worker = async ({ kafka, ports }) => {
    const consumer = new Kafka(kafka).consumer({ groupId: 'workers' });
    await consumer.connect();
    await consumer.subscribe({ topics: ['orders'], fromBeginning: true });
    await consumer.run({ eachMessage: async ({ message }) => {
      setTimeout(() => console.log('a timer beside it'), 0);
      await ports.sink.record(JSON.parse(String(message.value)));
    } });
    return { stop: () => consumer.disconnect() };
  };`;

type Slowly = (backend: PortBackend, watch: { world?: World }) => PortBackend;

async function play(slowly: Slowly) {
  const stage = await services(worker);
  const broker = createBroker({
    groupInitialRebalanceDelayMs: 0,
    autoCreateTopics: false,
    idSeed: 1,
  });
  broker.createTopic('orders', 1);
  broker.take();
  const loader = createLoader(stage.made, stage.chapter);
  const watch: { world?: World } = {};
  const ports = new Map(
    [...portsOf(stage.chapter)].map(([name, backend]) => [name, slowly(backend, watch)]),
  );
  const { chapter } = stage;
  const schedule = stage.schedule();
  const world = createWorld({ chapter, schedule, loader, broker, ports, traced: false });
  watch.world = world;
  loader.begin(world, { fresh: true });
  try {
    return await pump(world);
  } finally {
    loader.end();
  }
}

const atOnce: Slowly = (backend) => backend;

test('real time that a backend takes changes no byte of a run and no virtual millisecond', async () => {
  const waits = [3, 1, 7, 0, 2];
  let asked = 0;
  const moved: number[] = [];
  const after: Slowly = (backend, watch) => ({
    calls: backend.calls,
    async apply(call, args) {
      const before = watch.world?.now() ?? -1;
      await wait(waits[asked++ % waits.length]);
      moved.push((watch.world?.now() ?? -1) - before);
      return backend.apply(call, args);
    },
  });
  const [quick, slow] = [await play(atOnce), await play(after)];
  expect(asked).toBeGreaterThan(3);
  expect(moved.every((ms) => ms === 0)).toBe(true);
  expect(slow.ending).toEqual({ kind: 'rest' });
  expect(slow.traceHash).toBe(quick.traceHash);
  expect(slow.virtualMs).toBe(quick.virtualMs);
  expect(slow.facts).toEqual(quick.facts);
});

test('a backend that refuses after a while refuses as one that refuses at once', async () => {
  const refusesOnce = (isSlow: boolean): Slowly => {
    let refused = false;
    return (backend) => ({
      calls: backend.calls,
      apply(call, args) {
        if (refused) return backend.apply(call, args);
        refused = true;
        const error = new Error('the sink is full');
        if (isSlow) return wait(2).then(() => Promise.reject(error));
        throw error;
      },
    });
  };
  const [quick, slow] = [await play(refusesOnce(false)), await play(refusesOnce(true))];
  expect(quick.facts.some((fact) => fact.kind === 'port' && fact.outcome === 'rejected')).toBe(
    true,
  );
  expect(slow.traceHash).toBe(quick.traceHash);
});
