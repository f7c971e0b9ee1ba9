/**
 * The simulation process: owns the threads that run learners' code, so that whatever that code does ends here and not
 * in the command. It ends itself when its parent goes, however that happened.
 */
import { availableParallelism } from 'node:os';
import { loadChapter, resolveChapter } from '#content';
import { invariant, stopwatch } from '#kernel';
import type { CheckProgress, CheckRequest } from '../request.ts';
import type { Report } from '../report.ts';
import { databaseCache } from './database-cache.ts';
import { plainError, type PlainError } from './plain-error.ts';
import { createPool } from './pool.ts';

export type ToSimulation = Omit<CheckRequest, 'onProgress' | 'signal'>;

export type FromSimulation =
  | { readonly kind: 'progress'; readonly event: CheckProgress }
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'failed'; readonly error: PlainError };

/** Whoever waits has waited since then. */
const elapsed = stopwatch();
/** Whoever asked has heard the end of it. */
let isDone = false;

const say = (message: FromSimulation): void => {
  invariant(process.send !== undefined, 'this file runs as a child process');
  isDone ||= message.kind !== 'progress';
  process.send(message);
};

process.on('disconnect', () => {
  // Node writes what it compiled when a process ends in order: for the next check, and only when
  // nobody waits. One that was left behind ends at once.
  if (isDone) process.exit();
  process.kill(process.pid, 'SIGKILL');
});

process.once('message', (request: ToSimulation) => {
  runHere({ ...request, onProgress: (event) => say({ kind: 'progress', event }) }).then(
    (report) => say({ kind: 'report', report }),
    (error: unknown) => say({ kind: 'failed', error: plainError(error) }),
  );
});

/** Threads first: they load what they need while this process does, and the slowest of all, a database, is begun. */
async function runHere(request: CheckRequest): Promise<Report> {
  const pool = createPool(request.workers ?? availableParallelism());
  try {
    const { definition } = await loadChapter(await resolveChapter(request.chapter, request.root));
    if (definition.tables !== undefined) pool.wantDatabases(databaseCache(request.root));
    const { runCheck } = await import('../run-check.ts');
    return await runCheck(request, pool, elapsed);
  } finally {
    // Not waited for: threads take their time to end, and the report is ready.
    void pool.close();
  }
}
