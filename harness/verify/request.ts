/**
 * What a view asks of the engine: one check. Plain data but for the two callbacks, so that
 * terminal, page and an engineer's own test ask the same way.
 */
import type { Level } from '#kit';
import type { Milliseconds } from '#kernel';

export interface CheckRequest {
  /** The repository that holds `chapters/`, `exercises/` and `solutions/`. */
  readonly root: string;
  /** Folder name: `01-producer-consumer`. */
  readonly chapter: string;
  /**
   * Folders with the service's files, absolute or relative to the root: an overlay, a later
   * folder's file wins. The exercise or the solution first, then what was named with `--from`.
   */
  readonly folders: readonly string[];
  /** Left out = the level that passes the chapter. */
  readonly level?: Level;
  readonly seed?: number;
  /** Random schedules after the singles; left out = what fits in the budget. */
  readonly runs?: number;
  /**
   * Enough after all singles and so many distinct schedules (by trace class) whose every fault
   * struck; left out = go on until the budget is spent.
   */
  readonly schedules?: number;
  /** At most so many single faults, drawn by the seed; 0 = only mixes; left out = all. */
  readonly singles?: number;
  /** Wall time for the search, and for making small what it finds, which has `shrinkMs` in any case. */
  readonly budgetMs?: Milliseconds;
  /** Wall time that a finding has to be made small, however late it came; left out = 5 s. */
  readonly shrinkMs?: Milliseconds;
  /** Only these faults, in the one notation, on the chapter's example; at most two. */
  readonly faults?: readonly string[];
  /** Only this saved schedule: its id (`k3`) or a path. */
  readonly replay?: string;
  /** Also record the calm run of the same commands beside each finding. */
  readonly calm?: boolean;
  /** Go on after a finding until every moment of every call was tried. */
  readonly coverage?: boolean;
  /** With `coverage`: run again what each mark says, and see that it is the same. */
  readonly verify?: boolean;
  /** Simulation threads; left out = one per core. */
  readonly workers?: number;
  /**
   * Go on until this property is found broken; left out = stop at the first finding of whatever
   * property.
   */
  readonly until?: string;
  /**
   * Try saved schedules first, save new ones, count how often a finding was seen; left out = yes.
   */
  readonly remember?: boolean;
  /** Left out = simulated. `live` is for `checkLive`: real processes, a real Kafka. */
  readonly world?: 'simulated' | 'live';
  /** Live: `host:port` of the Kafka to run against. */
  readonly broker?: string;
  /** Live: DATABASE_URL of a PostgreSQL for a chapter with tables; left out = one of our own. */
  readonly databaseUrl?: string;
  /** Told while it runs; never more than a view can show. */
  readonly onProgress?: (event: CheckProgress) => void;
  /** Ends the check early; it rejects with the signal's reason and leaves nothing running. */
  readonly signal?: AbortSignal;
}

export type CheckPhase =
  | 'preparing'
  | 'saved'
  | 'calm'
  | 'singles'
  | 'coverage'
  | 'seconds'
  | 'random'
  | 'shrinking'
  | 'confirming';

export interface CheckProgress {
  readonly phase: CheckPhase;
  /** Schedules executed so far, and in this phase; `of` where its number is known. */
  readonly runs: number;
  readonly done: number;
  readonly of?: number;
  /** Properties found broken so far. */
  readonly broken: number;
  /** Live: what is being waited for right now, in words. */
  readonly waitsFor?: string;
}
