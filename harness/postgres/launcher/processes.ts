/**
 * Processes seen from outside: who lives, and which belong to a server. `/proc` where there is one, `ps` elsewhere; on
 * Windows nobody is found, and PostgreSQL's own children notice there that their postmaster is gone.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A process that cannot be mistaken for a later one with the same number, where the system tells. */
export interface ProcessName {
  readonly pid: number;
  readonly started: string;
}

export function nameProcess(pid: number): ProcessName {
  return { pid, started: statusOf(pid)?.started ?? '' };
}

export function isStill({ pid, started }: ProcessName): boolean {
  if (!lives(pid)) return false;
  const status = statusOf(pid);
  return status === undefined || started === '' || status.started === started;
}

/** Not gone and not a corpse that only waits to be reaped. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return statusOf(pid)?.state !== 'Z';
}

/** False when there was nobody (left) to be told, or it is not ours to tell. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/**
 * The postmaster, backends and helpers of a server, and an initdb at work for it: each carries the
 * cluster's name in its command line, also when its parent is gone. What initdb itself starts does
 * not, so on Linux whoever works in the server's folder counts too.
 */
export function processesOf(cluster: string): number[] {
  const titles = [`cluster_name=${cluster}`, `postgres: ${cluster}: `];
  return commandLines().flatMap(({ pid, text }) =>
    titles.some((title) => text.includes(title)) || worksFor(cluster, pid) ? [pid] : [],
  );
}

/** No other folder has the cluster's name; a shell that somebody took there has a terminal. */
function worksFor(cluster: string, pid: number): boolean {
  try {
    const isThere = readlinkSync(`/proc/${pid}/cwd`).includes(`/${cluster}`);
    return isThere && statusOf(pid)?.terminal === '0';
  } catch {
    return false;
  }
}

/** Process numbers mean something only here: in this machine or container. */
export function whereWeAre(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

interface CommandLine {
  readonly pid: number;
  readonly text: string;
}

function commandLines(): CommandLine[] {
  if (process.platform === 'win32') return [];
  if (process.platform !== 'linux') return listed();
  return readdirSync('/proc').flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    const text = read(`/proc/${pid}/cmdline`);
    return text === undefined ? [] : [{ pid, text: text.replaceAll('\0', ' ') }];
  });
}

function listed(): CommandLine[] {
  try {
    const text = execFileSync('ps', ['-axww', '-o', 'pid=,command='], { encoding: 'utf8' });
    return text.split('\n').flatMap((line) => {
      const [, pid, command = ''] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
      return pid === undefined ? [] : [{ pid: Number(pid), text: command }];
    });
  } catch {
    return [];
  }
}

interface Status {
  readonly state: string;
  /** `0`: none. */
  readonly terminal: string;
  readonly started: string;
}

/** Fields 3, 7 and 22 of /proc/<pid>/stat; the name before them may hold spaces and brackets. */
function statusOf(pid: number): Status | undefined {
  const text = read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', terminal: fields[4] ?? '', started: fields[19] ?? '' };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
