/** Which faults make sense at the statements of a service, and what they shrink to. */
import { describe, expect, test } from 'vitest';
import {
  createGenerator,
  healthySqlErrors,
  printFault,
  seconds,
  shrink,
  singles,
  type SqlMoment,
} from '#schedule';
import type { Calm, Crossing, Fault, Schedule } from '#schedule';
import type { Level } from '#kit';
import { chapterOne, exampleSchedule } from './chapter-one.ts';

const calm: Calm = { schedule: exampleSchedule, crossings: statements() };

/** One transaction of an isolation in which everything may collide. */
function statements(): readonly Crossing[] {
  const points = [
    { operation: 'INSERT', target: 'ledger', mayFailWith: ['40001', '57P01'], lockable: true },
    { operation: 'SELECT', target: 'accounts', mayFailWith: ['57P01'], wantsRows: true },
    { operation: 'COMMIT', target: '', mayFailWith: ['40001', '57P01'] },
  ];
  return points.flatMap(({ operation, target, mayFailWith, lockable, wantsRows }, at) =>
    (['before apply', 'after apply'] as const).map((phase, half) => ({
      point: { slot: 'greeter-0', operation, target, cause: ['m1'], ordinal: 1 },
      phase,
      target: 'sql' as const,
      topics: [],
      atMs: 2 * at + half,
      index: 2 * at + half,
      inFlight: false,
      ...(phase === 'before apply' && { mayFailWith }),
      ...(phase === 'before apply' && lockable && { lockable }),
      ...(phase === 'before apply' && wantsRows && { wantsRows }),
    })),
  );
}

const placed = (level: Level, kind: Fault['kind']): readonly string[] =>
  singles({ chapter: chapterOne, level, calm })
    .flatMap(({ schedule }) => schedule.faults)
    .filter((fault) => fault.kind === kind && JSON.stringify(fault.place).includes('m1'))
    .map(printFault);

describe('single faults at statements', () => {
  test('a process dies before and after every statement and COMMIT, from level 1 on', () => {
    expect(placed(1, 'crash')).toEqual([
      'crash greeter-0 · INSERT ledger (m1) · #1 · before apply',
      'crash greeter-0 · INSERT ledger (m1) · #1 · after apply',
      'crash greeter-0 · COMMIT (m1) · #1 · before apply',
      'crash greeter-0 · COMMIT (m1) · #1 · after apply',
      'crash greeter-0 · SELECT accounts (m1) · #1 · before apply',
      'crash greeter-0 · SELECT accounts (m1) · #1 · after apply',
    ]);
    expect(placed(1, 'error')).toEqual([]);
    expect(placed(1, 'outage')).toEqual([]);
  });

  test('errors are those that the server may answer there', () => {
    expect(placed(2, 'error')).toEqual([
      'error greeter-0 · INSERT ledger (m1) · #1 · before apply · 40001',
      'error greeter-0 · INSERT ledger (m1) · #1 · before apply · 57P01',
      'error greeter-0 · COMMIT (m1) · #1 · before apply · 40001',
      'error greeter-0 · COMMIT (m1) · #1 · before apply · 57P01',
      'error greeter-0 · SELECT accounts (m1) · #1 · before apply · 57P01',
    ]);
  });

  test('the database goes down for a while before and after each, and answers are lost or late', () => {
    expect(placed(2, 'outage').filter((text) => text.includes('COMMIT'))).toEqual([
      'outage greeter-0 · COMMIT (m1) · #1 · before apply · 5000 ms',
      'outage greeter-0 · COMMIT (m1) · #1 · before apply · 45000 ms',
      'outage greeter-0 · COMMIT (m1) · #1 · after apply · 5000 ms',
    ]);
    expect(placed(2, 'lose-response')).toContain(
      'lose-response greeter-0 · COMMIT (m1) · #1 · after apply',
    );
    expect(placed(2, 'delay')).toContain(
      'delay greeter-0 · INSERT ledger (m1) · #1 · after apply · 45000 ms',
    );
  });

  test('somebody else has the table for a moment, where the statement would wait for it', () => {
    expect(placed(2, 'lock')).toEqual([
      'lock greeter-0 · INSERT ledger (m1) · #1 · before apply · 1500 ms',
    ]);
    expect(placed(1, 'lock')).toEqual([]);
  });

  test('somebody else has the rows for a moment, where the statement wants some', () => {
    expect(placed(2, 'lock-rows')).toEqual([
      'lock-rows greeter-0 · SELECT accounts (m1) · #1 · before apply · 1500 ms',
    ]);
    expect(placed(1, 'lock-rows')).toEqual([]);
  });

  test('who waits in a deadlock may be its victim', () => {
    const [first, ...others] = calm.crossings;
    const deadlocked = [{ ...(first as Crossing), mayBeVictim: true as const }, ...others];
    const chosen = (level: Level): readonly string[] =>
      singles({ chapter: chapterOne, level, calm: { ...calm, crossings: deadlocked } })
        .filter(({ family }) => family === 'victim')
        .flatMap(({ schedule }) => schedule.faults.map(printFault));
    expect(chosen(2)).toEqual(['victim greeter-0 · INSERT ledger (m1) · #1 · before apply']);
    expect(chosen(1)).toEqual([]);
    expect(placed(2, 'victim')).toEqual([]);
    const generate = createGenerator({
      chapter: chapterOne,
      level: 2,
      calm: { ...calm, crossings: deadlocked },
    });
    const drawn = Array.from({ length: 600 }, (_, index) => generate(1, index).faults).flat();
    expect(drawn.some(({ kind }) => kind === 'victim')).toBe(true);
  });

  test('longer than the session only by chance, and not where the chapter leaves locks out', () => {
    const drawn = (without: readonly Fault['kind'][]): ReadonlySet<string> => {
      const chapter = { ...chapterOne, without };
      const generate = createGenerator({ chapter, level: 2, calm });
      const faults = Array.from({ length: 600 }, (_, index) => generate(1, index).faults).flat();
      const locks = faults.filter(({ kind }) => kind === 'lock' || kind === 'lock-rows');
      return new Set(locks.map((fault) => `${fault.kind} ${fault.with?.ms}`));
    };
    const rows = ['lock-rows 1500', 'lock-rows 45000'];
    expect(drawn([])).toEqual(new Set(['lock 1500', 'lock 45000', ...rows]));
    expect(drawn(['lock'])).toEqual(new Set(rows));
    expect(drawn(['lock', 'lock-rows'])).toEqual(new Set());
  });

  test('an outside system is out only where it can refuse', () => {
    const crossings = calm.crossings.map((crossing) => ({
      ...crossing,
      target: 'port' as const,
      point: { ...crossing.point, operation: 'sink.record', target: '' },
      mayFailWith: [],
    }));
    const outages = singles({ chapter: chapterOne, level: 2, calm: { ...calm, crossings } })
      .flatMap(({ schedule }) => schedule.faults)
      .filter(({ kind }) => kind === 'outage')
      .map(printFault);
    expect(outages).toEqual([
      'outage greeter-0 · sink.record (m1) · #1 · before apply · 5000 ms',
      'outage greeter-0 · sink.record (m1) · #1 · before apply · 45000 ms',
    ]);
  });

  test('a chapter may leave outages out', () => {
    const left = singles({ chapter: { ...chapterOne, without: ['outage'] }, level: 2, calm });
    expect(left.flatMap(({ schedule }) => schedule.faults.map(({ kind }) => kind))).not.toContain(
      'outage',
    );
  });

  test('what is tried again after an error may fail again', () => {
    const [first] = statements();
    const struck: Fault = {
      kind: 'error',
      place: { point: (first as Crossing).point, phase: 'before apply' },
      with: { code: '40001' },
    };
    const pairs = seconds({
      chapter: chapterOne,
      level: 2,
      first: { ...exampleSchedule, faults: [struck] },
      crossings: calm.crossings,
    });
    expect(pairs.map(({ schedule }) => printFault(schedule.faults[1] as Fault))).toContain(
      'error greeter-0 · COMMIT (m1) · #1 · before apply · 40001',
    );
  });
});

describe('what a healthy PostgreSQL may answer', () => {
  const update: SqlMoment = {
    verbs: ['UPDATE'],
    upserts: false,
    isolation: 'read committed',
    holdsLocks: false,
    hasFailed: false,
  };
  const [locks, snapshot, serial] = [
    { holdsLocks: true },
    { isolation: 'repeatable read' },
    { isolation: 'serializable' },
  ];
  const insert = { verbs: ['INSERT'] };
  const query = { verbs: ['SELECT'] };
  const both = ['40001', '57P01'];
  test.each<readonly [string, Partial<SqlMoment>, readonly string[]]>([
    ['the first UPDATE of a transaction', {}, ['57P01']],
    ['an UPDATE that wants a second lock', locks, ['40P01', '57P01']],
    ['an UPDATE of a snapshot', snapshot, ['40001', '57P01']],
    ['a new row', { ...insert, ...locks }, ['57P01']],
    ['a new row of a snapshot', { ...insert, ...snapshot }, ['57P01']],
    ['a new row or an old one', { ...insert, ...locks, upserts: true }, ['40P01', '57P01']],
    [
      'a new row or an old one of a snapshot',
      { ...insert, ...snapshot, upserts: true },
      ['40001', '57P01'],
    ],
    ['a new row that is serialized', { ...insert, ...serial }, ['40001', '57P01']],
    ['a query that locks rows', { ...query, locks: 'rows' }, ['57P01']],
    ['a query that locks more rows', { ...query, ...locks, locks: 'rows' }, ['40P01', '57P01']],
    ['a query that locks rows of a snapshot', { ...query, ...snapshot, locks: 'rows' }, both],
    ['an advisory lock of a snapshot', { ...query, ...snapshot, locks: 'others' }, ['57P01']],
    ['another advisory lock', { ...query, ...locks, locks: 'others' }, ['40P01', '57P01']],
    ['a COMMIT', { verbs: ['COMMIT'], ...locks }, ['57P01']],
    ['a COMMIT of a snapshot', { verbs: ['COMMIT'], ...locks, ...snapshot }, ['57P01']],
    ['a COMMIT that is serialized', { verbs: ['COMMIT'], ...serial }, ['40001', '57P01']],
    [
      'anything in a transaction that has failed',
      { ...locks, ...serial, hasFailed: true },
      ['57P01'],
    ],
  ])('%s', (_what, moment, expected) => {
    expect(healthySqlErrors({ ...update, ...moment })).toEqual(expected);
  });
});

describe('what the database does for a while shrinks', () => {
  const outageAt = (
    operation: string,
    phase: 'before apply' | 'after apply',
    kind: Fault['kind'] = 'outage',
  ): Schedule => ({
    ...exampleSchedule,
    faults: [
      {
        kind,
        place: {
          point: { slot: 'greeter-0', operation, target: '', cause: ['m1'], ordinal: 1 },
          phase,
        },
        with: { ms: 45_000 },
      },
    ],
  });
  const shrunk = async (
    schedule: Schedule,
    least: readonly string[],
  ): Promise<readonly string[]> => {
    const found = await shrink(
      schedule,
      ({ faults }) =>
        Promise.resolve({
          signature: faults.some(({ kind }) => least.includes(kind)) ? 'no-loss' : undefined,
          fired: faults.map((_, index) => index),
          held: [],
        }),
      'no-loss',
    );
    return found.schedule.faults.map(printFault);
  };

  test.each([
    ['COMMIT', 'before apply', 'error', 'COMMIT (m1) · #1 · before apply · 57P01'],
    ['COMMIT', 'after apply', 'lose-response', 'COMMIT (m1) · #1 · after apply'],
    ['sink.record', 'before apply', 'reject', 'sink.record (m1) · #1 · before apply'],
  ] as const)(
    'an outage at %s %s to one %s where that is enough',
    async (operation, phase, kind, text) => {
      expect(await shrunk(outageAt(operation, phase), ['outage', kind])).toEqual([
        `${kind} greeter-0 · ${text}`,
      ]);
    },
  );

  test('a lock to a statement that is slow by itself where that is enough, else to a short one', async () => {
    const locked = outageAt('INSERT', 'before apply', 'lock');
    const at = 'greeter-0 · INSERT (m1) · #1 · before apply · 1500 ms';
    expect(await shrunk(locked, ['lock', 'delay'])).toEqual([`delay ${at}`]);
    expect(await shrunk(locked, ['lock'])).toEqual([`lock ${at}`]);
  });

  test('a deadlock to its error where nobody else is needed, else to nothing less', async () => {
    const [fault] = outageAt('UPDATE', 'before apply', 'victim').faults;
    const { with: _, ...bare } = fault as Fault;
    const schedule = { ...exampleSchedule, faults: [bare] };
    const at = 'greeter-0 · UPDATE (m1) · #1 · before apply';
    expect(await shrunk(schedule, ['victim', 'error'])).toEqual([`error ${at} · 40P01`]);
    expect(await shrunk(schedule, ['victim'])).toEqual([`victim ${at}`]);
  });

  test('an outage to a shorter one where it has to last', async () => {
    expect(await shrunk(outageAt('COMMIT', 'before apply'), ['outage'])).toEqual([
      'outage greeter-0 · COMMIT (m1) · #1 · before apply · 1500 ms',
    ]);
  });
});
