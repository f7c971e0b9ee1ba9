/**
 * Exercise folders laid over each other: the last folder that has a file provides it, also when a
 * file of an earlier folder imports it. So a mutant is only the files that differ from the
 * solution.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { OnResolveArgs, OnResolveResult, Plugin } from 'esbuild';
import type { ProblemDetail } from './load-failure.ts';

const endings = ['', '.ts', '.tsx', '.mts', '.cts', '.js', '.mjs', '.cjs', '.json'];

/** The file as the overlay has it, or undefined. `path` is relative to the folders. */
export function inOverlay(folders: readonly string[], path: string): string | undefined {
  for (const folder of folders.toReversed()) {
    const found = existing(join(folder, path));
    if (found !== undefined) return found;
  }
  return undefined;
}

function existing(path: string): string | undefined {
  const asTypeScript = path.replace(/\.([cm]?)js$/, '.$1ts');
  for (const candidate of [...endings.map((ending) => path + ending), asTypeScript]) {
    if (isFile(candidate)) return candidate;
  }
  return endings.map((ending) => join(path, `index${ending}`)).find(isFile);
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}

/** The folder a file belongs to, the most special one when folders lie inside each other. */
export function folderOf(folders: readonly string[], file: string): string | undefined {
  return folders
    .filter((folder) => file.startsWith(folder + sep))
    .toSorted((a, b) => b.length - a.length)[0];
}

/** Resolves relative imports across the folders. */
export function overlayPlugin(folders: readonly string[]): Plugin {
  return {
    name: 'overlay',
    setup(build) {
      build.onResolve({ filter: /^\.\.?(\/|$)/ }, (args) => resolveRelative(folders, args));
    },
  };
}

function resolveRelative(folders: readonly string[], args: OnResolveArgs): OnResolveResult {
  const wanted = resolve(
    !isAbsolute(args.importer) ? args.resolveDir : dirname(args.importer),
    args.path,
  );
  const folder = args.importer === '' ? undefined : folderOf(folders, args.importer);
  const inside = folder === undefined ? undefined : relative(folder, wanted);
  const path =
    inside === undefined || inside.startsWith('..') ? existing(wanted) : inOverlay(folders, inside);
  if (path !== undefined) return { path };
  const detail: ProblemDetail = {
    crashproof: { text: `imports ${args.path}, which does not exist.${meant(wanted)}` },
  };
  return { errors: [{ text: `missing ${args.path}`, detail }] };
}

/** " Did you mean ./ledger.ts?" when a file beside it has nearly that name. */
function meant(wanted: string): string {
  const folder = dirname(wanted);
  if (!existsSync(folder)) return '';
  const name = relative(folder, wanted);
  const near = readdirSync(folder).find((other) => isNear(stem(other), stem(name)));
  return near === undefined ? '' : ` Did you mean ./${near}?`;
}

const stem = (file: string): string => file.replace(/\.[^.]*$/, '').toLowerCase();

/** One letter more, less or other, or two swapped. */
export function isNear(a: string, b: string): boolean {
  if (a === b) return true;
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  const restA = a.slice(start);
  const restB = b.slice(start);
  return (
    restA.slice(1) === restB ||
    restA === restB.slice(1) ||
    restA.slice(1) === restB.slice(1) ||
    (restA.slice(2) === restB.slice(2) && restA[0] === restB[1] && restA[1] === restB[0])
  );
}
