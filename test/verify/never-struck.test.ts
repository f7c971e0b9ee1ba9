import { expect, test } from 'vitest';
import type { Crossing, Fault, FaultPoint, Phase } from '#schedule';
import { neverStruck } from '../../harness/verify/never-struck.ts';

const commit: FaultPoint = {
  slot: 'greeter-0',
  operation: 'OffsetCommit',
  target: 'greeter',
  cause: ['m1'],
  ordinal: 1,
};

function crossing(point: FaultPoint, phase: Phase): Crossing {
  return { point, phase, target: 'kafka', topics: [], atMs: 0, index: 0, inFlight: false };
}

function outcome(fault: Fault, fired: readonly number[]): Parameters<typeof neverStruck>[0] {
  return {
    schedule: {
      format: 1,
      chapter: '00-first-crash',
      seed: 1,
      instances: {},
      commands: [],
      faults: [fault],
      holds: [],
    },
    findings: [],
    notes: [],
    notJudged: [],
    ending: { kind: 'rest' },
    fired,
    held: [],
    traceHash: '',
    traceClass: '',
    leaks: [],
    sometimes: {},
    crossings: [crossing(commit, 'before apply'), crossing(commit, 'after apply')],
    steps: 0,
    virtualMs: 0,
  };
}

const crashAt = (point: FaultPoint): Fault => ({
  kind: 'crash',
  place: { point, phase: 'after apply' },
});

test('a fault that struck needs no word', () => {
  expect(neverStruck(outcome(crashAt(commit), [0]))).toBeUndefined();
});

test('a name that nothing bears is a mistake, answered with the nearest place', () => {
  const typo = crashAt({ ...commit, operation: 'OffsetComit' });
  expect(() => neverStruck(outcome(typo, []))).toThrow(
    [
      'Nothing in this run is called greeter-0 · OffsetComit. The nearest places are:',
      'crash greeter-0 · OffsetCommit greeter (m1) · #1 · after apply',
      'crash greeter-0 · OffsetCommit greeter (m1) · #1 · before apply',
    ].join('\n'),
  );
});

test('a place that the run did not come to proves nothing', () => {
  const elsewhere = neverStruck(outcome(crashAt({ ...commit, cause: ['m9'] }), []));
  expect(elsewhere?.sentence).toContain('it never struck');
  expect(elsewhere?.advice).toContain('(m1) · #1 · after apply');
});

test('a place far from any is answered with those that are there', () => {
  const far = crashAt({ ...commit, cause: ['m9', 'closing-12'], ordinal: 7 });
  expect(neverStruck(outcome(far, []))?.advice.split('\n')).toEqual([
    'Place it somewhere else. The nearest places are:',
    'crash greeter-0 · OffsetCommit greeter (m1) · #1 · after apply',
    'crash greeter-0 · OffsetCommit greeter (m1) · #1 · before apply',
  ]);
});

test('a kind that cannot strike where it was placed is told so', () => {
  const reject: Fault = { kind: 'reject', place: { point: commit, phase: 'before apply' } };
  expect(neverStruck(outcome(reject, []))?.advice).toBe(
    'A fault of the kind reject cannot strike there.',
  );
});

test('a lock on a table that somebody has is told so', () => {
  const update: FaultPoint = { ...commit, operation: 'UPDATE', target: 'accounts' };
  const place = { point: update, phase: 'before apply' } as const;
  const lock: Fault = { kind: 'lock', place, with: { ms: 1_500 } };
  const statement: Crossing = { ...crossing(update, 'before apply'), target: 'sql' };
  const advised = (lockable?: true): string | undefined => {
    const here: Crossing = lockable ? { ...statement, lockable } : statement;
    return neverStruck({ ...outcome(lock, []), crossings: [here] })?.advice;
  };
  expect(advised(true)).toBe('Another transaction had accounts at that moment.');
  expect(advised()).toBe(
    'It takes a statement that writes to a table which its transaction has not yet.',
  );
});

test('rows that somebody has, and statements that want none, are told so', () => {
  const update: FaultPoint = { ...commit, operation: 'UPDATE', target: 'accounts' };
  const place = { point: update, phase: 'before apply' } as const;
  const lock: Fault = { kind: 'lock-rows', place, with: { ms: 1_500 } };
  const advised = (wantsRows?: true): string | undefined => {
    const here: Crossing = {
      ...crossing(update, 'before apply'),
      ...(wantsRows && { wantsRows }),
    };
    return neverStruck({ ...outcome(lock, []), crossings: [here] })?.advice;
  };
  expect(advised(true)).toBe(
    'There were no such rows in accounts, or another transaction had one of them.',
  );
  expect(advised()).toBe(
    'It takes an UPDATE, a DELETE or a query with FOR UPDATE, and rows that nobody has yet.',
  );
});

test('a victim of no deadlock is told what it takes', () => {
  const update: FaultPoint = { ...commit, operation: 'UPDATE', target: 'accounts' };
  const victim: Fault = { kind: 'victim', place: { point: update, phase: 'before apply' } };
  const here = crossing(update, 'before apply');
  expect(neverStruck({ ...outcome(victim, []), crossings: [here] })?.advice).toBe(
    'It takes a deadlock in which that statement waits, and which another one closes.',
  );
});

test('an error that would be a lie there is answered with those that would be none', () => {
  const update: FaultPoint = { ...commit, operation: 'UPDATE', target: 'accounts' };
  const lie: Fault = {
    kind: 'error',
    place: { point: update, phase: 'before apply' },
    with: { code: '40001' },
  };
  const statement: Crossing = {
    ...crossing(update, 'before apply'),
    target: 'sql',
    mayFailWith: ['40P01', '57P01'],
  };
  expect(neverStruck({ ...outcome(lie, []), crossings: [statement] })?.advice).toBe(
    'In that transaction a healthy PostgreSQL says nothing there but 40P01 or 57P01.',
  );
});
