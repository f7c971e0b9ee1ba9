/**
 * Finds chapters by path and loads them. The harness never imports a chapter statically: a root
 * may be this package, a copy of it, or a folder made by a test.
 *
 * Left out: loading anew after an edit. Node keeps a module for the life of its process; who
 * watches chapters starts a process per check.
 */
import { existsSync, realpathSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Failure } from '#kernel';
import type { ChapterDefinition } from '#kit';
import { listFiles } from './files.ts';
import { nearest } from './nearest.ts';

/** The root of this package, where `chapters/`, `exercises/` and `solutions/` stand. */
export const projectRoot: string = resolve(import.meta.dirname, '../..');

/** What a folder's name and place say, before anything in it is read. */
export interface ChapterFolder {
  /** `01-producer-consumer` */
  readonly folder: string;
  readonly number: number;
  /** `producer-consumer`: what `needs` and links use, free of the order. */
  readonly name: string;
  readonly root: string;
  readonly path: string;
  readonly textPath: string;
  readonly exercisePath: string;
  readonly solutionPath: string;
  readonly stubPath: string;
}

/** A mutant or a variant: files that replace, or are added to, those of the solution. */
export interface Overlay {
  readonly name: string;
  readonly path: string;
  /** Relative, with `/`, sorted. */
  readonly files: readonly string[];
}

export interface Chapter extends ChapterFolder {
  readonly definition: ChapterDefinition;
  readonly mutants: readonly Overlay[];
  readonly variants: readonly Overlay[];
}

const folderShape = /^(\d{2})-([a-z][a-z0-9]*(?:-[a-z0-9]+)*)$/;

/**
 * All chapters below `root/chapters`, by number. Folders of another shape are left to
 * `checkChapters`.
 */
export async function findChapters(root: string = projectRoot): Promise<readonly ChapterFolder[]> {
  const chapters = join(root, 'chapters');
  if (!existsSync(chapters)) return [];
  const entries = await readdir(chapters, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && folderShape.test(entry.name))
    .map((entry) => chapterFolder(root, entry.name))
    .toSorted((a, b) => a.number - b.number || (a.folder < b.folder ? -1 : 1));
}

function chapterFolder(root: string, folder: string): ChapterFolder {
  const [, number = '', name = ''] = folderShape.exec(folder) ?? [];
  const path = join(root, 'chapters', folder);
  return {
    folder,
    number: Number(number),
    name,
    root,
    path,
    textPath: join(path, 'chapter.mdx'),
    exercisePath: join(root, 'exercises', folder),
    solutionPath: join(root, 'solutions', folder),
    stubPath: join(path, 'stub'),
  };
}

/**
 * `1`, `01`, `producer-consumer` or `01-producer-consumer`; anything else is a USAGE failure
 * with a suggestion.
 */
export async function resolveChapter(
  numberOrName: string | number,
  root: string = projectRoot,
): Promise<ChapterFolder> {
  const wanted = String(numberOrName).trim().toLowerCase().replace(/\/+$/, '');
  const chapters = await findChapters(root);
  const found = chapters.find((chapter) => namesOf(chapter).includes(wanted));
  if (found) return found;
  const guess = nearest(wanted, chapters, namesOf);
  const known = await Promise.all((guess ? [guess] : chapters).map(label));
  const advice = guess
    ? `Did you mean ${known[0]}?`
    : known.length > 0
      ? `There are: ${known.join(', ')}.`
      : `There are no chapters below ${join(root, 'chapters')}.`;
  throw new Failure('USAGE', `There is no chapter ${String(numberOrName)}. ${advice}`);
}

function namesOf({ folder, number, name }: ChapterFolder): readonly string[] {
  return [...new Set([String(number), String(number).padStart(2, '0'), name, folder])];
}

/**
 * `15 · Idempotent consumer on a database`; without its title where the chapter does not load.
 */
async function label(chapter: ChapterFolder): Promise<string> {
  const title = await loadDefinition(chapter).then(
    (definition) => definition.title,
    () => chapter.name,
  );
  return `${chapter.number} · ${title}`;
}

/**
 * Reads `chapter.ts` and what lies beside it. A chapter that does not load is a TROUBLE failure:
 * it is ours.
 */
export async function loadChapter(chapter: ChapterFolder): Promise<Chapter> {
  const definition = await loadDefinition(chapter);
  return {
    ...chapter,
    definition,
    mutants: await overlays(join(chapter.path, 'mutants')),
    variants: await overlays(join(chapter.path, 'variants')),
  };
}

async function loadDefinition({ path, folder }: ChapterFolder): Promise<ChapterDefinition> {
  const file = join(path, 'chapter.ts');
  const where = `chapters/${folder}/chapter.ts`;
  if (!existsSync(file)) throw new Failure('TROUBLE', `${where} does not exist.`);
  let exports: unknown[];
  try {
    // Where it really lies: `#kit` is looked up from there, whoever resolves it.
    const { href } = pathToFileURL(realpathSync(file));
    exports = Object.values((await import(href)) as Record<string, unknown>);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure('TROUBLE', `${where} does not load: ${reason}`, { cause: error });
  }
  const [definition, ...others] = exports;
  if (!isDefinition(definition) || others.length > 0) {
    throw new Failure(
      'TROUBLE',
      `${where} must export one thing: what \`chapter({ … })\` returns.`,
    );
  }
  return definition;
}

/** Enough to tell a definition from something else; `checkChapter` looks closer. */
function isDefinition(value: unknown): value is ChapterDefinition {
  return value !== null && typeof value === 'object' && 'roles' in value && 'workload' in value;
}

async function overlays(path: string): Promise<readonly Overlay[]> {
  if (!existsSync(path)) return [];
  const entries = await readdir(path, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.toSorted().map(async (name) => {
      const folder = join(path, name);
      return { name, path: folder, files: await listFiles(folder) };
    }),
  );
}
