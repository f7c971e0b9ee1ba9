/**
 * Makes a failing schedule small. A step counts only when a run was seen to fail with the same
 * signature; a fault that did not fire proves nothing, so it is dropped and the rest is tried
 * again. At the end every single deletion was executed and did not fail so (`minimal`), or the
 * limit was reached. Deterministic; no clock of its own.
 *
 * Left out: simpler values inside commands (the chapter's arbitrary draws small ones often) and
 * other seeds.
 */
import { canonicalSchedule } from './file.ts';
import { deletions, simplifications } from './shrink-steps.ts';
import type { Schedule } from './schedule.ts';

/** What one run of a candidate showed. */
export interface Evidence {
  /**
   * Names the finding, so that another bug on the way is not taken for this one; `undefined` = it
   * passed.
   */
  readonly signature: string | undefined;
  /** Indices in the candidate's faults (holds) that really struck (held). */
  readonly fired: readonly number[];
  readonly held: readonly number[];
}

export type Witness = (candidate: Schedule) => Promise<Evidence>;

export interface ShrinkOptions {
  /** Most runs; left out = 500. */
  readonly runs?: number;
  /** Asked before each run: no time left. */
  readonly isOver?: () => boolean;
  /** What the schedule itself showed when it was found; left out = it is run once more. */
  readonly found?: Evidence;
}

export interface Shrunk {
  /** The smallest schedule that was seen to fail so. The one given, if even that one did not. */
  readonly schedule: Schedule;
  readonly runs: number;
  /** Every single deletion was executed and passed. */
  readonly minimal: boolean;
}

interface Search {
  best: Schedule;
  runs: number;
  /** The limit was reached: nothing more is executed. */
  isOver: boolean;
  /** Whether this schedule fails as wanted; each is executed once, or was when it was found. */
  fails(candidate: Schedule, found?: Evidence): Promise<boolean>;
}

export async function shrink(
  schedule: Schedule,
  witness: Witness,
  signature: string,
  options: ShrinkOptions = {},
): Promise<Shrunk> {
  const search = startSearch(schedule, witness, signature, options);
  if (!(await search.fails(schedule, options.found))) {
    return { schedule, runs: search.runs, minimal: false };
  }
  let improved = true;
  while (improved && !search.isOver) {
    improved = await improveOnce(search, deletions);
    if (!improved) improved = await improveOnce(search, simplifications);
  }
  return { schedule: search.best, runs: search.runs, minimal: !search.isOver };
}

/** Goes through the steps, from the start again after each success, until none helps. */
async function improveOnce(
  search: Search,
  steps: (schedule: Schedule) => Iterable<Schedule>,
): Promise<boolean> {
  let improved = false;
  for (let again = true; again && !search.isOver;) {
    again = false;
    for (const candidate of steps(search.best)) {
      const before = search.best;
      if (await search.fails(candidate)) again = search.best !== before;
      if (again || search.isOver) break;
    }
    improved ||= again;
  }
  return improved;
}

function startSearch(
  schedule: Schedule,
  witness: Witness,
  signature: string,
  options: ShrinkOptions,
): Search {
  const seen = new Map<string, boolean>();
  const most = options.runs ?? 500;
  const search: Search = {
    best: schedule,
    runs: 0,
    isOver: false,
    async fails(candidate, found) {
      const key = canonicalSchedule(candidate);
      const known = seen.get(key);
      if (known !== undefined) return known;
      if (search.runs >= most || options.isOver?.() === true) search.isOver = true;
      if (search.isOver) return false;
      if (found === undefined) search.runs += 1;
      const evidence = found ?? (await witness(candidate));
      const failed = evidence.signature === signature;
      seen.set(key, failed);
      if (failed) search.best = candidate;
      const bare = withoutUnfired(candidate, evidence);
      const bareFailed = bare !== undefined && (await search.fails(bare));
      return failed || bareFailed;
    },
  };
  return search;
}

/** The candidate without what never struck; `undefined` = everything struck. */
function withoutUnfired(candidate: Schedule, { fired, held }: Evidence): Schedule | undefined {
  const faults = candidate.faults.filter((_, index) => fired.includes(index));
  const holds = candidate.holds.filter((_, index) => held.includes(index));
  const all = faults.length === candidate.faults.length && holds.length === candidate.holds.length;
  return all ? undefined : { ...candidate, faults, holds };
}
