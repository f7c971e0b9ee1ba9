/** The learner's lines with their marks, kept as files beside this one. */
import { describe, expect, test } from 'vitest';
import { stripVTControlCharacters } from 'node:util';
import type { Coverage, CoveredCall, Mark, Report } from '#verify';
import { renderReport, type RenderOptions } from '../../../harness/cli/story/render.ts';
import { sarifOf } from '../../../harness/cli/sarif.ts';
import { width } from '../../../harness/cli/story/width.ts';
import * as plots from './plots.ts';
import { report } from './scribe.ts';

const wide: RenderOptions = {
  columns: 100,
  color: false,
  plain: false,
  full: false,
  coverage: true,
};

const mark = (word: Mark['word'], tried = 3, broke = 0): Mark => ({ word, tried, of: 3, broke });
const nothing: Mark = { word: 'nothing', tried: 0, of: 0, broke: 0 };
const survives = mark('survives');

function breaks(id: string, command: string, fault: string): Mark {
  const finding = {
    id,
    property: 'counted-once',
    sentence: `Account ${command} holds 60; her distinct payments sum to 30.`,
    faults: [`crash projector-0 · ${fault} · #1 · after apply`],
    replay: `npx crash 15 --replay ${id}`,
    replayed: true,
  };
  return { ...mark('breaks', 3, 2), finding };
}

function call(line: number, text: string, marks: Partial<CoveredCall>): CoveredCall {
  return {
    file: 'projector.ts',
    line,
    column: 7,
    endLine: line,
    call: text.replace(/^await /, ''),
    text,
    dropped: false,
    reached: 'workload',
    visits: 3,
    before: survives,
    during: survives,
    after: survives,
    ...marks,
  };
}

const insert = breaks('k3', 'alice', 'INSERT ledger (p1)');
const update = breaks('k4', 'bob', 'UPDATE accounts (p1)');
const sites: readonly CoveredCall[] = [
  call(12, 'await consumer.connect();', { during: nothing }),
  call(16, "await db.query('insert into ledger values ($1, $2, $3, $4)', [source, id, account]);", {
    during: insert,
    after: insert,
  }),
  call(
    17,
    "await db.query('update accounts set balance = balance + $1 where id = $2', [amount]);",
    {
      before: insert,
      during: update,
      after: mark('breaks anyway', 3, 3),
    },
  ),
  call(24, "producer.send({ topic: 'receipts', messages });", {
    dropped: true,
    after: mark('not tried', 0),
  }),
  call(31, "await db.query('insert into errors values ($1)', [id]);", {
    reached: 'fault',
    under: ['reject projector-0 · psp.charge (p1) · #1 · before apply'],
  }),
  call(40, 'await alert(error);', {
    reached: 'never',
    visits: 0,
    before: nothing,
    during: nothing,
    after: nothing,
  }),
];

const coverage: Coverage = {
  workload: ['republish p1 at rest', 'stop projector-0 at rest'],
  complete: false,
  lines: 5,
  survive: 2,
  sites,
};

const painted = (more: Partial<Coverage> = {}): Report => ({
  ...report(plots.crashWindow()),
  chapter: '15-idempotent-consumer',
  title: 'Idempotent consumer on a database',
  promise: 'Every payment counts once, however often it arrives and whenever the process dies.',
  findings: [],
  coverage: { ...coverage, ...more },
});

describe.each([100, 60])('in %i columns', (columns) => {
  test('reads as kept', async () => {
    const text = renderReport(painted(), { ...wide, columns });
    await expect(text).toMatchFileSnapshot(`shots/coverage.${columns}.txt`);
    const tooWide = text.split('\n').filter((line) => width(line) > columns);
    expect(tooWide.filter((line) => !line.includes('npx crash'))).toEqual([]);
  });

  test('says the same without colour', () => {
    const options = { ...wide, columns };
    const colored = renderReport(painted(), { ...options, color: true });
    expect(stripVTControlCharacters(colored)).toBe(renderReport(painted(), options));
  });
});

test('two calls on one line are told apart', () => {
  const twice = [
    call(9, 'await Promise.all([a(), b()]);', {}),
    call(9, 'await a(); await b();', {}),
  ];
  const [first, second] = twice.map((each, n) => ({ ...each, call: 'ab'.charAt(n) + '()' }));
  const text = renderReport(painted({ sites: [first, second] as CoveredCall[] }), wide);
  expect(text).toMatch(/ 9 {2}a\(\)/);
  expect(text).toMatch(/ 9 {2}b\(\)/);
});

test('says why there is nothing to show', () => {
  const sentence = 'Watching the calls changed the run, so that nothing can be said of them.';
  const text = renderReport(painted({ sites: [], unavailable: sentence }), wide);
  expect(text).toContain(sentence);
  expect(text).not.toContain('0 of 0');
});

test('the certificate counts the lines, when every moment of each was tried', () => {
  const holds = { ...painted({ complete: true, survive: 5 }), verdict: 'holds' as const };
  const sentence = '5 of 5 lines of yours that wait for something survive dying before, during and';
  const { certificate } = { certificate: certificateOf() };
  const screen = { ...wide, coverage: false };
  expect(renderReport({ ...holds, certificate }, screen)).toContain(sentence);
  const partly = { ...holds, coverage: { ...coverage, complete: false }, certificate };
  expect(renderReport(partly, screen)).not.toContain('lines of yours');
  const [first, ...others] = coverage.sites;
  const unknown = first && { ...first, before: mark('not tried', 1) };
  const untried = { ...partly.coverage, sites: [...(unknown ? [unknown] : []), ...others] };
  expect(renderReport({ ...holds, coverage: untried, certificate }, screen)).toContain(
    'dying at each of your lines: not all was tried: npx crash 15 --coverage',
  );
});

function certificateOf(): NonNullable<Report['certificate']> {
  const share = { tried: 1, of: 1 };
  return {
    level: 2,
    crashPoints: share,
    singles: share,
    seconds: share,
    random: 0,
    unfired: 0,
    distinct: 1,
    sometimes: {},
    never: [],
    untried: [],
    repeatedFresh: 0,
  };
}

describe('as SARIF', () => {
  const log = sarifOf(
    { ...painted(), findings: report(plots.crashWindow()).findings },
    (file) => `exercises/15/${file}`,
  );
  const [run] = log.runs;
  const results = run?.results ?? [];

  test('has what the format requires', () => {
    expect(log).toMatchObject({
      version: '2.1.0',
      $schema: expect.stringContaining('sarif-2.1.0') as string,
    });
    expect(log.runs).toHaveLength(1);
    expect(run?.tool.driver.name).toBe('Crashproof');
    const rules = run?.tool.driver.rules?.map(({ id }) => id);
    for (const { ruleId, message, level, locations = [] } of results) {
      expect(rules).toContain(ruleId);
      expect(message.text).not.toBe('');
      expect(['error', 'warning']).toContain(level);
      for (const { physicalLocation } of locations) {
        expect(physicalLocation?.artifactLocation?.uri).toMatch(/^(?!\/)[^\\]+$/);
        expect(physicalLocation?.region?.startLine).toBeGreaterThan(0);
      }
    }
    expect(JSON.parse(JSON.stringify(log))).toEqual(log);
  });

  test('has one result for each finding and one for each mark that breaks, at its place', () => {
    expect(results.map(({ level }) => level)).toEqual([
      'error',
      ...Array.from({ length: 4 }, () => 'warning'),
    ]);
    const [, first] = results;
    expect(first?.locations?.[0]?.physicalLocation).toEqual({
      artifactLocation: { uri: 'exercises/15/projector.ts' },
      region: { startLine: 16, startColumn: 7, endLine: 16 },
    });
    expect(first?.message.text).toContain('Dying during this call breaks counted-once (2 of 3)');
    expect(first?.message.text).toContain('npx crash 15 --replay k3');
  });
});
