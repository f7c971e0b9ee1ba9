import { expect, test } from 'vitest';
import { worker } from './support/course.ts';
import { atMsOf, facts, recorded, services, type Run } from './support/play.ts';

const said = (run: Run): readonly (readonly [string, number])[] =>
  facts(run, 'console').map(({ text, atMs }) => [text, atMs] as const);

test('timers run at their virtual time: clamped as in Node, a negative delay after 100 ms', async () => {
  const stage = await services(`
    export const worker = async () => {
      for (const ms of [0, 0.5, 1, 1.9, 50, 2 ** 31, NaN, -5]) setTimeout(() => console.log(ms), ms);
      return { stop: async () => {} };
    };`);
  expect(said(await stage.play({ commands: 0 }))).toEqual([
    ['0', 1],
    ['0.5', 1],
    ['1', 1],
    ['1.9', 1],
    ['2147483648', 1],
    ['NaN', 1],
    ['50', 50],
    ['-5', 100],
  ]);
});

test('a cleared timer does not run, and a refreshed one runs once, later', async () => {
  const stage = await services(`
    export const worker = async () => {
      const cleared = setTimeout(() => console.log('cleared'), 10);
      const refreshed = setTimeout(() => console.log('refreshed'), 10);
      setTimeout(() => { clearTimeout(cleared); refreshed.refresh(); }, 5);
      return { stop: async () => {} };
    };`);
  expect(said(await stage.play({ commands: 0 }))).toEqual([['refreshed', 15]]);
});

test('the clock of a process is virtual, and so is its date', async () => {
  const stage = await services(`
    export const worker = async () => {
      const [date, since] = [Date.now(), performance.now()];
      await new Promise((resolve) => setTimeout(resolve, 86_400));
      console.log(Date.now() - date, performance.now() - since, new Date().toISOString());
      return { stop: async () => {} };
    };`);
  const [line] = said(await stage.play({ commands: 0 }));
  expect(line?.[0]).toBe('86400 86400 2026-01-05T08:01:26.400Z');
});

test('what a process writes is kept by instance and incarnation', async () => {
  const stage = await services(
    worker(
      `console.log('got', order.id); console.error('and', slot); await ports.sink.record(order);`,
    ),
  );
  const faults = ['crash worker-0 · sink.record (m1) · #1 · before apply'];
  const run = await stage.play({ commands: 1, faults });
  const lines = facts(run, 'console')
    .filter(({ text }) => !text.includes('closing') && text !== 'and worker-0')
    .map(({ slot, incarnation, stream, text }) => [slot, incarnation, stream, text]);
  expect(lines).toEqual([
    ['worker-0', 1, 'out', 'got m1'],
    ['worker-0', 2, 'out', 'got m1'],
  ]);
  expect(facts(run, 'console', { stream: 'err' }).length).toBeGreaterThan(1);
});

test('what only looks like a line of the client’s log is the learner’s own', async () => {
  const line = '{"level":"ERROR","logger":"kafkajs", not JSON';
  const stage = await services(`
    export const worker = async () => { console.log(${JSON.stringify(line)}); return { stop: async () => {} }; };`);
  expect(said(await stage.play({ commands: 0 }))).toEqual([[line, 0]]);
});

test('module state does not survive a crash', async () => {
  const code = worker(
    'await ports.sink.record(order); seen.push(order.id); console.log(seen.join());',
  );
  const stage = await services(`const seen = []; ${code}`);
  const faults = ['crash worker-0 · OffsetCommit workers (m1) · #1 · after apply'];
  const run = await stage.play({ commands: 2, faults });
  const texts = facts(run, 'console').map(({ text, incarnation }) => `${incarnation}: ${text}`);
  expect(texts.slice(0, 2)).toEqual(['1: m1', '2: m2']);
});

test('answers of one connection come in order, also to a process that was frozen', async () => {
  const stage = await services(
    worker('await ports.sink.record(order);', '', ', heartbeatInterval: 1000'),
  );
  const at = 'worker-0 · sink.record (m1) · #1 · before apply';
  for (let ms = 5_000; ms < 5_012; ms++) {
    // One run at a time: they share a thread.
    // oxlint-disable-next-line no-await-in-loop
    const run = await stage.play({ faults: [`freeze ${at} · ${ms} ms`], jitterMs: 3 });
    expect(run.findings).toEqual([]);
    expect(recorded(run)).toEqual(['m1', 'm2', 'm3']);
    expect(facts(run, 'instance', { state: 'exits' })).toEqual([]);
  }
});

test('reaching outside the world makes the run unknown and names the line', async () => {
  const stage = await services(`
    import { connect } from 'node:net';
    export const worker = async () => {
      connect(5432, 'db.example.org');
      return { stop: async () => {} };
    };`);
  const { ending } = await stage.play({ commands: 0 });
  expect(ending).toMatchObject({ kind: 'uncontrolled', line: { file: 'service.ts', line: 4 } });
});

test('every hop costs virtual time', async () => {
  const stage = await services(`
    export const worker = async ({ ports }) => {
      await ports.sink.record({ id: 'a' });
      await ports.sink.record({ id: 'b' });
      return { stop: async () => {} };
    };`);
  const run = await stage.play({ commands: 0 });
  expect(facts(run, 'port').map(atMsOf)).toEqual([1, 3]);
  expect(atMsOf(facts(run, 'instance', { state: 'ready' })[0])).toBe(4);
});

test('without tables the database is given, and connecting to it rejects', async () => {
  const stage = await services(`
    import { Pool } from 'pg';
    export const worker = async ({ database }) => {
      await new Pool(database).query('select 1').catch((error) => console.log(error.message));
      return { stop: async () => {} };
    };`);
  const [line] = said(await stage.play({ commands: 0 }));
  expect(line?.[0]).toBe('this chapter has no database');
});
