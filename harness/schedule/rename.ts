/**
 * Commands and slots that a fault or hold names: finding them, and putting others in their place.
 */
import type { Fault, FaultPoint, Hold, Place, ScheduledCommand } from './schedule.ts';
import type { PhasedPoint } from './notation.ts';

export interface Names {
  readonly command: (id: string) => string;
  readonly slot: (slot: string) => string;
}

/** Ids that the place names. */
function inPlace(place: Place): readonly string[] {
  if (typeof place === 'string') return [];
  return 'after' in place ? [place.after] : place.point.cause;
}

export function commandsInFault(fault: Fault): readonly string[] {
  const named = inPlace(fault.place);
  return fault.kind === 'republish' && fault.on !== undefined ? [...named, fault.on] : named;
}

export function commandsInHold({ what, until }: Hold): readonly string[] {
  return [...what.point.cause, ...until.point.cause];
}

/** Ids that faults, holds and timings name. */
export function commandsIn(parts: {
  readonly faults: readonly Fault[];
  readonly holds: readonly Hold[];
  readonly commands?: readonly ScheduledCommand[];
}): ReadonlySet<string> {
  return new Set([
    ...parts.faults.flatMap(commandsInFault),
    ...parts.holds.flatMap(commandsInHold),
    ...(parts.commands ?? []).flatMap(({ at }) => (typeof at === 'object' ? at.point.cause : [])),
  ]);
}

function point(of: FaultPoint, names: Names, again: number): FaultPoint {
  return {
    ...of,
    slot: names.slot(of.slot),
    cause: [...new Set(of.cause.map(names.command))],
    ordinal: of.ordinal + again,
  };
}

function phased(at: PhasedPoint, names: Names, again = 0): PhasedPoint {
  return { point: point(at.point, names, again), phase: at.phase };
}

function place(at: Place, names: Names, again: number): Place {
  if (typeof at === 'string') return at;
  return 'after' in at ? { after: names.command(at.after) } : phased(at, names, again);
}

/** Kinds whose `on` is a slot. */
const onSlot = new Set(['crash', 'stop', 'restart', 'cut', 'freeze']);

export const renamed = {
  /** `again` is added to the ordinal: the same place, passed once more. */
  fault(fault: Fault, names: Names, again = 0): Fault {
    const { kind, on } = fault;
    const next = { ...fault, place: place(fault.place, names, again) };
    if (on === undefined) return next;
    if (kind === 'republish') return { ...next, on: names.command(on) };
    return onSlot.has(kind) && on !== 'everything' ? { ...next, on: names.slot(on) } : next;
  },
  hold: (hold: Hold, names: Names): Hold => ({
    what: phased(hold.what, names),
    until: phased(hold.until, names),
  }),
};
