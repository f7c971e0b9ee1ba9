/** Arbitrary points, places, faults and holds, with names that hold every awkward character. */
import * as fc from 'fast-check';
import { faultKinds, faultRules, isStatement, printRedeliverTarget, sqlStates } from '#schedule';
import type { Fault, FaultOptions, Hold, PhasedPoint, Place } from '#schedule';

export const names = fc.oneof(
  fc.constantFrom(
    'm1',
    'greeter-0',
    'at',
    'rest',
    'after',
    'until',
    'to',
    '·',
    '-',
    '#1',
    '',
    '()',
  ),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
);

export const phasedPoints: fc.Arbitrary<PhasedPoint> = fc.record({
  point: fc.record({
    slot: names,
    operation: names,
    target: names,
    cause: fc.array(names, { maxLength: 3 }),
    ordinal: fc.integer({ min: 1, max: 99 }),
  }),
  phase: fc.constantFrom('before apply', 'after apply', 'after answer'),
});

export const holds: fc.Arbitrary<Hold> = fc.record({ what: phasedPoints, until: phasedPoints });

const places: fc.Arbitrary<Place> = fc.oneof(
  phasedPoints,
  fc.constantFrom('at rest' as const, 'before start' as const),
  names.map((after) => ({ after })),
);

const counts = fc.integer({ min: 0, max: 100_000 });

const targets = fc
  .record({ group: names, topic: names, partition: counts })
  .map(printRedeliverTarget);

const options: Readonly<Record<keyof FaultOptions, fc.Arbitrary<unknown>>> = {
  inFlight: fc.constantFrom(undefined, 'arrives'),
  code: fc.constantFrom('NOT_COORDINATOR', 'REQUEST_TIMED_OUT', ...sqlStates),
  ms: counts,
  offset: counts,
};

/** Only what faultTrouble accepts. */
export const faults: fc.Arbitrary<Fault> = fc.constantFrom(...faultKinds).chain((kind) => {
  const { strikes, needs, takes = [] } = faultRules[kind];
  const taken = [...takes, ...(needs === undefined ? [] : [needs])];
  const subject = kind === 'redeliver' ? targets : names;
  return fc
    .record({
      place: strikes === 'point' ? phasedPoints : places,
      on: strikes === 'point' ? fc.constant(undefined) : subject,
      named: fc.boolean(),
      given: fc.record(Object.fromEntries(taken.map((name) => [name, options[name]]))),
    })
    .map(({ place, on, named, given }): Fault => {
      const isPoint = typeof place === 'object' && 'point' in place;
      const set = Object.entries(given).filter(([, value]) => value !== undefined);
      const hasSubject = on !== undefined && (named || !isPoint || strikes === 'subject');
      return {
        kind,
        place: sayable(place, kind, given['code']),
        ...(hasSubject ? { on } : {}),
        ...(set.length === 0 ? {} : { with: Object.fromEntries(set) }),
      };
    });
});

/** PostgreSQL's errors and locks meet statements, before they are applied; Kafka's errors do not. */
function sayable(place: Place, kind: Fault['kind'], code: unknown): Place {
  if (typeof place === 'string' || 'after' in place) return place;
  const { point } = place;
  if (['lock', 'lock-rows', 'victim'].includes(kind) || sqlStates.some((state) => state === code)) {
    return { point: { ...point, operation: 'CREATE TABLE' }, phase: 'before apply' };
  }
  return isStatement(point.operation)
    ? { ...place, point: { ...point, operation: 'Fetch' } }
    : place;
}
