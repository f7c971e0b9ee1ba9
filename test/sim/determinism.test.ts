import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { singles } from '#schedule';
import { worker } from './support/course.ts';
import { chapterOne, facts, services, type Stage } from './support/play.ts';

const chapter = await chapterOne();
const crash = 'crash greeter-0 · OffsetCommit greeter (m1) · #1 · after apply';
const zombie = [
  'freeze greeter-0 · sink.record (m1) · #1 · before apply · 45000 ms',
  'join greeter at greeter-0 · sink.record (m1) · #1 · before apply',
];

test('one schedule gives one hash: again, with nothing shared, and traced', async () => {
  for (const faults of [[], [crash], zombie]) {
    // One run at a time: they share a thread.
    // oxlint-disable-next-line no-await-in-loop
    const runs = await inTurn(
      [{}, {}, { fresh: true }, { traced: true }, { fresh: true, traced: true }],
      (how) => chapter.play({ faults, ...how }),
    );
    expect(new Set(runs.map(({ traceHash }) => traceHash)).size).toBe(1);
    expect(runs[0]?.fired).toHaveLength(faults.length);
  }
});

test('one schedule gives one hash however deep an error of the handler was thrown', async () => {
  // Thrown below so many frames of Node that a short stack does not reach the handler.
  const deep = '{ a: { a: { a: { a: { [inspect.custom]: Symbol.prototype.toString } } } } }';
  const handler = worker(`inspect(${deep}, { depth: 9 });`);
  const stage = await services(`import { inspect } from 'node:util';${handler}`);
  const plain = await stage.play();
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 200;
  const traced = await stage.play({ traced: true }).finally(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });
  expect(traced.traceHash).toBe(plain.traceHash);
  const crashes = facts(plain, 'client').filter(({ event }) => event === 'consumer.crash');
  expect(crashes.length).toBeGreaterThan(0);
  for (const { detail } of crashes) expect(detail).toMatch(/^TypeError: /);
});

test('a traced run knows the lines, and a plain one does not', async () => {
  const lines = (run: Awaited<ReturnType<Stage['play']>>): unknown[] =>
    facts(run, 'port').flatMap(({ line }) => line?.file ?? []);
  expect(new Set(lines(await chapter.play({ traced: true })))).toEqual(
    new Set(['solutions/01-producer-consumer/greetings.ts']),
  );
  expect(lines(await chapter.play())).toEqual([]);
});

test('one schedule gives one hash in another thread', async () => {
  const { traceHash } = await chapter.play({ faults: [crash] });
  const schedule = chapter.schedule({ faults: [crash] });
  const thread = new Worker(join(import.meta.dirname, 'support/thread.ts'), {
    workerData: schedule,
    execArgv: ['--disable-warning=TimeoutNegativeWarning'],
  });
  const answer = await new Promise<unknown>((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
  });
  await thread.terminate();
  expect(answer).toBe(traceHash);
});

test('a seed and a jitter change the bytes, and both can be repeated', async () => {
  const variants = [{}, { seed: 7 }, { jitterMs: 20 }, { jitterMs: 20, seed: 7 }];
  const first = await inTurn(variants, (plot) => chapter.play({ faults: [crash], ...plot }));
  const second = await inTurn(variants, (plot) => chapter.play({ faults: [crash], ...plot }));
  const hashes = first.map(({ traceHash }) => traceHash);
  expect(new Set(hashes).size).toBe(variants.length);
  expect(second.map(({ traceHash }) => traceHash)).toEqual(hashes);
});

test('a longer hop keeps the bytes of a connection in order', async () => {
  for (const { findings, ending } of await inTurn([1, 2, 3, 4, 5], (seed) =>
    chapter.play({ seed, jitterMs: 50 }),
  )) {
    expect(findings).toEqual([]);
    expect(ending).toEqual({ kind: 'rest' });
  }
});

test('the trace class ignores values, times and ids, and knows the fault', async () => {
  const plots = [{}, { seed: 9 }, { faults: [crash] }];
  const [plain, other, struck] = await inTurn(plots, (plot) =>
    chapter.play({ commands: 1, ...plot }),
  );
  expect(other?.traceClass).toBe(plain?.traceClass);
  expect(other?.traceHash).not.toBe(plain?.traceHash);
  expect(struck?.traceClass).not.toBe(plain?.traceClass);
});

test('each slot and each incarnation has random numbers of its own', async () => {
  const stage = await services(
    worker(
      'await ports.sink.record(order);',
      'console.log(slot, Math.random(), crypto.randomUUID());',
    ),
  );
  const plot = {
    instances: { worker: 2 },
    faults: [
      'crash worker-0 · sink.record (m1) · #1 · after apply',
      'crash worker-1 · sink.record (m1) · #1 · after apply',
    ],
  };
  const said = facts(await stage.play(plot), 'console').map(({ text }) => text);
  expect(said).toHaveLength(3);
  expect(new Set(said.map((text) => text.split(' ').slice(1).join(' '))).size).toBe(3);
  expect(facts(await stage.play(plot), 'console').map(({ text }) => text)).toEqual(said);
});

/** A send, a line of log and a pause that have nothing to do with what follows them. */
const edits: readonly (readonly [from: string, to: string])[] = [
  [
    'await producer.connect();',
    `await producer.connect();
  await producer.send({ topic: 'audit.v1', messages: [{ value: 'started' }] });`,
  ],
  [
    'await ports.sink.record(readGreeting(message));',
    `console.log('one more');
      await new Promise((resolve) => setTimeout(resolve, 25));
      await ports.sink.record(readGreeting(message));`,
  ],
];

test('names survive edits of unrelated lines: every single fault still fires', async () => {
  const file = 'solutions/01-producer-consumer/greetings.ts';
  let source = readFileSync(join(import.meta.dirname, '../..', file), 'utf8');
  for (const [from, to] of edits) {
    expect(source.split(from)).toHaveLength(2);
    source = source.replace(from, to);
  }
  const edited = await chapterOne({ 'greetings.ts': source });
  const topics = { ...chapter.chapter.topics, 'audit.v1': { partitions: 1 } };
  Object.assign(edited.chapter, { topics });
  const calm = await chapter.play();
  const input = { schedule: chapter.schedule(), crossings: calm.crossings, facts: calm.facts };
  const all = singles({ chapter: chapter.chapter, level: 2, calm: input })
    .map(({ schedule }) => schedule)
    .filter(({ faults, instances }) => faults.length > 0 && Object.keys(instances).length === 0);
  expect(all.length).toBeGreaterThan(100);
  const missed: unknown[] = [];
  await inTurn(all, async (schedule) => {
    const { fired } = await edited.run(schedule);
    if (fired.length === schedule.faults.length) return;
    const before = await chapter.run(schedule);
    if (before.fired.length > fired.length) missed.push(schedule.faults);
  });
  expect(missed).toEqual([]);
});

/** One after the other, for all runs share this thread. */
async function inTurn<In, Out>(
  values: readonly In[],
  make: (value: In) => Promise<Out>,
): Promise<Out[]> {
  const made: Out[] = [];
  // oxlint-disable-next-line no-await-in-loop
  for (const value of values) made.push(await make(value));
  return made;
}
