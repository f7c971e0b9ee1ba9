/** What the simulation process and its threads say to each other. Structured clones. */
import type { SchemaText } from '#postgres';
import type { Bundle } from '#sim';
import type { Schedule } from '#schedule';
import type { Outcome, RunOptions } from './outcome.ts';
import type { PlainError } from './plain-error.ts';

export interface NamedProgram {
  readonly name: string;
  readonly chapterFile: string;
  readonly bundle: Bundle;
  /** SQL of its tables; left out = it has no database. */
  readonly schema?: readonly SchemaText[] | undefined;
}

export type ToThread =
  /** A database will be wanted: its server may start. */
  | { readonly kind: 'database'; readonly cacheDirectory: string }
  | ({ readonly kind: 'program' } & NamedProgram)
  | {
      readonly kind: 'run';
      readonly id: number;
      readonly schedule: Schedule;
      readonly options: RunOptions;
    };

export type FromThread =
  /** The code of a program is there; its database may not be. */
  | { readonly kind: 'loaded' }
  /** A database is there, or will never be: what needs one may run, or fail. */
  | { readonly kind: 'opened' }
  | { readonly kind: 'ran'; readonly id: number; readonly outcome: Outcome }
  | { readonly kind: 'failed'; readonly id: number; readonly error: PlainError };

/** What a thread tells its supervisor in shared memory: how many events began, and whether one is under way. */
export const events = 0;
export const isInService = 1;
