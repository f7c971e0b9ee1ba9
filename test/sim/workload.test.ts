import { expect, test } from 'vitest';
import { byCall, topic, worker } from './support/course.ts';
import { atMsOf, facts, lifeOf, placeOf, recorded, services } from './support/play.ts';

const plain = await services(worker());
const caller = (body: string): string =>
  `export const caller = async ({ ports, slot }) => ({ ${body}, stop: async () => {} });`;
const slow = 'take: async (order) => { await ports.sink.record(order); await ports.sink.count(); }';
const calls = await services(caller(slow), byCall);

const order = (run: Parameters<typeof recorded>[0]): readonly string[] =>
  facts(run, 'command', { closing: false }).map(({ id, state }) => `${id} ${state}`);

test('a command is sent after the answer of the one before', async () => {
  expect(order(await calls.play({ commands: 2 }))).toEqual([
    'm1 sent',
    'm1 acked',
    'm2 sent',
    'm2 acked',
  ]);
});

test('a command may be sent together with the one before', async () => {
  const commands = ['m1', 'm2', 'm3'].map((id, index) =>
    index === 1 ? { id, value: { id }, at: 'with previous' as const } : { id, value: { id } },
  );
  const sequence = order(await calls.play({ commands }));
  expect(sequence.slice(0, 2)).toEqual(['m1 sent', 'm2 sent']);
  expect(sequence.indexOf('m3 sent')).toBeGreaterThan(sequence.indexOf('m2 acked'));
});

test('a record sent before the start is there before any process starts', async () => {
  const commands = [
    { id: 'm1', value: { id: 'm1' }, at: 'before start' as const },
    { id: 'm2', value: { id: 'm2' } },
  ];
  const run = await plain.play({ commands });
  const [starts] = facts(run, 'instance', { state: 'starts' });
  const [early, late] = facts(run, 'append');
  expect(early?.seq).toBeLessThan(starts?.seq ?? 0);
  expect(late?.seq).toBeGreaterThan(starts?.seq ?? Infinity);
  expect(recorded(run)).toEqual(['m1', 'm2']);
});

test('a call before the start needs its own role only; the others start after its answer', async () => {
  const stage = await services(worker() + caller(slow), byCall);
  const commands = [{ id: 'm1', value: { id: 'm1' }, at: 'before start' as const }];
  const run = await stage.play({ commands });
  const [acked] = facts(run, 'command', { id: 'm1', state: 'acked' });
  const [workerStarts] = facts(run, 'instance', { slot: 'worker-0', state: 'starts' });
  expect(workerStarts?.seq).toBeGreaterThan(acked?.seq ?? Infinity);
});

test('a command may be sent when a place is crossed', async () => {
  const at = placeOf('worker-0 · sink.record (m1) · #1 · after apply');
  const commands = [
    { id: 'm1', value: { id: 'm1' } },
    { id: 'm2', value: { id: 'm2' }, at },
  ];
  const run = await plain.play({ commands });
  const [first] = facts(run, 'port');
  const [second] = facts(run, 'command', { id: 'm2', state: 'sent' });
  expect(atMsOf(second)).toBe(atMsOf(first) + 1);
  expect(recorded(run)).toEqual(['m1', 'm2']);
});

test('a call to a role that is down waits for it', async () => {
  const run = await calls.play({ commands: 1, faults: ['stop caller-0 before start'] });
  const [ready] = facts(run, 'instance', { state: 'ready' });
  const sent = facts(run, 'command', { id: 'm1', state: 'sent' });
  expect(sent).toHaveLength(1);
  expect(sent[0]?.seq).toBeGreaterThan(ready?.seq ?? Infinity);
});

test('a rejected call is unknown, with its reason, and so is one that throws at once', async () => {
  const stage = await services(
    caller(`take({ id }) { if (id === 'm1') throw new Error('at once');
      return id === 'm2' ? Promise.reject(new Error('later')) : this.other(); },
      other: async () => {}`),
    byCall,
  );
  const run = await stage.play();
  const ends = facts(run, 'command').filter(({ state, closing }) => state !== 'sent' && !closing);
  expect(ends.map(({ state, reason }) => [state, reason])).toEqual([
    ['unknown', 'at once'],
    ['unknown', 'later'],
    ['acked', undefined],
  ]);
  expect(lifeOf(run, 'caller-0')).toEqual(['starts', 'ready']);
});

test('arguments are copies: what a service does to them does not reach the history', async () => {
  const stage = await services(caller(`take: async (order) => { order.id = 'changed'; }`), byCall);
  const run = await stage.play({ commands: 1 });
  expect(facts(run, 'command', { state: 'acked' })[0]).toMatchObject({
    id: 'm1',
    value: { id: 'm1' },
  });
});

test('closing commands go in until each partition that held a record got one more', async () => {
  const stage = await services(worker(), { topics: { [topic]: { partitions: 4 } } });
  const run = await stage.play();
  const held = facts(run, 'append').filter(({ command }) => command?.startsWith('m'));
  const closing = facts(run, 'append').filter(({ command }) => command?.startsWith('closing'));
  const partitions = (of: typeof held): unknown[] =>
    [...new Set(of.map(({ partition }) => partition))].toSorted((a, b) => a - b);
  expect(partitions(closing)).toEqual(partitions(held));
});

test('a topic that closing commands do not reach gets none, and the run ends all the same', async () => {
  const stage = await services(
    `import { Kafka } from 'kafkajs';
     export const worker = async ({ kafka }) => {
       const producer = new Kafka(kafka).producer();
       await producer.connect();
       await producer.send({ topic: 'receipts', messages: [{ key: 'r', value: 'r', partition: 3 }] });
       return { stop: () => producer.disconnect() };
     };`,
    { topics: { [topic]: { partitions: 1 }, receipts: { partitions: 4 } }, groups: [] },
  );
  const run = await stage.play({ commands: 1 });
  expect(run.ending).toEqual({ kind: 'rest' });
  // The one is for the partition of the orders.
  expect(facts(run, 'command', { closing: true, state: 'sent' })).toHaveLength(1);
  expect(facts(run, 'append', { topic: 'receipts' })).toHaveLength(1);
});
