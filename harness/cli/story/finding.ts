/**
 * The screen of a finding, in the order in which a reader needs it: what was promised, what broke,
 * the proof in sentences, the table, their code, their console, one question, commands to copy.
 */
import { lastingRefusal, mentions, refusals } from '#check';
import type { Excerpt, Report, ReportFinding } from '#verify';
import { causeOf } from './cause.ts';
import { read, type Reading } from './reading.ts';
import { neededRows } from './needed-rows.ts';
import { linesToQuote, type Printed } from './console.ts';
import { namedFacts } from './named-facts.ts';
import { lastRefusal, refusedSentence } from './refused.ts';
import { rowsOf, type Focus, type Row } from './rows.ts';
import { legend, table } from './table.ts';
import type { Paint } from './paint.ts';
import { chapterNumber, number, plural } from './words.ts';
import { padStart, paragraph, truncate, visible, width } from './width.ts';

export interface ScreenOptions {
  readonly columns: number;
  readonly plain: boolean;
  /** Every row of the table, not only those that the proof needs. */
  readonly full: boolean;
  /** Also the calm run of the same commands. */
  readonly calm: boolean;
  /** The solution was judged, not the learner's own. */
  readonly solution: boolean;
  readonly asked: Asked;
  readonly paint: Paint;
}

/** Limits of a search that were given with the command. */
export interface Asked {
  /** Folders laid over what was judged. */
  readonly from?: readonly string[];
  readonly level?: number;
  readonly runs?: number;
  readonly budgetMs?: number;
}

const indent = '  ';

export function findingScreen(
  finding: ReportFinding,
  report: Report,
  options: ScreenOptions,
): string[] {
  const { columns, paint } = options;
  const reading = read(finding.history, finding.schedule);
  const about = focusOf(finding, reading);
  const proof = [visible(finding.sentence), ...causeLines(finding, reading, about)];
  const focus = { ...about, named: namedFacts(proof.join(' '), reading, about) };
  const rows = rowsOf(reading, focus);
  const shown = options.full ? rows : neededRows(rows);
  return [
    ...paragraph(`✗ ${finding.property} · ${finding.says}`, columns).map((line) =>
      paint(line, 'broken'),
    ),
    '',
    ...proof.flatMap((sentences) => paragraph(sentences, columns, indent)),
    '',
    ...tableLines(rows, shown, options),
    ...calmLines(finding, focus, options),
    ...codeLines(finding, reading, options),
    ...consoleLines(linesToQuote(shown, reading, focus), options),
    ...nextLines(finding, reading, report, options),
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
  const commands = new Set(found);
  const errors = refusals(reading.facts, finding.schedule.faults);
  const others = finding.ending.kind === 'horizon';
  const lasting = lastingRefusal(errors, (command) => commands.has(command), { others });
  const own = errors.filter(({ first }) => first.cause.some((command) => commands.has(command)));
  const last = lasting ? undefined : lastRefusal(own, witnesses, reading);
  return {
    commands,
    witnesses,
    named: new Set(),
    errors: own,
    ...(lasting && { lasting }),
    ...(last && { last }),
  };
}

function causeLines(finding: ReportFinding, reading: Reading, focus: Focus): string[] {
  const { ending } = finding;
  const cause =
    ending.kind === 'service' && finding.faults.length === 0 ? '' : causeOf(reading, focus);
  const stuck = ending.kind === 'rest' && ending.stuck ? `${ending.stuck.sentence}.` : '';
  if (stuck !== '' && !finding.sentence.includes(stuck)) {
    return [cause, stuck].filter((text) => text !== '').map(visible);
  }
  const waiting =
    ending.kind === 'horizon' && !finding.sentence.includes(ending.waitsFor)
      ? `Ten minutes after the last disturbance: ${ending.waitsFor}.`
      : '';
  const refused = refusedSentence(focus, reading);
  return [[cause, refused].filter((text) => text !== '').join(' '), waiting]
    .filter((text) => text !== '')
    .map(visible);
}

function tableLines(rows: readonly Row[], shown: readonly Row[], options: ScreenOptions): string[] {
  const told = new Set(shown.flatMap((row) => row.seqs));
  const folded = rows.filter((row) => !row.seqs.some((seq) => told.has(seq))).length;
  if (shown.length === 0) return [];
  const signed = !options.plain && shown.some(({ proof }) => proof === 'part');
  const below = [
    ...(folded > 0 ? [`… ${plural(folded, 'row')} more: --full`] : []),
    ...(signed ? [legend] : []),
  ];
  return [
    ...table(shown, options),
    ...(below.length > 0 ? [options.paint(`${indent}${below.join(' · ')}`, 'faint')] : []),
    '',
  ];
}

/** The same commands undisturbed; the focus stays, so that both tables show the same things. */
function calmLines(finding: ReportFinding, focus: Focus, options: ScreenOptions): string[] {
  if (!options.calm) return [];
  if (isCalm(finding)) {
    return [`${indent}Nothing struck here: this is the calm run.`, ''];
  }
  if (!finding.calm) return [`${indent}The calm run was not recorded with this finding.`, ''];
  const schedule = { ...finding.schedule, faults: [], holds: [] };
  const reading = read(finding.calm, schedule);
  const { commands } = focus;
  const none = new Set<number>();
  const rows = rowsOf(reading, { commands, witnesses: none, named: none, errors: [] });
  const lines = tableLines(rows, options.full ? rows : neededRows(rows), options);
  return [options.paint(`${indent}The same commands when nothing happens:`, 'strong'), ...lines];
}

function isCalm({ schedule: { faults, holds } }: ReportFinding): boolean {
  return faults.length + holds.length === 0;
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

function consoleLines(said: readonly Printed[], { columns }: ScreenOptions): string[] {
  if (said.length === 0) return [];
  const told = [...Map.groupBy(said, ({ slot }) => slot)].flatMap(([slot, lines]) =>
    paragraph(
      `your console · ${slot}: ${lines.map(quote).join(', ')}`,
      columns,
      `${indent}${indent}`,
      indent,
    ),
  );
  return [...told, ''];
}

function quote(line: Printed): string {
  const [first = '', ...more] = line.text.trim().split('\n');
  const text = truncate(visible(more.length > 0 ? `${first} …` : first), 60);
  return `"${text}" (${number(line.atMs)} ms)`;
}

function nextLines(
  finding: ReportFinding,
  reading: Reading,
  report: Report,
  options: ScreenOptions,
): string[] {
  const { columns, paint } = options;
  const question = [finding.think ?? '', ...numberOf(finding)].join(' ');
  const think = finding.think ? paragraph(question, columns, hang, `${indent}Think: `) : [];
  const read = `${indent}Read:  npm start → chapter ${chapterNumber(report.chapter)}`;
  const again = `${indent}Again: ${finding.replay}`;
  const beside = !options.calm && !isCalm(finding) && report.world === 'simulated';
  const calm = !beside ? [] : moreLines('the calm run beside it:', finding, '--calm', options);
  const stops = report.world === 'simulated' && finding.code.some((at) => strikesAt(at, reading));
  const debug = stops ? moreLines('stop here in a debugger:', finding, '--debug', options) : [];
  return [...think, read, paint(again, 'command'), ...calm, ...debug];
}

/** In one piece. There is more to ask, and it comes with the next red of the same finding. */
function numberOf({ hint }: ReportFinding): string[] {
  return hint !== undefined && hint.of > 1 ? [`(${hint.number}\u00a0of\u00a0${hint.of})`] : [];
}

const hang = ' '.repeat(9);

/** The command is never broken, so that it can be copied: it gets a line of its own first. */
function moreLines(
  label: string,
  { replay }: ReportFinding,
  option: string,
  { columns, paint }: ScreenOptions,
): string[] {
  const command = `${replay} ${option}`;
  const line = `${hang}${label} ${command}`;
  const lines = width(line) <= columns ? [line] : [`${hang}${label}`, hang + command];
  return lines.map((text) => paint(text, 'command'));
}
