/**
 * Second faults: what else may go wrong while the first is being recovered from. Only crashes,
 * rejections, lost answers, errors of the database and its deadlocks, for these are what a recovery path must bear;
 * other pairs are left to the random mixes.
 */
import type { Fact } from '#check';
import type { Level } from '#kit';
import { viewOf, type ChapterFaults } from './crossing-view.ts';
import { isIdleRestart } from './fault-rules.ts';
import { rankOf, type Candidate } from './enumerate.ts';
import { pointKey } from './notation.ts';
import { pointFaults, type Family } from './point-faults.ts';
import type { Crossing, Schedule } from './schedule.ts';

export interface SecondsInput {
  readonly chapter: ChapterFaults;
  readonly level: Level;
  /** A schedule that was run, with its first fault. */
  readonly first: Schedule;
  /** What that run crossed. */
  readonly crossings: readonly Crossing[];
  /** For first faults whose place is not a point; left out = no recovery is known for those. */
  readonly facts?: readonly Fact[];
}

const wanted: ReadonlySet<Family> = new Set([
  'crash',
  'reject',
  'lose response',
  'time-out',
  'database error',
  'victim',
]);

/** The schedules with one more fault in the recovery, most telling first, each once. */
export function seconds(input: SecondsInput): readonly Candidate[] {
  const { chapter, level, first, crossings } = input;
  if (first.faults.some(isIdleRestart)) return [];
  const view = viewOf(crossings, chapter);
  const from = recoveryFrom(input);
  return view.crossings
    .filter(({ index }) => index >= from)
    .flatMap((crossing) => pointFaults(crossing, view, level))
    .filter(({ family, faults }) => {
      const left = faults.every(({ kind }) => chapter.without?.includes(kind) !== true);
      return wanted.has(family) && left;
    })
    .toSorted((a, b) => rankOf(a.family, a.weight) - rankOf(b.family, b.weight))
    .map(({ family, faults }) => ({
      family,
      schedule: { ...first, faults: [...first.faults, ...faults] },
    }));
}

/** Index of the first crossing after the last of the faults has struck. */
function recoveryFrom({ first, crossings, facts = [] }: SecondsInput): number {
  const indices = first.faults.map(({ place }, index) => {
    if (typeof place === 'object' && 'point' in place) {
      const key = pointKey(place.point, place.phase);
      const struck = crossings.find(({ point, phase }) => pointKey(point, phase) === key);
      return struck === undefined ? Infinity : struck.index + 1;
    }
    const fact = facts.find((entry) => entry.kind === 'fault' && entry.index === index);
    const next = fact && crossings.find(({ atMs }) => atMs > fact.atMs);
    return next?.index ?? Infinity;
  });
  return indices.length === 0 ? Infinity : Math.max(...indices);
}
