/**
 * Whom PostgreSQL runs as. It refuses to be root, and its initdb refuses a user without a name; so root lends it the
 * owner of the project, or one of the users that exist for such purposes. Nothing is created on the machine.
 */
import { accessSync, constants, readFileSync, statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { Failure } from '#kernel';
import type { RunAs } from './messages.ts';

const lentNames = ['postgres', 'nobody'];

/** Undefined = as ourselves. */
export function chooseRunAs(project: string): RunAs | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const known = users();
  const owner = nearest(project)?.uid;
  const lent =
    known.find(({ uid }) => uid === owner && uid !== 0) ??
    lentNames.flatMap((name) => known.find((user) => user.name === name) ?? [])[0];
  if (lent !== undefined) return lent;
  throw new Failure(
    'NO_DATABASE',
    'PostgreSQL refuses to run as root, and this machine has no other user to run it as: ' +
      'add one (useradd postgres) or run the command as an ordinary user.',
  );
}

/** May they read and enter it, and every folder above? Only the classic permission bits are looked at. */
export function canReach(path: string, runAs: RunAs | undefined): boolean {
  if (runAs === undefined) return canEnter(path);
  for (let at = path; ; at = dirname(at)) {
    const stats = statOf(at);
    if (stats === undefined || !mayEnter(stats, runAs)) return false;
    if (dirname(at) === at) return true;
  }
}

function canEnter(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function mayEnter({ mode, uid, gid }: Stats, runAs: RunAs): boolean {
  if (uid === runAs.uid) return (mode & 0o100) !== 0;
  if (gid === runAs.gid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}

function users(): RunAs[] {
  try {
    return readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .flatMap((line) => {
        const [name = '', , uid, gid] = line.split(':');
        if (name === '' || name.startsWith('#') || gid === undefined) return [];
        return [{ name, uid: Number(uid), gid: Number(gid) }];
      });
  } catch {
    return [];
  }
}

/** The folder itself, or the first one above it that exists. */
function nearest(path: string): Stats | undefined {
  const stats = statOf(path);
  return stats ?? (dirname(path) === path ? undefined : nearest(dirname(path)));
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
