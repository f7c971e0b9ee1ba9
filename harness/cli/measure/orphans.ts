/**
 * Kills one process of a running check with SIGKILL, which nobody can catch, and looks whether any
 * other of it is still there seconds later. A check whose database is killed ends by itself with a
 * sentence, for which it takes its time; what must be gone is the database. Needs /proc: Linux.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { findChapters, loadChapter, projectRoot } from '#content';
import { Failure } from '#kernel';

export type Victim = 'npm' | 'command' | 'simulation' | 'guard' | 'postmaster';

export const victims: readonly Victim[] = ['npm', 'command', 'simulation'];
/** Of a check that has a database. */
export const databaseVictims: readonly Victim[] = [...victims, 'guard', 'postmaster'];

interface Seen {
  readonly pid: number;
  readonly parent: number;
  /** Tells a process from a later one with the same number. */
  readonly started: string;
  readonly words: string;
}

export interface Left {
  readonly victim: Victim;
  readonly processes: number;
  /** Of those, alive after the wait. */
  readonly left: readonly string[];
}

const patienceMs = 60_000;
export const graceMs = 2_000;

/** The number of the first chapter that has a database; undefined = none has. */
export async function databaseChapter(): Promise<number | undefined> {
  const all = await Promise.all((await findChapters()).map((folder) => loadChapter(folder)));
  return all.find(({ definition }) => definition.tables !== undefined)?.number;
}

/**
 * Of a check of chapter 1, which has no database, or of this chapter, which has one. `delayMs`: how long after the
 * victim was there, or the database, whoever the victim is.
 */
export async function killOne(
  victim: Victim,
  delayMs: number,
  withDatabase?: number,
): Promise<Left> {
  const last = marks[withDatabase === undefined ? victim : 'postmaster'];
  const words = ['test', '--', String(withDatabase ?? 1), '--solution', '--budget', '120s'];
  const child = spawn('npm', words, { cwd: projectRoot, stdio: 'ignore', detached: true });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const top = child.pid;
  if (top === undefined) throw new Failure('TROUBLE', 'npm could not be started.');
  try {
    await until(() => tree(top).some(({ words: line }) => last.test(line)));
    await pause(delayMs);
    const all = tree(top);
    process.kill(pidOf(victim, top, all), 'SIGKILL');
    await pause(graceMs);
    const mine = isOfDatabase(victim) ? all.filter(({ words: line }) => isDatabase(line)) : all;
    const left = mine.filter(({ pid, started }) => seen(pid)?.started === started);
    return { victim, processes: all.length, left: left.map(({ words: line }) => line) };
  } finally {
    for (const { pid } of tree(top)) process.kill(pid, 'SIGKILL');
    await ended;
  }
}

/** By which a victim is known, and waited for; npm is known by its number, and ends before a simulation is there. */
const marks: Readonly<Record<Victim, RegExp>> = {
  npm: /engine\/simulation\.ts/,
  command: /^\S*node harness\/cli\/test\.ts/,
  simulation: /engine\/simulation\.ts/,
  guard: /launcher\/guard\.ts/,
  postmaster: /bin\/postgres -D/,
};

function pidOf(victim: Victim, top: number, all: readonly Seen[]): number {
  if (victim === 'npm') return top;
  const found = all.find(({ words }) => marks[victim].test(words));
  if (found === undefined) throw new Failure('TROUBLE', `No process of the check is ${victim}.`);
  return found.pid;
}

function isOfDatabase(victim: Victim): boolean {
  return victim === 'guard' || victim === 'postmaster';
}

/**
 * PostgreSQL's own processes. Not the guard: where a server dies while it starts, the guard makes its data anew and
 * starts it once more, and the check goes on.
 */
function isDatabase(words: string): boolean {
  return marks.postmaster.test(words) || words.startsWith('postgres: ');
}

async function until(holds: () => boolean): Promise<void> {
  for (let waitedMs = 0; !holds(); waitedMs += 20) {
    if (waitedMs > patienceMs) throw new Failure('TROUBLE', 'The check did not start in time.');
    await pause(20);
  }
}

/** A process and all below it, as they are now. */
function tree(top: number): Seen[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => seen(Number(name)) ?? []);
  const found = all.filter(({ pid }) => pid === top);
  for (const { pid } of found) found.push(...all.filter(({ parent }) => parent === pid));
  return found;
}

/** Nothing of one that is gone, or dead and not yet collected by its parent. */
function seen(pid: number): Seen | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
    return { pid, parent: Number(fields[1]), started: fields[19] ?? '', words };
  } catch {
    return undefined;
  }
}
