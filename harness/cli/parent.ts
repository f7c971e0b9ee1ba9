/**
 * Nothing outlives the command that started it. npm starts us through a shell; when npm is killed
 * the shell stays and so would we. So the chain of ancestors up to npm is watched, and we end when
 * one of it is gone. Where there is no /proc only the direct parent can be watched. Started by no
 * npm, nothing is watched: a terminal's own signals do that.
 */
import { readFileSync } from 'node:fs';
import type { Milliseconds } from '#kernel';

interface Ancestor {
  readonly pid: number;
  /** Tells a process from a later one with the same number. */
  readonly started: string;
}

const mostLevels = 8;

/**
 * Calls `end` when an ancestor up to npm is gone. Keeps no process alive, unless told to keep its
 * thread. Returns a function that stops watching.
 */
export function watchParents(
  end: () => void,
  {
    intervalMs = 400,
    env = process.env,
    keepsAlive = false,
  }: { intervalMs?: Milliseconds; env?: NodeJS.ProcessEnv; keepsAlive?: boolean } = {},
): () => void {
  if (env['npm_command'] === undefined && env['npm_lifecycle_event'] === undefined) return () => {};
  const parent = process.ppid;
  const chain = chainToNpm(parent);
  const timer = setInterval(() => {
    const gone = process.ppid !== parent || chain.some((known) => !isStill(known));
    if (!gone) return;
    clearInterval(timer);
    end();
  }, intervalMs);
  if (!keepsAlive) timer.unref();
  return () => clearInterval(timer);
}

/** Ancestors from the direct parent to npm; only the parent where npm is not among them. */
function chainToNpm(parent: number): readonly Ancestor[] {
  const chain: Ancestor[] = [];
  let pid = parent;
  while (pid > 1 && chain.length < mostLevels) {
    const status = statusOf(pid);
    if (!status) break;
    chain.push({ pid, started: status.started });
    if (isNpm(pid)) return chain;
    pid = status.parent;
  }
  return chain.slice(0, 1);
}

function isStill({ pid, started }: Ancestor): boolean {
  const status = statusOf(pid);
  return status !== undefined && status.started === started && status.state !== 'Z';
}

/** Fields 3, 4 and 22 of /proc/<pid>/stat; the name before them may hold spaces and brackets. */
function statusOf(pid: number): { state: string; parent: number; started: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', parent: Number(fields[1]), started: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}

/** npm names its process after the command it runs: `npm test 1`, `npm exec crash 1`. */
function isNpm(pid: number): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, 3).join(' ');
    return /(^|[\s/])(npm|npx|pnpm|yarn|bun)(-cli)?(\.[cm]?js)?(\s|$)/.test(words);
  } catch {
    return false;
  }
}

/** For a child of ours: it ends when its channel to us closes, however we ended. */
export function endWithChannel(): void {
  if (process.channel === undefined) return;
  process.on('disconnect', () => process.exit(1));
  process.channel.unref();
}
