/**
 * Simulation threads kept for many checks: starting them and evaluating the client library once
 * costs more than most checks. The threads live in this very process, so it is for programs that
 * run the course's own code (gate, bench, proof); a learner's check has a process of its own.
 */
import { availableParallelism } from 'node:os';
import type { CheckRequest } from './request.ts';
import type { Report } from './report.ts';
import type { Searched } from './run-check.ts';

/** What is asked of an engine: the root and the threads are its own. */
export type EngineRequest = Omit<CheckRequest, 'root' | 'workers'>;

export interface Engine {
  readonly lanes: number;
  /** As `check`, without a process of its own. One at a time. */
  check(request: EngineRequest): Promise<Report>;
  /** The search alone: no counterexample is made small, nothing is kept. One at a time. */
  search(request: EngineRequest): Promise<Searched>;
  close(): Promise<void>;
}

/** Imports late: who only asks for `check` must not wait for what runs in another process. */
export async function openEngine(options: {
  readonly root: string;
  /** Left out = one thread per core. */
  readonly workers?: number;
}): Promise<Engine> {
  const { root, workers = availableParallelism() } = options;
  const { createPool } = await import('./engine/pool.ts');
  const { runCheck, runSearch } = await import('./run-check.ts');
  const pool = createPool(workers);
  return {
    lanes: workers,
    check: (request) => runCheck({ ...request, root }, pool),
    search: (request) => runSearch({ ...request, root, remember: false }, pool),
    close: () => pool.close(),
  };
}

export type { Searched };
