/**
 * The screen of a check that found nothing: what was executed, what really happened in it, what was
 * not tried.
 */
import type { Certificate, Report } from '#verify';
import { countLine, missingParts } from './coverage.ts';
import type { Asked, ScreenOptions } from './finding.ts';
import { chapterNumber, list, number, plural } from './words.ts';
import type { Paint } from './paint.ts';
import { paragraph } from './width.ts';

export function certificateScreen(
  report: Report,
  { columns, paint, solution, asked }: ScreenOptions,
): string[] {
  const { certificate } = report;
  if (report.world === 'live') return lived(report, columns, paint);
  const command = commandOf(report, solution, asked);
  if (!certificate) return survived(report, command, columns, paint);
  const lines = [
    ...executed(certificate, report, command),
    ...outOfTime(certificate, report.seconds, command, asked),
  ];
  return [
    paint(`✓ holds at level ${report.level}`, 'good'),
    ...lines.flatMap((line) => paragraph(line, columns, '    ', '  ').map(spaced)),
    '',
    ...next(report, command, solution).map((line) => paint(line, 'command')),
  ];
}

/** What judges the same files again; options can follow. */
function commandOf({ chapter }: Report, solution: boolean, { from = [] }: Asked): string {
  const files = [...(solution ? ['--solution'] : []), ...from.map((folder) => `--from ${folder}`)];
  return ['npx crash', chapterNumber(chapter), ...files].join(' ');
}

/** A few runs on a real engine confirm; the search is the simulated world's. */
function lived(report: Report, columns: number, paint: Paint): string[] {
  const lines = [
    ...(report.ran ?? []).map((what) => `· ${what === 'nothing' ? 'nothing strikes' : what}`),
    `held: ${list(report.held, 9)}`,
    ...(report.notJudged.length > 0
      ? [
          `not judged here: ${list(report.notJudged, 9)}; ` +
            'what must hold at every moment is seen in simulation only',
        ]
      : []),
  ];
  return [
    paint(`✓ holds in ${plural(report.runs, 'run')} on a real engine`, 'good'),
    ...lines.flatMap((line) => paragraph(line, columns, '    ', '  ')),
  ];
}

/** One schedule replayed or placed by hand proves nothing about the others. */
function survived(report: Report, command: string, columns: number, paint: Paint): string[] {
  return [
    paint(`✓ nothing breaks in ${plural(report.runs, 'schedule')}`, 'good'),
    ...paragraph('only what was asked for was run; all the others were not tried', columns, '  '),
    ...notJudged(report).flatMap((line) => paragraph(line, columns, '    ', '  ')),
    '',
    paint(`  Next: all of them · ${command}`, 'command'),
  ];
}

function executed(certificate: Certificate, report: Report, command: string): string[] {
  const counts = [
    ratio('crash points', certificate.crashPoints),
    ratio('single faults', certificate.singles),
    ratio('second faults', certificate.seconds),
    `random ${number(certificate.random)} (seed ${report.seed})`,
  ].flatMap((part) => (part === '' ? [] : unbroken(part)));
  const moments = Object.entries(certificate.sometimes).filter(([, times]) => times > 0);
  return [
    counts.join(' · '),
    ...linesOfYours(report, command),
    ...(moments.length > 0
      ? [
          `the hard moments really happened: ${moments
            .map(([name, times]) => unbroken(`${number(times)} ${name}`))
            .join(', ')}`,
        ]
      : []),
    ...(certificate.never.length > 0
      ? [`never happened here, so not proved: ${certificate.never.join(', ')}`]
      : []),
    ...(certificate.unfired > 0
      ? [`not counted, for they never struck: ${plural(certificate.unfired, 'fault')}`]
      : []),
    `${number(certificate.distinct)} different courses of events`,
    `${plural(certificate.repeatedFresh, 'schedule')} run again in ` +
      `${certificate.repeatedFresh === 1 ? 'a fresh process' : 'fresh processes'}, ` +
      'byte for byte the same',
    ...(certificate.untried.length > 0
      ? [`not tried: ${certificate.untried.map(thousands).join(', ')}`]
      : []),
    `${plural(report.runs, 'schedule')} run · ${report.seconds.toFixed(1)} s`,
  ];
}

function linesOfYours({ coverage }: Report, command: string): string[] {
  if (coverage === undefined || coverage.unavailable !== undefined) return [];
  if (coverage.complete) return [countLine(coverage)];
  const parts = missingParts(coverage, command);
  return parts.length === 0 ? [] : [`dying at each of your lines: ${parts.join(' · ')}`];
}

/** Random mixes have no end of their own, so most searches stop because their time is over. */
function outOfTime(
  certificate: Certificate,
  seconds: number,
  command: string,
  { level, runs, budgetMs = 15_000 }: Asked,
): string[] {
  const complete = runs !== undefined && certificate.random >= runs;
  if (complete || seconds * 1000 < budgetMs) return [];
  const more = Math.max(60, Math.ceil(budgetMs / 15_000) * 60);
  const harsh = level === undefined ? '' : ` --level ${level}`;
  return [`stopped after ${number(seconds)} s; more: ${command}${harsh} --budget ${more}s`];
}

function thousands(text: string): string {
  return text.replace(/\d{4,}/g, (digits) => number(Number(digits)));
}

const noBreak = '\u00a0';

/** Stays on one line; `spaced` gives the usual spaces back. */
function unbroken(text: string): string {
  return text.replaceAll(' ', noBreak);
}

function spaced(line: string): string {
  return line.replaceAll(noBreak, ' ');
}

function ratio(name: string, { tried, of }: { tried: number; of: number }): string {
  return of === 0 ? '' : `${name} ${number(tried)} of ${number(of)}`;
}

function next({ chapter, level }: Report, command: string, solution: boolean): string[] {
  return [
    ...(level < 3 ? [`  Next: level ${level + 1} · ${command} --level ${level + 1}`] : []),
    ...(solution
      ? []
      : [`  See that the solution holds too · npx crash ${chapterNumber(chapter)} --solution`]),
  ];
}

/** Properties that this world cannot judge, in one line. */
export function notJudged(report: Report): string[] {
  return report.notJudged.length > 0 ? [`not judged here: ${list(report.notJudged, 9)}`] : [];
}
