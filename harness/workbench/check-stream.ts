/**
 * One check for a page: progress and the story as lines of JSON, one object each. The check lives
 * as long as the page listens; it uses every core, so there is one at a time.
 */
import type { ServerResponse } from 'node:http';
import { Failure, stopwatch } from '#kernel';
import { snapshotExercise, type ChapterFolder } from '#content';
import { check, type CheckProgress, type Report } from '#verify';

/** How the terminal would say it, given by who owns the terminal's words. */
export interface Telling {
  readonly progress: (event: CheckProgress) => string;
  readonly story: (report: Report, columns: number) => string;
  /** The learner's lines with what dying there does; empty where nothing is known of them. */
  readonly painted: (report: Report, columns: number) => string;
  /** What ended a check without a verdict. */
  readonly failure: (error: unknown, chapter: ChapterFolder, columns: number) => string;
}

/** A line of the stream. */
export type Told =
  | { readonly kind: 'progress'; readonly text: string }
  | {
      readonly kind: 'end';
      /** `holds`, `broken`, `unknown`, or why there is no verdict. */
      readonly word: string;
      readonly story: string;
      readonly painted?: string;
      /** What the story tells of, as data; none where there is no verdict. */
      readonly report?: Report;
    };

export interface CheckDesk {
  /** Resolves when the answer is complete, or its reader is gone. */
  readonly run: (
    chapter: ChapterFolder,
    columns: number,
    response: ServerResponse,
  ) => Promise<void>;
  /** Which chapter is being checked. */
  readonly busyWith: () => ChapterFolder | undefined;
  readonly close: () => void;
}

const leastIntervalMs = 80;

export function createCheckDesk(telling: Telling): CheckDesk {
  let current: { readonly chapter: ChapterFolder; readonly abort: AbortController } | undefined;
  return {
    busyWith: () => current?.chapter,
    close: () => current?.abort.abort(),
    async run(chapter, columns, response) {
      const abort = new AbortController();
      current = { chapter, abort };
      response.once('close', () => abort.abort());
      if (response.closed) abort.abort();
      const tell = (told: Told): void => void response.write(`${JSON.stringify(told)}\n`);
      try {
        tell(await checkOnce(chapter, columns, telling, tell, abort.signal));
      } finally {
        current = undefined;
        response.end();
      }
    },
  };
}

async function checkOnce(
  chapter: ChapterFolder,
  columns: number,
  telling: Telling,
  tell: (told: Told) => void,
  signal: AbortSignal,
): Promise<Told> {
  try {
    await snapshotExercise(chapter, new Date().toISOString());
    signal.throwIfAborted();
    const { root, folder } = chapter;
    const onProgress = unhurried((event) =>
      tell({ kind: 'progress', text: telling.progress(event) }),
    );
    const folders = [chapter.exercisePath];
    const report = await check({ root, chapter: folder, folders, onProgress, signal });
    const story = telling.story(report, columns);
    const painted = telling.painted(report, columns);
    return { kind: 'end', word: report.verdict, story, painted, report };
  } catch (error) {
    const story = signal.aborted ? '' : telling.failure(error, chapter, columns);
    return { kind: 'end', word: signal.aborted ? 'stopped' : wordFor(error), story };
  }
}

function wordFor(error: unknown): string {
  const code = error instanceof Failure ? error.code : 'TROUBLE';
  if (code === 'DOES_NOT_LOAD') return 'does not load';
  return code === 'UNCONTROLLED' ? 'unknown' : 'no verdict';
}

/** Every new phase, and otherwise no more than an eye can follow. */
function unhurried(show: (event: CheckProgress) => void): (event: CheckProgress) => void {
  const elapsedMs = stopwatch();
  let lastMs = -Infinity;
  let phase = '';
  return (event) => {
    if (event.phase === phase && elapsedMs() - lastMs < leastIntervalMs) return;
    lastMs = elapsedMs();
    phase = event.phase;
    show(event);
  };
}
