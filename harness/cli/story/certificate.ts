/** The screen of a check that found nothing: what was executed, what really happened in it, what was not tried. */
import type { Certificate, Report } from '#verify';
import type { ScreenOptions } from './finding.ts';
import { chapterNumber, list, number, plural } from './words.ts';
import { paragraph } from './width.ts';

export function certificateScreen(report: Report, { columns, paint }: ScreenOptions): string[] {
  const { certificate } = report;
  const lines = certificate ? executed(certificate, report) : [];
  return [
    paint(`✓ holds at level ${report.level}`, 'good'),
    ...lines.flatMap((line) => paragraph(line, columns, '    ', '  ')),
    '',
    ...next(report).map((line) => paint(line, 'command')),
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
      ? [
          `${plural(certificate.unfired, 'fault')} never struck and ${certificate.unfired === 1 ? 'is' : 'are'} not counted`,
        ]
      : []),
    `${number(certificate.distinct)} different courses of events · ${number(certificate.repeatedFresh)} repeated from scratch, byte for byte the same`,
    ...(certificate.untried.length > 0 ? [`not tried: ${certificate.untried.join(', ')}`] : []),
    `${plural(report.runs, 'schedule')} run · ${report.seconds.toFixed(1)} s`,
  ];
}

function ratio(name: string, { tried, of }: { tried: number; of: number }): string {
  return of === 0 ? '' : `${name} ${number(tried)} of ${number(of)}`;
}

function next(report: Report): string[] {
  const chapter = chapterNumber(report.chapter);
  return [
    ...(report.level < 3
      ? [`  Next: level ${report.level + 1} · npx crash ${chapter} --level ${report.level + 1}`]
      : []),
    `  See that the solution holds too · npx crash ${chapter} --solution`,
  ];
}

/** Properties that this world cannot judge, in one line. */
export function notJudged(report: Report): string[] {
  return report.notJudged.length > 0 ? [`not judged here: ${list(report.notJudged, 9)}`] : [];
}
