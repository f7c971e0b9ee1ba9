import { connect } from 'node:net';
import type pg from 'pg';
import { beforeEach, describe, expect, test } from 'vitest';
import { messages } from '#postgres';
import { sceneOf, startMs } from '../support/scene.ts';

const scene = sceneOf(`
  create table accounts (id text primary key, balance int not null);
  create table jobs (id int primary key, taken_by text);
`);

beforeEach(async () => {
  await scene.server.control.query(`
    truncate shop.accounts, shop.jobs;
    insert into shop.accounts values ('a', 0), ('b', 0);
    insert into shop.jobs select n from generate_series(1, 3) n;
  `);
});

interface Failing {
  readonly code?: string;
  readonly message?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly where?: string;
  readonly severity?: string;
}

async function clients(count: number): Promise<pg.Client[]> {
  const all: pg.Client[] = [];
  for (let index = 0; index < count; index++) all.push(await scene.client());
  return all;
}

const add = (client: pg.Client, to: string, amount: number): Promise<pg.QueryResult> =>
  client.query('update accounts set balance = balance * 10 + $2 where id = $1', [to, amount]);

const failed = (work: Promise<unknown>): Promise<Failing> =>
  work.then(
    () => ({}),
    (error: Failing) => error,
  );

async function balance(id: string): Promise<number> {
  const [row] = await scene.server.control.query(
    `select balance from shop.accounts where id = '${id}'`,
  );
  return Number(row?.['balance']);
}

describe('a session that waits for a row', () => {
  test('lets the world go on, and is answered when it is let go', async () => {
    const [first, second, other] = (await clients(3)) as [pg.Client, pg.Client, pg.Client];
    await first.query('begin');
    await add(first, 'a', 1);
    const waits = add(second, 'a', 2);
    await scene.bridge.waiting(1);
    await add(other, 'b', 9);
    expect(await balance('b')).toBe(9);
    await first.query('commit');
    expect((await waits).rowCount).toBe(1);
    expect(await balance('a')).toBe(12);
  });

  test.each([
    ['in the order of waiting', 0, 1234],
    ['last come first', -1, 1432],
  ])('hands over %s, thirty times alike', async (_how, which, result) => {
    scene.bridge.choose = (freed) => freed.at(which);
    const results = new Set<number>();
    for (let round = 0; round < 30; round++) {
      await scene.server.control.query('update shop.accounts set balance = 0');
      const [holder, ...others] = (await clients(4)) as [pg.Client, ...pg.Client[]];
      await holder.query('begin');
      await add(holder, 'a', 1);
      const works: Promise<unknown>[] = [];
      for (const [index, client] of others.entries()) {
        works.push(add(client, 'a', index + 2));
        await scene.bridge.waiting(index + 1);
      }
      await holder.query('commit');
      await Promise.all(works);
      results.add(await balance('a'));
      await Promise.all([holder, ...others].map((client) => client.end()));
    }
    expect([...results]).toEqual([which === 0 ? result : expect.any(Number)]);
  });

  test('waits for an advisory lock as for a row', async () => {
    const [first, second] = (await clients(2)) as [pg.Client, pg.Client];
    await first.query('select pg_advisory_lock(7)');
    const waits = second.query('select pg_advisory_lock(7)');
    await scene.bridge.waiting(1);
    await first.query('select pg_advisory_unlock(7)');
    expect((await waits).rowCount).toBe(1);
  });

  test('SKIP LOCKED and NOWAIT do not wait', async () => {
    const [first, second] = (await clients(2)) as [pg.Client, pg.Client];
    await first.query('begin');
    await first.query('select id from jobs order by id limit 1 for update');
    const skipping = 'select id from jobs order by id limit 1 for update skip locked';
    expect((await second.query(skipping)).rows).toEqual([{ id: 2 }]);
    const nowait = 'select id from jobs where id = 1 for update nowait';
    expect((await failed(second.query(nowait))).code).toBe('55P03');
  });

  test('fails to serialize when the one it waited for has committed', async () => {
    const [first, second] = (await clients(2)) as [pg.Client, pg.Client];
    await second.query('begin isolation level serializable');
    await second.query('select * from accounts');
    await first.query('begin isolation level serializable');
    await add(first, 'a', 1);
    const waits = failed(add(second, 'a', 2));
    await scene.bridge.waiting(1);
    await first.query('commit');
    expect((await waits).code).toBe('40001');
  });

  test('is cancelled by a CancelRequest', async () => {
    const [first, second] = (await clients(2)) as [pg.Client, pg.Client];
    await first.query('begin');
    await add(first, 'a', 1);
    const waits = failed(add(second, 'a', 2));
    await scene.bridge.waiting(1);
    const { pid, key } = scene.sessions.waiting[0]!.warm.connection.greeting;
    const socket = connect(scene.bridge.port, '127.0.0.1');
    socket.end(messages.cancelRequest(pid, key));
    expect(await waits).toMatchObject({
      code: '57014',
      message: 'canceling statement due to user request',
    });
  });
});

describe('a client that dies while it waits', () => {
  async function dies(fate: 'lost' | 'arrives'): Promise<number> {
    const [first, second] = (await clients(2)) as [pg.Client, pg.Client];
    scene.bridge.fate = fate;
    await first.query('begin');
    await add(first, 'a', 1);
    const waits = failed(add(second, 'a', 2));
    await scene.bridge.waiting(1);
    second.connection.stream.destroy();
    await waits;
    await scene.bridge.moveOn();
    await first.query('commit');
    await scene.bridge.moveOn();
    expect(scene.sessions.waiting).toEqual([]);
    return balance('a');
  }

  test('has its statement applied when it arrives', async () => {
    expect(await dies('arrives')).toBe(12);
  });

  test('has its statement cancelled when it is lost', async () => {
    expect(await dies('lost')).toBe(1);
  });
});

describe('a deadlock', () => {
  const waits = String.raw`waits for ShareLock on transaction \d+; blocked by process`;

  async function provoke(): Promise<[Failing, Failing]> {
    const [first, second] = (await clients(2)) as [pg.Client, pg.Client];
    for (const client of [first, second]) await client.query('begin');
    await add(first, 'a', 1);
    await add(second, 'b', 2);
    const waits = failed(add(first, 'b', 3));
    await scene.bridge.waiting(1);
    const closes = failed(add(second, 'a', 4));
    const ends = await Promise.all([waits, closes]);
    for (const client of [first, second]) await client.query('rollback');
    return ends;
  }

  test('ends the one who closed it, in the words of PostgreSQL, and the other goes on', async () => {
    const [first, second] = await provoke();
    expect(first).toEqual({});
    expect(second).toMatchObject({
      severity: 'ERROR',
      code: '40P01',
      message: 'deadlock detected',
      hint: 'See server log for query details.',
      where: expect.stringMatching(/^while updating tuple \(0,\d+\) in relation "accounts"$/),
      file: 'deadlock.c',
      routine: 'DeadLockReport',
    });
    expect(second.detail).toMatch(
      new RegExp(`^Process (\\d+) ${waits} (\\d+)\\.\nProcess \\2 ${waits} \\1\\.$`),
    );
  });

  test('ends another of its members when the schedule says so', async () => {
    scene.sessions.victimOf = (cycle) => cycle.at(-1)!;
    const [first, second] = await provoke();
    scene.sessions.victimOf = undefined;
    expect([first.code, second.code]).toEqual(['40P01', undefined]);
    expect(first.detail).toMatch(/^Process/);
  });

  test('is reported as PostgreSQL itself reports it', async () => {
    const [, ours] = await provoke();
    const real = await realDeadlock();
    const shape = ({ code, message, detail, hint, where, severity }: Failing): object => ({
      code,
      message,
      hint,
      severity,
      detail: detail?.replaceAll(/\d+/g, 'n'),
      where: where?.replaceAll(/\d+/g, 'n'),
    });
    expect(shape(ours)).toEqual(shape(real));
  });

  /** Two plain sessions, with the server's own detector. */
  async function realDeadlock(): Promise<Failing> {
    const { default: postgres } = await import('pg');
    const plain = [1, 2].map(
      () => new postgres.Client({ connectionString: scene.server.url('postgres') }),
    ) as [pg.Client, pg.Client];
    for (const client of plain) {
      await client.connect();
      await client.query("set deadlock_timeout = '5ms'; set search_path = shop; begin");
    }
    await add(plain[0], 'a', 1);
    await add(plain[1], 'b', 2);
    const works = await Promise.all([failed(add(plain[0], 'b', 3)), failed(add(plain[1], 'a', 4))]);
    await Promise.all(plain.map((client) => client.end()));
    return works.find(({ code }) => code !== undefined) ?? {};
  }
});

describe('time-outs are virtual', () => {
  test('a lock time-out is told, and ends the wait when the world says so', async () => {
    const [first, second] = (await clients(2)) as [pg.Client, pg.Client];
    await first.query('begin');
    await add(first, 'a', 1);
    await second.query("set lock_timeout = '2s'");
    const waits = failed(add(second, 'a', 2));
    await scene.bridge.waiting(1);
    const [session] = scene.sessions.waiting;
    expect(session?.timeouts).toMatchObject({ lock_timeout: 2_000, statement_timeout: 0 });
    await scene.bridge.timeOut('lock_timeout');
    expect(await waits).toMatchObject({
      code: '55P03',
      message: 'canceling statement due to lock timeout',
    });
  });

  test('SET LOCAL ends with its transaction, and the start-up packet sets too', async () => {
    const client = await scene.client({ statement_timeout: 1_500 });
    const [session] = scene.sessions.lent;
    expect(session?.timeouts.statement_timeout).toBe(1_500);
    await client.query('begin');
    await client.query("set local statement_timeout = '1min'");
    expect(session?.timeouts.statement_timeout).toBe(60_000);
    await client.query('commit');
    await client.query('select 1');
    expect(session?.timeouts.statement_timeout).toBe(1_500);
    await client.query("select set_config('lock_timeout', '3s', false)");
    expect(session?.timeouts.lock_timeout).toBe(3_000);
  });

  test('a sleep ends in virtual time, and others work meanwhile', async () => {
    const [sleeper, other] = (await clients(2)) as [pg.Client, pg.Client];
    const text = 'select pg_sleep(5), pg_sleep_for(interval $$2 s$$), clock_timestamp() at';
    const sleeps = sleeper.query(text);
    await scene.bridge.waiting(1);
    expect(scene.sessions.waiting[0]?.waiting?.wakesAtMs).toBe(startMs + 5_000);
    await add(other, 'a', 1);
    scene.bridge.nowMs += 5_000;
    await scene.bridge.moveOn();
    expect(scene.sessions.waiting[0]?.waiting?.wakesAtMs).toBe(startMs + 7_000);
    scene.bridge.nowMs += 2_000;
    await scene.bridge.moveOn();
    const { rows } = await sleeps;
    expect((rows[0] as { at: Date }).at).toEqual(new Date(startMs + 7_000));
  });

  test('a statement time-out ends a sleep, and the next sleep works', async () => {
    const client = await scene.client();
    const sleeps = failed(client.query('select pg_sleep(60)'));
    await scene.bridge.waiting(1);
    await scene.bridge.timeOut('statement_timeout');
    expect(await sleeps).toMatchObject({ code: '57014' });
    const again = client.query('select pg_sleep(1)');
    await scene.bridge.waiting(1);
    scene.bridge.nowMs += 1_000;
    await scene.bridge.moveOn();
    expect((await again).rowCount).toBe(1);
  });
});
