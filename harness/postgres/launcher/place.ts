/**
 * Where prepared data directories and running servers live: in the project's cache, or, where that is
 * read-only or closed to the user that PostgreSQL runs as, in the folder for temporary files. Nothing
 * is looked for in a home directory.
 */
import { accessSync, chmodSync, constants, lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '#kernel';
import type { RunAs } from './messages.ts';
import { canReach } from './run-as.ts';

export interface Places {
  /** The project's cache of PostgreSQL. */
  readonly cacheDirectory: string;
  readonly temporaryDirectory?: string | undefined;
}

const longestSocketPath = 103;

export function chooseBase(places: Places, version: string, runAs: RunAs | undefined): string {
  const { cacheDirectory, temporaryDirectory = tmpdir() } = places;
  const own = join(cacheDirectory, version);
  const reason = whyNot(own, runAs);
  if (reason === undefined) return own;
  const shared = join(temporaryDirectory, `crashproof-${process.getuid?.() ?? 'user'}`);
  const stranger = claim(shared, runAs);
  const other = join(shared, 'postgres', version);
  const otherReason = stranger ?? whyNot(other, runAs);
  if (otherReason === undefined) return other;
  throw new Failure(
    'NO_DATABASE',
    `PostgreSQL has no place for its data: ${own} ${reason} and ${other} ${otherReason}. ` +
      'Set TMPDIR to a folder that may be written to.',
  );
}

/** A folder for a server's socket; undefined where only TCP is left, as a path to a socket must be short. */
export function chooseSocketDirectory(
  { temporaryDirectory = tmpdir() }: Places,
  name: string,
  runAs: RunAs | undefined,
): string | undefined {
  const folder = join(temporaryDirectory, name);
  const isShort = Buffer.byteLength(join(folder, '.s.PGSQL.5432')) <= longestSocketPath;
  const usable = isShort && mayWrite(temporaryDirectory) && canReach(temporaryDirectory, runAs);
  return usable ? folder : undefined;
}

/** initdb hands its paths to a shell in double quotes. */
export function survivesShell(path: string): boolean {
  return process.platform === 'win32' || !/["$`\\\n]/.test(path);
}

function whyNot(base: string, runAs: RunAs | undefined): string | undefined {
  if (!survivesShell(base)) return 'has quotes, $ or \\ in it';
  try {
    mkdirSync(join(base, 'servers'), { recursive: true });
    accessSync(join(base, 'servers'), constants.W_OK);
  } catch (error) {
    return `cannot be written to (${(error as NodeJS.ErrnoException).code})`;
  }
  const reached = canReach(join(base, 'servers'), runAs);
  return reached ? undefined : `is closed to ${runAs?.name ?? 'us'}`;
}

/** In a folder that everybody writes to, a name that can be guessed must turn out to be ours. */
function claim(folder: string, runAs: RunAs | undefined): string | undefined {
  try {
    mkdirSync(folder, { recursive: true });
    const { uid, mode } = lstatSync(folder);
    if (process.getuid === undefined) return undefined;
    if (uid !== process.getuid()) return 'belongs to somebody else';
    if ((mode & 0o022) !== 0) return 'may be written to by others';
    chmodSync(folder, runAs === undefined ? 0o700 : 0o755);
    return undefined;
  } catch (error) {
    return `cannot be made (${(error as NodeJS.ErrnoException).code})`;
  }
}

function mayWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
