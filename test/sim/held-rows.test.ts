/** Queries that lock rows as places for faults, and rows that somebody else has: outside, or frozen. */
import { describe, expect, test } from 'vitest';
import { printPhasedPoint } from '#schedule';
import { onTables, writer, type DatabaseStage } from './support/database.ts';
import { facts, type Plot, type Run } from './support/play.ts';

const said = (run: Run): readonly string[] =>
  facts(run, 'console').map(({ slot, text }) => `${slot} ${text.trim()}`);

const waits = (run: Run): readonly string[] =>
  facts(run, 'operation', { step: 'waits' }).map(
    ({ slot, operation, target }) => `${slot} ${operation} ${target}`,
  );

/** In this thread twice, once with nothing shared. */
async function twice(stage: DatabaseStage, plot: Plot): Promise<Run> {
  const [run, again] = [await stage.play(plot), await stage.play({ ...plot, fresh: true })];
  expect(again.traceHash).toBe(run.traceHash);
  expect(run.ending).toEqual({ kind: 'rest' });
  return run;
}

/** A job for each order; `worker-0` fills, all take what there is, some time after another. */
const relays = (locking: string, polls = 6, before = ''): string => `
  import pg from 'pg';
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  export const worker = async ({ database, slot }) => {
    const db = new pg.Pool(database);
    const number = Number(slot.split('-')[1]);
    (async () => {
      const client = await db.connect();
      ${before}
      await pause(30 * number);
      for (let poll = 0; poll < ${polls}; poll++) {
        if (number === 0 && poll === 1) await db.query("insert into jobs (body) values ('one'), ('two')");
        try {
          await client.query('begin');
          const { rows: [job] } = await client.query(
            'select id, body from jobs where taken_by is null order by id limit 1 ${locking}');
          if (job !== undefined) {
            await pause(4);
            await client.query('update jobs set taken_by = $1 where id = $2', [slot, job.id]);
          }
          await client.query('commit');
          if (job !== undefined) console.log(job.body);
        } catch (error) {
          console.log(error.code ?? error.message);
          await client.query('rollback').catch(() => {});
        }
        if (poll > 0) await pause(30);
      }
      client.release();
    })().catch((error) => console.log('ends:', error.code ?? error.message));
    return { stop: () => db.end() };
  };
`;

/** A fault that never strikes: nothing is a place for faults once a run has begun to end. */
const never = 'stop worker-0 after command m9';

const plotOf = (instances: number, ...faults: readonly string[]): Plot => ({
  commands: 0,
  instances: { worker: instances },
  faults: [...faults, never],
});

const takes = (n: number, slot = 'worker-0'): string =>
  `${slot} · SELECT jobs · #${n} · before apply`;

describe('a query that locks rows', () => {
  test.each(['for update', 'for no key update skip locked', 'for share'])(
    '%s is a place once it found some, from before it is applied',
    async (locking) => {
      const run = await twice(await onTables(relays(locking)), plotOf(1));
      const places = run.crossings.filter(({ point }) => point.operation === 'SELECT');
      expect(
        places.map((place) => `${printPhasedPoint(place)}${place.wantsRows ? ', wants rows' : ''}`),
      ).toEqual([
        'worker-0 · SELECT jobs · #1 · before apply, wants rows',
        'worker-0 · SELECT jobs · #1 · after apply',
        'worker-0 · SELECT jobs · #2 · before apply, wants rows',
        'worker-0 · SELECT jobs · #2 · after apply',
      ]);
      expect(said(run)).toEqual(['worker-0 one', 'worker-0 two']);
    },
  );

  test('a query that only looks is none before it is applied', async () => {
    const run = await twice(await onTables(relays('')), plotOf(1));
    const phases = run.crossings.flatMap(({ point, phase }) =>
      point.operation === 'SELECT' ? [phase] : [],
    );
    expect(new Set(phases)).toEqual(new Set(['after apply']));
  });

  test.each([
    ['error', ' · 57P01'],
    ['lose-request', ''],
  ])('%s strikes the one that would have found them, and none before', async (kind, option) => {
    const fault = `${kind} ${takes(1)}${option}`;
    const run = await twice(await onTables(relays('for update')), plotOf(1, fault));
    expect(run.fired).toEqual([0]);
    const selects = facts(run, 'operation', { operation: 'SELECT' }).map(({ step }) => step);
    expect(selects.slice(0, 2)).toEqual(['arrived', 'lost']);
    const struck = facts(run, 'fault')[0]?.atMs ?? 0;
    const filled = facts(run, 'operation', { operation: 'INSERT', step: 'applied' })[0]?.atMs;
    expect(struck).toBeGreaterThan(filled ?? Infinity);
  });

  test('waits there where a schedule holds it until another one has taken some', async () => {
    const hold = `hold ${takes(1)} until worker-1 · SELECT jobs · #1 · after apply`;
    const stage = await onTables(relays('for update skip locked'));
    const run = await twice(stage, { ...plotOf(2), holds: [hold] });
    expect(run.held).toEqual([0]);
    expect(said(run)).toEqual(['worker-1 one', 'worker-0 two']);
    expect(said(await twice(stage, plotOf(2)))).toEqual(['worker-0 one', 'worker-1 two']);
  });

  test('a process that dies there has locked nothing, and its successor takes them', async () => {
    const run = await twice(
      await onTables(relays('for update', 8)),
      plotOf(1, `crash ${takes(1)}`),
    );
    expect(run.fired).toEqual([0]);
    const words = said(run).map((text) => text.split(' ')[1]);
    expect(words).toEqual(['one', 'two', 'one', 'two']);
  });
});

describe('rows that somebody outside has', () => {
  const jobs = (text: string): string => `lock-rows ${text} · 100 ms`;

  test('are waited for by who wants just these', async () => {
    const run = await twice(await onTables(relays('for update')), plotOf(1, jobs(takes(1))));
    expect(run.fired).toEqual([0]);
    expect(waits(run)).toEqual(['worker-0 SELECT jobs']);
    expect(said(run)).toEqual(['worker-0 one', 'worker-0 two']);
    const [struck, first] = [
      facts(run, 'fault')[0]?.atMs ?? 0,
      facts(run, 'console')[0]?.atMs ?? 0,
    ];
    expect(first - struck).toBeGreaterThanOrEqual(100);
    expect(first - struck).toBeLessThan(150);
  });

  test('are passed by where it says SKIP LOCKED: the second comes first', async () => {
    const locking = 'for update skip locked';
    const run = await twice(await onTables(relays(locking, 9)), plotOf(1, jobs(takes(1))));
    expect(run.fired).toEqual([0]);
    expect(waits(run)).toEqual([]);
    expect(said(run)).toEqual(['worker-0 two', 'worker-0 one']);
  });

  test('are an error where it says NOWAIT', async () => {
    const run = await twice(
      await onTables(relays('for update nowait', 9)),
      plotOf(1, jobs(takes(1))),
    );
    expect(run.fired).toEqual([0]);
    const [first, ...others] = said(run);
    expect(first).toBe('worker-0 55P03');
    expect(others.slice(-2)).toEqual(['worker-0 one', 'worker-0 two']);
  });

  const updates = writer(`
    if (order.id === 'm1') db.query("update accounts set balance = balance + 10 where id = $1", ['a']);
    await new Promise((go) => setTimeout(go, 20));
    await db.query("update accounts set balance = balance + 1 where id = $1", ['b']);
    console.log(order.id);
    await db.query('insert into ledger values ($1, 5) on conflict do nothing', [order.id]);
  `);
  const update = 'lock-rows worker-0 · UPDATE accounts · #1 · before apply · 5000 ms';

  test('keep nobody waiting who writes to others', async () => {
    const run = await twice(await onTables(updates), { commands: 1, faults: [update] });
    expect(run.fired).toEqual([0]);
    expect(waits(run)).toEqual(['worker-0 UPDATE accounts']);
    const [struck, done] = [facts(run, 'fault')[0]?.atMs ?? 0, facts(run, 'console')[0]?.atMs ?? 0];
    expect(done - struck).toBeLessThan(100);
    const last = facts(run, 'table').findLast(({ tables }) => tables['accounts']);
    expect(last?.tables['accounts']).toEqual(expect.arrayContaining([{ id: 'a', balance: 10 }]));
    expect((last?.atMs ?? 0) - struck).toBeGreaterThanOrEqual(5_000);
  });

  test('are left as they were, and the next run finds them free', async () => {
    const stage = await onTables(updates);
    const calm = await stage.play({ commands: 2 });
    await stage.play({ commands: 2, faults: [update] });
    expect((await stage.play({ commands: 2 })).traceHash).toBe(calm.traceHash);
  });

  test('are none where there are none, or where another transaction has one: nothing has struck', async () => {
    const busy = writer(`
      const client = await db.connect();
      await client.query('begin');
      await client.query("update accounts set balance = 1 where id = 'a'");
      const other = db.query("update accounts set balance = balance + 1");
      await db.query("update accounts set balance = 9 where id = 'nobody'");
      await client.query('commit');
      await other;
      client.release();
      await db.query('insert into ledger values ($1, 5) on conflict do nothing', [order.id]);
    `);
    const stage = await onTables(busy);
    for (const ordinal of [2, 3]) {
      const fault = `lock-rows worker-0 · UPDATE accounts · #${ordinal} · before apply · 1500 ms`;
      const run = await twice(stage, { commands: 1, faults: [fault] });
      expect(run.fired).toEqual([]);
      expect(facts(run, 'fault')).toEqual([]);
      expect(run.findings).toEqual([]);
    }
  });

  test('that the own transaction has are no place', async () => {
    const run = await twice(await onTables(relays('for update')), plotOf(1));
    const wanting = run.crossings.filter(({ wantsRows }) => wantsRows === true);
    expect(new Set(wanting.map(({ point }) => point.operation))).toEqual(new Set(['SELECT']));
  });

  test('who has them is told of with whoever waits for ever', async () => {
    const fault = update.replace('5000 ms', '3600000 ms');
    const run = await (await onTables(updates)).play({ commands: 1, faults: [fault] });
    const waitsFor = 'worker-0 waits for a lock of somebody else (UPDATE accounts)';
    expect(run.ending).toEqual({ kind: 'horizon', waitsFor });
  });

  test('a sleep in a statement that he tries is no turn of anybody else', async () => {
    const sleepy = relays('for update').replace(
      'select id, body from jobs',
      'select id, body, pg_sleep(0.05) from jobs',
    );
    const stage = await onTables(sleepy, {});
    const run = await twice(stage, plotOf(1, jobs(takes(1))));
    expect(said(run)).toEqual(['worker-0 one', 'worker-0 two']);
  });
});

describe('rows that a frozen process has', () => {
  const freeze = 'freeze worker-0 · SELECT jobs · #1 · after apply · 20000 ms';

  test('stay locked: others skip them and go on', async () => {
    const run = await twice(await onTables(relays('for update skip locked')), plotOf(3, freeze));
    expect(run.fired).toEqual([0]);
    expect(said(run)).toEqual(['worker-1 two', 'worker-0 one']);
    expect(facts(run, 'console')[1]?.atMs).toBeGreaterThan(20_000);
  });

  test('are waited for where others do not skip them, until it is back', async () => {
    const run = await twice(await onTables(relays('for update')), plotOf(3, freeze));
    expect(new Set(waits(run))).toEqual(new Set(['worker-1 SELECT jobs', 'worker-2 SELECT jobs']));
    expect(facts(run, 'console').every(({ atMs }) => atMs > 20_000)).toBe(true);
    expect(said(run).map((text) => text.split(' ')[1])).toEqual(['one', 'two']);
  });
});
