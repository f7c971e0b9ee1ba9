/**
 * The screen of a finding, in the order in which a reader needs it: what was promised, what broke,
 * the proof in sentences, the table, their code, their console, one question, commands to copy.
 */
import type { Excerpt, Report, ReportFinding } from '#verify';
import type { Fact } from '#check';
import { causeOf } from './cause.ts';
import { read, type Reading } from './reading.ts';
import { neededRows } from './needed-rows.ts';
import { rowsOf, type Focus } from './rows.ts';
import { table } from './table.ts';
import type { Paint } from './paint.ts';
import { chapterNumber, number, plural } from './words.ts';
import { padStart, paragraph, truncate, visible } from './width.ts';

export interface ScreenOptions {
  readonly columns: number;
  readonly plain: boolean;
  /** Every row of the table, not only those that the proof needs. */
  readonly full: boolean;
  /** Also the calm run of the same commands. */
  readonly calm: boolean;
  /** The solution was judged, not the learner's own. */
  readonly solution: boolean;
  readonly paint: Paint;
}

const indent = '  ';

export function findingScreen(
  finding: ReportFinding,
  report: Report,
  options: ScreenOptions,
): string[] {
  const { columns, paint } = options;
  const reading = read(finding.history, finding.schedule);
  const focus = focusOf(finding, reading);
  const proof = [visible(finding.sentence), ...causeLines(finding, reading, focus)];
  return [
    ...paragraph(`✗ ${finding.property} · ${finding.says}`, columns).map((line) =>
      paint(line, 'broken'),
    ),
    '',
    ...proof.flatMap((sentences) => paragraph(sentences, columns, indent)),
    '',
    ...tableLines(reading, focus, options),
    ...calmLines(finding, focus, options),
    ...codeLines(finding, reading, options),
    ...consoleLines(reading, focus, options),
    ...nextLines(finding, report, options),
  ];
}

/**
 * Commands named by the finding's sentence; else those of the witnesses; else those that were
 * struck.
 */
function focusOf(finding: ReportFinding, reading: Reading): Focus {
  const witnesses = new Set(finding.witnesses);
  const all = new Set(reading.facts.flatMap((fact) => reading.commandsOf(fact)));
  const named = [...all].filter((command) => mentions(finding.sentence, command));
  const witnessed = reading.facts
    .filter((fact) => witnesses.has(fact.seq))
    .flatMap((fact) => reading.commandsOf(fact));
  const struck = reading.struck.flatMap(({ point }) => point?.cause ?? []);
  const open = [...all].filter((command) => !reading.closing.has(command));
  const found = [named, witnessed, struck, open].find((commands) => commands.length > 0) ?? [];
  return { commands: new Set(found), witnesses };
}

/** As a word of its own: `p1` is not in `p10`. */
export function mentions(text: string, id: string): boolean {
  let at = text.indexOf(id);
  while (at !== -1) {
    const before = text[at - 1] ?? ' ';
    const after = text[at + id.length] ?? ' ';
    if (!/[\p{L}\p{N}_-]/u.test(before) && !/[\p{L}\p{N}_]/u.test(after)) return true;
    at = text.indexOf(id, at + 1);
  }
  return false;
}

function causeLines(finding: ReportFinding, reading: Reading, focus: Focus): string[] {
  const { ending } = finding;
  const cause =
    ending.kind === 'service' && finding.faults.length === 0 ? '' : causeOf(reading, focus);
  const waiting =
    ending.kind === 'horizon'
      ? `Ten minutes after the last disturbance it still waits for ${ending.waitsFor}.`
      : '';
  return [cause, waiting].filter((text) => text !== '').map(visible);
}

function tableLines(reading: Reading, focus: Focus, options: ScreenOptions): string[] {
  const rows = rowsOf(reading, focus);
  const shown = options.full ? rows : neededRows(rows);
  const told = new Set(shown.flatMap((row) => row.seqs));
  const folded = rows.filter((row) => !row.seqs.some((seq) => told.has(seq))).length;
  if (shown.length === 0) return [];
  const more = `… ${plural(folded, 'row')} more: --full`;
  return [
    ...table(shown, options),
    ...(folded > 0 ? [options.paint(`${indent}${more}`, 'faint')] : []),
    '',
  ];
}

/** The same commands undisturbed; the focus stays, so that both tables show the same things. */
function calmLines(finding: ReportFinding, focus: Focus, options: ScreenOptions): string[] {
  if (!options.calm) return [];
  if (!finding.calm) return [`${indent}The calm run was not recorded with this finding.`, ''];
  const schedule = { ...finding.schedule, faults: [], holds: [] };
  const reading = read(finding.calm, schedule);
  const lines = tableLines(reading, { commands: focus.commands, witnesses: new Set() }, options);
  return [options.paint(`${indent}The same commands when nothing happens:`, 'strong'), ...lines];
}

const noLine = 'your code · no line of yours could be tied to this moment';

function codeLines(finding: ReportFinding, reading: Reading, options: ScreenOptions): string[] {
  const [excerpt, ...others] = finding.code;
  if (!excerpt) {
    return finding.faults.length === 0 ? [] : [...paragraph(noLine, options.columns, indent), ''];
  }
  return [excerpt, ...(options.full ? others : [])].flatMap((each) => [
    ...excerptLines(each, strikesAt(each, reading) ? '⚡' : '▸', options),
    '',
  ]);
}

function strikesAt({ file, line }: Excerpt, reading: Reading): boolean {
  return reading.facts.some((fact) => {
    const at = fact.kind === 'fault' || fact.kind === 'instance' ? fact.line : undefined;
    return at?.file === file && at.line === line;
  });
}

/** Five lines of theirs around the one that matters. */
export function excerptLines(
  { file, line, from, text }: Excerpt,
  glyph: '⚡' | '▸' | '✗',
  { columns, paint }: Pick<ScreenOptions, 'columns' | 'paint'>,
): string[] {
  const last = String(from + text.length - 1).length;
  const mark = glyph === '⚡' ? '⚡' : `${glyph} `;
  return [
    paint(`${indent}${file}`, 'strong'),
    ...text.map((source, index) => {
      const here = from + index === line;
      const head = `${indent}${here ? mark : '  '} ${padStart(String(from + index), last)} │ `;
      return paint(truncate(head + visible(source), columns).trimEnd(), here ? 'fault' : 'plain');
    }),
  ];
}

/** What they printed about the commands; else the last thing that a struck instance said. */
function consoleLines(reading: Reading, focus: Focus, { columns }: ScreenOptions): string[] {
  const lines = reading.facts.filter((fact) => fact.kind === 'console');
  const about = lines.filter((line) => [...focus.commands].some((c) => mentions(line.text, c)));
  const struck = reading.struck.flatMap(({ slot, fact }) =>
    lines.filter((line) => line.slot === slot && line.seq < fact.seq).slice(-2),
  );
  const chosen = (about.length > 0 ? about : struck).slice(0, 6);
  if (chosen.length === 0) return [];
  const bySlot = Map.groupBy(chosen, (line) => line.slot);
  const told = [...bySlot].flatMap(([slot, said]) =>
    paragraph(
      `your console · ${slot}: ${said.map(quote).join(', ')}`,
      columns,
      `${indent}${indent}`,
      indent,
    ),
  );
  return [...told, ''];
}

function quote(line: Extract<Fact, { kind: 'console' }>): string {
  const [first = '', ...more] = line.text.trim().split('\n');
  const text = truncate(visible(more.length > 0 ? `${first} …` : first), 60);
  return `"${text}" (${number(line.atMs)} ms)`;
}

function nextLines(finding: ReportFinding, report: Report, options: ScreenOptions): string[] {
  const { columns, paint } = options;
  const hang = ' '.repeat(9);
  const think = finding.think ? paragraph(finding.think, columns, hang, `${indent}Think: `) : [];
  const read = `${indent}Read:  npm start → chapter ${chapterNumber(report.chapter)}`;
  const again = `${indent}Again: ${finding.replay}`;
  const calm = options.calm ? '' : 'the calm run beside it: … --calm';
  const beside = calm && again.length + 4 + calm.length <= columns;
  return [
    ...think,
    read,
    paint(beside ? `${again}    ${calm}` : again, 'command'),
    ...(calm && !beside ? paragraph(calm, columns, columns < 60 ? indent : hang) : []),
  ];
}
