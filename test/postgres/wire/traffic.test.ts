import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import Cursor from 'pg-cursor';
import { describe, expect, test } from 'vitest';
import { sceneOf } from '../support/scene.ts';

const scene = sceneOf(`
  create table accounts (id text primary key, balance int not null);
  create table later (id int primary key deferrable initially deferred);
`);

const code = async (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: { code?: string }) => error.code,
  );

describe('one query after another', () => {
  test('several statements in one query give several results', async () => {
    const client = await scene.client();
    const results = await client.query('select 1 a; select 2 b, 3 c; begin; commit');
    expect((results as unknown as pg.QueryResult[]).map(({ command }) => command)).toEqual([
      'SELECT',
      'SELECT',
      'BEGIN',
      'COMMIT',
    ]);
  });

  test('an error in the second of several statements ends the answer, and the next query works', async () => {
    const client = await scene.client();
    expect(await code(client.query('select 1; select 1/0; select 3'))).toBe('22012');
    expect((await client.query('select 4 n')).rows).toEqual([{ n: 4 }]);
  });

  test('an empty query is answered', async () => {
    const client = await scene.client();
    expect((await client.query('')).rows).toEqual([]);
    expect((await client.query({ text: '', values: [] })).rows).toEqual([]);
  });

  test('a prepared statement is used again by its name', async () => {
    const client = await scene.client();
    for (const n of [1, 2, 3]) {
      const { rows } = await client.query({
        name: 'double',
        text: 'select $1::int * 2 n',
        values: [n],
      });
      expect(rows).toEqual([{ n: n * 2 }]);
    }
    expect(scene.bridge.operations.map(({ values }) => values)).toEqual([['1'], ['2'], ['3']]);
  });

  test('a parameter that cannot be read fails at Bind, and the session goes on', async () => {
    const client = await scene.client();
    expect(await code(client.query('select $1::int', ['x']))).toBe('22P02');
    expect((await client.query('select $1::int n', [5])).rows).toEqual([{ n: 5 }]);
  });

  test('a constraint that is checked at the end fails at Sync', async () => {
    const client = await scene.client();
    await client.query('insert into later values (1)');
    const twice = client.query('insert into later values ($1), ($1 + 1)', [0]);
    expect(await code(twice)).toBe('23505');
    expect((await client.query('select * from later')).rows).toEqual([{ id: 1 }]);
    await client.query('truncate later');
  });

  test('a failed transaction refuses until it is rolled back', async () => {
    const client = await scene.client();
    await client.query('begin');
    await code(client.query('select nothing'));
    expect(await code(client.query('select 1'))).toBe('25P02');
    await client.query('rollback');
    expect((await client.query('select 1 n')).rows).toEqual([{ n: 1 }]);
  });

  test('pools share sessions in turn', async () => {
    const config = { host: '127.0.0.1', port: scene.bridge.port, user: 'relay', database: 'shop' };
    const pools = [new pg.Pool(config), new pg.Pool({ ...config, max: 2 })];
    const work = Array.from({ length: 12 }, (_, n) => pools[n % 2]!.query('select $1::int n', [n]));
    const results = await Promise.all(work);
    expect(results.map(({ rows }) => (rows[0] as { n: number }).n)).toEqual([...Array(12).keys()]);
    await Promise.all(pools.map((pool) => pool.end()));
  });
});

describe('cursors, which send Flush and no Sync', () => {
  test('rows come in portions', async () => {
    const client = await scene.client();
    const cursor = client.query(new Cursor('select n from generate_series(1, $1::int) n', [5]));
    const portions = [await cursor.read(2), await cursor.read(2), await cursor.read(2)];
    expect(portions.map((rows) => rows.length)).toEqual([2, 2, 1]);
    await cursor.close();
    expect((await client.query('select 1 n')).rows).toEqual([{ n: 1 }]);
  });

  test('a cursor that is closed early leaves the session usable', async () => {
    const client = await scene.client();
    const cursor = client.query(new Cursor('select n from generate_series(1, 10) n'));
    await cursor.read(1);
    await cursor.close();
    expect((await client.query('select 2 n')).rows).toEqual([{ n: 2 }]);
  });

  test('an error at the first rows is told, and one after some rows too', async () => {
    const client = await scene.client();
    const wrong = client.query(new Cursor('select nothing'));
    expect(await code(wrong.read(1))).toBe('42703');
    const late = client.query(new Cursor('select 1 / (3 - n) from generate_series(1, 5) n'));
    await late.read(2);
    expect(await code(late.read(2))).toBe('22012');
    expect((await client.query('select 3 n')).rows).toEqual([{ n: 3 }]);
  });

  test('what a cursor wrote without Sync is gone with its client', async () => {
    const client = await scene.client();
    const insert = `insert into accounts values ('cursor', 1) returning id`;
    const cursor = client.query(new Cursor(insert));
    expect(await cursor.read(1)).toHaveLength(1);
    client.connection.stream.destroy();
    await scene.bridge.idle();
    const { rows } = await (await scene.client()).query('select * from accounts');
    expect(rows).toEqual([]);
  });
});

describe('COPY, both ways', () => {
  test('data goes in and comes out', async () => {
    const client = await scene.client();
    const lines = Array.from({ length: 500 }, (_, n) => `c${n}\t${n}\n`);
    await pipeline(Readable.from(lines), client.query(copyFrom('copy accounts from stdin')));
    const out = client.query(copyTo('copy (select * from accounts order by balance) to stdout'));
    expect(await text(out)).toBe(lines.join(''));
    await client.query('delete from accounts');
  });

  test('a wrong line fails the whole, and the session goes on', async () => {
    const client = await scene.client();
    const copying = pipeline(
      Readable.from(['a\t1\n', 'b\tx\n', 'c\t3\n']),
      client.query(copyFrom('copy accounts from stdin')),
    );
    expect(await code(copying)).toBe('22P02');
    expect((await client.query('select * from accounts')).rows).toEqual([]);
  });

  test('a wrong table fails before any data', async () => {
    const client = await scene.client();
    const copying = pipeline(
      Readable.from(['a\n']),
      client.query(copyFrom('copy nothing from stdin')),
    );
    expect(await code(copying)).toBe('42P01');
    expect(await code(text(client.query(copyTo('copy nothing to stdout'))))).toBe('42P01');
    expect((await client.query('select 1 n')).rows).toEqual([{ n: 1 }]);
  });

  test('a client that dies while it copies leaves nothing', async () => {
    const client = await scene.client();
    const stream = client.query(copyFrom('copy accounts from stdin'));
    stream.on('error', () => undefined);
    await new Promise((resolve) => stream.write('a\t1\n', resolve));
    client.connection.stream.destroy();
    await scene.bridge.idle();
    const { rows } = await (await scene.client()).query('select * from accounts');
    expect(rows).toEqual([]);
  });
});

describe('pipelining, one Sync for each query', () => {
  test('answers come in order', async () => {
    const client = await scene.client({ pipeline: true });
    const queries = [1, 2, 3].map((n) => client.query('select $1::int n', [n]));
    const results = await Promise.all(queries);
    expect(results.map(({ rows }) => rows)).toEqual([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]]);
  });

  test('an error inside fails its own query only', async () => {
    const client = await scene.client({ pipeline: true });
    const queries = ['1', 'x', '3'].map((n) => client.query('select $1::int n', [n]));
    const results = await Promise.allSettled(queries);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
