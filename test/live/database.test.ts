/** A chapter with tables against a real PostgreSQL, our own and one that somebody brings along. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openDatabaseServer, type LiveDatabasePlan } from '#live';
import { startPostgres, type PostgresServer } from '#postgres';
import { checkLive, type CheckRequest, type Report } from '#verify';
import { startFastBroker, type FastBroker } from './fast-broker.ts';

const root = process.cwd();
const chapter = '15-idempotent-consumer';
const solution = `solutions/${chapter}`;
const stub = `chapters/${chapter}/stub`;
const cacheDirectory = join(root, '.crashproof/cache/postgres');

let broker: FastBroker;
let server: PostgresServer;
/** Somebody's server, with a database of theirs. */
let url: string;

beforeAll(async () => {
  [broker, server] = await Promise.all([
    startFastBroker(),
    startPostgres({ cacheDirectory, listen: 'tcp' }),
  ]);
  await as('postgres', 'create database shop');
  url = server.url('shop', 'postgres');
  await asked(url, 'create table accounts (precious text); insert into accounts values ($$gold$$)');
});

afterAll(async () => {
  await Promise.all([broker.stop(), server.close()]);
});

afterEach(async () => {
  expect(await databases()).toEqual(['postgres', 'shop', 'template1']);
});

async function asked(address: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: address });
  await client.connect();
  const { rows } = await client.query<Record<string, unknown>>(text);
  await client.end();
  return rows;
}

const as = (user: string, text: string) => asked(server.url('postgres', user), text);

async function databases(): Promise<unknown[]> {
  const rows = await as('postgres', 'select datname from pg_database order by 1');
  return rows.map(({ datname }) => datname);
}

const live = (request: Partial<CheckRequest> = {}): Promise<Report> =>
  checkLive({
    root,
    chapter,
    folders: [solution],
    broker: broker.address,
    remember: false,
    ...request,
  });

const memory = (): string => join(mkdtempSync(join(tmpdir(), 'crashproof-live-')), 'names.json');

test('the solution survives a kill at its second commit and a restart, on a server of our own', async () => {
  const report = await live();
  expect(report).toMatchObject({ verdict: 'holds', runs: 4, findings: [] });
  expect(report.held).toEqual(['counted-once', 'ledger-agrees', 'no-loss', 'progress']);
  expect(report.notJudged).toEqual(['no-invention', 'commit-safe']);
  expect(report.ran).toEqual([
    'nothing',
    expect.stringMatching(/^crash projector-0 · COMMIT \((shop|till):p\d\) · #1 · before apply$/),
    expect.stringMatching(/^crash projector-0 · COMMIT \((shop|till):p\d\) · #1 · after apply$/),
    'restart everything at rest',
  ]);
});

test('on a server that somebody brings along, their own tables stay as they are', async () => {
  const report = await live({ calm: true, databaseUrl: url });
  expect(report).toMatchObject({ verdict: 'holds', runs: 1 });
  expect(await asked(url, 'select * from accounts')).toEqual([{ precious: 'gold' }]);
});

test('a payment that was added and not yet answered for is added again', async () => {
  const fault = 'crash projector-0 · UPDATE accounts · #1 · after apply';
  const report = await live({ folders: [stub], faults: [fault], databaseUrl: url });
  expect(report.verdict).toBe('broken');
  const [finding] = report.findings;
  expect(finding).toMatchObject({ property: 'counted-once', faults: [fault] });
  expect(finding?.sentence).toMatch(/^Account \w+ holds \d+; its distinct payments sum to \d+\./);
  // In order: applied, seen in the tables, and then the process was gone.
  const history = finding?.history ?? [];
  const at = history.findIndex(({ kind }) => kind === 'fault');
  expect(history.slice(at - 2, at + 2)).toMatchObject([
    { kind: 'operation', operation: 'UPDATE', target: 'accounts', step: 'applied' },
    { kind: 'table', slot: 'projector-0' },
    { kind: 'fault' },
    { kind: 'instance', state: 'dies' },
  ]);
});

const plan: LiveDatabasePlan = {
  texts: [],
  roles: ['order', 'payment'],
  schemas: 'by role',
  tables: { charges: 'select id from payment.charges' },
};

test('each role looks into its own schema where the chapter says so, and is read as it stands', async () => {
  const texts = [
    {
      text: 'create table charges (id int)',
      file: 'payment.sql',
      role: 'payment',
      from: 'chapter',
    },
  ] as const;
  const opened = await openDatabaseServer({ url, cacheDirectory, memory: memory() });
  const database = await opened.fresh({ ...plan, texts });
  expect(await database.changedTables()).toEqual({ charges: [] });
  const payment = new Client({
    ...database.login('payment'),
    host: '127.0.0.1',
    port: server.port,
  });
  await payment.connect();
  await payment.query('insert into charges values (7)');
  expect(await database.changedTables()).toEqual({ charges: [{ id: 7 }] });
  expect(await database.changedTables()).toBeUndefined();
  await payment.query('begin; lock table charges');
  expect(await database.changedTables()).toBeUndefined();
  expect(database.waitsFor()).toBe('somebody has a table of the chapter for himself');
  // Whoever is still connected does not keep the database from being removed.
  payment.on('error', () => undefined);
  await database.remove();
  await opened.close();
});

test('a mistake in the SQL of an exercise is said by file and line', async () => {
  const text = 'create table a (id int);\ncreate tabel b (id int);';
  const texts = [{ text, file: 'schema.sql', from: 'service' }] as const;
  const opened = await openDatabaseServer({ url, cacheDirectory, memory: memory() });
  await expect(opened.fresh({ ...plan, schemas: undefined, texts })).rejects.toMatchObject({
    code: 'DOES_NOT_LOAD',
    message: 'schema.sql:2 does not load: syntax error at or near "tabel".',
  });
  await opened.close();
});

test('what a killed check left is removed by the next, unless somebody is in it', async () => {
  const file = memory();
  const [left, used] = ['crashproof_0123456789ab', 'crashproof_ba9876543210'];
  writeFileSync(file, JSON.stringify([left, used, 'shop']));
  await as('postgres', `create database ${left}`);
  await as('postgres', `create database ${used}`);
  const user = new Client({ connectionString: server.url(used, 'postgres') });
  await user.connect();
  const first = await openDatabaseServer({ url, cacheDirectory, memory: file });
  expect(await databases()).toEqual([used, 'postgres', 'shop', 'template1']);
  await first.close();
  await user.end();
  await (await openDatabaseServer({ url, cacheDirectory, memory: file })).close();
  expect(await databases()).not.toContain(used);
});

const open = (address: string) =>
  openDatabaseServer({ url: address, cacheDirectory, memory: memory() });

test('who may not create databases is told so', async () => {
  await as('postgres', 'create role guest login');
  const opened = await open(server.url('shop', 'guest'));
  await expect(opened.fresh(plan)).rejects.toMatchObject({
    code: 'NO_DATABASE',
    message:
      `The PostgreSQL of DATABASE_URL (127.0.0.1:${server.port}) does not let guest create ` +
      'databases, which each run needs: alter role guest createdb, or name another login in ' +
      'DATABASE_URL.',
  });
  await opened.close();
});

test('where a password is needed and missing or wrong, it says where to put it', async () => {
  await as('postgres', `create role careful login createdb password 'right'`);
  const [{ file } = {}] = await as('postgres', `select current_setting('hba_file') as file`);
  const rules = readFileSync(String(file), 'utf8');
  writeFileSync(String(file), `host all careful 127.0.0.1/32 scram-sha-256\n${rules}`);
  await as('postgres', 'select pg_reload_conf()');
  const without = server.url('shop', 'careful');
  const withPassword = (password: string): string =>
    without.replace('careful@', `careful:${password}@`);
  const advice = 'DATABASE_URL=postgresql://user:password@host:port/database, or PGPASSWORD.';
  const who = `The PostgreSQL of DATABASE_URL (127.0.0.1:${server.port})`;
  await expect(open(without)).rejects.toMatchObject({
    code: 'NO_DATABASE',
    message: `${who} wants a password of careful: ${advice}`,
  });
  await expect(open(withPassword('wrong'))).rejects.toMatchObject({
    message: `${who} does not let careful in (password authentication failed for user "careful"): ${advice}`,
  });
  const report = await live({ calm: true, databaseUrl: withPassword('right') });
  expect(report.verdict).toBe('holds');
});

test.each([
  ['postgresql://a@127.0.0.1:1/shop', 'NO_DATABASE', /^No PostgreSQL answers at 127\.0\.0\.1:1/],
  ['shop', 'USAGE', /^DATABASE_URL is no address/],
  [
    'postgresql://a@localhost/shop?sslmode=verify-full',
    'USAGE',
    /asks for an encrypted connection/,
  ],
])('%s is answered by one sentence', async (address, code, message) => {
  await expect(open(address)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message) as string,
  });
});

test('a database that is not there is named', async () => {
  await expect(open(server.url('shoop', 'postgres'))).rejects.toMatchObject({
    code: 'NO_DATABASE',
    message: expect.stringContaining('has no database shoop: name one that is there') as string,
  });
});
