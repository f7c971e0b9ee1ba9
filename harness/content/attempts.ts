/**
 * Work is never lost: what stood in an exercise is kept in
 * `.crashproof/attempts/<chapter>/<time>/` before a run and before a reset, without git. Nothing
 * here deletes an attempt.
 *
 * Left out: giving an old attempt back; it is a folder of files to copy from.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChapterFolder } from './chapters.ts';
import { equalsMaster, listFiles, sameFiles } from './files.ts';

export interface Attempt {
  /** `2026-05-04T09-30-00.000Z`, the folder's name; sorts by time. */
  readonly at: string;
  readonly path: string;
  readonly files: readonly string[];
}

/** What was kept of a chapter's exercise, oldest first. */
export async function listAttempts(chapter: ChapterFolder): Promise<readonly Attempt[]> {
  const folder = attemptsPath(chapter);
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.toSorted().map(async (at) => {
      const path = join(folder, at);
      return { at, path, files: await listFiles(path) };
    }),
  );
}

/**
 * The attempt that holds the exercise as it is now: a new one, or the last one where nothing
 * changed since. Undefined where the exercise is what was handed out, for nothing can be lost.
 * `now` is an ISO time, given by the caller.
 */
export async function snapshotExercise(
  chapter: ChapterFolder,
  now: string,
): Promise<Attempt | undefined> {
  const files = await listFiles(chapter.exercisePath);
  if (files.length === 0 || (await equalsMaster(chapter))) return undefined;
  const last = (await listAttempts(chapter)).at(-1);
  if (last && (await sameFiles(last.path, chapter.exercisePath))) return last;
  const at = nameAfter(last?.at, now.replace(/:/g, '-'));
  const path = join(attemptsPath(chapter), at);
  await mkdir(attemptsPath(chapter), { recursive: true });
  await cp(chapter.exercisePath, path, { recursive: true, errorOnExist: true, force: false });
  return { at, path, files };
}

/**
 * Puts the exercise back to what the chapter hands out; returns where the files that stood there
 * are kept.
 */
export async function resetExercise(
  chapter: ChapterFolder,
  now: string,
): Promise<Attempt | undefined> {
  const kept = await snapshotExercise(chapter, now);
  await rm(chapter.exercisePath, { recursive: true, force: true });
  await cp(chapter.stubPath, chapter.exercisePath, { recursive: true });
  return kept;
}

function attemptsPath({ root, folder }: ChapterFolder): string {
  return join(root, '.crashproof', 'attempts', folder);
}

/**
 * Sorts after the last one, also when two snapshots share a millisecond or the clock went back.
 */
function nameAfter(last: string | undefined, wanted: string): string {
  return last !== undefined && wanted <= last ? `${last}+` : wanted;
}
