/**
 * The folder of a server says whose it is, so that the next start can clear up after a launcher and a guard that were
 * both killed: their processes first, then the folder.
 *
 * Left alone: what another machine or container made in a shared folder, for a day; process numbers tell nothing there.
 */
import { chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { wallMs } from '#kernel';
import { endProcesses, removeServer } from './ending.ts';
import type { Plan } from './messages.ts';
import { isStill, nameProcess, whereWeAre, type ProcessName } from './processes.ts';

interface Owner {
  readonly place: string;
  /** The launcher and the guard: the server is watched while one of them lives. */
  readonly processes: readonly ProcessName[];
  readonly socketDirectory?: string | undefined;
}

const dayMs = 24 * 3_600_000;
/** A folder without an owner is one that is being made. */
const makingMs = 60_000;

export function serverFolder({ base, name }: Pick<Plan, 'base' | 'name'>): string {
  return join(base, 'servers', name);
}

/** Called by the guard. */
export function makeServerFolder(plan: Plan): string {
  const folder = serverFolder(plan);
  mkdirSync(folder, { mode: 0o700 });
  const processes = [nameProcess(process.ppid), nameProcess(process.pid)];
  const { runAs, socketDirectory } = plan;
  const owner: Owner = { place: whereWeAre(), processes, socketDirectory };
  writeFileSync(join(folder, 'owner.json'), JSON.stringify(owner));
  if (socketDirectory !== undefined) mkdirSync(socketDirectory, { mode: 0o700 });
  for (const path of [folder, socketDirectory]) {
    if (runAs && path !== undefined) chownSync(path, runAs.uid, runAs.gid);
  }
  return folder;
}

export async function clearLeftovers(base: string): Promise<void> {
  for (const name of readdirSync(join(base, 'servers'))) {
    const folder = join(base, 'servers', name);
    const owner = ownerOf(folder);
    if (!isForsaken(folder, owner)) continue;
    await endProcesses({ name, postmaster: undefined, stopped: [] });
    removeServer(folder, owner?.socketDirectory);
  }
}

function isForsaken(folder: string, owner: Owner | undefined): boolean {
  const ageMs = wallMs() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  if (owner === undefined) return ageMs > makingMs;
  if (owner.place !== whereWeAre()) return ageMs > dayMs;
  return !owner.processes.some(isStill);
}

function ownerOf(folder: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}
