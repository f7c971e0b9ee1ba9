/** What a learner reads, kept as files beside this one: read them when they change. */
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Certificate, Report } from '#verify';
import { renderReport, type RenderOptions } from '../../../harness/cli/story/render.ts';
import {
  renderDoesNotLoad,
  renderTrouble,
  renderUsage,
} from '../../../harness/cli/story/trouble.ts';
import type { Row } from '../../../harness/cli/story/rows.ts';
import { table } from '../../../harness/cli/story/table.ts';
import { width } from '../../../harness/cli/story/width.ts';
import * as outagePlots from './outage-plots.ts';
import * as plots from './plots.ts';
import { faultAt, finding, report, Scribe } from './scribe.ts';
import * as sagaPlots from './saga-plots.ts';
import * as tablePlots from './table-plots.ts';

const wide: RenderOptions = { columns: 100, color: false, plain: false, full: false };
const views: Readonly<Record<string, RenderOptions>> = {
  '100': wide,
  '60': { ...wide, columns: 60 },
  plain: { ...wide, plain: true },
};
const stories = Object.entries({
  ...plots,
  ...tablePlots,
  ...outagePlots,
  ...sagaPlots,
}).map(([name, plot]) => [kebab(name), plot()] as const);

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

const certificate: Certificate = {
  level: 2,
  crashPoints: { tried: 44, of: 44 },
  singles: { tried: 268, of: 268 },
  seconds: { tried: 120, of: 3104 },
  random: 1200,
  unfired: 3,
  distinct: 812,
  sometimes: { redeliveries: 1388, duplicates: 212, zombies: 96, 'lost commits': 44 },
  never: [],
  untried: ['silent connections', 'three instances', '2 984 pairs of faults'],
  repeatedFresh: 20,
};

function holding(): Report {
  const broken = report(plots.crashWindow());
  return { ...broken, verdict: 'holds', findings: [], certificate, runs: 1632, seconds: 6.13 };
}

describe.each(stories)('the story of %s', (name, plot) => {
  test.each(Object.entries(views))('reads as kept for %s', async (view, options) => {
    const text = renderReport(report(plot), options);
    await expect(text).toMatchFileSnapshot(`shots/${name}.${view}.txt`);
  });

  test('fits its columns, whatever they are', () => {
    for (const columns of [40, 60, 79, 80, 100, 160]) {
      const text = renderReport(report(plot), { ...wide, columns });
      const tooWide = text.split('\n').filter((line) => width(line) > columns);
      // A command to copy is never broken, and a mark may stand at the very end of a row.
      const excused = (line: string): boolean => /[✗◂]$|Again: |npx crash/.test(line);
      expect(tooWide.filter((line) => !excused(line))).toEqual([]);
    }
  });

  test('says the same without colour', () => {
    for (const options of Object.values(views)) {
      const painted = renderReport(report(plot), { ...options, color: true });
      expect(painted).not.toBe(renderReport(report(plot), options));
      expect(stripVTControlCharacters(painted)).toBe(renderReport(report(plot), options));
    }
  });

  test('never uses our own words, nor a name that nobody gave', () => {
    for (const options of [...Object.values(views), { ...wide, full: true, calm: true }]) {
      const text = renderReport(report(plot), options);
      expect(text).not.toMatch(
        /fault point|\bhistory\b|\bworld\b|undefined|\bNaN\b|\[object|null/i,
      );
    }
  });

  test('proves its case in at most fifteen rows, each of them also told as a sentence', () => {
    const rows = renderReport(report(plot), wide)
      .split('\n')
      .filter((line) => /^(?:⚡| {2})[ \d\u202f]{6}\d {2}/u.test(line));
    const sentences = renderReport(report(plot), { ...wide, plain: true })
      .split('\n')
      .filter((line) => line.startsWith('  - '));
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.length).toBeLessThanOrEqual(15);
    expect(sentences).toHaveLength(rows.length);
  });

  test('shows every fault with its glyph and a word in capitals', () => {
    const text = renderReport(report(plot), wide);
    const struck = text.split('\n').filter((line) => /^⚡ *[\d\u202f]/u.test(line));
    expect(struck.length).toBeGreaterThanOrEqual(plot.faults.length);
    for (const line of struck) expect(line).toMatch(/\b(?:[A-Z]{4,}|CUT OFF)\b/);
  });
});

test('a question says which one of how many it is, in one piece', () => {
  const plain = report(plots.crashWindow());
  const asked = (columns: number, of: number): string => {
    const findings = plain.findings.map((each) => ({ ...each, hint: { number: 2, of } }));
    return renderReport({ ...plain, findings }, { ...wide, columns });
  };
  for (const columns of [60, 70, 80, 90, 100])
    expect(asked(columns, 3)).toMatch(/\(2\u00a0of\u00a03\)$/m);
  expect(asked(100, 1)).not.toContain('\u00a0of\u00a0');
});

test('where nothing struck, the calm run is not shown a second time', () => {
  const plot = plots.neverRests();
  const text = renderReport(report({ ...plot, calm: plot.scribe.facts }), { ...wide, calm: true });
  expect(text).toContain('Nothing struck here: this is the calm run.');
  expect(text.split('\n').filter((line) => line.includes('  ms  '))).toHaveLength(1);
});

test('partitions share a lane where lanes of their own would break many lines', () => {
  const row = (at: number, ...cells: readonly (readonly [string, string])[]): Row => ({
    atMs: at,
    fault: false,
    cells: cells.map(([lane, text]) => ({ lane, text })),
    sentence: '',
    seqs: [at],
    weight: 1,
  });
  const logs = [0, 1, 2].map((each) => row(each, [`log payments.captured/${each}`, '0 shop:p1']));
  const changes = (count: number): Row[] =>
    Array.from({ length: count }, (_, at) =>
      row(10 + at, ['tables database', 'accounts carol 3000000000 → 6000000000']),
    );
  const shown = (count: number): string[] =>
    table([...logs, ...changes(count)], { ...wide, paint: (text) => text });
  expect(shown(2)[0]).toContain('payments.captured/0  payments.captured/1  payments.captured/2');
  expect(shown(9)[0]).toMatch(/ms {2}payments\.captured {2,}database$/);
  expect(shown(9)).toHaveLength(2 + 3 + 9);
});

test('a longer table shows every row, the shorter one counts what it folded', () => {
  const listed = { ...wide, plain: true };
  const short = renderReport(report(plots.crashWindow()), listed);
  const full = renderReport(report(plots.crashWindow()), { ...listed, full: true });
  const rowsIn = (text: string): number => text.split('\n  - ').length - 1;
  expect(full).not.toContain('rows more');
  expect(rowsIn(full) - rowsIn(short)).toBe(Number(/… (\d+) rows more/.exec(short)?.[1]));
});

function printing(...lines: readonly string[]): Report {
  const plot = plots.lostAnswer();
  for (const line of lines) plot.scribe.says('publisher-0', line);
  return report(plot);
}

test('what an instance of the table printed is quoted though it names no command', () => {
  const lines = ['one', 'two', 'three', 'four', 'five', 'six'];
  const text = renderReport(printing(...lines), { ...wide, columns: 160 });
  expect(text).toContain('your console · publisher-0: "two" (');
  expect(text).toContain('"six" (');
  expect(text).not.toContain('"one"');
});

test('lines that name a command of the finding go before those that do not', () => {
  const text = renderReport(printing('waiting', 'sending m1', 'waiting'), wide);
  expect(text).toContain('your console · publisher-0: "sending m1" (');
  expect(text).not.toContain('"waiting"');
});

test('with every row of the table all that was printed stands in it', () => {
  const text = renderReport(printing('waiting', 'sending m1'), { ...wide, full: true });
  expect(text).toContain('prints "waiting"');
  expect(text).toContain('prints "sending m1"');
});

test('only the last witness breaks it, and what merely arrived breaks nothing', () => {
  const plain = renderReport(report(plots.lostAnswer()), { ...wide, plain: true });
  expect(plain.match(/this breaks it/g)).toHaveLength(1);
  expect(plain).toContain('(part of the proof)');
  const plot = plots.crashWindow();
  const arrival = plot.scribe.facts.find(({ kind }) => kind === 'append')?.seq ?? -1;
  const absent = renderReport(report({ ...plot, witnesses: [arrival] }), wide);
  expect(absent).toMatch(/0 m1 +◂\n/);
  expect(absent).not.toMatch(/✗\n/);
});

test('an offset that a sentence names stands in the table, whatever it covers', () => {
  const scribe = new Scribe();
  const greeter = { slot: 'greeter-0' };
  const arrived = scribe.at(9).append('greetings.v1', 0, 0, 'm1');
  scribe.append('greetings.v1', 0, 1, 'm2');
  scribe.at(12).deliver(greeter, 'greetings.v1', 0, { m1: 0, m2: 1 });
  scribe.at(13).commit(greeter, 'greeter', 'greetings.v1', 0, 1, ['m1']);
  scribe.at(14).port(greeter, 'sink.record', 'm2');
  scribe.at(15).commit(greeter, 'greeter', 'greetings.v1', 0, 2, ['m2']);
  scribe.fault(0, 'answer');
  scribe.instance('greeter-0', 'dies');
  const text = renderReport(
    report({
      scribe,
      faults: [faultAt('crash', 'greeter-0', 'OffsetCommit', 'greeter', ['m2'], 'after apply')],
      property: 'no-loss',
      says: 'every acknowledged command has its effect',
      sentence: 'm1 was acknowledged and never had its effect.',
      witnesses: [arrived],
    }),
    wide,
  );
  expect(text).toContain('committed offset was 2');
  expect(text).toContain('committed: 2');
});

test('a call that a sentence names stands in the table though it came after what broke', () => {
  const scribe = new Scribe();
  const greeter = { slot: 'greeter-0' };
  const arrived = scribe.at(9).append('greetings.v1', 0, 0, 'm1');
  scribe.at(12).deliver(greeter, 'greetings.v1', 0, { m1: 0 });
  const broke = scribe.at(13).commit(greeter, 'greeter', 'greetings.v1', 0, 1, ['m1']);
  scribe.at(17).port(greeter, 'sink.record', 'm1');
  const text = renderReport(
    report({
      scribe,
      faults: [],
      property: 'commit-safe',
      says: 'a committed offset promises that every record below it is done',
      sentence: 'greeter-0 committed 1 on greetings.v1/0, yet m1 (offset 0) was not done.',
      witnesses: [arrived, broke],
    }),
    wide,
  );
  expect(text.replaceAll(/\s+/g, ' ')).toContain('sink.record took m1 at 17 ms.');
  expect(text).toMatch(/^ +17 {2}sink\.record m1/m);
});

test('an offset below 0 is none, as kafkajs writes it', () => {
  const plot = plots.rejection();
  const facts = plot.scribe.facts.map((fact) =>
    fact.kind === 'commit' ? { ...fact, offset: -1 } : fact,
  );
  const base = finding(plot);
  const text = renderReport({ ...report(plot), findings: [{ ...base, history: facts }] }, wide);
  expect(text).toContain('committed: none');
  expect(text).toContain('commits -1 (kafkajs\'s "none")');
  expect(text).not.toContain('committed: -1');
});

test('what it still waits for is a clause of its own, said once', () => {
  const waitsFor = 'greeter-0 has not finished starting';
  const plot = { ...plots.crashWindow(), ending: { kind: 'horizon', waitsFor } as const };
  const text = renderReport(report(plot), wide).replaceAll(/\s+/g, ' ');
  expect(text).toContain(`Ten minutes after the last disturbance: ${waitsFor}.`);
  const told = { ...plot, sentence: `m1 was lost. Ten minutes later: ${waitsFor}.` };
  const once = renderReport(report(told), wide).replaceAll(/\s+/g, ' ');
  expect(once.split(waitsFor)).toHaveLength(2);
});

test('a search whose time was over says so, with the command for more', () => {
  const over = { ...holding(), seconds: 15.2 };
  const line = 'stopped after 15 s; more: npx crash 1 --budget 60s';
  expect(renderReport(over, wide)).toContain(line);
  expect(renderReport(over, { ...wide, asked: { runs: 1200 } })).not.toContain('stopped after');
  expect(renderReport(over, { ...wide, asked: { budgetMs: 60_000 } })).not.toContain('stopped');
});

test('the calm run stands below, without faults and without marks', async () => {
  const text = renderReport(report(plots.rejection()), { ...wide, calm: true });
  await expect(text).toMatchFileSnapshot('shots/rejection.calm.txt');
});

test('what a service prints cannot move the cursor', () => {
  const text = renderReport(report(plots.rejection()), wide);
  expect(text).not.toContain('\u001b');
  expect(text).toContain('\\u001b[2J');
});

test('a further finding is one line with its own command', () => {
  const base = report(plots.crashWindow());
  const text = renderReport(
    { ...base, findings: [...base.findings, finding(plots.rejection(), 'k4')] },
    wide,
  );
  expect(text).toContain('✗ also commit-safe · greeter-0 committed 1');
  expect(text).toContain('npx crash 1 --replay k4');
});

test('what the client did is a note, not a finding', () => {
  const blamed = { ...finding(plots.crashWindow(), 'k5'), blame: 'client' as const };
  const text = renderReport({ ...holding(), findings: [blamed] }, wide);
  expect(text).toContain('✓ holds at level 2');
  expect(text).toContain("note: m1 was acknowledged and never had its effect. (the client's doing");
});

test('runs on a real engine say what was done to each and what nobody could judge', () => {
  const { certificate: _none, ...rest } = holding();
  const text = renderReport(
    {
      ...rest,
      world: 'live',
      ran: ['nothing', 'crash greeter-0 · sink.record (m2) · #1 · before apply'],
      notJudged: ['commit-safe'],
      runs: 2,
    },
    wide,
  );
  expect(text).toContain('✓ holds in 2 runs on a real engine');
  expect(text).toContain('· nothing strikes');
  expect(text).toContain('· crash greeter-0 · sink.record (m2) · #1 · before apply');
  expect(text).toContain('not judged here: commit-safe');
});

test('a certificate says what was executed, what happened and what was not tried', async () => {
  await expect(renderReport(holding(), wide)).toMatchFileSnapshot('shots/holds.100.txt');
  await expect(renderReport(holding(), { ...wide, columns: 60 })).toMatchFileSnapshot(
    'shots/holds.60.txt',
  );
});

test('what a certificate proposes next is about the same files', () => {
  const asked = { from: ['../mine'], budgetMs: 1_000 };
  const text = renderReport(holding(), { ...wide, asked });
  expect(text).toContain('Next: level 3 · npx crash 1 --from ../mine --level 3');
  expect(text).toContain('more: npx crash 1 --from ../mine --budget 60s');
  const { certificate: _, ...single } = holding();
  expect(renderReport(single, { ...wide, asked, solution: true })).toContain(
    'Next: all of them · npx crash 1 --solution --from ../mine',
  );
});

test('an unknown verdict says why and what to do', async () => {
  const text = renderReport(
    {
      ...holding(),
      verdict: 'unknown',
      unknown: {
        sentence:
          'worker.ts:3 opens a connection to 127.0.0.1:8080, which the simulation cannot replay.',
        advice: 'Give it to the service as a port of the chapter, or leave it out while you check.',
        code: [{ file: 'worker.ts', line: 3, from: 2, text: ['', "fetch('http://…');", ''] }],
      },
    },
    wide,
  );
  await expect(text).toMatchFileSnapshot('shots/unknown.100.txt');
});

test('screens that are no findings point at the place and give one step', async () => {
  const options = { columns: 100, color: false };
  const screens = [
    renderDoesNotLoad(
      "projector.ts:21 does not compile: Property 'qury' does not exist on type 'Pool'.",
      {
        file: 'projector.ts',
        line: 21,
        from: 19,
        text: ['', 'const db = new Pool(database);', "await db.qury('select 1');", '', '};'],
      },
      options,
    ),
    renderTrouble('the search ended without a verdict', '.crashproof/trouble-1.json', options),
    renderUsage('There is no chapter 51.', 'npx crash 15', options),
  ];
  await expect(screens.join('\n')).toMatchFileSnapshot('shots/no-findings.100.txt');
});
