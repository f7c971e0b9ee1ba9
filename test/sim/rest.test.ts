import { expect, test } from 'vitest';
import { byCall, course, worker } from './support/course.ts';
import { atMsOf, facts, recorded, services } from './support/play.ts';

const minutes = 60_000;

test('what a timer of a minute will do is waited for', async () => {
  const stage = await services(
    worker(`setTimeout(() => ports.sink.record({ id: 'late-' + order.id }), ${minutes});
      await ports.sink.record(order);`),
  );
  const run = await stage.play();
  expect(run.ending).toEqual({ kind: 'rest' });
  expect(recorded(run)).toContain('late-m3');
});

test('an idle interval keeps no world from coming to rest', async () => {
  const stage = await services(worker(undefined, 'setInterval(() => {}, 5_000);'));
  const run = await stage.play();
  expect(run.ending).toEqual({ kind: 'rest' });
  expect(run.virtualMs).toBeLessThan(2 * minutes);
});

test('nor does a timer beyond every horizon', async () => {
  const stage = await services(
    worker(undefined, 'setTimeout(() => {}, 86_400_000); setInterval(() => {}, 3_600_000);'),
  );
  const faults = ['restart everything at rest'];
  const run = await stage.play({ faults });
  expect(run.fired).toEqual([0]);
  expect(run.ending).toEqual({ kind: 'rest' });
  expect(run.findings).toEqual([]);
});

test('a timer of nine minutes is waited for, and the run is judged at rest', async () => {
  const stage = await services(worker(undefined, `setInterval(() => {}, ${9 * minutes});`));
  const run = await stage.play();
  expect(run.ending).toEqual({ kind: 'rest' });
  expect(run.findings).toEqual([]);
});

test('what still changes after the horizon breaks PROGRESS', async () => {
  const stage = await services(
    worker(undefined, `setInterval(() => ports.sink.record({ id: 'again' }), 20_000);`),
  );
  const run = await stage.play();
  expect(run.ending).toMatchObject({ kind: 'horizon' });
  expect(run.findings.map(({ property }) => property)).toEqual(['progress']);
});

test('a command that is never answered is waited for until the horizon, and named', async () => {
  const stage = await services(
    `export const caller = async () => {
      setInterval(() => {}, 1_000);
      return { take: () => new Promise(() => {}), stop: async () => {} };
    };`,
    byCall,
  );
  const run = await stage.play({ commands: 1 });
  expect(run.ending).toEqual({ kind: 'horizon', waitsFor: 'm1 has not been answered by caller' });
  expect(run.virtualMs).toBeGreaterThanOrEqual(10 * minutes);
});

test('a process that never gets ready is waited for until the horizon, and named', async () => {
  const stage = await services(`export const worker = () => new Promise(() => {});`);
  const run = await stage.play({ commands: 0 });
  expect(run.ending).toEqual({ kind: 'horizon', waitsFor: 'worker-0 has not finished starting' });
});

test('the horizon is counted from the last fault', async () => {
  const stage = await services(
    `export const worker = () => new Promise(() => setInterval(() => {}, 1_000));`,
  );
  const run = await stage.play({ commands: 1, faults: ['crash worker-0 after command m1'] });
  const [fault] = facts(run, 'fault');
  expect(run.virtualMs - atMsOf(fault)).toBeGreaterThanOrEqual(10 * minutes);
});

test('a consumer that backs off is waited for', async () => {
  const stage = await services(
    worker(`if ((await ports.sink.count()) < 6) {
      await ports.sink.record({ id: 'try' });
      throw new Error('not yet');
    }
    await ports.sink.record(order);`),
  );
  const run = await stage.play({ commands: 1 });
  expect(run.ending).toEqual({ kind: 'rest' });
  expect(recorded(run)).toContain('m1');
  expect(run.findings).toEqual([]);
});

test('work that goes on after its message was committed is waited for', async () => {
  const stage = await services(
    worker(`void (async () => {
      for (let hop = 0; hop < 40; hop++) await ports.sink.count();
      await ports.sink.record(order);
    })();`),
  );
  const run = await stage.play();
  expect(new Set(recorded(run))).toEqual(new Set(['m1', 'm2', 'm3']));
  expect(run.findings.map(({ property }) => property)).toContain('commit-safe');
});

test('a consumer that is dead in a living process is found at rest', async () => {
  const stage = await services(worker().replace(/consumer\.on\('consumer.crash'.*\n/, '\n'));
  const faults = ['lose-response worker-0 · FindCoordinator workers · #1 · after apply'];
  const run = await stage.play({ faults });
  expect(run.fired).toEqual([0]);
  expect(run.findings.map(({ property }) => property)).toContain('progress');
});

test('setImmediate without end is a finding, and so is nextTick', async () => {
  for (const loop of ['setImmediate', 'process.nextTick']) {
    // oxlint-disable-next-line no-await-in-loop
    const stage = await services(
      `export const worker = async () => { const go = () => ${loop}(go); go(); return { stop: async () => {} }; };`,
    );
    // oxlint-disable-next-line no-await-in-loop
    const { ending } = await stage.play({ commands: 0 });
    expect(ending).toMatchObject({ kind: 'service', property: 'comes-to-rest' });
  }
});

test('what a relay sends that polls is there before the first closing command', async () => {
  const stage = await services(
    worker(
      'outbox.push(order);',
      `const outbox = [];
       setInterval(async () => {
         for (const order of outbox.splice(0)) await ports.sink.record(order);
       }, 7_000);`,
    ),
  );
  const calm = await stage.play();
  const [closing] = facts(calm, 'command', { closing: true, state: 'sent' });
  const before = calm.facts.filter(({ seq }) => seq < (closing?.seq ?? 0));
  expect(recorded({ facts: before })).toEqual(['m1', 'm2', 'm3']);
  const faults = ['crash worker-0 · sink.record (m1) · #1 · before apply'];
  const run = await stage.play({ faults });
  expect(run.fired).toEqual([0]);
  expect(run.findings.map(({ property }) => property)).toContain('no-loss');
});

test('closing records go to their own topic, and nobody waits for them in another', async () => {
  const receipts = { receipts: { partitions: 8 } };
  const stage = await services(
    worker(
      `await producer.send({ topic: 'receipts', messages: [{ key: order.id.slice(0, 2), value: '' }] });
       await ports.sink.record(order);`,
      'const producer = new Kafka(kafka).producer(); await producer.connect();',
    ),
    { topics: { ...course.topics, ...receipts } },
  );
  const run = await stage.play();
  const closing = facts(run, 'command', { closing: true, state: 'sent' });
  expect(run.ending).toEqual({ kind: 'rest' });
  expect(closing).toHaveLength(1);
});

/** What a caller is told goes to a worker by one topic and comes back by another. */
const passingOn = () =>
  services(
    `import { Kafka } from 'kafkajs';
     const reads = async (kafka, groupId, topic, handle) => {
       const consumer = new Kafka(kafka).consumer({ groupId });
       await consumer.connect();
       await consumer.subscribe({ topics: [topic], fromBeginning: true });
       await consumer.run({ eachMessage: async ({ message }) => handle(message) });
       return consumer;
     };
     export const worker = async ({ kafka }) => {
       const producer = new Kafka(kafka).producer();
       await producer.connect();
       const consumer = await reads(kafka, 'workers', 'orders', async ({ key, value }) => {
         await new Promise((resolve) => setTimeout(resolve, 50));
         await producer.send({ topic: 'receipts', messages: [{ key, value }] });
       });
       return { stop: async () => { await consumer.disconnect(); await producer.disconnect(); } };
     };
     export const caller = async ({ kafka }) => {
       const producer = new Kafka(kafka).producer();
       await producer.connect();
       const consumer = await reads(kafka, 'readers', 'receipts', () => {});
       return {
         take: async ({ id }) => {
           const value = JSON.stringify({ id });
           await producer.send({ topic: 'orders', messages: [{ key: id, value }] });
         },
         stop: async () => { await consumer.disconnect(); await producer.disconnect(); },
       };
     };`,
    {
      ...byCall,
      topics: { orders: { partitions: 1 }, receipts: { partitions: 1 } },
      groups: ['workers', 'readers'],
      properties: {},
    },
  );

test('what services pass on is waited for before one more closing command goes in', async () => {
  const stage = await passingOn();
  const run = await stage.play({ commands: 1 });
  expect(run.ending).toEqual({ kind: 'rest' });
  expect(facts(run, 'command', { closing: true, state: 'sent' })).toHaveLength(1);
  expect(facts(run, 'append', { topic: 'receipts' })).toHaveLength(2);
});

test('what a relay passes on later is waited for before one more closing command goes in', async () => {
  const stage = await services(
    `import { Kafka } from 'kafkajs';
     export const worker = async () => ({ stop: async () => {} });
     export const caller = async ({ kafka }) => {
       const producer = new Kafka(kafka).producer();
       await producer.connect();
       const outbox = [];
       setInterval(async () => {
         for (const { id } of outbox.splice(0)) {
           const value = JSON.stringify({ id });
           await producer.send({ topic: 'orders', messages: [{ key: id, value }] });
         }
       }, 3_000);
       return { take: async (order) => void outbox.push(order), stop: () => producer.disconnect() };
     };`,
    { ...byCall, groups: [], properties: {} },
  );
  const run = await stage.play({ commands: 1 });
  expect(run.ending).toEqual({ kind: 'rest' });
  expect(facts(run, 'append', { topic: 'orders' })).toHaveLength(2);
  expect(facts(run, 'command', { closing: true, state: 'sent' })).toHaveLength(1);
});

test('a group is asked about what it reads, and not about what is there besides', async () => {
  const stage = await passingOn();
  const run = await stage.play({ commands: 1 });
  const [closing] = facts(run, 'command', { closing: true, state: 'sent' });
  const committed = facts(run, 'commit').filter(({ seq }) => seq < (closing?.seq ?? 0));
  const said = committed.map(({ group, topic, offset }) => `${group} ${topic} ${offset}`);
  expect(new Set(said)).toEqual(new Set(['workers orders 1', 'readers receipts 1']));
  // A world that waited for what nobody reads would wait through two rounds of long polls.
  expect(atMsOf(closing) - atMsOf(committed.at(-1))).toBeLessThan(6_000);
});
