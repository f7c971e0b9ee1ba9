/**
 * Names each port call and statement by the one notation, counts it, and strikes where the plan says: before it is
 * applied, or after it was and before its answer leaves. These are the places where a live run can be struck exactly.
 */
import { pointKey, printFault, type Fault, type FaultPoint, type Phase } from '#schedule';
import type { Slot } from './supervisor.ts';
import type { LiveWorld } from './world.ts';

export interface Passage {
  readonly point: FaultPoint;
  /** Which one of its kind, whoever made it; undefined = it is not of a kind that is counted. */
  readonly nth: { readonly of: string; readonly count: number } | undefined;
}

export interface Strikes {
  /** `counted` = the kind that a plan may count: `sink.record`, `databaseCommits`. */
  passage(slot: Slot, named: Omit<FaultPoint, 'slot' | 'ordinal'>, counted?: string): Passage;
  /** True = the process was killed here. */
  strikes(slot: Slot, passage: Passage, phase: Phase): boolean;
}

/** Statements that end in a commit: COMMIT after a change, and a change outside of a transaction. */
export const databaseCommits = 'commits';

export function createStrikes(world: LiveWorld): Strikes {
  const { plan } = world;
  const ordinals = new Map<string, number>();
  const counts = new Map<string, number>();
  let struck = false;

  const isHere = ({ point, nth }: Passage, phase: Phase): boolean => {
    if (plan.kind !== 'crash' || struck || plan.phase !== phase) return false;
    const { at } = plan;
    if (!('nth' in at)) return pointKey(at, phase) === pointKey(point, phase);
    return nth?.of === at.counted && nth.count === at.nth;
  };

  return {
    passage(slot, named, counted) {
      const point = { slot: slot.name, ...named };
      const ordinal = next(ordinals, pointKey({ ...point, ordinal: 0 }, 'before apply'));
      const nth = counted === undefined ? undefined : { of: counted, count: next(counts, counted) };
      return { point: { ...point, ordinal }, nth };
    },
    strikes(slot, passage, phase) {
      if (!isHere(passage, phase)) return false;
      struck = true;
      const fault: Fault = { kind: 'crash', place: { point: passage.point, phase } };
      world.history.add({ kind: 'fault', index: 0, fault: printFault(fault), lost: 'process' });
      world.struck(fault);
      world.supervisor.crash(slot);
      return true;
    },
  };
}

function next(counts: Map<string, number>, key: string): number {
  const count = (counts.get(key) ?? 0) + 1;
  counts.set(key, count);
  return count;
}
