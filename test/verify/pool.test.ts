import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import type { Schedule } from '#schedule';
import type { NamedProgram } from '../../harness/verify/engine/messages.ts';
import { createPool, defaultLimits, type Pool } from '../../harness/verify/engine/pool.ts';

const folder = mkdtempSync(join(tmpdir(), 'pool-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;

/** One thread that runs this text. */
function poolOf(text: string): Pool {
  const file = join(folder, `thread-${++files}.mjs`);
  writeFileSync(file, text);
  return createPool(1, defaultLimits, pathToFileURL(file));
}

const schedule = { seed: 1 } as Schedule;
const options = { program: 'subject' };

test('a thread that does not come up is not started again and again: who needs it hears why', async () => {
  const pool = poolOf(`throw new Error('there is no such file');`);
  await expect(pool.run(schedule, options)).rejects.toThrow('there is no such file');
  await expect(pool.run(schedule, options)).rejects.toThrow('there is no such file');
  await pool.close();
});

const withTables = { name: 'subject', schema: [] } as unknown as NamedProgram;

test('nor is one that ends before it has its database', async () => {
  const pool = poolOf(`
    import { parentPort } from 'node:worker_threads';
    parentPort.postMessage({ kind: 'loaded' });
    setImmediate(() => { throw new Error('no memory for a database'); });
  `);
  pool.prepare(withTables);
  await expect(pool.run(schedule, options)).rejects.toThrow('no memory for a database');
  await pool.close();
});

const answering = `
  import { parentPort } from 'node:worker_threads';
  parentPort.on('message', ({ kind, id, schedule }) => {
    if (kind === 'run') parentPort.postMessage({ kind: 'ran', id, outcome: { schedule } });
  });
`;

test('what was given up before its turn is not run; who comes after it is', async () => {
  const pool = poolOf(answering);
  const enough = new AbortController();
  const running = pool.run(schedule, options, enough.signal);
  const waiting = pool.run({ ...schedule, seed: 2 }, options, enough.signal);
  const other = pool.run({ ...schedule, seed: 3 }, options);
  enough.abort();
  await expect(waiting).rejects.toThrow('aborted');
  expect((await running).schedule.seed).toBe(1);
  expect((await other).schedule.seed).toBe(3);
  await pool.close();
});

test('a database is waited for only while a program has tables', async () => {
  const pool = poolOf(answering);
  pool.prepare(withTables);
  pool.prepare({ name: 'subject' } as NamedProgram);
  expect((await pool.run(schedule, options)).schedule.seed).toBe(1);
  await pool.close();
});
