/**
 * A report as text. Pure: the same report and options, the same words; colour only repeats them.
 */
import type { Report, ReportFinding } from '#verify';
import { certificateScreen, notJudged } from './certificate.ts';
import { coverageScreen } from './coverage.ts';
import { excerptLines, findingScreen, type Asked, type ScreenOptions } from './finding.ts';
import { painter } from './paint.ts';
import { chapterNumber, number, plural } from './words.ts';
import { paragraph, visible } from './width.ts';

export interface RenderOptions {
  readonly columns: number;
  readonly color: boolean;
  /** The table as sentences, for screen readers and logs. */
  readonly plain: boolean;
  /** Every row and every excerpt. */
  readonly full: boolean;
  /** Show the calm run of the same commands below. */
  readonly calm?: boolean;
  /** Show what dying around each call does, instead of one finding. */
  readonly coverage?: boolean;
  /** It was the solution that was judged. */
  readonly solution?: boolean;
  /** Limits of the search that the command gave. */
  readonly asked?: Asked;
}

export function renderReport(report: Report, options: RenderOptions): string {
  const screen: ScreenOptions = {
    columns: Math.max(40, options.columns),
    plain: options.plain,
    full: options.full,
    calm: options.calm ?? false,
    solution: options.solution ?? false,
    asked: options.asked ?? {},
    paint: painter(options.color),
  };
  const main = mainPart(report, screen, options.coverage === true);
  const lines = [...heading(report, screen), ...main, ...notes(report, screen)];
  return `${lines
    .map((line) => line.trimEnd())
    .join('\n')
    .trim()}\n`;
}

/** Where nothing is known of the lines that were asked for, the rest of the report comes with why. */
function mainPart(report: Report, screen: ScreenOptions, isPainted: boolean): string[] {
  const { coverage } = report;
  if (!isPainted || coverage === undefined) return body(report, screen);
  if (coverage.unavailable === undefined) return painted(report, screen);
  return [...body(report, screen), '', ...paragraph(coverage.unavailable, screen.columns)];
}

/** The learner's lines with their marks, and nothing else; empty where no call is known. */
export function renderCoverage(
  report: Report,
  { columns, color }: Pick<RenderOptions, 'columns' | 'color'>,
): string {
  const screen: ScreenOptions = {
    columns: Math.max(40, columns),
    plain: false,
    full: false,
    calm: false,
    solution: false,
    asked: {},
    paint: painter(color),
  };
  const isKnown = report.coverage?.unavailable === undefined;
  const lines = isKnown ? coverageScreen(report, screen).map((line) => line.trimEnd()) : [];
  return lines.length === 0 ? '' : `${lines.join('\n').trimEnd()}\n`;
}

function heading(report: Report, { columns, paint }: ScreenOptions): string[] {
  const title = `${chapterNumber(report.chapter)}  ${report.title}`;
  return [
    ...paragraph(title, columns, '    ', '').map((line) => paint(line, 'strong')),
    ...(report.verdict === 'broken' ? paragraph(report.promise, columns) : []),
    '',
  ];
}

function body(report: Report, screen: ScreenOptions): string[] {
  const [first, ...others] = ours(report);
  if (report.verdict === 'unknown') return unknownScreen(report, screen);
  if (report.verdict === 'holds' || !first) return certificateScreen(report, screen);
  return [
    ...findingScreen(first, report, screen),
    '',
    ...others.flatMap((finding) => also(finding, first, screen)),
    ...footer(report, screen),
  ];
}

/** The learner's lines with their marks; a finding of something else than a crash has a word, too. */
function painted(report: Report, screen: ScreenOptions): string[] {
  const shown = new Set(
    (report.coverage?.sites ?? []).flatMap(({ before, during, after }) =>
      [before, during, after].flatMap(({ finding }) => finding?.property ?? []),
    ),
  );
  const others = ours(report).filter(({ property }) => !shown.has(property));
  return [
    ...coverageScreen(report, screen),
    ...others.flatMap((finding) => [
      ...paragraph(
        `✗ ${finding.property} · ${visible(finding.sentence)}`,
        screen.columns,
        '  ',
        '',
      ),
      screen.paint(`  ${finding.replay}`, 'command'),
      '',
    ]),
    ...footer(report, screen),
  ];
}

/** Findings that are the learner's own; the others are notes. */
function ours(report: Report): readonly ReportFinding[] {
  return report.findings.filter((finding) => finding.blame === 'service');
}

function also(
  finding: ReportFinding,
  first: ReportFinding,
  { columns, paint }: ScreenOptions,
): string[] {
  const line = `✗ also ${finding.property} · ${visible(finding.sentence)}`;
  return [
    ...paragraph(line, columns, '  ', '').map((text) => paint(text, 'broken')),
    ...(finding.replay === first.replay ? [] : [paint(`  ${finding.replay}`, 'command')]),
    '',
  ];
}

function footer(report: Report, { columns, paint }: ScreenOptions): string[] {
  const held = report.held.length;
  const [first] = ours(report);
  // What the engine itself requires is not one of the chapter's properties.
  const engines = first?.ending.kind === 'service' && first.ending.property === first.property;
  const more = first && !engines ? 'more ' : '';
  const schedules =
    report.planned !== undefined && report.planned >= report.runs
      ? `${number(report.runs)} of ${plural(report.planned, 'schedule')} run`
      : `${plural(report.runs, 'schedule')} run`;
  const parts = [
    ...(held > 0
      ? [`✓ ${held} ${more}${held === 1 ? 'property holds' : 'properties hold'} so far`]
      : []),
    schedules,
    `${report.seconds.toFixed(1)} s`,
    `seed ${report.seed}`,
    ...(report.world === 'live' ? ['on a real engine'] : []),
    ...notJudged(report),
  ];
  return paragraph(parts.join(' · '), columns, '  ', '').map((line) => paint(line, 'faint'));
}

function unknownScreen(report: Report, screen: ScreenOptions): string[] {
  const { unknown } = report;
  const never = report.certificate?.never ?? [];
  const sentence =
    unknown?.sentence ??
    (never.length > 0
      ? `nothing broke, but ${never.join(', ')} never happened, so this proves too little.`
      : 'the check could not finish.');
  return [
    ...paragraph(`unknown: ${visible(sentence)}`, screen.columns).map((line) =>
      screen.paint(line, 'fault'),
    ),
    '',
    ...(unknown?.advice ? [...advice(unknown.advice, screen), ''] : []),
    ...(unknown?.code ?? []).flatMap((excerpt) => [...excerptLines(excerpt, '▸', screen), '']),
    ...footer(report, screen),
  ];
}

/** What can be copied stands on a line of its own and is not broken. */
function advice(text: string, { columns, paint }: ScreenOptions): string[] {
  const [sentence = '', ...places] = text.split('\n');
  return [
    ...paragraph(sentence, columns, '  '),
    ...places.map((place) => paint(`    ${visible(place)}`, 'command')),
  ];
}

/** What is not the learner's: sentences about the client, the protocol, skipped things. */
function notes(report: Report, { columns, paint }: ScreenOptions): string[] {
  const told = report.findings
    .filter((finding) => finding.blame !== 'service')
    .map((finding) => `${visible(finding.sentence)} (${whose[finding.blame]}; ${finding.replay})`);
  const all = [...report.notes.map(visible), ...told];
  if (all.length === 0) return [];
  return [
    '',
    ...all.flatMap((note) =>
      paragraph(`note: ${note}`, columns, '  ', '').map((line) => paint(line, 'faint')),
    ),
  ];
}

const whose = {
  service: 'your code',
  client: "the client's doing, not your code's",
  protocol: "the protocol's doing, not your code's",
  harness: "the workbench's doing, not your code's",
} as const;
