/**
 * The simulation process: owns the threads that run learners' code, so that whatever that code does ends here and not
 * in the command. It ends itself when its parent goes, however that happened.
 */
import { invariant } from '#kernel';
import type { CheckProgress, CheckRequest } from '../request.ts';
import type { Report } from '../report.ts';
import { plainError, type PlainError } from './plain-error.ts';
import { runCheck } from '../run-check.ts';

export type ToSimulation = Omit<CheckRequest, 'onProgress' | 'signal'>;

export type FromSimulation =
  | { readonly kind: 'progress'; readonly event: CheckProgress }
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'failed'; readonly error: PlainError };

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
  runCheck({ ...request, onProgress: (event) => say({ kind: 'progress', event }) }).then(
    (report) => say({ kind: 'report', report }),
    (error: unknown) => say({ kind: 'failed', error: plainError(error) }),
  );
});
