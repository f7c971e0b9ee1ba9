/** Launchers that can be killed, and the processes and folders they leave or do not leave. Linux: looks into /proc. */
import { fork, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { readlinkSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { installedPostgres } from '../../../harness/postgres/launcher/programs.ts';
import type { FromLaunch, Launch, Sessions } from './launch.ts';

/** Why nothing of this can be tested here. */
export const missing: string | undefined = (() => {
  if (process.platform !== 'linux') return 'the scenes look into /proc, which only Linux has';
  try {
    installedPostgres();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
})();

export const isRoot = process.getuid?.() === 0;
/** A user who owns nothing here. */
export const nobody = { uid: 65_534, gid: 65_534 };

export interface Launched {
  readonly process: ChildProcess;
  /** Everything it said so far. */
  readonly said: readonly FromLaunch[];
  /** The first message of that kind, as soon as it is there. */
  hears<Kind extends FromLaunch['kind']>(kind: Kind): Promise<FromLaunch & { kind: Kind }>;
  /** Ends it in order. */
  close(): Promise<void>;
}

const running = new Set<ChildProcess>();
const program = fileURLToPath(new URL('./launch.ts', import.meta.url));
const patienceMs = 40_000;

export function launch(
  options: Launch['options'],
  sessions: Sessions = 'none',
  as: { uid?: number; gid?: number; env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Launched {
  const child = fork(program, {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    ...as,
  });
  running.add(child);
  const said: FromLaunch[] = [];
  child.on('message', (message: FromLaunch) => void said.push(message));
  child.once('exit', () => running.delete(child));
  child.send({ options, sessions } satisfies Launch);
  const hears: Launched['hears'] = (kind) =>
    vi.waitFor(
      () => {
        const found = said.find((message) => message.kind === kind);
        if (found === undefined) throw new Error(`heard ${JSON.stringify(said)}, not ${kind}`);
        return found as never;
      },
      { timeout: patienceMs, interval: 5 },
    );
  return {
    process: child,
    said,
    hears,
    async close() {
      child.send('close');
      await hears('ended');
      child.disconnect();
      await gone([child.pid as number]);
    },
  };
}

/** For the end of a test file. */
export function endLaunchers(): void {
  for (const child of running) child.kill('SIGKILL');
}

const roomMb = 1_000;

/** In memory where there is room: a server is a thousand files, made and removed again and again. */
const scratch = ((): string => {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return (bavail * bsize) / 2 ** 20 > roomMb ? '/dev/shm' : tmpdir();
  } catch {
    return tmpdir();
  }
})();

/** A folder that every user may enter. */
export function folder(as?: { uid: number; gid: number }, parent = scratch): string {
  const path = mkdtempSync(join(parent, 'launcher-'));
  chmodSync(path, 0o755);
  if (as) chownSync(path, as.uid, as.gid);
  return path;
}

export function folderIn(parent: string, name: string, mode = 0o755): string {
  const path = join(parent, name);
  mkdirSync(path);
  chmodSync(path, mode);
  return path;
}

/** Whoever works in that folder or below, be it removed or not. */
export function processesIn(path: string): number[] {
  return readdirSync('/proc').flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) return [];
    try {
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(`${path}/`) ? [pid] : [];
    } catch {
      return [];
    }
  });
}

/** `T` is stopped, `Z` waits to be reaped, undefined is gone. */
export function stateOf(pid: number): string | undefined {
  try {
    return /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

export async function gone(pids: readonly number[]): Promise<void> {
  await none(() => pids.filter((pid) => !['Z', undefined].includes(stateOf(pid))));
}

/** How long until no PostgreSQL process works below the folder. */
export async function quietAfterMs(path: string): Promise<number> {
  const start = performance.now();
  await none(() => processesIn(path));
  return performance.now() - start;
}

function none(living: () => readonly number[]): Promise<void> {
  const look = (): void => {
    const left = living();
    if (left.length > 0) throw new Error(`still there: ${left.join(', ')}`);
  };
  return vi.waitFor(look, { timeout: patienceMs, interval: 5 });
}

/** Names of the folders of servers below a cache. */
export function serversIn(cache: string): string[] {
  return readdirSync(cache, { withFileTypes: true }).flatMap((version) => {
    if (!version.isDirectory()) return [];
    return readdirSync(join(cache, version.name, 'servers'));
  });
}
