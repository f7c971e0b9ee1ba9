/**
 * How a server ends so that nothing of it stays, whatever state it is in. Done by its guard; by whoever started it when
 * the guard was killed; and by the next start when both were.
 *
 * A stopped backend outlives its postmaster and keeps the shared memory, so stopped ones are killed first. Then the
 * postmaster is asked to end all others at once. Whoever is left, is killed: also when the postmaster was already dead
 * and a busy backend has not noticed.
 *
 * Nothing is shut down in order: the data are thrown away.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stopwatch, within } from '#kernel';
import { lives, processesOf, signal } from './processes.ts';

export interface Doomed {
  readonly name: string;
  readonly postmaster: number | undefined;
  readonly stopped: Iterable<number>;
}

const askForMs = 600;
const killForMs = 5_000;
const lookEveryMs = process.platform === 'linux' ? 10 : 50;

export async function endProcesses({ name, postmaster, stopped }: Doomed): Promise<void> {
  for (const pid of stopped) signal(pid, 'SIGKILL');
  if (postmaster !== undefined) {
    const asked = signal(postmaster, process.platform === 'win32' ? 'SIGKILL' : 'SIGQUIT');
    if (asked) await until(askForMs, () => !lives(postmaster));
  }
  await until(killForMs, () => {
    const left = processesOf(name);
    for (const pid of left) signal(pid, 'SIGKILL');
    return left.length === 0;
  });
}

/** The folder of a server without processes. */
export function removeServer(folder: string, socketDirectory: string | undefined): void {
  // Of a server, and of an initdb.
  for (const name of ['data', 'template']) removeData(join(folder, name));
  remove(folder);
  if (socketDirectory !== undefined) remove(socketDirectory);
}

export function removeData(folder: string): void {
  freeSharedMemory(join(folder, 'postmaster.pid'));
  remove(folder);
}

/** What cannot be removed is left to the next start. */
function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // Another start may be clearing up the same leftovers.
  }
}

/** A postmaster that was killed leaves a System V segment of a few bytes behind, and its number in its file. */
function freeSharedMemory(pidFile: string): void {
  if (process.platform === 'win32') return;
  let lines: string[];
  try {
    lines = readFileSync(pidFile, 'utf8').split('\n');
  } catch {
    return;
  }
  const [, id] = (lines[6] ?? '').trim().split(/\s+/);
  if (id !== undefined && /^\d+$/.test(id)) spawnSync('ipcrm', ['-m', id], { stdio: 'ignore' });
}

/** Also when the system throws up its hands: a limit on patience is no reason to hang. */
async function until(ms: number, done: () => boolean): Promise<void> {
  const elapsed = stopwatch();
  while (!done() && elapsed() < ms) await within(lookEveryMs, new Promise<void>(() => {}));
}
