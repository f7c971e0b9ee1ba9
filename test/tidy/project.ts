/** Rules about the project as a whole: its top level, its package file, its lock. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Breach } from './source.ts';

const atTheTop = new Set([
  'LICENSE',
  'README.md',
  'chapters',
  'docs',
  'exercises',
  'harness',
  'node_modules',
  'package-lock.json',
  'package.json',
  'solutions',
  'test',
  'tsconfig.json',
  'vitest.config.ts',
]);

export function topLevelBreaches(names: readonly string[]): Breach[] {
  return names
    .filter((name) => !name.startsWith('.') && !atTheTop.has(name))
    .map((name) => `${name} does not belong at the top level`);
}

export interface PackageFile {
  readonly imports?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
}

/** Doors, programs and scripts lead to files that are there. */
export function packageBreaches(
  { imports = {}, scripts = {}, bin = {} }: PackageFile,
  exists: (path: string) => boolean,
): Breach[] {
  const named = [
    ...Object.entries(imports).filter(([name]) => !name.includes('*')),
    ...Object.entries(bin),
    ...Object.entries(scripts).flatMap(([name, line]) =>
      (line.match(/\S+\.ts\b/g) ?? []).map((path) => [name, path] as const),
    ),
  ];
  return named
    .filter(([, path]) => !exists(path))
    .map(([name, path]) => `package.json: ${name} leads to ${path}, which is not there`);
}

/** A lock that names a host works only where that host is reached. */
export function lockBreaches(lock: string): Breach[] {
  return [...lock.matchAll(/https?:\/\/[^/"\s]+(?=[^"]*\.tgz)/g)].map(
    ([host]) => `package-lock.json names ${host}`,
  );
}

/** Each chapter's properties are tests of their own, too. */
export function exerciseTestBreaches(
  chapters: readonly string[],
  tests: readonly string[],
): Breach[] {
  const wanted = chapters.map((chapter) => `${chapter}.exercise.ts`);
  return [
    ...wanted.filter((name) => !tests.includes(name)).map((name) => `test/exercises/${name}: none`),
    ...tests
      .filter((name) => !wanted.includes(name))
      .map((name) => `test/exercises/${name}: for no chapter`),
  ];
}

export function foldersIn(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

export function existsBelow(root: string): (path: string) => boolean {
  return (path) => existsSync(join(root, path));
}
