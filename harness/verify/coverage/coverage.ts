/** From crashes made to what a view shows: the worst over everything a call was about, with counts. */
import { relative, sep } from 'node:path';
import type { Bundle, CallSite } from '#sim';
import type { Corpus } from '../corpus.ts';
import type { Coverage, CoveredCall, Mark, MarkFinding } from '../report.ts';
import { faultsOf } from '../tally.ts';
import type { Measured, SiteTrials, Trial } from './measure.ts';
import { printFault } from '#schedule';

export interface Painting {
  readonly bundle: Bundle;
  readonly corpus: Corpus;
  /** The command line that replays a saved schedule. */
  readonly replayOf: (id: string) => string;
  /** Trials that were run again: whether they gave the same. */
  readonly replayed: ReadonlyMap<Trial, boolean>;
}

export function coverageOf(measured: Measured, painting: Painting): Coverage {
  const ids = new Set(measured.sites.map(({ site }) => site.id));
  const paint = painterOf(painting);
  const reached = measured.sites
    // `send(…).catch(…)` waits for what `send` began: one call, not two.
    .filter(({ site }) => site.on === undefined || !ids.has(site.on))
    .map((each) => paint.reached(each));
  const sites = [...reached, ...measured.unreached.map((site) => paint.never(site))].toSorted(
    (a, b) => a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column,
  );
  const judged = reached.filter((call) => marksOf(call).some(({ word }) => word !== 'nothing'));
  const lines = [...Map.groupBy(judged, ({ file, line }) => `${file}:${line}`).values()];
  return {
    workload: measured.workload.faults.map(printFault),
    complete:
      measured.unavailable === undefined &&
      measured.unreached.length === 0 &&
      reached.every((call) => marksOf(call).every(({ tried, of }) => tried === of)),
    lines: lines.length,
    survive: lines.filter((calls) => calls.every(survives)).length,
    sites,
    ...(measured.unavailable !== undefined && { unavailable: measured.unavailable }),
  };
}

/** A report that knows nothing of the calls says why. */
export const uncovered = (unavailable: string): Coverage => ({
  workload: [],
  complete: false,
  lines: 0,
  survive: 0,
  sites: [],
  unavailable,
});

export const marksOf = ({ before, during, after }: CoveredCall): readonly Mark[] => [
  before,
  during,
  after,
];

function survives(call: CoveredCall): boolean {
  return marksOf(call).every(({ word }) => word === 'survives' || word === 'nothing');
}

function painterOf(painting: Painting) {
  const { bundle } = painting;
  const folder = `${relative(bundle.projectRoot, bundle.folder).split(sep).join('/')}/`;
  const placeOf = ({ path, line, column, endLine, call, use }: CallSite) => ({
    file: path.startsWith(folder) ? path.slice(folder.length) : path,
    line,
    column,
    endLine,
    call,
    text: (bundle.files.get(path)?.split('\n')[line - 1] ?? '').trim(),
    dropped: use === 'dropped',
  });
  return {
    reached: ({ site, visits, under, trials }: SiteTrials): CoveredCall => ({
      ...placeOf(site),
      reached: under === undefined ? 'workload' : 'fault',
      ...(under !== undefined && { under: under.map(printFault) }),
      visits,
      before: markOf([...trials.before], painting),
      during: markOf([...trials.during], painting),
      after: markOf([...trials.after], painting),
    }),
    never: (site: CallSite): CoveredCall => ({
      ...placeOf(site),
      reached: 'never',
      visits: 0,
      before: nothing,
      during: nothing,
      after: nothing,
    }),
  };
}

const nothing: Mark = { word: 'nothing', tried: 0, of: 0, broke: 0 };

function markOf(trials: readonly Trial[], painting: Painting): Mark {
  if (trials.length === 0) return nothing;
  const broke = trials.filter(({ finding, anyway }) => finding !== undefined && !anyway);
  const anyway = trials.filter((trial) => trial.anyway);
  const counts = { tried: trials.filter(({ tried }) => tried).length, of: trials.length };
  const [worst = anyway[0]] = broke;
  if (worst !== undefined) {
    const word = broke.length > 0 ? 'breaks' : 'breaks anyway';
    const finding = findingOf(worst, painting);
    return { word, ...counts, broke: broke.length || anyway.length, ...(finding && { finding }) };
  }
  return { word: counts.tried > 0 ? 'survives' : 'not tried', ...counts, broke: 0 };
}

function findingOf(trial: Trial, painting: Painting): MarkFinding | undefined {
  const { finding, schedule, anyway } = trial;
  if (finding === undefined) return undefined;
  const { property, sentence } = finding;
  const replayed = painting.replayed.get(trial);
  const told = {
    property,
    sentence,
    // The crash is the last one.
    faults: faultsOf(schedule).slice(0, anyway ? -1 : undefined),
    ...(replayed !== undefined && { replayed }),
  };
  if (anyway || !painting.corpus.keeps) return told;
  const id = painting.corpus.save(schedule);
  return { ...told, id, replay: painting.replayOf(id) };
}
