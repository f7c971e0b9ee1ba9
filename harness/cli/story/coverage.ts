/**
 * Crash coverage beside the learner's lines: per call what happens when the process dies before it,
 * during it and after it. Wide: one row a call, marks behind the line; narrow: marks below it.
 * Left out: lines without such a call.
 */
import type { Coverage, CoveredCall, Mark, MarkFinding, Report } from '#verify';
import type { ScreenOptions } from './finding.ts';
import { padEnd, padStart, paragraph, truncate, visible, width } from './width.ts';
import { chapterNumber, number, plural } from './words.ts';

const glyphs: Readonly<Record<Mark['word'], string>> = {
  survives: '✓',
  breaks: '✗',
  'breaks anyway': '=',
  'not tried': '?',
  nothing: '·',
};

const phases = ['before', 'during', 'after'] as const;
const neverReached = '· not reached';
const cell = 9;
const narrow = 80;

/** Every mark with its legend and what broke; nothing where nothing is known. */
export function coverageScreen(
  { coverage, chapter }: Pick<Report, 'coverage' | 'chapter'>,
  options: ScreenOptions,
): string[] {
  if (coverage === undefined) return [];
  const { columns, paint } = options;
  const files = Map.groupBy(coverage.sites, ({ file }) => file);
  return [
    ...[...files].flatMap(([file, calls]) => [...fileRows(file, calls, options), '']),
    ...legend(coverage, columns).map((line) => paint(line, 'faint')),
    ...broken(coverage, options),
    ...paragraph(countLine(coverage), columns, '  ', '').map((line) =>
      paint(line, coverage.survive === coverage.lines && coverage.complete ? 'good' : 'strong'),
    ),
    ...missing(coverage, chapter, columns),
    '',
  ];
}

/** `9 of 9 lines of yours that wait for something survive dying before, during and after them` */
export function countLine({ survive, lines }: Coverage): string {
  const noun = lines === 1 ? 'line of yours that waits' : 'lines of yours that wait';
  const verb = survive === 1 ? 'survives' : 'survive';
  return (
    `${number(survive)} of ${number(lines)} ${noun} for something ${verb} dying before, ` +
    `during and after ${lines === 1 ? 'it' : 'them'}`
  );
}

function missing(coverage: Coverage, chapter: string, columns: number): string[] {
  const parts = missingParts(coverage, `npx crash ${chapterNumber(chapter)}`);
  return parts.length === 0 ? [] : paragraph(parts.join(' · '), columns, '  ');
}

/** Why not every line is counted; nothing where all of them are. */
export function missingParts({ complete, sites }: Coverage, command: string): readonly string[] {
  if (complete) return [];
  const never = sites.filter(({ reached }) => reached === 'never').length;
  const untried = sites.some(({ before, during, after }) =>
    [before, during, after].some(({ tried, of }) => tried < of),
  );
  return [
    ...(untried ? [`not all was tried: ${command} --coverage`] : []),
    ...(never > 0 ? [`${plural(never, 'awaited call')} never reached`] : []),
  ];
}

function fileRows(
  file: string,
  calls: readonly CoveredCall[],
  { columns, paint }: ScreenOptions,
): string[] {
  const last = Math.max(...calls.map(({ line }) => String(line).length));
  if (columns < narrow) {
    return [
      paint(`  ${file}`, 'strong'),
      ...calls.flatMap((call) => narrowRow(call, calls, last, { columns, paint })),
    ];
  }
  const notes = Math.max(0, ...calls.map((call) => width(noteOf(call))));
  const room = columns - 3 - last - 3 * cell - Math.min(notes, 24) - 2;
  const head = padEnd(`  ${file}`, 3 + last + room - 6);
  return [
    paint(
      `${head} dies: ${phases.map((phase) => padEnd(phase, cell)).join('')}`.trimEnd(),
      'strong',
    ),
    ...calls.map((call) => {
      const place = padStart(String(call.line), last);
      const source = padEnd(truncate(sourceOf(call, calls), room - 1), room);
      const line = ` ${place}  ${source} ${marksOf(call)} ${noteOf(call)}`;
      return paint(truncate(line.trimEnd(), columns), toneOf(call));
    }),
  ];
}

function narrowRow(
  call: CoveredCall,
  calls: readonly CoveredCall[],
  last: number,
  { columns, paint }: Pick<ScreenOptions, 'columns' | 'paint'>,
): string[] {
  const place = padStart(String(call.line), last);
  const indent = ' '.repeat(last + 3);
  const marks = phases.map((phase) => `${phase} ${markText(call[phase])}`).join('  ');
  const below = call.reached === 'never' ? [neverReached] : [marks, noteOf(call)];
  return [
    ` ${place}  ${truncate(sourceOf(call, calls), columns - last - 3)}`,
    ...paragraph(below.filter(Boolean).join('  '), columns, indent),
  ].map((line) => paint(line, toneOf(call)));
}

/** The line; of two calls on one line the call. */
function sourceOf(call: CoveredCall, calls: readonly CoveredCall[]): string {
  const alone = calls.filter(({ line }) => line === call.line).length === 1;
  return visible(alone ? call.text : call.call);
}

function marksOf(call: CoveredCall): string {
  if (call.reached === 'never') return padEnd(neverReached, 3 * cell);
  return phases.map((phase) => padEnd(markText(call[phase]), cell)).join('');
}

/** `✓`, `✗ 1/3`: how many of the moments broke. */
function markText({ word, broke, of, tried }: Mark): string {
  if (word === 'breaks' || word === 'breaks anyway') return `${glyphs[word]} ${broke}/${of}`;
  return word === 'survives' && tried < of ? `✓ ${tried}/${of}` : glyphs[word];
}

function noteOf(call: CoveredCall): string {
  const ids = [...new Set(findingsOf(call).flatMap(({ id }) => id ?? []))];
  const tried = phases.reduce((sum, phase) => sum + call[phase].tried, 0);
  const of = phases.reduce((sum, phase) => sum + call[phase].of, 0);
  return [
    ...(call.reached === 'fault' ? [`○ ${tried} of ${of}`] : []),
    ...(call.dropped ? ['not awaited'] : []),
    ...(ids.length > 0 ? [ids.join(' ')] : []),
  ].join(' · ');
}

function findingsOf({ before, during, after }: CoveredCall): readonly MarkFinding[] {
  return [before, during, after].flatMap(({ finding }) => finding ?? []);
}

function toneOf(call: CoveredCall): 'plain' | 'broken' | 'fault' | 'faint' {
  const words = new Set(phases.map((phase) => call[phase].word));
  if (words.has('breaks')) return 'broken';
  if (words.has('breaks anyway')) return 'fault';
  return call.reached === 'never' ? 'faint' : 'plain';
}

const meanings: readonly (readonly [string, string])[] = [
  ['✓', 'survives'],
  ['✗', 'breaks (how often)'],
  ['=', 'breaks without dying, too'],
  ['?', 'not tried'],
  ['·', 'no such moment'],
  ['○', 'reached only under a fault: so many moments tried'],
];

/** Only what is on the screen. */
function legend({ sites }: Coverage, columns: number): string[] {
  const used = new Set(sites.flatMap((call) => phases.map((phase) => glyphs[call[phase].word])));
  if (sites.some(({ reached }) => reached === 'fault')) used.add('○');
  const parts = meanings.flatMap(([glyph, says]) => (used.has(glyph) ? [`${glyph} ${says}`] : []));
  return [...paragraph(parts.join(' · '), columns, '  '), ''];
}

/** Each finding once, with the fault that shows it and the command. */
function broken({ sites }: Coverage, { columns, paint }: ScreenOptions): string[] {
  const found = new Map<string, MarkFinding>();
  for (const finding of sites.flatMap(findingsOf)) {
    const key = finding.faults.join() + finding.property;
    if (!found.has(key)) found.set(key, finding);
  }
  return [...found.values()].flatMap(({ id, property, sentence, faults, replay, replayed }) => {
    const head = `${padEnd(id ?? '', 3)} ${property} · ${visible(sentence)}`;
    const again = replayed === undefined ? '' : replayed ? ' · seen again, byte for byte' : lost;
    return [
      ...paragraph(head + again, columns, '      ', '  ').map((line) => paint(line, 'broken')),
      ...faults.flatMap((fault) => paragraph(visible(fault), columns, '        ', '      ')),
      ...(replay === undefined ? [] : [paint(`      ${replay}`, 'command')]),
      '',
    ];
  });
}

const lost = ' · NOT seen again: please report it';
