/** Somebody outside has a table for a while: who waits, who gives up in time, and who loses work by it. */
import { expect, test } from 'vitest';
import type { Fault } from '#schedule';
import { careful, onTables, writer } from './support/database.ts';
import { facts, type Run } from './support/play.ts';

const lock = (statement: string, ms = 1_500): string =>
  `lock worker-0 · ${statement} (m1) · #1 · before apply · ${ms} ms`;

const said = (run: Run): readonly string[] => facts(run, 'console').map(({ text }) => text.trim());

const ledgerOf = (run: Run): readonly string[] => {
  const rows = facts(run, 'table').flatMap(({ tables }) => tables['ledger'] ?? []);
  const ids = rows.map(({ id }) => (typeof id === 'string' ? id : ''));
  return [...new Set(ids)].filter((id) => !id.startsWith('closing'));
};

const waits = (run: Run): readonly string[] =>
  facts(run, 'operation', { step: 'waits' }).map(({ operation, target, cause }) =>
    [operation, target, ...cause].join(' '),
  );

/** Virtual milliseconds between the blow and the first change of a table. */
const firstChangeMs = (run: Run): number => {
  const change = facts(run, 'table').find(({ slot }) => slot !== undefined);
  return (change?.atMs ?? 0) - (facts(run, 'fault')[0]?.atMs ?? 0);
};

const stage = await onTables(writer(careful));

/** One statement a record, with a time-out of its own, tried as often as told. */
const limited = (attempts: number, afterwards: string): string =>
  writer(
    `
    for (let n = 1; ; n++) {
      try { await db.query('insert into ledger values ($1, 5) on conflict do nothing', [order.id]); break; }
      catch (error) {
        console.log(order.id, error.code);
        if (n < ${attempts}) { await new Promise((go) => setTimeout(go, 200)); continue; }
        ${afterwards}
      }
    }
  `,
  ).replace('pg.Pool(database)', `pg.Pool({ ...database, options: '-c lock_timeout=400ms' })`);

test.each([
  ['INSERT ledger', 1_500],
  ['UPDATE accounts', 1_500],
  ['UPDATE accounts', 45_000],
])('a lone service waits for %s, and goes on after %d ms', async (statement, ms) => {
  const run = await stage.play({ commands: 1, faults: [lock(statement, ms)] });
  expect(run.fired).toEqual([0]);
  expect(run.findings).toEqual([]);
  expect(run.ending).toEqual({ kind: 'rest' });
  expect(waits(run)).toEqual([`${statement} m1`]);
  expect(ledgerOf(run)).toEqual(['m1']);
  expect(firstChangeMs(run)).toBeGreaterThanOrEqual(ms);
  expect(firstChangeMs(run)).toBeLessThan(ms + 50);
});

test('who waits no longer than its lock_timeout gets 55P03 and may try again', async () => {
  const retrying = await onTables(limited(10, 'throw error;'));
  const run = await retrying.play({ commands: 1, faults: [lock('INSERT ledger')] });
  expect(run.fired).toEqual([0]);
  expect(run.findings).toEqual([]);
  expect(said(run)).toEqual(['m1 55P03', 'm1 55P03']);
  expect(waits(run)).toHaveLength(3);
  expect(ledgerOf(run)).toEqual(['m1']);
});

test('a statement_timeout ends the wait with 57014', async () => {
  const code = limited(10, 'throw error;').replace('lock_timeout', 'statement_timeout');
  const run = await (await onTables(code)).play({ commands: 1, faults: [lock('INSERT ledger')] });
  expect(said(run)).toEqual(['m1 57014', 'm1 57014']);
  expect(run.findings).toEqual([]);
});

test('who swallows 55P03 loses a payment, and is found', async () => {
  const swallowing = await onTables(limited(2, 'break;'), { properties: { 'no-loss': 'shared' } });
  expect((await swallowing.play({ commands: 1 })).findings).toEqual([]);
  const run = await swallowing.play({ commands: 1, faults: [lock('INSERT ledger')] });
  expect(run.findings.map(({ property }) => property)).toEqual(['no-loss']);
  expect(ledgerOf(run)).toEqual([]);
});

test('who reads the table meanwhile is not kept waiting', async () => {
  const reading = await onTables(
    writer(`
      const other = db.query('insert into ledger values ($1, 5) on conflict do nothing', [order.id]);
      await new Promise((go) => setTimeout(go, 100));
      console.log(order.id, (await db.query('select count(*) from ledger')).rows[0].count);
      await other;
    `),
  );
  const run = await reading.play({ commands: 1, faults: [lock('INSERT ledger')] });
  expect(said(run)[0]).toBe('m1 0');
  expect(ledgerOf(run)).toEqual(['m1']);
});

test('a table that the own transaction has is no place for a lock', async () => {
  const twice = await onTables(
    writer(`
      const client = await db.connect();
      await client.query('begin');
      await client.query('insert into ledger values ($1, 5) on conflict do nothing', [order.id]);
      await client.query('update ledger set amount = 6 where id = $1', [order.id]);
      await client.query('commit');
      client.release();
    `),
  );
  const run = await twice.play({ commands: 1, faults: [lock('UPDATE ledger')] });
  expect(run.fired).toEqual([]);
  expect(facts(run, 'fault')).toEqual([]);
  const places = run.crossings
    .filter(({ lockable }) => lockable === true)
    .map(({ point, phase }) => `${point.operation} ${point.target} ${phase}`);
  expect(places).toEqual(['INSERT ledger before apply']);
});

test('a table that another transaction has is not locked, and nothing has struck', async () => {
  const busy = await onTables(
    writer(`
      const client = await db.connect();
      await client.query('begin');
      await client.query("update accounts set balance = 1 where id = 'b'");
      await db.query("update accounts set balance = 5 where id = 'a'");
      await client.query('commit');
      client.release();
      await db.query('insert into ledger values ($1, 5) on conflict do nothing', [order.id]);
    `),
  );
  const places = (await busy.play({ commands: 1 })).crossings.filter(
    ({ lockable, point }) => lockable === true && point.target === 'accounts',
  );
  const faults = places.slice(0, 2).map(({ point, phase }): Fault => ({
    kind: 'lock',
    place: { point, phase },
    with: { ms: 1_500 },
  }));
  expect(faults).toHaveLength(2);
  expect((await busy.play({ commands: 1, faults: faults.slice(0, 1) })).fired).toEqual([0]);
  const run = await busy.play({ commands: 1, faults: faults.slice(1) });
  expect(run.fired).toEqual([]);
  expect(waits(run)).toEqual([]);
  expect(run.findings).toEqual([]);
});

test('a process that dies while it waits finds the table still locked, and goes on in the end', async () => {
  const crash = 'crash worker-0 · INSERT ledger (m1) · #1 · before apply';
  const run = await stage.play({ commands: 1, faults: [lock('INSERT ledger', 20_000), crash] });
  expect(new Set(run.fired)).toEqual(new Set([0, 1]));
  expect(run.findings).toEqual([]);
  expect(ledgerOf(run)).toEqual(['m1']);
  expect(firstChangeMs(run)).toBeGreaterThanOrEqual(20_000);
});

test.each(['lost', 'arrives'])(
  'what a process that is cut down had asked for is %s when the table is free',
  async (inFlight) => {
    const rest = inFlight === 'arrives' ? ' · in flight arrives' : '';
    const both = writer(`
      const other = db.query('insert into ledger values ($1, 5) on conflict do nothing', [order.id]);
      await db.query('insert into jobs (body) values ($1)', [order.id]);
      await other;
    `);
    const told = await onTables(both);
    const crash = `crash worker-0 · INSERT jobs (m1) · #1 · after apply${rest}`;
    const run = await told.play({ commands: 1, faults: [lock('INSERT ledger', 5_000), crash] });
    expect(new Set(run.fired)).toEqual(new Set([0, 1]));
    expect(run.findings).toEqual([]);
    expect(run.ending).toEqual({ kind: 'rest' });
    expect(ledgerOf(run)).toEqual(['m1']);
  },
);

test('a database that goes down has nobody with a lock when it is up again', async () => {
  const both = writer(`
    db.query('insert into ledger values ($1, 5) on conflict do nothing', [order.id]).catch(() => {});
    await db.query('insert into jobs (body) values ($1)', [order.id]);
    await db.query('insert into ledger values ($1, 5) on conflict do nothing', [order.id]);
  `);
  const told = await onTables(both);
  const outage = 'outage worker-0 · INSERT jobs (m1) · #1 · before apply · 2000 ms';
  const run = await told.play({ commands: 1, faults: [lock('INSERT ledger', 45_000), outage] });
  expect(run.fired).toEqual([0, 1]);
  expect(run.findings).toEqual([]);
  expect(ledgerOf(run)).toEqual(['m1']);
  expect(firstChangeMs(run)).toBeLessThan(20_000);
});

test('a lock that nobody meets any more is over before the run comes to rest', async () => {
  const leaving = await onTables(
    writer(`
      if (order.id !== 'm1') return;
      const client = await db.connect();
      await client.query("set lock_timeout = '200ms'");
      await client.query('insert into ledger values ($1, 5)', [order.id]).catch(() => {});
      client.release();
    `),
  );
  const run = await leaving.play({ commands: 1, faults: [lock('INSERT ledger', 45_000)] });
  expect(run.fired).toEqual([0]);
  expect(run.ending).toEqual({ kind: 'rest' });
  const closing = facts(run, 'command').find((fact) => fact.closing);
  expect(closing?.atMs).toBeGreaterThan(45_000);
});

test('nothing is left behind: the next run finds the table free, and equal runs are equal', async () => {
  const calm = await stage.play({ commands: 2 });
  const faults = [lock('UPDATE accounts')];
  const runs = [
    await stage.play({ faults, jitterMs: 10 }),
    await stage.play({ faults, jitterMs: 10, fresh: true }),
  ];
  expect(runs.map(({ fired }) => fired)).toEqual([[0], [0]]);
  expect(runs[0]?.traceHash).toBe(runs[1]?.traceHash);
  expect((await stage.play({ commands: 2 })).traceHash).toBe(calm.traceHash);
});

test('who waits without end is told of with whom he waits for', async () => {
  const run = await stage.play({ commands: 1, faults: [lock('INSERT ledger', 3_600_000)] });
  const waitsFor = 'worker-0 waits for a lock of somebody else (INSERT ledger)';
  expect(run.ending).toEqual({ kind: 'horizon', waitsFor });
});

test.each([0, 50])(
  'those that wait are let go one at a time, with %d ms of jitter',
  async (jitterMs) => {
    const crowd = await onTables(
      writer(`
      const rows = [1, 2, 3].map((n) =>
        db.query('insert into ledger values ($1, $2) on conflict do nothing', [order.id, n])
          .then(({ rowCount }) => console.log(order.id, n, rowCount)));
      await Promise.all(rows);
    `),
    );
    const plot = { commands: 1, jitterMs, faults: [lock('INSERT ledger', 5_000)] };
    const run = await crowd.play(plot);
    expect(run.fired).toEqual([0]);
    expect(run.findings).toEqual([]);
    expect(waits(run).filter((text) => text === 'INSERT ledger m1').length).toBeGreaterThanOrEqual(
      3,
    );
    expect(said(run).filter((text) => /^m1 \d 1$/.test(text))).toHaveLength(1);
    expect((await crowd.play({ ...plot, fresh: true })).traceHash).toBe(run.traceHash);
  },
);
