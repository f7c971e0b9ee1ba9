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

test('the answer of a call is a copy; one that cannot be copied is no answer', async () => {
  const stage = await services(
    caller(`take: async ({ id }) => {
      if (id === 'm2') return () => 'a function stays where it is';
      const result = { id, at: new Date(0), none: undefined };
      setTimeout(() => { result.id = 'changed'; }, 0);
      return id === 'm3' ? undefined : result;
    }`),
    byCall,
  );
  const run = await stage.play();
  const ends = facts(run, 'command').filter(({ state, closing }) => state !== 'sent' && !closing);
  expect(ends.map(({ state, result }) => [state, result])).toEqual([
    ['acked', { id: 'm1', at: '1970-01-01T00:00:00.000Z' }],
    ['unknown', undefined],
    ['acked', undefined],
  ]);
  expect(ends[1]?.reason).toMatch(/could not be cloned/);
});

const sentTo = (run: Parameters<typeof recorded>[0]): readonly unknown[] =>
  facts(run, 'command', { closing: false, state: 'sent' }).map(({ id, slot }) => [id, slot]);

test('of several the first gets a call, or the one that the schedule says', async () => {
  const commands = [
    { id: 'm1', value: { id: 'm1' } },
    { id: 'm2', value: { id: 'm2' }, to: 'caller-1' },
    { id: 'm3', value: { id: 'm3' }, to: 'caller-7' },
  ];
  const run = await calls.play({ commands, instances: { caller: 2 } });
  expect(sentTo(run)).toEqual([
    ['m1', 'caller-0'],
    ['m2', 'caller-1'],
    ['m3', 'caller-0'],
  ]);
});

test('a call whose slot is down goes to one that is up, and to none a second time', async () => {
  const commands = [{ id: 'm1', value: { id: 'm1' }, to: 'caller-1' }];
  const faults = ['stop caller-1 before start'];
  const other = await calls.play({ commands, faults, instances: { caller: 2 } });
  expect(sentTo(other)).toEqual([['m1', 'caller-0']]);
  const died = await calls.play({
    commands,
    faults: ['crash caller-1 · sink.record (m1) · #1 · after apply'],
    instances: { caller: 2 },
  });
  expect(sentTo(died)).toEqual([['m1', 'caller-1']]);
  expect(order(died)).toEqual(['m1 sent', 'm1 unknown']);
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
