import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { random } from '#kernel';
import {
  messages,
  openAdmin,
  recreateDatabase,
  openSessions,
  prepareReset,
  type LentSession,
  type Reset,
  type Sessions,
} from '#postgres';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let sessions: Sessions;
let reset: Reset;

beforeAll(async () => {
  server = await startServer(`
    create table accounts (id text primary key, balance int not null, at timestamptz default now());
    create table ledger (id bigserial primary key, account text references accounts, note text);
    create table quiet (id int);
    create index on ledger (account);
  `);
  sessions = await openSessions(server, { roles: [{ name: 'relay', warm: 3 }] });
  reset = await prepareReset(sessions.admin, {
    schemas: ['shop'],
    seedSql: `insert into accounts select 'a' || n, 0 from generate_series(1, 5) n`,
  });
}, 60_000);
afterAll(async () => {
  await sessions.close();
  await server.end();
});

const startMs = 1_700_000_000_000;

/** What a run saw: every answer, byte by byte. */
async function run(script: readonly string[]): Promise<string> {
  await reset.restore(startMs);
  const lent: LentSession[] = [];
  for (const stream of ['0', '1', '2']) lent.push(await sessions.lend({ role: 'relay', stream }));
  const seen: string[] = [];
  for (const [index, text] of script.entries()) {
    const session = lent[index % lent.length]!;
    const group = session.read([messages.query(text)]);
    const { answer } = await session.forward(group, startMs + index);
    reset.saw(group.operations.flatMap(({ described }) => described.verbs));
    seen.push(answer?.bytes.toString('latin1') ?? 'waits');
  }
  await sessions.giveAllBack();
  return seen.join('\n');
}

/** Rows come, change place and go; queries have no ORDER BY. */
function disorder(seed: number): string[] {
  const stream = random(seed);
  const steps = [
    () => `insert into ledger (account, note) values ('a${1 + stream.below(5)}', random()::text)`,
    () => `update accounts set balance = balance + 1 where id = 'a${1 + stream.below(5)}'`,
    () => `delete from ledger where id % ${2 + stream.below(3)} = 0`,
    () => `begin; insert into quiet values (1), (2); delete from ledger; rollback`,
    () => `insert into ledger (note) select repeat('x', 100) from generate_series(1, 60)`,
    () => 'select * from accounts; select * from ledger; select ctid from quiet',
  ];
  const drawn = Array.from({ length: 12 }, () => steps[stream.below(steps.length)]!());
  return [...drawn, 'select *, ctid from accounts; select *, ctid from ledger'];
}

describe('after a reset', () => {
  test('a run sees the same bytes the 1st and the 200th time, whatever ran between', async () => {
    const first = await run(disorder(0));
    const seen = new Set<string>();
    for (let round = 1; round <= 200; round++) {
      if (round % 10 === 0) seen.add(await run(disorder(0)));
      else await run(disorder(round));
    }
    expect([...seen]).toEqual([first]);
    expect(await reset.needsFreshDatabase()).toBeUndefined();
  });

  test('seed rows are of the time at which the run begins', async () => {
    const seen = await run([
      "select min(at)::text || max(at) from accounts where at = '2023-11-14 22:13:20'",
    ]);
    expect(seen).toContain('2023-11-14 22:13:20');
  });

  test('a sequence counts from its beginning', async () => {
    const insert = `insert into ledger (note) values ('x') returning id`;
    const first = await run([insert, insert]);
    expect(await run([insert, insert])).toBe(first);
  });
});

describe('a new database is needed', () => {
  const fresh = async (script: readonly string[]): Promise<string | undefined> => {
    const own = await prepareReset(sessions.admin, { schemas: ['shop'] });
    const kept = reset;
    reset = own;
    await run(script);
    reset = kept;
    return own.needsFreshDatabase();
  };

  test.each([
    ['a table', 'create table mine (id int); drop table mine'],
    ['a table that was rolled back', 'begin; create table mine (id int); rollback'],
    ['an index within a function', `do $$ begin create index on quiet (id); end $$`],
    ['a drop', 'drop index quiet_id_idx'],
    ['statistics', 'analyze accounts'],
  ])('after %s', async (_what, text) => {
    expect(await fresh([text])).toEqual(expect.any(String));
  });

  test.each([
    ['rows', 'insert into quiet values (1); delete from quiet'],
    ['TRUNCATE', 'truncate quiet'],
    ['a temporary table', 'create temporary table mine (id int); drop table mine'],
  ])('not after %s', async (_what, text) => {
    expect(await fresh([text])).toBeUndefined();
  });
});

test('a database is made anew from its template, with the settings of its roles', async () => {
  const { address } = server;
  const maintenance = await openAdmin({ address, user: 'postgres', database: 'postgres' });
  await maintenance.query('create database template_of_a_run');
  const copy = { database: 'one', template: 'template_of_a_run' };
  for (const table of ['first', 'second']) {
    await recreateDatabase(maintenance, copy);
    const owner = await openAdmin({ address, user: 'postgres', database: copy.database });
    await owner.query(`create table ${table} (id int)`);
    const tables = await owner.query(
      `select relname from pg_class where relname in ('first', 'second')`,
    );
    expect(tables).toEqual([{ relname: table }]);
    await owner.close();
  }
  const relay = await openAdmin({ address, user: 'relay', database: copy.database });
  expect(await relay.query('show search_path')).toEqual([{ search_path: 'shop, sim, pg_catalog' }]);
  await relay.close();
  await maintenance.close();
});
