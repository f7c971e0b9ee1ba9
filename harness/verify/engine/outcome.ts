/** What crosses between the search and the threads that run schedules. Plain data. */
import type { Crossing, Schedule } from '#schedule';
import type { Ending, Fact, Finding } from '#check';
import type { VisitLog } from '#sim';

export interface RunOptions {
  /** Which prepared program: the learner's, or the chapter's solution beside it. */
  readonly program: string;
  /** Evaluate the client libraries anew for each process too: nothing is shared. */
  readonly fresh?: boolean;
  /** Find the learner's lines: slower. */
  readonly traced?: boolean;
  /** Kinder than Kafka: committed readers get no aborted records. Only to find out who is to blame. */
  readonly hidesAborted?: boolean;
  readonly wantFacts?: boolean;
  /** Of a program that may stop: at which time there. Never in a thread. */
  readonly stopAt?: number;
  readonly wantCrossings?: boolean;
}

export interface Outcome {
  readonly schedule: Schedule;
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
  /** Properties that this run could not judge. */
  readonly notJudged: readonly string[];
  /** Why nothing can be said: the run could not be controlled, or a checker failed. */
  readonly unknown?: { readonly sentence: string; readonly advice: string };
  readonly ending: Ending;
  readonly fired: readonly number[];
  readonly held: readonly number[];
  readonly traceHash: string;
  readonly traceClass: string;
  readonly leaks: readonly string[];
  readonly sometimes: Readonly<Record<string, number>>;
  readonly facts?: readonly Fact[];
  readonly crossings?: readonly Crossing[];
  /** Of a program whose calls are marked: which operations belong to which call. */
  readonly visits?: VisitLog;
  readonly steps: number;
  readonly virtualMs: number;
}

/** Runs schedules; threads in a process of their own, or this very thread. */
export interface Runner {
  /** Rejects with the signal's reason where that came before its turn; a run that began goes on to its end. */
  run(schedule: Schedule, options: RunOptions, signal?: AbortSignal): Promise<Outcome>;
  /** How many runs go on at once. */
  readonly lanes: number;
}
