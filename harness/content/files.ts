/** Small folders as data: their files, whether two are equal, which file of an overlay counts. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { invariant } from '#kernel';
import type { ChapterDefinition } from '#kit';
import type { Chapter, ChapterFolder } from './chapters.ts';

/**
 * SQL of a chapter's tables, and of what an exercise, solution or overlay adds to them: one file where its roles
 * share the tables, else one for each role that has some.
 */
export function schemaFilesOf({ roles, schemas }: ChapterDefinition): readonly SchemaFile[] {
  if (schemas === undefined) return [{ file: 'schema.sql' }];
  return Object.keys(roles).map((role) => ({ file: `${role}.sql`, role }));
}

interface SchemaFile {
  readonly file: string;
  /** Whose tables; left out = everybody's. */
  readonly role?: string;
}

/** SQL, and whose: a mistake in the chapter's is ours. */
export interface SchemaText extends SchemaFile {
  readonly text: string;
  readonly from: 'chapter' | 'service';
}

/** All files below a folder, relative, with `/`, sorted; none where there is no folder. */
export async function listFiles(folder: string): Promise<readonly string[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .map((file) => file.split(sep).join('/'))
    .toSorted();
}

/** Same file names, same bytes. */
export async function sameFiles(one: string, other: string): Promise<boolean> {
  const [files, others] = await Promise.all([listFiles(one), listFiles(other)]);
  if (files.length !== others.length || files.some((file, i) => file !== others[i])) return false;
  const equal = await Promise.all(files.map((f) => sameFile(join(one, f), join(other, f))));
  return equal.every(Boolean);
}

export async function sameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([readFile(one), readFile(other)]);
  return a.equals(b);
}

/** Does the exercise, as it lies there, equal what the chapter hands out? */
export function equalsMaster({ exercisePath, stubPath }: ChapterFolder): Promise<boolean> {
  return sameFiles(exercisePath, stubPath);
}

/** Whose services to run. */
export type Source =
  | 'exercise'
  | 'stub'
  | 'solution'
  | { readonly mutant: string }
  | { readonly variant: string };

/**
 * The files of one set of services: name → absolute path. A mutant or variant is the solution
 * with its own files laid over it, so that an import between two files of a service must be
 * followed through this map.
 */
export async function sourceFiles(
  chapter: Chapter,
  source: Source,
): Promise<ReadonlyMap<string, string>> {
  if (source === 'exercise') return filesBelow(chapter.exercisePath);
  if (source === 'stub') return filesBelow(chapter.stubPath);
  const files = await filesBelow(chapter.solutionPath);
  if (source === 'solution') return files;
  const overlay =
    'mutant' in source
      ? chapter.mutants.find(({ name }) => name === source.mutant)
      : chapter.variants.find(({ name }) => name === source.variant);
  invariant(overlay, `${chapter.folder} has no ${JSON.stringify(source)}`);
  return new Map([
    ...files,
    ...overlay.files.map((file) => [file, join(overlay.path, file)] as const),
  ]);
}

async function filesBelow(folder: string): Promise<Map<string, string>> {
  return new Map((await listFiles(folder)).map((file) => [file, join(folder, file)]));
}

/**
 * The SQL that makes the tables of a world, in order: the chapter's, then that of the folders laid
 * over each other, where the last one that has any wins. None where the chapter has no database.
 */
export async function schemaOf(
  { definition, path }: Chapter,
  folders: readonly string[],
): Promise<readonly SchemaText[]> {
  if (definition.tables === undefined) return [];
  const files = schemaFilesOf(definition);
  const read = (folder: string, file: SchemaFile, from: SchemaText['from']) =>
    readFile(join(folder, file.file), 'utf8').then((text) => ({ ...file, text, from }));
  const texts = files.map(async (file) => {
    const has = (folder: string): boolean => existsSync(join(folder, file.file));
    const own = folders.findLast(has);
    return Promise.all([
      // One role of several may need no tables.
      ...(has(path) || file.role === undefined ? [read(path, file, 'chapter')] : []),
      ...(own === undefined ? [] : [read(own, file, 'service')]),
    ]);
  });
  return (await Promise.all(texts)).flat();
}
