import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { connect, type NetConnectOpts } from 'node:net';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Client } from 'pg';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { startPostgres, type PostgresServer } from '#postgres';
import {
  folder,
  folderIn,
  gone,
  missing,
  processesIn,
  quietAfterMs,
  serversIn,
  stateOf,
} from './scene.ts';

const cacheDirectory = missing === undefined ? folder() : '';
const servers: PostgresServer[] = [];

async function start(options: Partial<Parameters<typeof startPostgres>[0]> = {}) {
  const server = await startPostgres({ cacheDirectory, ...options });
  servers.push(server);
  return server;
}

async function client(server: PostgresServer): Promise<Client> {
  const opened = new Client({ connectionString: server.url('postgres', 'postgres') });
  opened.on('error', () => {});
  await opened.connect();
  return opened;
}

describe.skipIf(missing !== undefined)(`a server of our own (${missing ?? 'for real'})`, () => {
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
    rmSync(cacheDirectory, { recursive: true, force: true });
  });

  test('serves a client by its url and a socket by its address', async () => {
    const temporaryDirectory = folderIn(cacheDirectory, 'a, "b');
    const server = await start({ temporaryDirectory });
    expect(server.address).toHaveProperty('path', expect.stringContaining('a, "b'));
    const someone = await client(server);
    const { rows } = await someone.query('select current_user as me, current_database() as here');
    expect(rows).toEqual([{ me: 'postgres', here: 'postgres' }]);
    await someone.end();
    const raw = connect(server.address as NetConnectOpts);
    await once(raw, 'connect');
    raw.destroy();
  });

  test('serves over loopback TCP where that is asked for', async () => {
    const server = await start({ listen: 'tcp' });
    expect(server.url('a b', 'me')).toBe(`postgresql://me@127.0.0.1:${server.port}/a%20b`);
    const someone = await client(server);
    await someone.end();
  });

  test('is quiet, patient with deadlocks, and the same everywhere', async () => {
    const server = await start({ settings: { wal_level: 'logical' } });
    const someone = await client(server);
    const valueOf = async (name: string): Promise<unknown> => {
      const { rows } = await someone.query<Record<string, unknown>>(`show ${name}`);
      return Object.values(rows[0] ?? {})[0];
    };
    const wanted = {
      fsync: 'off',
      autovacuum: 'off',
      jit: 'off',
      max_parallel_workers: '0',
      synchronize_seqscans: 'off',
      track_counts: 'off',
      deadlock_timeout: '1h',
      timezone: 'UTC',
      wal_level: 'logical',
    };
    const values: Record<string, unknown> = {};
    for (const name of Object.keys(wanted)) values[name] = await valueOf(name);
    expect(values).toEqual(wanted);
    const { rows } = await someone.query(`select 'Ä' < 'Z' as by_language, lower('Ä') as lower`);
    expect(rows).toEqual([{ by_language: false, lower: 'ä' }]);
    await someone.end();
  });

  test('stops one backend and lets it go on', async () => {
    const server = await start();
    const [holder, waiter, looker] = await Promise.all([1, 2, 3].map(() => client(server)));
    if (!holder || !waiter || !looker) throw new Error('three clients');
    const { rows } = await waiter.query<{ pid: number }>('select pg_backend_pid() as pid');
    const pid = rows[0]?.pid ?? 0;
    await holder.query('select pg_advisory_lock(1)');
    let answered = false;
    const waiting = waiter.query('select pg_advisory_lock(1)').then(() => (answered = true));
    const blocked = async (): Promise<boolean> => {
      const question = 'select cardinality(pg_blocking_pids($1)) > 0 as yes';
      return (await looker.query<{ yes: boolean }>(question, [pid])).rows[0]?.yes === true;
    };
    await vi.waitFor(async () => expect(await blocked()).toBe(true));

    expect(server.stopBackend(pid)).toBe(true);
    await vi.waitFor(() => expect(stateOf(pid)).toBe('T'));
    await holder.query('select pg_advisory_unlock(1)');
    // It has the lock and cannot say so.
    expect(await blocked()).toBe(false);
    expect(stateOf(pid)).toBe('T');
    expect(answered).toBe(false);

    expect(server.continueBackend(pid)).toBe(true);
    await waiting;
    expect(answered).toBe(true);
    expect(server.stopBackend(2 ** 22 + 1)).toBe(false);
  });

  test('stops nobody once its guard is gone', async () => {
    const server = await start();
    const someone = await client(server);
    const { rows } = await someone.query<{ pid: number }>('select pg_backend_pid() as pid');
    process.kill(server.guardPid, 'SIGKILL');
    expect(await server.ended).toContain('guard');
    expect(server.stopBackend(rows[0]?.pid ?? 0)).toBe(false);
  });

  test('ends in order when its guard is told to end', async () => {
    const server = await start();
    process.kill(server.guardPid, 'SIGTERM');
    expect(await server.ended).toContain('told to end');
    await gone([server.pid, server.guardPid]);
  });

  test('closes with stopped sessions open, once or twice, and leaves no data', async () => {
    const server = await start();
    const someone = await client(server);
    const { rows } = await someone.query<{ pid: number }>('select pg_backend_pid() as pid');
    server.stopBackend(rows[0]?.pid ?? 0);
    const { path } = server.address as { path: string };
    await Promise.all([server.close(), server.close()]);
    expect(await server.ended).toBeUndefined();
    await gone([server.pid, server.guardPid, rows[0]?.pid ?? 0]);
    expect(existsSync(dirname(path))).toBe(false);
    await server.close();
  });

  test('ends with the thread that started it', async () => {
    const own = folder();
    const thread = new Worker(new URL('./thread.ts', import.meta.url), {
      workerData: { cacheDirectory: own },
      execArgv: [],
    });
    const [started] = (await once(thread, 'message')) as [{ server: number; guard: number }];
    expect(processesIn(own)).toContain(started.server);
    await thread.terminate();
    expect(await quietAfterMs(own)).toBeLessThan(2_000);
    await gone([started.guard]);
    expect(serversIn(own)).toEqual([]);
    rmSync(own, { recursive: true });
  });
});
