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

const say = (message: FromSimulation): void => {
  invariant(process.send !== undefined, 'this file runs as a child process');
  process.send(message);
};

// Node writes what it compiled when a process ends so, for the next check; nobody waits for it.
process.on('disconnect', () => process.exit());

process.once('message', (request: ToSimulation) => {
  runCheck({ ...request, onProgress: (event) => say({ kind: 'progress', event }) }).then(
    (report) => say({ kind: 'report', report }),
    (error: unknown) => say({ kind: 'failed', error: plainError(error) }),
  );
});
