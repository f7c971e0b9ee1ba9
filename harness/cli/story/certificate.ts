/**
 * The screen of a check that found nothing: what was executed, what really happened in it, what was
 * not tried.
 */
import type { Certificate, Report } from '#verify';
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
  if (!certificate) return survived(report, columns, paint);
  const lines = [
    ...executed(certificate, report),
    ...outOfTime(certificate, report, { ...asked, solution }),
  ];
  return [
    paint(`✓ holds at level ${report.level}`, 'good'),
    ...lines.flatMap((line) => paragraph(line, columns, '    ', '  ')),
    '',
    ...next(report, solution).map((line) => paint(line, 'command')),
  ];
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
function survived(report: Report, columns: number, paint: Paint): string[] {
  const chapter = chapterNumber(report.chapter);
  return [
    paint(`✓ nothing breaks in ${plural(report.runs, 'schedule')}`, 'good'),
    ...paragraph('only what was asked for was run; all the others were not tried', columns, '  '),
    '',
    paint(`  Next: all of them · npx crash ${chapter}`, 'command'),
  ];
}

function executed(certificate: Certificate, report: Report): string[] {
  const counts = [
    ratio('crash points', certificate.crashPoints),
    ratio('single faults', certificate.singles),
    ratio('second faults', certificate.seconds),
    `random ${number(certificate.random)} (seed ${report.seed})`,
  ].filter((part) => part !== '');
  const moments = Object.entries(certificate.sometimes).filter(([, times]) => times > 0);
  return [
    counts.join(' · '),
    ...(moments.length > 0
      ? [
          `the hard moments really happened: ${moments
            .map(([name, times]) => `${number(times)} ${name}`)
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
    ...(certificate.untried.length > 0 ? [`not tried: ${certificate.untried.join(', ')}`] : []),
    `${plural(report.runs, 'schedule')} run · ${report.seconds.toFixed(1)} s`,
  ];
}

/** Random mixes have no end of their own, so most searches stop because their time is over. */
function outOfTime(
  certificate: Certificate,
  { chapter, seconds }: Report,
  { level, runs, budgetMs = 15_000, solution }: Asked & { readonly solution: boolean },
): string[] {
  const complete = runs !== undefined && certificate.random >= runs;
  if (complete || seconds * 1000 < budgetMs) return [];
  const more = Math.max(60, Math.ceil(budgetMs / 15_000) * 60);
  const command = [
    `npx crash ${chapterNumber(chapter)}`,
    ...(level === undefined ? [] : [`--level ${level}`]),
    ...(solution ? ['--solution'] : []),
    `--budget ${more}s`,
  ].join(' ');
  return [`stopped after ${number(seconds)} s; more: ${command}`];
}

function ratio(name: string, { tried, of }: { tried: number; of: number }): string {
  return of === 0 ? '' : `${name} ${number(tried)} of ${number(of)}`;
}

function next(report: Report, solution: boolean): string[] {
  const chapter = chapterNumber(report.chapter);
  return [
    ...(report.level < 3
      ? [`  Next: level ${report.level + 1} · npx crash ${chapter} --level ${report.level + 1}`]
      : []),
    ...(solution ? [] : [`  See that the solution holds too · npx crash ${chapter} --solution`]),
  ];
}

/** Properties that this world cannot judge, in one line. */
export function notJudged(report: Report): string[] {
  return report.notJudged.length > 0 ? [`not judged here: ${list(report.notJudged, 9)}`] : [];
}
