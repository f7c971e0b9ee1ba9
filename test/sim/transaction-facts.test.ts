/** Transactions in the simulated world: what its history holds, and what readers of it see. */
import { expect, test } from 'vitest';
import { fold, type Fact } from '#check';
import type { ChapterDefinition, Moment } from '#kit';
import { course } from './support/course.ts';
import { facts, lifeOf, services, type Run } from './support/play.ts';

/** Each order becomes an output, and its offset is committed with it. */
const code = (handler = 'await tx.commit();'): string => `
  import { Kafka } from 'kafkajs';
  export const worker = async ({ kafka: config, slot }) => {
    const kafka = new Kafka(config);
    const consumer = kafka.consumer({ groupId: 'workers' });
    const producer = kafka.producer({
      transactionalId: slot, idempotent: true, maxInFlightRequests: 1,
    });
    consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
    await Promise.all([producer.connect(), consumer.connect()]);
    await consumer.subscribe({ topics: ['orders'], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ topic, partition, message }) => {
        const tx = await producer.transaction();
        const { key, value } = message;
        const offset = String(Number(message.offset) + 1);
        const first = globalThis.seen === undefined;
        globalThis.seen = true;
        await tx.send({ topic: 'outputs', messages: [{ key, value }] });
        await tx.sendOffsets({
          consumerGroupId: 'workers',
          topics: [{ topic, partitions: [{ partition, offset }] }],
        });
        ${handler}
      },
    });
    return { stop: async () => { await consumer.disconnect(); await producer.disconnect(); } };
  };
`;
const change = {
  topics: { orders: { partitions: 1 }, outputs: { partitions: 1 } },
  ports: {},
  flow: {
    id: { ...course.flow.id, outputs: course.flow.id['orders'] },
    effects: ({ topics }: Pick<Moment, 'topics'>) =>
      topics['outputs']?.committed.map(({ command }) => ({ id: command })) ?? [],
  },
} as unknown as Partial<ChapterDefinition>;

const plain = await services(code(), change);

function outputs(run: Pick<Run, 'facts'>, upTo = Infinity): readonly (string | undefined)[] {
  const known = run.facts.filter(({ seq }) => seq <= upTo);
  const { moment } = fold(known, plain.chapter);
  return (moment.topics['outputs']?.committed ?? [])
    .map(({ command }) => command)
    .filter((id) => !id?.startsWith('closing'));
}

const states = (run: Pick<Run, 'facts'>): readonly string[] =>
  facts(run, 'transaction').map(({ state }) => state);

const seqOf = (fact: Fact | undefined): number => fact?.seq ?? Number.NaN;

test('a committed order is there once, its marker and its offset after the answer to EndTxn', async () => {
  const run = await plain.play({ commands: 1 });
  expect(run).toMatchObject({ ending: { kind: 'rest' }, findings: [] });
  expect(outputs(run)).toEqual(['m1']);
  expect(states(run).slice(0, 4)).toEqual(['Empty', 'Ongoing', 'PrepareCommit', 'CompleteCommit']);
  const [record] = facts(run, 'append', { topic: 'outputs' });
  const [marker] = facts(run, 'marker');
  const [commit] = facts(run, 'commit');
  expect(record).toMatchObject({ transactional: true, slot: 'worker-0' });
  expect(marker).toMatchObject({ topic: 'outputs', offset: 1, outcome: 'commit' });
  expect(commit).toMatchObject({ group: 'workers', offset: 1, slot: 'worker-0' });
  expect(seqOf(commit)).toBeGreaterThan(seqOf(marker));
  const [prepared] = facts(run, 'transaction', { state: 'PrepareCommit' });
  expect((marker?.atMs ?? 0) - (prepared?.atMs ?? 0)).toBe(4);
  expect(outputs(run, seqOf(marker) - 1)).toEqual([]);
});

test('a new process is told the next epoch of its id, and the offset that was committed with it', async () => {
  const run = await plain.play({
    commands: 1,
    faults: ['crash worker-0 · EndTxn worker-0 (m1) · #1 · after apply'],
  });
  const told = (operation: string): readonly string[] =>
    facts(run, 'operation', { operation, slot: 'worker-0' }).flatMap((fact) => fact.told ?? []);
  expect(told('InitProducerId').slice(0, 2)).toEqual(['epoch 0', 'epoch 1']);
  expect(told('OffsetFetch').slice(0, 2)).toEqual(['nothing committed', 'orders/0 at 1']);
});

test('three orders run to the end, each next one told 51 until the markers are written', async () => {
  const run = await plain.play({ commands: 3 });
  expect(run).toMatchObject({ ending: { kind: 'rest' }, findings: [] });
  expect(outputs(run)).toEqual(['m1', 'm2', 'm3']);
  const told = facts(run, 'operation', { operation: 'AddPartitionsToTxn', step: 'answered' });
  expect(told.some(({ error }) => error === 'CONCURRENT_TRANSACTIONS')).toBe(true);
});

test('dead before EndTxn: its transaction is aborted by the one that starts in its place', async () => {
  const run = await plain.play({
    commands: 1,
    faults: ['crash worker-0 · EndTxn worker-0 (m1) · #1 · before apply'],
  });
  expect(run).toMatchObject({ fired: [0], ending: { kind: 'rest' }, findings: [] });
  expect(lifeOf(run, 'worker-0')).toContain('dies');
  expect(facts(run, 'append', { topic: 'outputs', command: 'm1' })).toHaveLength(2);
  expect(facts(run, 'marker').map(({ outcome }) => outcome)).toContain('abort');
  expect(outputs(run)).toEqual(['m1']);
});

test('dead after EndTxn: the order is done, and is not done again', async () => {
  const run = await plain.play({
    commands: 1,
    faults: ['crash worker-0 · EndTxn worker-0 (m1) · #1 · after apply'],
  });
  expect(run).toMatchObject({ fired: [0], ending: { kind: 'rest' }, findings: [] });
  expect(facts(run, 'append', { topic: 'outputs', command: 'm1' })).toHaveLength(1);
  expect(outputs(run)).toEqual(['m1']);
});

test('an abort leaves the record to read_uncommitted readers', async () => {
  const stage = await services(
    code('await (first ? tx.abort() : tx.commit()); if (first) throw new Error("again");'),
    change,
  );
  const run = await stage.play({ commands: 1 });
  expect(outputs(run)).toEqual(['m1']);
  expect(facts(run, 'append', { topic: 'outputs', command: 'm1' })).toHaveLength(2);
  expect(facts(run, 'marker').map(({ outcome }) => outcome)).toEqual(
    expect.arrayContaining(['abort', 'commit']),
  );
});

test('a transaction that nobody ends is aborted when its time is over, and the run waits for that', async () => {
  const stage = await services(code('if (first) return; await tx.commit();'), change);
  const run = await stage.play({ commands: 1 });
  const timedOut = facts(run, 'transaction', { state: 'PrepareAbort' }).filter(
    ({ slot }) => slot === undefined,
  );
  expect(timedOut).toHaveLength(1);
  expect(timedOut[0]?.atMs).toBeGreaterThan(60_000);
  expect(outputs(run)).toEqual([]);
});

const withMarkersHeldUntil = (ms: number): Promise<Run> =>
  plain.play({
    commands: 1,
    faults: ['crash worker-0 · EndTxn worker-0 (m1) · #1 · after apply'],
    watch(world) {
      world.broker.delayMarkers('worker-0', undefined);
      world.later(ms, () => {
        world.broker.writeMarkers('worker-0', world.epochMs + world.now());
        world.kafka.drain();
      });
    },
  });

test('markers may be held; before the successor reads its offset they come in time', async () => {
  const run = await withMarkersHeldUntil(20_000);
  expect(run).toMatchObject({ ending: { kind: 'rest' }, findings: [] });
  expect(facts(run, 'marker')[0]?.atMs).toBe(20_000);
  expect(outputs(run)).toEqual(['m1']);
});

test('beyond the join they are late: it reads the offset of before, and does the order again', async () => {
  const run = await withMarkersHeldUntil(35_000);
  expect(run.ending).toEqual({ kind: 'rest' });
  expect(outputs(run)).toEqual(['m1', 'm1']);
  const busy = facts(run, 'operation', { operation: 'InitProducerId', step: 'answered' });
  expect(busy.map(({ error }) => error)).toContain('CONCURRENT_TRANSACTIONS');
});

test.each([0, 4, 250])(
  'a schedule says that markers come %i ms after the end',
  async (markersMs) => {
    const run = await plain.play({ commands: 1, markersMs });
    const [ended] = facts(run, 'operation', { operation: 'EndTxn', step: 'applied' });
    const [marker] = facts(run, 'marker');
    expect((marker?.atMs ?? 0) - (ended?.atMs ?? 0)).toBe(markersMs);
    // Never inside the request.
    expect(marker?.seq).toBeGreaterThan(ended?.seq ?? Infinity);
    expect(run.findings).toEqual([]);
  },
);

test('the same schedule gives the same bytes', async () => {
  const plot = {
    commands: 3,
    faults: ['crash worker-0 · EndTxn worker-0 (m2) · #1 · before apply'],
  };
  const [first, second] = [await plain.play(plot), await plain.play({ ...plot, fresh: true })];
  expect(second.traceHash).toBe(first.traceHash);
});
