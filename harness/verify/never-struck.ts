/**
 * A fault that was placed by hand and never struck proves nothing: either no run of this service ever comes to such a
 * place, and the name is a mistake, or this run did not.
 */
import { Failure } from '#kernel';
import {
  nearest,
  nearestFew,
  printFault,
  printPhasedPoint,
  type Crossing,
  type Fault,
  type FaultPoint,
} from '#schedule';
import type { Outcome } from './engine/outcome.ts';

export interface NeverStruck {
  readonly sentence: string;
  readonly advice: string;
}

const mostPlaces = 3;

/** Throws USAGE for a name that nothing in the run bears. */
export function neverStruck({ schedule, fired, crossings = [] }: Outcome): NeverStruck | undefined {
  const fault = schedule.faults.find((_fault, index) => !fired.includes(index));
  if (fault === undefined) return undefined;
  const point = pointOf(fault);
  const places = [
    ...new Set(crossings.map(({ point: at, phase }) => printPhasedPoint({ point: at, phase }))),
  ];
  const closest = nearest(placeOf(fault), places);
  const there = nearestFew(placeOf(fault), places, mostPlaces).map(
    (place) => `${fault.kind} ${place}`,
  );
  if (point !== undefined && !crossings.some((crossing) => alike(crossing.point, point))) {
    const what = `${point.slot} · ${point.operation}`;
    throw new Failure('USAGE', `Nothing in this run is called ${what}.${nearby(there)}`);
  }
  return {
    sentence: `${printFault(fault)}: it never struck, for the run did not come to that place.`,
    advice: adviceOf(fault, closest, crossings) ?? `Place it somewhere else.${nearby(there)}`,
  };
}

function adviceOf(
  fault: Fault,
  closest: string | undefined,
  crossings: readonly Crossing[],
): string | undefined {
  const here = crossings.find(
    ({ point, phase }) => printPhasedPoint({ point, phase }) === placeOf(fault),
  );
  if (fault.kind === 'error' && here?.mayFailWith !== undefined) {
    const codes = here.mayFailWith.join(' or ');
    return `In that transaction a healthy PostgreSQL says nothing there but ${codes}.`;
  }
  if (fault.kind === 'lock' && here !== undefined) {
    return here.lockable === true
      ? `Another transaction had ${here.point.target} at that moment.`
      : 'It takes a statement that writes to a table which its transaction has not yet.';
  }
  if (fault.kind === 'lock-rows' && here !== undefined) {
    return here.wantsRows === true
      ? `There were no such rows in ${here.point.target}, or another transaction had one of them.`
      : 'It takes an UPDATE, a DELETE or a query with FOR UPDATE, and rows that nobody has yet.';
  }
  if (fault.kind === 'victim' && here !== undefined) {
    return 'It takes a deadlock in which that statement waits, and which another one closes.';
  }
  if (closest === undefined) return undefined;
  return closest === placeOf(fault)
    ? `A fault of the kind ${fault.kind} cannot strike there.`
    : `Did you mean: ${fault.kind} ${closest}`;
}

/** Each on a line of its own, so that it can be copied. */
function nearby(places: readonly string[]): string {
  return places.length === 0 ? '' : [' The nearest places are:', ...places].join('\n');
}

const alike = (a: FaultPoint, b: FaultPoint): boolean =>
  a.slot === b.slot && a.operation === b.operation;

function pointOf({ place }: Fault): FaultPoint | undefined {
  return typeof place === 'object' && 'point' in place ? place.point : undefined;
}

function placeOf({ place }: Fault): string {
  if (typeof place === 'string') return place;
  return 'point' in place ? printPhasedPoint(place) : place.after;
}
