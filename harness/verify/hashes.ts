/**
 * The trace hashes of many random schedules, made in a process of its own: equal requests must give
 * equal rows, in any process, on any number of threads, shared or fresh, whatever else the machine
 * does. That is what a schedule file promises to whoever replays it.
 */
import { fork } from 'node:child_process';
import { Failure, keepingCompiled } from '#kernel';
import type { Level } from '#kit';
import { revived, type PlainError } from './engine/plain-error.ts';

export interface HashRequest {
  readonly root: string;
  /** Folder name. */
  readonly chapter: string;
  readonly folders: readonly string[];
  readonly level: Level;
  readonly seed: number;
  /** Distinct schedules; where `wanted` is given, schedules of distinct trace classes. */
  readonly count: number;
  /** In the notation; each schedule has these, too. */
  readonly faults?: readonly string[];
  /** A schedule counts in which all of these happen, by the names in `HashRow.counts`. */
  readonly wanted?: readonly string[];
  readonly workers: number;
  /** Nothing is shared between processes of the world. */
  readonly fresh: boolean;
}

/** One schedule, in the order of drawing. */
export interface HashRow {
  /** Which one of those that were drawn. */
  readonly index: number;
  readonly traceHash: string;
  readonly traceClass: string;
  /** Every fault and hold of it really was. */
  readonly struck: boolean;
  readonly facts: number;
  /**
   * How often what happened: a step of an operation (`waits`), an error that it was applied with (`40P01`), a
   * statement that was applied (`INSERT heard`), a fault that struck, in the notation.
   */
  readonly counts: Readonly<Record<string, number>>;
}

export type FromHashing =
  | { readonly kind: 'rows'; readonly rows: readonly HashRow[] }
  | { readonly kind: 'failed'; readonly error: PlainError };

export function hashesOf(request: HashRequest): Promise<readonly HashRow[]> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL('./engine/hashing.ts', import.meta.url), {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: keepingCompiled({ ...process.env, TZ: 'UTC' }),
      serialization: 'advanced',
    });
    child.once('message', (message: FromHashing) => {
      child.removeAllListeners('exit');
      child.kill('SIGKILL');
      if (message.kind === 'rows') resolve(message.rows);
      else reject(revived(message.error));
    });
    child.once('exit', (code, by) => {
      reject(new Failure('TROUBLE', `The hashing process ended by itself (${by ?? code}).`));
    });
    child.send(request);
  });
}
