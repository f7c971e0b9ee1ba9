/**
 * `npm run chapter capture [name]`: makes the output that a chapter's text shows, by running the command that stands
 * beside it. Nothing is remembered and times are left out, so that the same code gives the same text.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { Failure } from '#kernel';
import {
  findChapters,
  projectRoot,
  readChapterText,
  resolveChapter,
  type ChapterFolder,
} from '#content';
import { parseArguments } from './arguments.ts';
import { requestOf } from './check.ts';
import type { ExitCode } from './main.ts';
import { renderReport } from './story/render.ts';

/** What a text shows, as the command prints it now. */
export interface Capture {
  readonly file: string;
  readonly text: string;
}

export async function capture(name: string | undefined): Promise<ExitCode> {
  for (const chapter of await chosen(name)) {
    for (const { file, text } of await capturesOf(chapter)) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      process.stdout.write(`${relative(projectRoot, file)}\n`);
    }
  }
  return 0;
}

/** Files whose text is not what the command prints now. */
export async function staleCaptures(chapter: ChapterFolder): Promise<readonly string[]> {
  const captures = await capturesOf(chapter);
  return captures
    .filter(({ file, text }) => readOrNothing(file) !== text)
    .map(({ file }) => relative(projectRoot, file));
}

async function chosen(name: string | undefined): Promise<readonly ChapterFolder[]> {
  return name === undefined ? findChapters() : [await resolveChapter(name)];
}

async function capturesOf(chapter: ChapterFolder): Promise<readonly Capture[]> {
  const { captured } = await readChapterText(chapter);
  const captures: Capture[] = [];
  for (const { file, run } of captured) {
    // oxlint-disable-next-line no-await-in-loop -- each check has the machine for itself
    captures.push({ file: join(projectRoot, file), text: await printed(run ?? '') });
  }
  return captures;
}

async function printed(run: string): Promise<string> {
  const [npx, crash, ...words] = wordsOf(run);
  const command = parseArguments(words);
  if (npx !== 'npx' || crash !== 'crash' || command.kind !== 'check') {
    throw new Failure('TROUBLE', `Only npx crash can be captured, not: ${run}`);
  }
  const { options } = command;
  const chapter = await resolveChapter(command.chapter);
  const base = options.solution ? chapter.solutionPath : chapter.exercisePath;
  const folders = [base, ...options.from.map((path) => resolve(projectRoot, path))];
  const { check } = await import('#verify');
  const report = await check({ ...requestOf(chapter, folders, options), remember: false });
  const { plain, full, calm, solution } = options;
  const shown = { columns: 100, color: false, plain, full, calm, solution };
  return renderReport({ ...report, seconds: 0 }, shown).replaceAll(' · 0.0 s', '');
}

/** Words of a command line; single quotes keep one together. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

function readOrNothing(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
