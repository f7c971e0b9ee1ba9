import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  faultTrouble,
  parseFault,
  parseHold,
  parsePhasedPoint,
  parsePoint,
  parseRedeliverTarget,
  pointKey,
  printFault,
  printHold,
  printPhasedPoint,
  printPoint,
  printRedeliverTarget,
} from '#schedule';
import type { Fault, FaultPoint } from '#schedule';
import { faults, holds, names, phasedPoints } from './arbitraries.ts';

const commit: FaultPoint = {
  slot: 'greeter-0',
  operation: 'OffsetCommit',
  target: 'greeter',
  cause: ['m1'],
  ordinal: 1,
};
const record: FaultPoint = { ...commit, operation: 'sink.record', target: '' };

const statement: FaultPoint = { ...record, operation: 'COMMIT' };

/** One fault each, as documents and screens show them. */
const samples: readonly (readonly [string, Fault])[] = [
  [
    'crash greeter-0 · OffsetCommit greeter (m1) · #1 · after apply',
    { kind: 'crash', place: { point: commit, phase: 'after apply' } },
  ],
  [
    'crash greeter-0 · OffsetCommit greeter (m1) · #1 · after apply · in flight arrives',
    {
      kind: 'crash',
      place: { point: commit, phase: 'after apply' },
      with: { inFlight: 'arrives' },
    },
  ],
  [
    'error greeter-0 · OffsetCommit greeter (m1) · #1 · before apply · REBALANCE_IN_PROGRESS',
    {
      kind: 'error',
      place: { point: commit, phase: 'before apply' },
      with: { code: 'REBALANCE_IN_PROGRESS' },
    },
  ],
  [
    'error greeter-0 · COMMIT (m1) · #1 · before apply · 40001',
    {
      kind: 'error',
      place: { point: statement, phase: 'before apply' },
      with: { code: '40001' },
    },
  ],
  [
    'outage greeter-0 · COMMIT (m1) · #1 · after apply · 5000 ms',
    { kind: 'outage', place: { point: statement, phase: 'after apply' }, with: { ms: 5000 } },
  ],
  [
    'lock greeter-0 · COMMIT (m1) · #1 · before apply · 1500 ms',
    { kind: 'lock', place: { point: statement, phase: 'before apply' }, with: { ms: 1500 } },
  ],
  [
    'delay greeter-0 · sink.record (m1) · #1 · before apply · 1500 ms',
    { kind: 'delay', place: { point: record, phase: 'before apply' }, with: { ms: 1500 } },
  ],
  [
    'join greeter at greeter-0 · sink.record (m1) · #1 · before apply',
    { kind: 'join', on: 'greeter', place: { point: record, phase: 'before apply' } },
  ],
  ['stop greeter-0 after command m2', { kind: 'stop', on: 'greeter-0', place: { after: 'm2' } }],
  ['restart everything at rest', { kind: 'restart', on: 'everything', place: 'at rest' }],
  ['republish m1 at rest', { kind: 'republish', on: 'm1', place: 'at rest' }],
  [
    'redeliver greeter greetings.v1/0 to 0 at rest',
    { kind: 'redeliver', on: 'greeter greetings.v1/0', place: 'at rest', with: { offset: 0 } },
  ],
  [
    'rebalance greeter at greeter-0 · OffsetCommit greeter (m1) · #1 · before apply',
    { kind: 'rebalance', on: 'greeter', place: { point: commit, phase: 'before apply' } },
  ],
];

describe('the notation', () => {
  test.each(samples)('%s is written and read alike', (text, fault) => {
    expect(printFault(fault)).toBe(text);
    expect(parseFault(text)).toEqual({ ok: true, value: fault });
  });

  test('a point shows several causes in parentheses and none without', () => {
    expect(printPoint({ ...commit, cause: ['m1', 'm2'] })).toBe(
      'greeter-0 · OffsetCommit greeter (m1, m2) · #1',
    );
    expect(printPoint({ ...commit, cause: [] })).toBe('greeter-0 · OffsetCommit greeter · #1');
  });

  test('a name that could be mistaken for notation is quoted as JSON', () => {
    expect(printPoint({ ...record, cause: ['m · 1', 'at', 'plain-1'] })).toBe(
      'greeter-0 · sink.record ("m · 1", "at", plain-1) · #1',
    );
  });

  test('reading undoes writing for every well-formed fault', () => {
    fc.assert(
      fc.property(faults, (fault) => {
        expect(faultTrouble(fault)).toBeUndefined();
        expect(parseFault(printFault(fault))).toEqual({ ok: true, value: fault });
      }),
      { numRuns: 2_000 },
    );
  });

  test('reading undoes writing for every point, hold and redelivered partition', () => {
    fc.assert(
      fc.property(phasedPoints, (at) => {
        expect(parsePhasedPoint(printPhasedPoint(at))).toEqual({ ok: true, value: at });
        expect(parsePoint(printPoint(at.point))).toEqual({ ok: true, value: at.point });
      }),
    );
    fc.assert(
      fc.property(holds, (hold) => {
        expect(parseHold(printHold(hold))).toEqual({ ok: true, value: hold });
      }),
    );
    fc.assert(
      fc.property(names, names, fc.nat(), (group, topic, partition) => {
        const target = { group, topic, partition };
        expect(parseRedeliverTarget(printRedeliverTarget(target))).toEqual(target);
      }),
    );
  });

  test('points have equal keys exactly when they are equal', () => {
    fc.assert(
      fc.property(phasedPoints, phasedPoints, (a, b) => {
        const equal = printPhasedPoint(a) === printPhasedPoint(b);
        expect(pointKey(a.point, a.phase) === pointKey(b.point, b.phase)).toBe(equal);
        expect(pointKey(structuredClone(a.point), a.phase)).toBe(pointKey(a.point, a.phase));
      }),
    );
    expect(pointKey({ ...record, cause: ['a,b'] }, 'before apply')).not.toBe(
      pointKey({ ...record, cause: ['a', 'b'] }, 'before apply'),
    );
  });
});

describe('reading what a person typed', () => {
  const full = 'crash greeter-0 · OffsetCommit greeter (m1) · #1 · after apply';
  test.each([
    'crash greeter-0 - OffsetCommit greeter (m1) - #1 - after apply',
    'crash greeter-0 . OffsetCommit greeter (m1) . #1 . after apply',
    'crash greeter-0 * OffsetCommit greeter (m1) * #1 * after apply',
    'crash greeter-0 | OffsetCommit greeter (m1) | #1 | after apply',
    'crash greeter-0·OffsetCommit greeter (m1)·#1·after apply',
    'crash greeter-0 OffsetCommit greeter (m1) #1 after apply',
    'crash greeter-0 · OffsetCommit greeter (m1) · after apply',
    'crash greeter-0 · OffsetCommit greeter (m1)',
    '  Crash greeter-0 · OffsetCommit greeter ( m1 ) · #1 · after',
    'crash at greeter-0 · OffsetCommit greeter (m1)',
  ])('%s is understood', (text) => {
    const read = parseFault(text);
    expect(read.ok && printFault(read.value)).toBe(full);
  });

  test.each([
    ['reject greeter-0 . sink.record (m1)', 'before apply'],
    ['lose-request greeter-0 . sink.record (m1)', 'before apply'],
    ['lose response greeter-0 . sink.record (m1)', 'after apply'],
    ['silence greeter-0 . Fetch greetings.v1', 'after apply'],
    ['error p-0 . Produce t (m1) . NOT_COORDINATOR', 'before apply'],
    ['error p-0 . UPDATE accounts (m1) . 40P01', 'before apply'],
    ['outage p-0 . UPDATE accounts (m1) . 5 s', 'before apply'],
    ['lock p-0 . UPDATE accounts (m1) . 5 s', 'before apply'],
    ['victim p-0 . UPDATE accounts (m1)', 'before apply'],
    ['error p-0 . Produce t (m1) . REQUEST_TIMED_OUT', 'after apply'],
  ])('%s means %s', (text, phase) => {
    const read = parseFault(text);
    expect(read.ok && read.value.place).toMatchObject({ phase });
  });

  test('a time may be written in seconds', () => {
    const read = parseFault('freeze greeter-0 . sink.record (m1) . 45 s');
    expect(read.ok && read.value.with).toEqual({ ms: 45_000 });
    expect(parseFault('delay greeter-0 . sink.record (m1) . 1.5s')).toMatchObject({
      value: { with: { ms: 1_500 } },
    });
  });

  test.each([
    ['', 'A fault begins with its kind'],
    ['crush greeter-0 . x (m1)', 'Did you mean “crash”?'],
    ['explode', 'is no kind of fault. Kinds are crash'],
    ['crash', 'Expected an instance'],
    ['crash greeter-0', 'Expected an operation'],
    ['crash greeter-0 . Fetch t (m1', 'Expected “)”, not the end'],
    ['crash greeter-0 . Fetch t . #0', 'counted from #1'],
    ['crash greeter-0 . Fetch t . #1 . sideways', 'Did not understand “sideways”'],
    ['crash greeter-0 . Fetch t . NOT_COORDINATOR', 'crash takes no error name'],
    ['crash greeter-0 . "Fetch', 'does not close'],
    ['crash at rest', 'crash needs an instance'],
    ['reject at rest', 'reject strikes one request or call'],
    ['delay greeter-0 . sink.record (m1)', 'delay needs a length of time'],
    ['delay greeter-0 . sink.record (m1) . 1500', 'Expected a time such as'],
    ['outage p-0 . UPDATE accounts (m1)', 'outage needs a length of time'],
    ['lock p-0 . UPDATE accounts (m1)', 'lock needs a length of time'],
    ['victim p-0 . sink.record (m1)', 'sink.record is none'],
    ['lock-rows p-0 . SELECT outbox', 'lock-rows needs a length of time'],
    ['lock-rows p-0 . SELECT outbox . after apply . 5 s', 'that is before apply'],
    ['victim p-0 . UPDATE accounts (m1) . after apply', 'that is before apply'],
    ['victim p-0 . UPDATE accounts (m1) . 5 s', 'takes no length of time'],
    ['lock p-0 . sink.record (m1) . 5 s', 'sink.record is none'],
    ['lock p-0 . UPDATE accounts (m1) . after apply . 5 s', 'that is before apply'],
    ['loc p-0 . UPDATE accounts (m1) . 5 s', 'Did you mean “lock”'],
    ['delay p-0 . UPDATE accounts (m1) . 15000', 'Expected a time such as'],
    ['error p-0 . UPDATE accounts (m1) . 23505', 'and never else: place a republish'],
    ['error p-0 . UPDATE accounts (m1) . 53300', 'those are 40001, 40P01, 57P01'],
    ['error p-0 . UPDATE accounts (m1) . NOT_COORDINATOR', 'those are 40001, 40P01, 57P01'],
    ['error p-0 . UPDATE accounts (m1) . after apply . 40001', 'instead of applying it'],
    ['error p-0 . Produce t (m1) . 40001', 'Produce is no statement'],
    ['redeliver greeter at rest', 'Expected topic/partition, not “at”'],
    ['redeliver greeter t/0 at rest', 'redeliver needs an offset'],
    ['stop greeter-0 before lunch', 'Expected “before start”'],
  ])('“%s” is refused with a reason and an example that is right', (text, reason) => {
    const read = parseFault(text);
    expect(read).toMatchObject({ ok: false, sentence: expect.stringContaining(reason) });
    if (!read.ok) expect(parseFault(read.example).ok).toBe(true);
  });

  test('a hold without its second point is refused with an example that is right', () => {
    const read = parseHold('hold greeter-0 . sink.record (m1)');
    expect(read).toMatchObject({ ok: false, sentence: expect.stringContaining('“until”') });
    if (!read.ok) expect(parseHold(read.example).ok).toBe(true);
  });
});
