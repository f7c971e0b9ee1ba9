/**
 * Is every chapter whole? All that can be said without running a service: shape of the
 * definition, services, overlays, text, prerequisites. What the stub fails and which mutants are
 * caught is for verify; whether the MDX compiles, for the workbench; whether a link outside the
 * package still answers, for nobody (checks work offline).
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '#kernel';
import {
  findChapters,
  loadChapter,
  projectRoot,
  type Chapter,
  type ChapterFolder,
} from './chapters.ts';
import { checkDefinition } from './check-definition.ts';
import { checkOverlays, checkServices } from './check-services.ts';
import { checkText } from './check-text.ts';
import type { Problem, Report } from './problem.ts';

/** Problems of all chapters below a root; none = whole. */
export async function checkChapters(root: string = projectRoot): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  const folders = await findChapters(root);
  const loaded: Chapter[] = [];
  for (const folder of folders) {
    const result = await loadOrExplain(folder);
    if ('sentence' in result) problems.push(result);
    else loaded.push(result);
  }
  problems.push(...(await checkFolders(root, folders)), ...checkNeeds(loaded, folders));
  for (const chapter of loaded) problems.push(...(await checkLoaded(chapter)));
  return problems;
}

/** Problems of one chapter; its place among the others is left to `checkChapters`. */
export async function checkChapter(folder: ChapterFolder): Promise<readonly Problem[]> {
  const result = await loadOrExplain(folder);
  return 'sentence' in result ? [result] : checkLoaded(result);
}

async function checkLoaded(chapter: Chapter): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  const report: Report = (kind, sentence, at) =>
    void problems.push({ chapter: chapter.folder, kind, sentence, ...at });
  checkDefinition(chapter, report);
  await checkServices(chapter, report);
  await checkOverlays(chapter, report);
  await checkText(chapter, report);
  return problems;
}

async function loadOrExplain(folder: ChapterFolder): Promise<Chapter | Problem> {
  try {
    return await loadChapter(folder);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { chapter: folder.folder, kind: 'definition', sentence: error.message };
  }
}

async function checkFolders(
  root: string,
  chapters: readonly ChapterFolder[],
): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  const known = new Set(chapters.map(({ folder }) => folder));
  for (const place of ['chapters', 'exercises', 'solutions']) {
    const path = join(root, place);
    const entries = existsSync(path) ? await readdir(path, { withFileTypes: true }) : [];
    for (const entry of entries) {
      if (!entry.isDirectory() || known.has(entry.name)) continue;
      const sentence =
        place === 'chapters'
          ? `chapters/${entry.name} is no chapter: name it like 07-event-design.`
          : `${place}/${entry.name} belongs to no chapter: remove it, or rename it as its chapter.`;
      problems.push({ chapter: '', kind: 'order', sentence });
    }
  }
  for (const [index, { folder, number, name }] of chapters.entries()) {
    const twin = chapters.slice(0, index).find((c) => c.number === number || c.name === name);
    if (!twin) continue;
    const shared = twin.number === number ? `the number ${number}` : `the name ${name}`;
    const sentence = `${folder} and ${twin.folder} share ${shared}: rename one of them.`;
    problems.push({ chapter: folder, kind: 'order', sentence });
  }
  return problems;
}

/** Prerequisites exist, come earlier in the course, and so have no cycle. */
function checkNeeds(
  chapters: readonly Chapter[],
  folders: readonly ChapterFolder[],
): readonly Problem[] {
  const problems: Problem[] = [];
  const cycle = findCycle(chapters);
  if (cycle) {
    const sentence = `These chapters need each other: ${cycle.join(' → ')}. Remove one need.`;
    problems.push({ chapter: '', kind: 'order', sentence });
  }
  for (const { folder, name, number, definition } of chapters) {
    for (const need of definition.needs) {
      const needed = folders.find((other) => other.name === need);
      let sentence: string | undefined;
      if (!needed) sentence = `It needs ${need}, which is no chapter.`;
      else if (needed.name === name) sentence = 'It needs itself.';
      else if (needed.number > number) sentence = `It needs ${needed.folder}, which comes later.`;
      if (sentence !== undefined) problems.push({ chapter: folder, kind: 'order', sentence });
    }
  }
  return problems;
}

function findCycle(chapters: readonly Chapter[]): readonly string[] | undefined {
  const needs = new Map(chapters.map(({ name, definition }) => [name, definition.needs]));
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const need of needs.get(name) ?? []) {
      const cycle = visit(need, [...path, name]);
      if (cycle) return cycle;
    }
    done.add(name);
    return undefined;
  };
  for (const name of needs.keys()) {
    const cycle = visit(name, []);
    if (cycle && cycle.length > 2) return cycle;
  }
  return undefined;
}
