/** What the simulation process and its threads say to each other. Structured clones. */
import type { Bundle } from '#sim';
import type { Schedule } from '#schedule';
import type { Outcome, RunOptions } from './outcome.ts';
import type { PlainError } from './plain-error.ts';

export type ToThread =
  | {
      readonly kind: 'program';
      readonly name: string;
      readonly chapterFile: string;
      readonly bundle: Bundle;
    }
  | {
      readonly kind: 'run';
      readonly id: number;
      readonly schedule: Schedule;
      readonly options: RunOptions;
    };

export type FromThread =
  | { readonly kind: 'ran'; readonly id: number; readonly outcome: Outcome }
  | { readonly kind: 'failed'; readonly id: number; readonly error: PlainError };

/** What a thread tells its supervisor in shared memory: how many events began, and whether one is under way. */
export const events = 0;
export const isInService = 1;
