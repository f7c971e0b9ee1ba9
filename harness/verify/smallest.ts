/**
 * Makes what was found small, in a time of its own: a finding may come when the budget is nearly spent, and some of its
 * runs take as long as a hundred others. What the time does not suffice for is shown as it is, and said to be so.
 */
import { stopwatch, type Milliseconds } from '#kernel';
import { shrink, type Evidence, type Shrunk } from '#schedule';
import type { Outcome, Runner } from './engine/outcome.ts';
import type { CheckRequest } from './request.ts';
import { defaultBudgetMs } from './search.ts';

const mostRuns = 400;
const defaultShrinkMs: Milliseconds = 5_000;

interface Found {
  readonly outcome: Outcome;
  readonly signature: string;
  readonly fresh: boolean;
  /** When it was found, since the check began. */
  readonly afterMs: Milliseconds;
}

export type Small = Shrunk | (Shrunk & { readonly note: string });

export async function smallest(
  { runner, request }: { readonly runner: Runner; readonly request: CheckRequest },
  { outcome, signature, fresh, afterMs }: Found,
): Promise<Small> {
  const isOver = endOf(request, afterMs);
  let done = 0;
  const small = await shrink(
    outcome.schedule,
    async (candidate) => {
      request.onProgress?.({ phase: 'shrinking', runs: done, done: done++, broken: 1 });
      return evidenceOf(await runner.run(candidate, { program: 'subject', fresh }), signature);
    },
    signature,
    { runs: mostRuns, isOver, found: evidenceOf(outcome, signature) },
  );
  return small.minimal || !isOver() ? small : { ...small, note };
}

function evidenceOf({ findings, fired, held }: Outcome, wanted: string): Evidence {
  const same = findings.find(({ signature }) => signature === wanted);
  return { signature: same?.signature, fired, held };
}

const note =
  'There was no time to make the schedule as small as it can be: not all of it may be needed.';

/** Over when the check's budget is spent, but not before a finding that came late had its own time. */
function endOf(
  { budgetMs = defaultBudgetMs, shrinkMs = defaultShrinkMs, signal }: CheckRequest,
  afterMs: Milliseconds,
): () => boolean {
  const elapsed = stopwatch();
  const leftMs = Math.max(budgetMs - afterMs, shrinkMs);
  return () => elapsed() >= leftMs || signal?.aborted === true;
}
