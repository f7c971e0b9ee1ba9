import { once } from 'node:events';
import { chmodSync, cpSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startPostgres } from '#postgres';
import { installedPostgres, preparePrograms } from '../../../harness/postgres/launcher/programs.ts';
import {
  endLaunchers,
  folder,
  folderIn,
  isRoot,
  launch,
  missing,
  nobody,
  serversIn,
} from './scene.ts';

const here = missing ?? 'for real';
const made: string[] = [];

function place(as?: { uid: number; gid: number }, parent?: string): string {
  const path = folder(as, parent);
  made.push(path);
  return path;
}

/** Starts, answers a client, ends, and leaves nothing. */
async function works(...args: Parameters<typeof launch>): Promise<void> {
  const launched = launch(...args);
  await launched.hears('started');
  await launched.close();
}

async function refusal(...args: Parameters<typeof launch>): Promise<string> {
  const launched = launch(...args);
  const { code, message } = await launched.hears('failed');
  launched.process.kill('SIGKILL');
  expect(code).toBe('NO_DATABASE');
  return message;
}

/** Where an own version of the cache ended up. */
function versionsIn(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /(^|\/)template-\d+$/.test(name),
  );
}

afterAll(endLaunchers);
afterEach(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
}, 60_000);

describe.skipIf(missing !== undefined)(`a server starts (${here})`, () => {
  test('below a path with spaces, quotes and commas, and prepares its data once', async () => {
    const cacheDirectory = folderIn(place(), "it's my, project");
    await works({ cacheDirectory });
    const [template = ''] = versionsIn(cacheDirectory);
    const { ino } = statSync(join(cacheDirectory, template));
    await works({ cacheDirectory });
    expect(statSync(join(cacheDirectory, template)).ino).toBe(ino);
    expect(serversIn(cacheDirectory)).toEqual([]);
  });

  test('below a path of any length, with a socket somewhere else or none', async () => {
    const cacheDirectory = folderIn(place(), 'long'.repeat(30));
    const beside = await startPostgres({ cacheDirectory });
    expect(beside.address).toHaveProperty('path');
    const none = await startPostgres({ cacheDirectory, temporaryDirectory: cacheDirectory });
    expect(none.address).toHaveProperty('port');
    await Promise.all([beside.close(), none.close()]);
  });

  test('elsewhere, below a path that a shell would change', async () => {
    const [cacheDirectory, temporaryDirectory] = [folderIn(place(), '$HOME'), place()];
    await works({ cacheDirectory, temporaryDirectory });
    expect(versionsIn(cacheDirectory)).toEqual([]);
    expect(versionsIn(temporaryDirectory)).toHaveLength(1);
  });

  test('twice at once, with nothing prepared', async () => {
    const cacheDirectory = place();
    await Promise.all([works({ cacheDirectory }), works({ cacheDirectory })]);
    expect(versionsIn(cacheDirectory)).toHaveLength(1);
    expect(serversIn(cacheDirectory)).toEqual([]);
  });

  test('from a prepared folder that was torn, by preparing it anew', async () => {
    const cacheDirectory = place();
    await works({ cacheDirectory });
    const [template = ''] = versionsIn(cacheDirectory);
    truncateSync(join(cacheDirectory, template, 'global/pg_control'));
    await works({ cacheDirectory });
    await works({ cacheDirectory });
  });

  test('on another port when the one it chose is taken, and on none that was asked for', async () => {
    const cacheDirectory = place();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(startPostgres({ cacheDirectory, port })).rejects.toMatchObject({
      code: 'PORT_BUSY',
      message: expect.stringMatching(/^Port \d+ is taken by another program: stop that/),
    });
    other.close();
    await once(other, 'close');
    const server = await startPostgres({ cacheDirectory, port });
    expect(server.port).toBe(port);
    await server.close();
  });
});

const asRoot = missing ?? (isRoot ? undefined : 'only root can become somebody else');

describe.skipIf(asRoot !== undefined)(`somebody starts a server (${asRoot ?? here})`, () => {
  let closed = '';
  beforeEach(() => {
    closed = folderIn(place(), 'closed', 0o700);
  });

  test('an ordinary user, with a home that is read-only', async () => {
    const cacheDirectory = place(nobody);
    await works({ cacheDirectory }, 'none', { ...nobody, env: { HOME: closed } });
    const [template = ''] = versionsIn(cacheDirectory);
    expect(statSync(join(cacheDirectory, template)).uid).toBe(nobody.uid);
  });

  test('an ordinary user, in a project that is read-only', async () => {
    const [cacheDirectory, temporaryDirectory] = [place(), place(nobody)];
    await works({ cacheDirectory, temporaryDirectory }, 'none', nobody);
    expect(readdirSync(cacheDirectory)).toEqual([]);
    expect(versionsIn(temporaryDirectory)).toHaveLength(1);
  });

  test('an ordinary user, who may write nowhere, and is told so', async () => {
    const [cacheDirectory, temporaryDirectory] = [place(), place()];
    const sentence = await refusal({ cacheDirectory, temporaryDirectory }, 'none', nobody);
    expect(sentence).toMatch(/^PostgreSQL has no place for its data: .*EACCES.* Set TMPDIR/);
  });

  test('an ordinary user, where somebody else took the name of the temporary folder', async () => {
    const [cacheDirectory, temporaryDirectory] = [place(), place(nobody)];
    folderIn(temporaryDirectory, `crashproof-${nobody.uid}`, 0o777);
    const sentence = await refusal({ cacheDirectory, temporaryDirectory }, 'none', nobody);
    expect(sentence).toContain('belongs to somebody else');
  });

  test('a user without a name, and is told so', async () => {
    const stranger = { uid: 23_456, gid: 23_456 };
    const sentence = await refusal({ cacheDirectory: place(stranger) }, 'none', stranger);
    expect(sentence).toMatch(/^PostgreSQL wants a name for user 23456.*\/etc\/passwd/);
  });

  test('root, as the owner of the project', async () => {
    const cacheDirectory = place(nobody);
    await works({ cacheDirectory });
    const [template = ''] = versionsIn(cacheDirectory);
    expect(statSync(join(cacheDirectory, template)).uid).toBe(nobody.uid);
  });

  test('root, in a project that is closed to others', async () => {
    const temporaryDirectory = place();
    await works({ cacheDirectory: join(closed, 'cache'), temporaryDirectory });
    expect(versionsIn(temporaryDirectory)).toHaveLength(1);
  });

  test('root, with programs that are closed to others, from a copy with its links', () => {
    // Memory may refuse to have programs run from it.
    const base = place(undefined, tmpdir());
    const native = folderIn(closed, 'native');
    cpSync(installedPostgres().native, native, { recursive: true });
    const programs = preparePrograms({ version: '', native }, base, { ...nobody, name: 'nobody' });
    expect(programs.postgres.startsWith(base)).toBe(true);
    const asked = spawnSync(programs.postgres, ['--version'], { ...nobody, encoding: 'utf8' });
    expect(asked.stdout).toMatch(/^postgres \(PostgreSQL\) \d+/);
    chmodSync(closed, 0o755);
    const reached = preparePrograms({ version: '', native }, base, { ...nobody, name: 'nobody' });
    chmodSync(closed, 0o700);
    expect(reached.postgres.startsWith(native)).toBe(true);
  });
});
