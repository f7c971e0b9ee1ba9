/** `crash 1`: checks the exercise of a chapter, once or at every save, and shows what was found. */
import { existsSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { Failure } from '#kernel';
import { projectRoot, resolveChapter, snapshotExercise, type ChapterFolder } from '#content';
import type { CheckRequest, Report } from '#verify';
import { quote, type CheckOptions } from './arguments.ts';
import type { ExitCode } from './main.ts';
import type { RenderOptions } from './story/render.ts';
import { progressLine, terminal } from './terminal.ts';

export interface CheckCommand {
  readonly chapter: string;
  readonly options: CheckOptions;
}

export async function checkCommand({ chapter, options }: CheckCommand): Promise<ExitCode> {
  const folder = await resolveChapter(chapter);
  const folders = foldersOf(folder, options);
  if (options.watch) {
    const { watchCommand } = await import('./watch.ts');
    return watchCommand(folders, (signal) => checkOnce(folder, folders, options, signal));
  }
  return checkOnce(folder, folders, options);
}

/** The exercise, or the solution, and what was laid over it. */
function foldersOf(chapter: ChapterFolder, { solution, from }: CheckOptions): readonly string[] {
  const base = solution ? chapter.solutionPath : chapter.exercisePath;
  const overlays = from.map((path) => resolve(path));
  const missing = [base, ...overlays].find((path) => !existsSync(path));
  if (missing !== undefined) {
    const name = relative(process.cwd(), missing) || missing;
    throw new Failure('USAGE', `There is no folder ${name}.`);
  }
  return [base, ...overlays];
}

async function checkOnce(
  chapter: ChapterFolder,
  folders: readonly string[],
  options: CheckOptions,
  signal?: AbortSignal,
): Promise<ExitCode> {
  const progress = progressLine();
  try {
    if (!options.solution) await snapshotExercise(chapter, new Date().toISOString());
    if (options.debug) await debug(chapter, folders, options);
    const { check, checkLive } = await import('#verify');
    const checking = (options.world === 'live' ? checkLive : check)({
      ...requestOf(chapter, folders, options),
      onProgress: (event) => progress.show(event),
      ...(signal && { signal }),
    });
    // What shows it is loaded meanwhile.
    const [report, { renderReport }] = await Promise.all([checking, import('./story/render.ts')]);
    progress.clear();
    if (signal?.aborted) return 0;
    await writeSarif(report, folders, options.sarif);
    const text = options.json
      ? `${JSON.stringify(report)}\n`
      : renderReport(report, screenOf(options));
    process.stdout.write(text);
    return exitCodeOf(report);
  } catch (error) {
    progress.clear();
    if (signal?.aborted) return 0;
    const { reportFailure } = await import('./failures.ts');
    return reportFailure(error, { json: options.json, folders, chapter: String(chapter.number) });
  }
}

async function debug(
  chapter: ChapterFolder,
  folders: readonly string[],
  options: CheckOptions,
): Promise<void> {
  const { debugOnce } = await import('./debug.ts');
  const { replay, faults, from, solution, back, seed } = options;
  const again = [
    `npx crash ${chapter.number}`,
    ...(solution ? ['--solution'] : []),
    ...from.map((folder) => `--from ${quote(folder)}`),
    ...(replay === undefined ? [] : [`--replay ${quote(replay)}`]),
    ...faults.map((fault) => `--fault ${quote(fault)}`),
    '--debug',
  ].join(' ');
  const asked = {
    root: projectRoot,
    chapter: chapter.folder,
    folders,
    back,
    again,
    ...(replay !== undefined && { replay }),
    ...(faults.length > 0 && { faults }),
    ...(seed !== undefined && { seed }),
  };
  await debugOnce(asked, (text) => void process.stderr.write(text));
}

/** Beside what is printed; a file that cannot be written is the command's mistake. */
async function writeSarif(
  report: Report,
  folders: readonly string[],
  file: string | undefined,
): Promise<void> {
  if (file === undefined) return;
  const { sarifOf } = await import('./sarif.ts');
  const uriOf = (name: string): string => {
    const folder = folders.findLast((each) => existsSync(join(each, name))) ?? projectRoot;
    return relative(projectRoot, join(folder, name)).split(sep).join('/');
  };
  try {
    writeFileSync(file, `${JSON.stringify(sarifOf(report, uriOf), null, 2)}\n`);
  } catch (cause) {
    throw new Failure('USAGE', `${file} cannot be written.`, { cause });
  }
}

export function requestOf(
  chapter: ChapterFolder,
  folders: readonly string[],
  options: CheckOptions,
): CheckRequest {
  const { level, seed, runs, budgetMs, faults, replay, calm, world, broker } = options;
  const { coverage, verify } = options;
  const databaseUrl = process.env['DATABASE_URL'];
  return {
    root: projectRoot,
    chapter: chapter.folder,
    folders,
    ...(level !== undefined && { level }),
    ...(seed !== undefined && { seed }),
    ...(runs !== undefined && { runs }),
    ...(budgetMs !== undefined && { budgetMs }),
    ...(faults.length > 0 && { faults }),
    ...(replay !== undefined && { replay }),
    ...(calm && { calm }),
    ...(coverage && { coverage }),
    ...(verify && { verify }),
    ...(world === 'live' && { world }),
    ...(broker !== undefined && { broker }),
    ...(databaseUrl !== undefined && { databaseUrl }),
  };
}

function screenOf(options: CheckOptions): RenderOptions {
  const { columns, color } = terminal();
  const { plain, full, calm, solution, coverage } = options;
  return { columns, color, plain, full, calm, solution, coverage, asked: options };
}

export function exitCodeOf({ verdict }: Report): ExitCode {
  return { holds: 0, broken: 1, unknown: 3 }[verdict] as ExitCode;
}
