import { once } from 'node:events';
import type pg from 'pg';
import { beforeEach, describe, expect, test } from 'vitest';
import { sceneOf, startMs } from '../support/scene.ts';

const scene = sceneOf('create table accounts (id text primary key, balance int not null)', {
  limitMs: 300,
});

beforeEach(() => scene.server.control.query('truncate shop.accounts'));

const code = async (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: { code?: string }) => error.code,
  );
const insert = (client: pg.Client, id: string): Promise<unknown> =>
  client.query('insert into accounts values ($1, 0)', [id]);

async function accounts(): Promise<number> {
  return (await scene.server.control.query('select * from shop.accounts')).length;
}

describe('the next client finds nothing of the one before', () => {
  test('no transaction, setting, temporary table, prepared statement or lock', async () => {
    const first = await scene.client();
    await first.query('begin');
    await insert(first, 'a');
    await first.query("set application_name = 'first'; set time zone 'Asia/Tokyo'");
    await first.query('create temporary table mine (id int)');
    await first.query({ name: 'mine', text: 'select 1' });
    await first.query('select pg_advisory_lock(1)');
    const pid = scene.sessions.lent[0]?.backendPid;
    first.connection.stream.destroy();
    await scene.bridge.idle();
    const second = await scene.client();
    expect(scene.sessions.lent[0]?.backendPid).toBe(pid);
    expect(await accounts()).toBe(0);
    expect(await code(second.query('select * from mine'))).toBe('42P01');
    const { rows } = await second.query(
      `select current_setting('application_name') name, current_setting('TimeZone') zone,
        (select count(*)::int from pg_prepared_statements) prepared,
        (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) held`,
    );
    expect(rows).toEqual([{ name: '', zone: 'UTC', prepared: 0, held: 0 }]);
  });

  test('and is greeted as by a server of its own', async () => {
    const client = await scene.client({ application_name: 'relay-0', options: '-c work_mem=2MB' });
    const { rows } = await client.query(
      `select current_setting('application_name') name, current_setting('work_mem') memory`,
    );
    expect(rows).toEqual([{ name: 'relay-0', memory: '2MB' }]);
    expect(scene.bridge.uncontrolled).toEqual([]);
  });

  test('a setting that the server refuses refuses the connection', async () => {
    const refused = scene.client({ options: '-c work_mem=lots' });
    expect(await code(refused)).toBe('22023');
  });

  test('a search_path in the start-up packet is named as uncontrolled', async () => {
    await scene.client({ options: '-c search_path=shop' });
    expect(scene.bridge.uncontrolled).toEqual([expect.stringContaining('search_path')]);
  });
});

describe('an error in place of a statement', () => {
  test('leaves nothing applied and the transaction failed', async () => {
    const client = await scene.client();
    await client.query('begin');
    await insert(client, 'a');
    scene.bridge.failNext = { text: /insert/, code: '40001' };
    expect(await code(insert(client, 'b'))).toBe('40001');
    expect(await code(client.query('select 1'))).toBe('25P02');
    await client.query('rollback');
    expect(await accounts()).toBe(0);
  });

  test('in place of COMMIT rolls back and ends the transaction', async () => {
    const client = await scene.client();
    await client.query('begin');
    await insert(client, 'a');
    scene.bridge.failNext = { text: /commit/, code: '40001' };
    expect(await code(client.query('commit'))).toBe('40001');
    await insert(client, 'b');
    expect(await accounts()).toBe(1);
  });

  test('outside a transaction fails only itself', async () => {
    const client = await scene.client();
    scene.bridge.failNext = { text: /insert/, code: '40P01' };
    expect(await code(insert(client, 'a'))).toBe('40P01');
    await insert(client, 'b');
    expect(await accounts()).toBe(1);
  });

  test('that is fatal closes the connection', async () => {
    const client = await scene.client();
    const closed = new Promise((resolve) => client.once('end', resolve));
    scene.bridge.failNext = { text: /insert/, code: '57P01' };
    expect(await code(insert(client, 'a'))).toBe('57P01');
    await closed;
    expect(await accounts()).toBe(0);
  });
});

describe('NOTIFY', () => {
  test('reaches those who listen with the commit that follows, not before', async () => {
    const [listener, notifier] = [await scene.client(), await scene.client()];
    const heard: string[] = [];
    listener.on('notification', ({ channel, payload }) => heard.push(`${channel} ${payload}`));
    await listener.query('listen orders');
    await notifier.query('begin');
    await notifier.query("notify orders, 'm1'");
    await listener.query('select 1');
    expect(heard).toEqual([]);
    const arrived = once(listener, 'notification');
    await notifier.query('commit');
    await arrived;
    expect(heard).toEqual(['orders m1']);
  });

  test('waits while the listener is in a transaction', async () => {
    const [listener, notifier] = [await scene.client(), await scene.client()];
    const heard: (string | undefined)[] = [];
    listener.on('notification', ({ payload }) => heard.push(payload));
    await listener.query('listen orders');
    await listener.query('begin');
    await notifier.query("select pg_notify('orders', 'm1')");
    await listener.query('select 1');
    expect(heard).toEqual([]);
    const arrived = once(listener, 'notification');
    await listener.query('commit');
    await arrived;
    expect(heard).toEqual(['m1']);
  });
});

test('a statement without end in real time is given up as not replayable', async () => {
  const client = await scene.client();
  const endless =
    'with recursive n(i) as (select 1 union all select 1 from n) select count(*) from n';
  expect(await code(client.query(endless))).toBe('57P01');
  expect(scene.bridge.uncontrolled).toEqual([expect.stringContaining('ran without end')]);
});

describe('time and chance are virtual', () => {
  test('now() stands still in a transaction, also over a savepoint; clock_timestamp() moves', async () => {
    const client = await scene.client();
    const seconds = async (): Promise<unknown> => {
      scene.bridge.nowMs += 1_000;
      const { rows } = await client.query(
        `select (extract(epoch from now()) * 1000)::float8 - ${startMs} n,
          (extract(epoch from current_timestamp) * 1000)::float8 - ${startMs} c,
          (extract(epoch from statement_timestamp()) * 1000)::float8 - ${startMs} s,
          (extract(epoch from clock_timestamp()) * 1000)::float8 - ${startMs} k`,
      );
      return Object.values(rows[0] as object);
    };
    await client.query('begin');
    expect(await seconds()).toEqual([0, 0, 1_000, 1_000]);
    await client.query('savepoint a');
    expect(await seconds()).toEqual([0, 0, 2_000, 2_000]);
    await client.query('rollback to a');
    expect(await seconds()).toEqual([0, 0, 3_000, 3_000]);
    await client.query('commit');
    expect(await seconds()).toEqual([4_000, 4_000, 4_000, 4_000]);
  });

  test('words that are syntax give the virtual time in their own types and names', async () => {
    const client = await scene.client();
    scene.bridge.nowMs += 123;
    const { rows } = await client.query(
      `select current_date::text, current_time::text, localtime(1)::text,
        localtimestamp(0)::text, current_timestamp(2)::text`,
    );
    expect(rows).toEqual([
      {
        current_date: '2023-11-14',
        current_time: '22:13:20.123+00',
        localtime: '22:13:20.1',
        localtimestamp: '2023-11-14 22:13:20',
        current_timestamp: '2023-11-14 22:13:20.12+00',
      },
    ]);
  });

  test('equal seeds and streams draw equal identities, version 4, none twice', async () => {
    const draw = async (): Promise<unknown[]> => {
      const session = await scene.sessions.lend({ role: 'relay', stream: 'relay-0/1' });
      const { messages } = await import('#postgres');
      const group = session.read([
        messages.query(
          'select gen_random_uuid()::text, random(), uuidv7() from generate_series(1, 50)',
        ),
      ]);
      const { answer } = await session.forward(group, startMs);
      await session.giveBack();
      return (answer?.frames ?? [])
        .filter(({ type }) => type === 'D')
        .map(({ bytes }) => bytes.toString('utf8', 11));
    };
    const first = await draw();
    expect(await draw()).toEqual(first);
    expect(new Set(first).size).toBe(50);
    expect(first[0]).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}/);
    scene.sessions.seed = 2;
    expect(await draw()).not.toEqual(first);
    scene.sessions.seed = 0;
  });

  test('an error points into the text as the client wrote it', async () => {
    const client = await scene.client();
    const text = 'select current_date, current_timestamp, nothing';
    const error = await client.query(text).then(
      () => ({ position: undefined }),
      (reason: { position?: string }) => reason,
    );
    expect(Number(error.position)).toBe(text.indexOf('nothing') + 1);
  });
});
