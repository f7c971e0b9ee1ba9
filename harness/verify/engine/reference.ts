/**
 * What a run with a crash is compared with: the same schedule without it, run once. Only where the chapter asks for
 * that, and only for what CRASH-CONSISTENT judges: one crash and nothing else that may go another way.
 */
import { crashFreeOf, type CrashFree } from '#check';
import type { ChapterDefinition, SharedProperty } from '#kit';
import { canonicalSchedule, type Schedule } from '#schedule';
import type { Outcome, RunOptions } from './outcome.ts';

type Options = Omit<RunOptions, 'program'>;
type Run = (schedule: Schedule, options: Options) => Promise<Outcome>;

/** Singles share one calm run; random mixes hardly ever meet theirs again. */
const kept = 32;

export function createReference(
  chapter: ChapterDefinition,
  run: Run,
): (schedule: Schedule, options: Options) => Promise<CrashFree | undefined> {
  const name: SharedProperty = 'crash-consistent';
  const isWanted = chapter.properties[name] === 'shared';
  const known = new Map<string, CrashFree | undefined>();
  return async (schedule, { stopAt, fresh, hidesAborted }) => {
    const [fault, ...others] = schedule.faults;
    const isJudged = fault?.kind === 'crash' && others.length === 0 && schedule.holds.length === 0;
    // A debugger must stop in the run that was asked for, not in the other.
    if (!isWanted || !isJudged || stopAt !== undefined) return undefined;
    const calm: Schedule = { ...schedule, faults: [] };
    const key = `${canonicalSchedule(calm)} ${fresh === true} ${hidesAborted === true}`;
    if (known.has(key)) return known.get(key);
    const { ending, facts = [] } = await run(calm, {
      wantFacts: true,
      ...(fresh !== undefined && { fresh }),
      ...(hidesAborted !== undefined && { hidesAborted }),
    });
    const found = ending.kind === 'rest' ? crashFreeOf(facts, chapter) : undefined;
    const [oldest] = known.keys();
    if (known.size >= kept && oldest !== undefined) known.delete(oldest);
    known.set(key, found);
    return found;
  };
}
