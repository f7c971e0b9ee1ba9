/** Services that get in each other's way in the database: who waits, who goes first, who dies of it. */
import { describe, expect, test } from 'vitest';
import { onTables, type DatabaseStage } from './support/database.ts';
import { facts, placeOf } from './support/play.ts';

type Run = Awaited<ReturnType<DatabaseStage['play']>>;

const said = (run: Run): string[] =>
  facts(run, 'console').map(({ slot, text }) => `${slot}: ${text.trim()}`);

const waits = (run: Run): string[] =>
  facts(run, 'operation', { step: 'waits' }).map(
    ({ slot, operation, target }) => `${slot} ${operation} ${target}`,
  );

/** Processes without Kafka: each does its part once it has started. */
const starting = (work: string, stop = ''): string => `
  import pg from 'pg';
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  export const worker = async ({ database, slot }) => {
    const db = new pg.Pool(database);
    db.on('error', (error) => console.log('idle client:', error.message));
    const number = Number(slot.split('-')[1]);
    (async () => {
      const client = await db.connect();
      try { ${work} }
      catch (error) {
        console.log('failed:', error.code ?? error.message);
        await client.query('rollback').catch(() => {});
      }
      client.release();
    })();
    return { stop: async () => { ${stop} await db.end(); } };
  };
`;

/** Each holds the row over a pause; the balance tells the order in which they had it. */
const holdsRow = `
  await client.query('begin');
  await client.query("update accounts set balance = balance * 10 + $1 where id = 'a'", [number + 1]);
  await pause(50);
  await client.query('commit');
`;

const alone = { commands: 0 } as const;

const balance = (run: Run): unknown =>
  facts(run, 'table')
    .flatMap(({ tables }) => tables['accounts'] ?? [])
    .findLast(({ id }) => id === 'a')?.['balance'];

async function twice(stage: DatabaseStage, plot: Parameters<DatabaseStage['play']>[0] = {}) {
  const runs = [];
  for (const fresh of [false, true]) runs.push(await stage.play({ ...alone, fresh, ...plot }));
  expect(new Set(runs.map(({ traceHash }) => traceHash)).size).toBe(1);
  const [run] = runs;
  expect(run?.ending).toEqual({ kind: 'rest' });
  return run as Run;
}

describe('three processes that want one row', () => {
  test('have it one after the other, in the order in which they came', async () => {
    const run = await twice(await onTables(starting(holdsRow)), { instances: { worker: 3 } });
    expect(balance(run)).toBe(123);
    expect(waits(run).slice(0, 2)).toEqual([
      'worker-1 UPDATE accounts',
      'worker-2 UPDATE accounts',
    ]);
  });

  test('have it in another order where the schedule has jitter, the same order each time', async () => {
    const stage = await onTables(starting(holdsRow));
    const orders = new Set<unknown>();
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const plot = { instances: { worker: 3 }, seed, jitterMs: 5 };
      orders.add(balance(await twice(stage, plot)));
    }
    expect(orders.size).toBeGreaterThan(1);
  });

  test('wait in vain for one that is frozen, until it thaws', async () => {
    const freeze = 'freeze worker-0 · UPDATE accounts · #1 · after apply · 60000 ms';
    const stage = await onTables(starting(holdsRow));
    const run = await twice(stage, { instances: { worker: 3 }, faults: [freeze] });
    expect(balance(run)).toBe(123);
    const [, second] = facts(run, 'table').filter(({ slot }) => slot !== undefined);
    expect(second?.atMs).toBeGreaterThan(60_000);
  });

  test('go on at once when the one who has it dies', async () => {
    const crash = 'crash worker-0 · UPDATE accounts · #1 · after apply';
    const stage = await onTables(starting(holdsRow));
    const run = await twice(stage, { instances: { worker: 3 }, faults: [crash] });
    expect(balance(run)).toBe(231);
  });
});

describe('relays that take jobs', () => {
  const fills = `
    if (number === 0) await client.query("insert into jobs (body) select 'job' || n from generate_series(1, 6) n");
    else await pause(20);
  `;
  const takes = `
    for (;;) {
      await client.query('begin');
      const { rows: [job] } = await client.query(
        'select id from jobs where taken_by is null order by id limit 1 for update skip locked');
      if (job === undefined) { await client.query('commit'); break; }
      await pause(5);
      await client.query('update jobs set taken_by = $1 where id = $2', [slot, job.id]);
      await client.query('commit');
    }
  `;

  test('share them without waiting where they skip what is locked', async () => {
    const stage = await onTables(starting(fills + takes));
    const run = await twice(stage, { instances: { worker: 3 } });
    const taken = facts(run, 'table').findLast(({ tables }) => tables['jobs'])?.tables['jobs'];
    expect(new Set(taken?.map(({ taken_by: by }) => by))).toEqual(
      new Set(['worker-0', 'worker-1', 'worker-2']),
    );
    expect(waits(run)).toEqual([]);
  });

  test('take turns where one holds an advisory lock', async () => {
    const locked = `await client.query('select pg_advisory_lock(7)'); console.log('in');
      await pause(10); console.log('out'); await client.query('select pg_advisory_unlock(7)');`;
    const run = await twice(await onTables(starting(locked)), { instances: { worker: 3 } });
    expect(said(run).map((text) => text.split(' ')[1])).toEqual([
      'in',
      'out',
      'in',
      'out',
      'in',
      'out',
    ]);
  });

  test('are woken by a notification', async () => {
    const listens = `
      client.on('notification', ({ channel, payload, processId }) =>
        console.log(channel, payload, processId === client.processID));
      await client.query('listen jobs');
      await pause(20);
      if (number === 0) {
        await client.query('begin');
        await client.query("select pg_notify('jobs', 'one')");
        await pause(20);
        console.log('not yet');
        await client.query('commit');
      }
      await pause(20);
    `;
    const run = await twice(await onTables(starting(listens)), { instances: { worker: 2 } });
    expect(said(run)).toEqual([
      'worker-0: not yet',
      'worker-0: jobs one true',
      'worker-1: jobs one false',
    ]);
  });
});

describe('a deadlock', () => {
  const crossed = `
    const [first, second] = number === 0 ? ['a', 'b'] : ['b', 'a'];
    const add = (id) => client.query('update accounts set balance = balance + 1 where id = $1', [id]);
    await client.query('begin');
    await add(first);
    await pause(20);
    await add(second);
    await client.query('commit');
    console.log('done');
  `;

  test('ends the one who closed it; the other goes on', async () => {
    const run = await twice(await onTables(starting(crossed)), { instances: { worker: 2 } });
    expect(said(run)).toEqual(
      expect.arrayContaining(['worker-1: failed: 40P01', 'worker-0: done']),
    );
    const failed = facts(run, 'operation', { slot: 'worker-1', step: 'applied' }).find(
      ({ error }) => error !== undefined,
    );
    expect(failed?.error).toBe('40P01 deadlock detected');
  });
});

describe('a statement that waits', () => {
  /** A command is sent when the statement is about to wait. */
  const at = placeOf('worker-1 · UPDATE accounts · #1 · before apply');
  const update = `await client.query("update accounts set balance = balance + 100 where id = 'a'");`;
  const holder = `
    if (number === 0) {
      await client.query('begin');
      await client.query("update accounts set balance = balance + 1 where id = 'a'");
      await pause(200);
      await client.query('commit');
    } else {
      await pause(20);
      ${update}
    }
  `;
  test('is applied when its turn comes although its client has died, where it arrives', async () => {
    const stage = await onTables(starting(holder));
    const plot = { instances: { worker: 2 }, commands: [{ id: 'm1', value: { id: 'm1' }, at }] };
    const crash = { kind: 'crash', on: 'worker-1', place: { after: 'm1' } } as const;
    const arrives = { ...crash, with: { inFlight: 'arrives' } } as const;
    const balances = [];
    for (const faults of [[], [crash], [arrives]]) {
      balances.push(balance(await twice(stage, { ...plot, faults })));
    }
    // Whoever died comes back after a second and does its part again.
    expect(balances).toEqual([101, 101, 201]);
  });

  test.each([
    ["set lock_timeout = '50ms'", '55P03'],
    ['set statement_timeout = 50', '57014'],
  ])('gives up where it says %s', async (setting, code) => {
    const limited = holder.replace(update, `await client.query("${setting}"); ${update}`);
    const run = await twice(await onTables(starting(limited)), { instances: { worker: 2 } });
    expect(said(run)).toEqual([`worker-1: failed: ${code}`]);
    expect(balance(run)).toBe(1);
  });
});

test('a lock time-out begins anew with each lock', async () => {
  const holds = (id: string, ms: number): string =>
    `await client.query("update accounts set balance = 1 where id = '${id}'"); await pause(${ms});`;
  const several = `
    if (number === 2) {
      await pause(100);
      await client.query("set lock_timeout = '500ms'");
      await client.query('update accounts set balance = balance + 100');
      console.log('done');
    } else {
      await client.query('begin');
      if (number === 0) { ${holds('a', 400)} } else { ${holds('b', 800)} }
      await client.query('commit');
    }
  `;
  const run = await twice(await onTables(starting(several)), { instances: { worker: 3 } });
  expect(said(run)).toEqual(['worker-2: done']);
  expect(waits(run)).toEqual(['worker-2 UPDATE accounts', 'worker-2 UPDATE accounts']);
  expect(balance(run)).toBe(101);
});

test('a statement time-out ends a sleep', async () => {
  const sleeps = `
    await client.query('set statement_timeout = 100');
    const before = Date.now();
    await client.query('select pg_sleep(30)').catch((error) => console.log(error.code));
    console.log(Date.now() - before);
  `;
  expect(said(await twice(await onTables(starting(sleeps))))).toEqual([
    'worker-0: 57014',
    'worker-0: 102',
  ]);
});

test('a sleep in the database takes virtual time and no other', async () => {
  const sleeps = `
    const before = Date.now();
    await client.query('select pg_sleep(30)');
    console.log(Date.now() - before);
  `;
  const run = await twice(await onTables(starting(sleeps)));
  expect(said(run)).toEqual(['worker-0: 30002']);
});

test('a transaction that idles too long is ended with its connection', async () => {
  const idles = `
    await client.query("set idle_in_transaction_session_timeout = '2s'");
    await client.query('begin');
    await client.query("update accounts set balance = 7 where id = 'a'");
    client.on('error', () => {});
    await pause(5000);
    await client.query('commit');
  `;
  const run = await twice(await onTables(starting(idles)));
  expect(said(run)[0]).toMatch(/^worker-0: failed:/);
  expect(balance(run)).toBe(0);
});
