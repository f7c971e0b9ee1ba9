/** Faults of the database, each with a small service that bears it or does not. */
import { expect, test } from 'vitest';
import { careful, onTables, writer } from './support/database.ts';
import { facts, lifeOf, services, type Run } from './support/play.ts';

const stage = await onTables(writer(careful));

const codes = (run: Run): readonly (readonly [string, readonly string[]])[] =>
  run.crossings
    .filter(({ target, phase }) => target === 'sql' && phase === 'before apply')
    .map(({ point, mayFailWith = [] }) => [
      [point.operation, point.target].join(' ').trim(),
      mayFailWith,
    ]);

const said = (run: Run): readonly string[] => facts(run, 'console').map(({ text }) => text.trim());

const ledgerOf = (run: Run): readonly string[] => {
  const rows = facts(run, 'table').flatMap(({ tables }) => tables['ledger'] ?? []);
  const ids = rows.map(({ id }) => (typeof id === 'string' ? id : ''));
  return [...new Set(ids)].filter((id) => !id.startsWith('closing'));
};

/** The handler, told what each of its statements came to. */
const telling = (begin: string): string => `
  const client = await db.connect();
  client.on('error', (error) => console.log('client:', error.code ?? error.message));
  try {
    await client.query('${begin}');
    const { rowCount } = await client.query(
      'insert into ledger values ($1, $2) on conflict do nothing', [order.id, 5]);
    if (rowCount > 0) await client.query("update accounts set balance = balance + 5 where id = 'a'");
    await client.query('commit');
  } catch (error) {
    console.log(order.id, error.code ?? error.message);
    await client.query('rollback').then(() => console.log('rolled back'), () => {});
    throw error;
  } finally { client.release(true); }
`;

test.each([
  ['begin', ['57P01'], ['40P01', '57P01'], ['57P01']],
  [
    'begin isolation level repeatable read',
    ['40001', '57P01'],
    ['40001', '40P01', '57P01'],
    ['57P01'],
  ],
  [
    'begin isolation level serializable',
    ['40001', '57P01'],
    ['40001', '40P01', '57P01'],
    ['40001', '57P01'],
  ],
])(
  'after %s a healthy server may fail with what fits this isolation',
  async (begin, insert, update, commit) => {
    const told = await onTables(writer(telling(begin)));
    expect(codes(await told.play({ commands: 1 }))).toEqual([
      ['INSERT ledger', insert],
      ['UPDATE accounts', update],
      ['COMMIT', commit],
    ]);
  },
);

test('an isolation that a session was given for good counts in every transaction of it', async () => {
  const setting = 'options: "-c default_transaction_isolation=serializable"';
  const code = writer(careful).replace('pg.Pool(database)', `pg.Pool({ ...database, ${setting} })`);
  const told = await onTables(code);
  expect(codes(await told.play({ commands: 1 })).at(-1)).toEqual(['COMMIT', ['40001', '57P01']]);
});

test.each(['40001', '40P01'])('%s undoes the transaction and keeps the session', async (code) => {
  const told = await onTables(writer(telling('begin isolation level serializable')));
  const error = `error worker-0 · UPDATE accounts (m1) · #1 · before apply · ${code}`;
  const run = await told.play({ commands: 1, faults: [error] });
  expect(run.fired).toEqual([0]);
  expect(run.findings).toEqual([]);
  expect(said(run)).toEqual([`m1 ${code}`, 'rolled back']);
  expect(ledgerOf(run)).toEqual(['m1']);
});

test('a COMMIT that fails has rolled back', async () => {
  const told = await onTables(writer(telling('begin isolation level serializable')));
  const error = 'error worker-0 · COMMIT (m1) · #1 · before apply · 40001';
  const run = await told.play({ commands: 1, faults: [error] });
  expect(run.fired).toEqual([0]);
  expect(run.findings).toEqual([]);
  expect(said(run)).toEqual(['m1 40001', 'rolled back']);
  expect(facts(run, 'operation', { operation: 'COMMIT', step: 'applied' })).toHaveLength(2);
});

test('a session that an administrator ends is gone with its transaction', async () => {
  const told = await onTables(writer(telling('begin')));
  const error = 'error worker-0 · UPDATE accounts (m1) · #1 · before apply · 57P01';
  const run = await told.play({ commands: 1, faults: [error] });
  expect(run.fired).toEqual([0]);
  expect(run.findings).toEqual([]);
  expect(said(run)[0]).toBe('m1 57P01');
  expect(said(run)).not.toContain('rolled back');
  expect(ledgerOf(run)).toEqual(['m1']);
});

test.each([
  ['40001 where nothing can collide', 'UPDATE accounts', '40001'],
  ['a deadlock of who holds nothing yet', 'INSERT ledger', '40P01'],
])('%s does not strike', async (_what, statement, code) => {
  const error = `error worker-0 · ${statement} (m1) · #1 · before apply · ${code}`;
  const run = await stage.play({ commands: 1, faults: [error] });
  expect(run.fired).toEqual([]);
  expect(facts(run, 'fault')).toEqual([]);
});

test('a statement of a failed transaction fails by itself and not by a fault', async () => {
  const handler = `
    const client = await db.connect();
    await client.query('begin isolation level serializable');
    await client.query("update accounts set balance = 1 where id = 'a'");
    await client.query('select 1/0').catch(() => {});
    await client.query('insert into ledger values ($1, 5)', [order.id]).catch((e) => console.log(e.code));
    await client.query('rollback');
    client.release();
    await db.query('insert into ledger values ($1, 5) on conflict do nothing', [order.id]);
  `;
  const told = await onTables(writer(handler));
  const run = await told.play({
    commands: 1,
    faults: ['error worker-0 · INSERT ledger (m1) · #1 · before apply · 40001'],
  });
  expect(run.fired).toEqual([]);
  expect(said(run)[0]).toBe('25P02');
});

const outage = (statement: string, phase: string, ms = 5_000): string =>
  `outage worker-0 · ${statement} (m1) · #1 · ${phase} · ${ms} ms`;

test.each([
  ['INSERT ledger', 'before apply'],
  ['UPDATE accounts', 'after apply'],
  ['COMMIT', 'before apply'],
])('a database that goes down at %s %s has undone the transaction', async (statement, phase) => {
  const run = await stage.play({ commands: 1, faults: [outage(statement, phase)] });
  expect(run.fired).toEqual([0]);
  expect(run.findings).toEqual([]);
  expect(run.ending).toEqual({ kind: 'rest' });
  expect(ledgerOf(run)).toEqual(['m1']);
  const [struck] = facts(run, 'fault');
  const again = facts(run, 'table').find(({ slot }) => slot !== undefined);
  expect((again?.atMs ?? 0) - (struck?.atMs ?? 0)).toBeGreaterThanOrEqual(5_000);
});

test('what a database has committed is there when it is up again, and nobody was told', async () => {
  const told = await onTables(writer(telling('begin')));
  const run = await told.play({ commands: 1, faults: [outage('COMMIT', 'after apply')] });
  expect(run.fired).toEqual([0]);
  expect(run.findings).toEqual([]);
  expect(said(run)).toContain('m1 Connection terminated unexpectedly');
  const [struck] = facts(run, 'fault');
  const [, first] = facts(run, 'table');
  expect(first?.seq).toBeLessThan(struck?.seq ?? 0);
  expect(ledgerOf(run)).toEqual(['m1']);
});

test('nobody can connect while the database is down, and everybody afterwards', async () => {
  const tries = `
    for (let n = 0; n < 8; n++) {
      try { await db.query('insert into ledger values ($1, 5) on conflict do nothing', [order.id]); break; }
      catch (error) { console.log(error.code ?? error.message); await new Promise((go) => setTimeout(go, 1000)); }
    }
  `;
  const retrying = await onTables(writer(tries));
  const run = await retrying.play({
    commands: 1,
    faults: [outage('INSERT ledger', 'before apply')],
  });
  expect(said(run)[0]).toBe('57P01');
  expect(new Set(said(run).slice(1))).toEqual(new Set(['ECONNREFUSED']));
  expect(ledgerOf(run)).toEqual(['m1']);
  expect(lifeOf(run, 'worker-0')).toEqual(['starts', 'ready']);
});

test('idle clients are told as well: a pool that nobody listens to ends its process', async () => {
  const deaf = writer(`
    if (order.id === 'm1') await db.query('select 1');
    const other = new pg.Client(database); await other.connect(); other.on('error', () => {});
    await other.query('insert into ledger values ($1, 5) on conflict do nothing', [order.id]);
    await other.end();
  `).replace(/db\.on\('error'[^\n]*/, '');
  const told = await onTables(deaf);
  const run = await told.play({ commands: 1, faults: [outage('INSERT ledger', 'before apply')] });
  expect(run.fired).toEqual([0]);
  expect(lifeOf(run, 'worker-0')).toContain('exits');
  expect(run.findings).toEqual([]);
});

test('a bounded number of attempts and a swallowed error lose what a longer outage struck', async () => {
  const gives = `
    for (let n = 0; n < 3; n++) {
      try { await db.query('insert into ledger values ($1, 5) on conflict do nothing', [order.id]); break; }
      catch { await new Promise((go) => setTimeout(go, 100)); }
    }
  `;
  const bounded = await onTables(writer(gives), { properties: { 'no-loss': 'shared' } });
  const faults = [outage('INSERT ledger', 'before apply')];
  const once = ['error worker-0 · INSERT ledger (m1) · #1 · before apply · 57P01'];
  const [broken] = (await bounded.play({ commands: 1, faults })).findings;
  expect(broken?.property).toBe('no-loss');
  expect((await bounded.play({ commands: 1, faults: once })).findings).toEqual([]);
});

const caller = `
  import { Kafka } from 'kafkajs';
  export const worker = async ({ kafka, ports }) => {
    const consumer = new Kafka(kafka).consumer({ groupId: 'workers' });
    consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
    await consumer.connect();
    await consumer.subscribe({ topics: ['orders'], fromBeginning: true });
    await consumer.run({
      autoCommitThreshold: 1,
      eachMessage: async ({ message }) => {
        for (let n = 0; n < 3; n++) {
          try { await ports.sink.record(JSON.parse(message.value.toString())); break; }
          catch { await new Promise((go) => setTimeout(go, 100)); }
        }
      },
    });
    return { stop: () => consumer.disconnect() };
  };
`;

test('an outside system that is out refuses every call until it is back', async () => {
  const calling = await services(caller);
  const place = 'worker-0 · sink.record (m1) · #1 · before apply';
  const run = await calling.play({ commands: 1, faults: [`outage ${place} · 5000 ms`] });
  expect(run.fired).toEqual([0]);
  expect(facts(run, 'port', { outcome: 'rejected' })).toHaveLength(3);
  expect(run.findings.map(({ property }) => property)).toContain('no-loss');
  const once = await calling.play({ commands: 1, faults: [`reject ${place}`] });
  expect(once.findings).toEqual([]);
  const late = `outage worker-0 · sink.record (m1) · #1 · after apply · 5000 ms`;
  expect((await calling.play({ commands: 1, faults: [late] })).fired).toEqual([]);
});

test('the same faults give the same bytes', async () => {
  const faults = [outage('UPDATE accounts', 'after apply')];
  const runs = [await stage.play({ faults }), await stage.play({ faults, fresh: true })];
  expect(runs[0]?.traceHash).toBe(runs[1]?.traceHash);
});
