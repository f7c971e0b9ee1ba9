import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalSchedule, parseSchedule, printSchedule, readSchedule } from '#schedule';
import type { Schedule } from '#schedule';
import { faults, holds, names, phasedPoints } from './arbitraries.ts';
import { exampleSchedule } from './chapter-one.ts';

const scheduledCommands = fc.uniqueArray(
  fc
    .record({
      id: names,
      value: fc.dictionary(names, fc.jsonValue()),
      at: fc.oneof(
        fc.constantFrom(undefined, 'before start' as const, 'with previous' as const),
        phasedPoints,
      ),
      to: fc.option(names, { nil: undefined }),
    })
    .map(({ id, value, at, to }) => ({
      id,
      value,
      ...(at === undefined ? {} : { at }),
      ...(to === undefined ? {} : { to }),
    })),
  { selector: ({ id }) => id, maxLength: 4 },
);

const anySchedule: fc.Arbitrary<Schedule> = fc
  .record({
    chapter: names,
    seed: fc.nat(),
    instances: fc.dictionary(names, fc.nat({ max: 5 })),
    commands: scheduledCommands,
    faults: fc.array(faults, { maxLength: 3 }),
    holds: fc.array(holds, { maxLength: 2 }),
    jitterMs: fc.nat({ max: 99 }),
    markersMs: fc.option(fc.nat({ max: 99 })),
  })
  .map(({ jitterMs, markersMs, ...rest }) => ({
    format: 1,
    ...rest,
    ...(jitterMs === 0 ? {} : { jitterMs }),
    ...(markersMs === null ? {} : { markersMs }),
  }));

/**
 * Through JSON, as it comes from a file or report: no `undefined`, no special prototypes, no -0.
 */
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe('a schedule file', () => {
  test('reads back as the schedule it was written from', () => {
    fc.assert(
      fc.property(anySchedule, (schedule) => {
        const read = parseSchedule(printSchedule(schedule));
        expect(read.ok && plain(read.value)).toEqual(plain(schedule));
      }),
    );
  });

  test('may hold faults and holds as the objects that reports have', () => {
    fc.assert(
      fc.property(anySchedule, (schedule) => {
        const read = readSchedule(plain(schedule));
        expect(read.ok && plain(read.value)).toEqual(plain(schedule));
      }),
    );
  });

  test('shows faults in the one notation', () => {
    const crash = 'crash greeter-0 · OffsetCommit greeter (m1) · #1 · before apply';
    const read = readSchedule({ ...exampleSchedule, faults: [crash] });
    expect(read.ok && printSchedule(read.value)).toContain(JSON.stringify(crash));
  });

  test('may leave out what is usual', () => {
    const { format, chapter, seed, commands } = exampleSchedule;
    const read = readSchedule({ format, chapter, seed, commands });
    expect(read.ok && read.value).toMatchObject({ instances: {}, faults: [], holds: [] });
  });

  test('equal schedules have equal canonical texts, whatever the order of their fields', () => {
    const turned = Object.fromEntries(Object.entries(exampleSchedule).toReversed());
    expect(canonicalSchedule(turned as unknown as Schedule)).toBe(
      canonicalSchedule({ ...exampleSchedule, jitterMs: 0 }),
    );
    expect(canonicalSchedule({ ...exampleSchedule, seed: 43 })).not.toBe(
      canonicalSchedule(exampleSchedule),
    );
  });

  const commandless = { ...exampleSchedule, commands: [] };
  test.each<readonly [unknown, string]>([
    [[], 'A schedule is not an object.'],
    [{}, 'A schedule says "format": 1.'],
    [
      { ...exampleSchedule, format: 2 },
      'This schedule has format 2; this version reads format 1. ' +
        'Update the workbench, or save the schedule again with this one.',
    ],
    [{ ...exampleSchedule, fault: [] }, 'A schedule has a field "fault" that is not known.'],
    [{ ...exampleSchedule, chapter: 1 }, '"chapter" is not a text.'],
    [{ ...exampleSchedule, seed: 1.5 }, '"seed" is not a whole number.'],
    [{ ...exampleSchedule, instances: { greeter: -1 } }, '"instances" of greeter is below 0.'],
    [{ ...exampleSchedule, commands: {} }, '"commands" is not a list.'],
    [
      { ...exampleSchedule, commands: [...exampleSchedule.commands, ...exampleSchedule.commands] },
      'Two commands have the same id.',
    ],
    [{ ...exampleSchedule, commands: [{ id: 'm1' }] }, 'The value of command 1 is not an object.'],
    [{ ...commandless, faults: ['crash'] }, 'Fault 1: Expected an instance, not the end.'],
    [{ ...commandless, faults: [{ kind: 'crush' }] }, 'Fault 1 has no known kind.'],
    [
      { ...commandless, faults: [{ kind: 'stop', place: 'at rest' }] },
      'Fault 1: stop needs an instance when its place is not a point.',
    ],
    [
      {
        ...commandless,
        faults: [{ kind: 'redeliver', place: 'at rest', on: 'greeter', with: { offset: 0 } }],
      },
      'Fault 1: redeliver needs a group and topic/partition.',
    ],
    [
      { ...commandless, faults: [{ kind: 'crash', place: { point: {}, phase: 'never' } }] },
      '"place" of Fault 1 has no known phase.',
    ],
    [{ ...commandless, holds: [3] }, 'Hold 1 is not an object.'],
    [{ ...commandless, jitterMs: -1 }, '"jitterMs" is below 0.'],
    [{ ...commandless, markersMs: -1 }, '"markersMs" is below 0.'],
  ])('%# is refused with a clear sentence: %j', (data, sentence) => {
    const read = readSchedule(data);
    expect(read.ok).toBe(false);
    if (!read.ok) expect(read.sentence).toContain(sentence);
  });

  test('what is not JSON is refused with an example that can be read', () => {
    const read = parseSchedule('{');
    expect(read).toMatchObject({ ok: false, sentence: 'This schedule is not JSON.' });
    if (!read.ok) expect(parseSchedule(read.example).ok).toBe(true);
  });
});
