/** What a client may say to the database: every way of asking is answered whole, and the same each time. */
import { expect, test } from 'vitest';
import { onTables, writer, type DatabaseStage } from './support/database.ts';
import { facts } from './support/play.ts';

const said = (run: Awaited<ReturnType<DatabaseStage['play']>>): string[] =>
  facts(run, 'console').map(({ text }) => text.trim());

/** Runs it shared, again, and with everything fresh: one hash. */
async function thrice(stage: DatabaseStage, faults: readonly string[] = []) {
  const runs = [];
  for (const fresh of [false, false, true]) {
    runs.push(await stage.play({ commands: 2, fresh, faults }));
  }
  expect(new Set(runs.map(({ traceHash }) => traceHash)).size).toBe(1);
  const [run] = runs;
  expect(run?.ending).toEqual({ kind: 'rest' });
  return run as (typeof runs)[0];
}

test('a cursor reads a few rows at a time', async () => {
  const read = `
    await db.query("insert into jobs (body) select $1 || n from generate_series(1, 5) n", [order.id]);
    const client = await db.connect();
    const cursor = client.query(new Cursor('select body from jobs where body like $1 order by id', [order.id + '%']));
    const sizes = [];
    for (let rows = await cursor.read(2); rows.length > 0; rows = await cursor.read(2)) sizes.push(rows.length);
    await cursor.close();
    client.release();
    console.log(order.id, sizes.join());
  `;
  const run = await thrice(await onTables(writer(read)));
  expect(said(run)).toEqual(expect.arrayContaining(['m1 2,2,1', 'm2 2,2,1']));
  // Each read that brings rows is a place for faults; the one that finds the end is none.
  const reads = run.crossings.filter(({ point }) => point.operation === 'SELECT');
  expect(new Set(reads.map(({ phase }) => phase))).toEqual(new Set(['after apply']));
  expect(reads).toHaveLength(3 * facts(run, 'command', { state: 'acked', closing: false }).length);
});

test('COPY brings rows in and takes them out', async () => {
  const copy = `
    const client = await db.connect();
    const rows = Readable.from([order.id + '\\t1\\n', order.id + 'x\\t2\\n']);
    await pipeline(rows, client.query(copyFrom('copy ledger (id, amount) from stdin')));
    const lines = [];
    await pipeline(client.query(copyTo('copy (select id, amount from ledger order by id) to stdout')), new Writable({
      write(chunk, _, done) { lines.push(String(chunk).trim()); done(); },
    }));
    client.release();
    console.log(lines.join().replaceAll('\\t', '=').replaceAll('\\n', '|'));
  `;
  const stage = await onTables(writer(copy));
  const run = await thrice(stage);
  expect(said(run).slice(0, 2)).toEqual(['m1=1|m1x=2', 'm1=1|m1x=2|m2=1|m2x=2']);
  const places = run.crossings.filter(({ target }) => target === 'sql').slice(0, 2);
  expect(
    places.map(({ point, phase }) => [point.operation, point.target, point.cause, phase]),
  ).toEqual([
    ['COPY', 'ledger', ['m1'], 'before apply'],
    ['COPY', 'ledger', ['m1'], 'after apply'],
  ]);
  const crash = 'crash worker-0 · COPY ledger (m1) · #1 · before apply';
  const struck = await thrice(stage, [crash]);
  expect(struck.fired).toEqual([0]);
  expect(said(struck)[0]).toBe('m1=1|m1x=2');
});

test('queries that are sent before the answers to others are answered in order', async () => {
  const ask = `
    const client = new pg.Client({ ...database, pipeline: true });
    await client.connect();
    const answers = await Promise.all([
      client.query('insert into ledger values ($1, 1)', [order.id]),
      client.query('select nonsense').catch((error) => ({ rows: [error.code] })),
      client.query('select count(*)::int as n from ledger'),
    ]);
    console.log(JSON.stringify(answers.map(({ rows }) => rows)));
    await client.end();
  `;
  const run = await thrice(await onTables(writer(ask)));
  expect(said(run).slice(0, 2)).toEqual(['[[],["42703"],[{"n":1}]]', '[[],["42703"],[{"n":2}]]']);
});

test('a prepared statement is read once and named each time', async () => {
  const ask = `
    const insert = (id) => ({ name: 'add', text: 'insert into ledger values ($1, 1)', values: [id] });
    const client = await db.connect();
    await client.query(insert(order.id));
    await client.query(insert(order.id + '-again'));
    client.release();
  `;
  const run = await thrice(await onTables(writer(ask)));
  const inserts = facts(run, 'operation', { operation: 'INSERT', step: 'applied' });
  expect(inserts.slice(0, 2).map(({ target, cause }) => [target, cause])).toEqual([
    ['ledger', ['m1']],
    ['ledger', []],
  ]);
});

test('several pools of one process are several sessions', async () => {
  const set = `const other = new pg.Pool(database);`;
  const ask = `
    const [one, two] = [await db.connect(), await other.connect()];
    const count = () =>
      two.query('select count(*)::int as n from ledger where id = $1', [order.id]);
    await one.query('begin');
    await one.query('insert into ledger values ($1, 1)', [order.id]);
    const { rows: [{ n }] } = await count();
    await one.query('commit');
    const { rows: [{ n: after }] } = await count();
    console.log(order.id, n, after, one.processID !== two.processID);
    one.release();
    two.release();
  `;
  const run = await thrice(await onTables(writer(ask, set)));
  expect(said(run).slice(0, 2)).toEqual(['m1 0 1 true', 'm2 0 1 true']);
});

test('time, identity and chance are those of the world', async () => {
  const ask = `
    const { rows: [row] } = await db.query(
      'select now() as at, clock_timestamp() = now() as same, current_timestamp = now() as kin,' +
      ' gen_random_uuid() as id, random() as r');
    console.log(order.id, row.at.getTime() === Date.now() - 1, row.same, row.kin, row.id, row.r);
  `;
  const run = await thrice(await onTables(writer(ask)));
  expect(said(run)[0]).toMatch(/^m1 true true true [0-9a-f-]{36} 0\.\d+$/);
});

test('numbers that no two servers have in common are renamed where bytes are hashed', async () => {
  const ask = `
    const { rows } = await db.query('insert into ledger values ($1, 1) returning xmin, ctid, tableoid', [order.id]);
    const { rows: more } = await db.query('select pg_current_xact_id(), pg_current_wal_lsn(), pg_backend_pid()');
  `;
  await thrice(await onTables(writer(ask)));
});

test('a statement that cannot be replayed makes the run unknown, and names the line', async () => {
  const ask = `
    const client = await db.connect();
    await client.query("select pg_catalog.now()");
    client.release();
  `;
  const run = await (await onTables(writer(ask))).play({ commands: 1 });
  expect(run.ending).toMatchObject({
    kind: 'uncontrolled',
    sentence: expect.stringMatching(
      /^service\.ts:\d+ runs “select pg_catalog\.now\(\)”: a function/,
    ),
    line: { file: 'service.ts' },
  });
});

test('a stranger is not let in', async () => {
  const set = `
    for (const wrong of [{ user: 'nobody' }, { database: 'elsewhere' }]) {
      await new pg.Client({ ...database, ...wrong }).connect().catch((error) => console.log(error.code, error.message));
    }
  `;
  const run = await (await onTables(writer('', set))).play({ commands: 0 });
  expect(said(run)).toEqual([
    '28000 role "nobody" does not exist',
    '3D000 database "elsewhere" does not exist',
  ]);
});

test('a service that changes the schema finds it as it was in the next run', async () => {
  const set = `
    await db.query('create table seen (id text primary key, at timestamptz default now())');
    await db.query('alter table ledger add column note text');
  `;
  const ask = `
    await db.query('insert into seen values ($1) on conflict do nothing', [order.id]);
    await db.query("insert into ledger values ($1, 1, default, 'x')", [order.id]);
    console.log(JSON.stringify((await db.query('select * from seen')).rows.map(({ id }) => id)));
  `;
  const run = await thrice(await onTables(writer(ask, set)));
  expect(said(run).slice(0, 2)).toEqual(['["m1"]', '["m1","m2"]']);
});

test('what a client library keeps for all is told, and the run with nothing shared is another', async () => {
  const ask = `
    pg.types.setTypeParser(23, (text) => 'one more: ' + text);
    pg.defaults.kept = (pg.defaults.kept ?? 0) + 1;
    console.log(pg.defaults.kept);
  `;
  const stage = await onTables(writer(ask));
  const crash = 'crash worker-0 · OffsetCommit workers (m1) · #1 · before apply';
  const kept = async (fresh: boolean) => stage.play({ commands: 1, faults: [crash], fresh });
  expect(said(await kept(true))).toEqual(['1', '1', '2']);
  const shared = await kept(false);
  expect(said(shared)).toEqual(['1', '2', '3']);
  expect(shared.leaks).toEqual(['pg.defaults.kept was added']);
});
