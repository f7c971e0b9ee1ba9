import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Sessions } from './launch.ts';
import {
  endLaunchers,
  folder,
  gone,
  launch,
  missing,
  processesIn,
  quietAfterMs,
  serversIn,
  stateOf,
  type Launched,
} from './scene.ts';

const mostMs = 2_000;
const cache = missing === undefined ? folder() : '';

async function nextStartWorks(cacheDirectory: string): Promise<void> {
  const next = launch({ cacheDirectory });
  await next.hears('started');
  await next.close();
  expect(serversIn(cacheDirectory)).toEqual([]);
  expect(processesIn(cacheDirectory)).toEqual([]);
}

describe.skipIf(missing !== undefined)(`a server that is killed (${missing ?? 'for real'})`, () => {
  beforeAll(() => nextStartWorks(cache), 60_000);
  afterAll(() => {
    endLaunchers();
    rmSync(cache, { recursive: true, force: true });
  });

  const states: readonly Sessions[] = ['none', 'one stopped while it waits for a lock', 'one busy'];
  const victims = ['launcher', 'guard', 'postmaster'] as const;
  const kills = victims.flatMap((victim) => states.map((sessions) => ({ victim, sessions })));

  test.each(kills)(
    'leaves nothing for two seconds when its $victim is killed, sessions: $sessions',
    async ({ victim, sessions }) => {
      const launched = launch({ cacheDirectory: cache }, sessions);
      const { server, guard } = await launched.hears('started');
      expect(processesIn(cache)).toContain(server);
      if (sessions.includes('stopped')) await stoppedIn(cache);

      const launcher = launched.process.pid as number;
      process.kill({ launcher, guard, postmaster: server }[victim], 'SIGKILL');

      expect(await quietAfterMs(cache)).toBeLessThan(mostMs);
      if (victim !== 'launcher') {
        const { sentence } = await launched.hears('ended');
        expect(sentence).toContain(victim === 'guard' ? 'guard' : 'nobody asked');
        launched.process.kill('SIGKILL');
      }
      await gone([launcher, guard]);
      await nextStartWorks(cache);
    },
  );

  test('leaves nothing when its launcher is killed in the moment of stopping a session', async () => {
    const sessions = 'one stopped, and the launcher killed before it does anything else';
    const launched = launch({ cacheDirectory: cache }, sessions);
    const { guard } = await launched.hears('started');
    launched.process.send('go');
    await gone([launched.process.pid as number]);
    expect(await quietAfterMs(cache)).toBeLessThan(mostMs);
    await gone([guard]);
    await nextStartWorks(cache);
  });

  test('leaves its launcher and guard, both killed, to the next start', async () => {
    const launched = launch({ cacheDirectory: cache }, 'one stopped while it waits for a lock');
    const { server, guard } = await launched.hears('started');
    const launcher = launched.process.pid as number;
    // Nobody may notice in between.
    process.kill(guard, 'SIGSTOP');
    process.kill(launcher, 'SIGKILL');
    process.kill(guard, 'SIGKILL');
    await gone([launcher, guard]);
    expect(processesIn(cache)).toContain(server);
    await nextStartWorks(cache);
    await gone([server]);
  });
});

describe.skipIf(missing !== undefined)('a start that is killed', () => {
  const serverFolders = (fresh: string): string[] => {
    const [version] = existsSync(fresh) ? readdirSync(fresh) : [];
    const servers = join(fresh, version ?? '', 'servers');
    if (version === undefined || !existsSync(servers)) return [];
    return readdirSync(servers).map((name) => join(servers, name));
  };
  /** In the order of a first start; each is true from some moment on. */
  const moments: Readonly<Record<string, (fresh: string) => boolean>> = {
    'the guard has a folder': (fresh) => serverFolders(fresh).length > 0,
    'initdb is at work': (fresh) => processesIn(fresh).length > 0,
    'the data are being copied': (fresh) =>
      serverFolders(fresh).some((path) => existsSync(join(path, 'data'))),
    'postgres is starting': (fresh) =>
      serverFolders(fresh).some((path) => existsSync(join(path, 'data/postmaster.pid'))),
  };

  const cases = Object.keys(moments).flatMap((moment) =>
    (['launcher', 'guard'] as const).map((victim) => ({ victim, moment })),
  );

  const made = missing === undefined ? folder() : '';
  beforeAll(() => nextStartWorks(made), 60_000);
  afterAll(() => {
    endLaunchers();
    rmSync(made, { recursive: true, force: true });
  });

  /** Before initdb is done, or after: then it need not be done again. */
  const early = new Set(Object.keys(moments).slice(0, 2));

  async function reach(moment: string): Promise<{ launched: Launched; fresh: string }> {
    const fresh = early.has(moment) ? folder() : made;
    const launched = launch({ cacheDirectory: fresh });
    const reached = moments[moment] as (fresh: string) => boolean;
    await vi.waitFor(() => expect(reached(fresh)).toBe(true), { timeout: 40_000, interval: 1 });
    return { launched, fresh };
  }

  test.each(cases)(
    'leaves nothing for two seconds: its $victim, when $moment',
    async ({ victim, moment }) => {
      const { launched, fresh } = await reach(moment);
      const launcher = launched.process.pid as number;
      const guard = childOf(launcher);
      process.kill(victim === 'guard' ? guard : launcher, 'SIGKILL');
      expect(await quietAfterMs(fresh)).toBeLessThan(mostMs);
      await tellsOfGuard(launched, victim);
      await gone([launcher, guard]);
      expect(processesIn(fresh)).toEqual([]);
      await nextStartWorks(fresh);
      if (fresh !== made) rmSync(fresh, { recursive: true });
    },
  );

  test('is tried again where its postmaster was killed and the data were prepared before', async () => {
    // It may be ready before a busy machine lets us look: then that start was none that is killed.
    for (let wasReady = true; wasReady;) {
      const launched = launch({ cacheDirectory: made });
      const pid = await vi.waitFor(() => postmasterIn(serverFolders(made)), {
        timeout: 40_000,
        interval: 1,
      });
      process.kill(pid, 'SIGSTOP');
      await vi.waitFor(() => expect(stateOf(pid)).toBe('T'), { timeout: 10_000, interval: 1 });
      wasReady = isReadyIn(serverFolders(made));
      process.kill(pid, wasReady ? 'SIGCONT' : 'SIGKILL');
      const { server } = await launched.hears('started');
      if (!wasReady) expect(server).not.toBe(pid);
      await launched.close();
      expect(serversIn(made)).toEqual([]);
    }
  });
});

/** As soon as it has written its number down. */
function postmasterIn(folders: readonly string[]): number {
  const text = readFileSync(join(folders[0] ?? '', 'data/postmaster.pid'), 'utf8');
  const pid = Number(text.split('\n')[0]);
  if (!(pid > 0)) throw new Error('not written yet');
  return pid;
}

/** Its state is the eighth line of that file. */
function isReadyIn([folder = '']: readonly string[]): boolean {
  const lines = readFileSync(join(folder, 'data/postmaster.pid'), 'utf8').split('\n');
  return lines[7]?.startsWith('ready') === true;
}

/** A signal is on its way for a moment. */
async function stoppedIn(path: string): Promise<void> {
  const stopped = (): number[] => processesIn(path).filter((pid) => stateOf(pid) === 'T');
  await vi.waitFor(() => expect(stopped()).toHaveLength(1), { timeout: 10_000, interval: 5 });
}

async function tellsOfGuard(launched: Launched, victim: 'launcher' | 'guard'): Promise<void> {
  if (victim === 'launcher') return;
  const told = await vi.waitFor(
    () => {
      const last = launched.said.at(-1);
      if (last?.kind !== 'failed' && last?.kind !== 'ended') throw new Error('not told yet');
      return last;
    },
    { timeout: 40_000, interval: 5 },
  );
  // The start may have come to its end just before the guard was killed.
  if (told.kind === 'failed') expect(told.code).toBe('NO_DATABASE');
  expect(told.kind === 'failed' ? told.message : told.sentence).toContain('guard');
  launched.process.kill('SIGKILL');
}

/** The guard is a launcher's only child. */
function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
}
