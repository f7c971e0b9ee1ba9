/** Sums over the runs of a check: what was tried, what really happened, what was never seen. */
import { expectedHardMoments } from '#check';
import type { ChapterDefinition, Level } from '#kit';
import { printFault, type Candidate, type Schedule } from '#schedule';
import type { Certificate } from './report.ts';
import type { Outcome } from './engine/outcome.ts';

export interface Share {
  tried: number;
  of: number;
}

/** Some were run and did not strike: this service leaves them no place. */
export interface StruckShare extends Share {
  unfired: number;
}

export interface Tally {
  readonly crashPoints: Share;
  readonly singles: StruckShare;
  readonly seconds: Share;
  random: number;
  unfired: number;
  repeatedFresh: number;
  runs: number;
  readonly classes: Set<string>;
  readonly notes: Set<string>;
  /** Sentences about faults that this service leaves no place for. */
  readonly notPlaced: Set<string>;
  /** Properties that some run did judge. */
  readonly judged: Set<string>;
  /** How often each hard moment happened. */
  readonly sometimes: Readonly<Record<string, number>>;
  /** Every fault of the schedule struck (and every hold held): only then it counts as tried. */
  add(outcome: Outcome): boolean;
  /** A candidate of the singles: also counts crash points. */
  single(candidate: Candidate, outcome: Outcome): void;
  certificate(chapter: ChapterDefinition, level: Level): Certificate;
}

const mostNotes = 3;

export function createTally(properties: readonly string[]): Tally {
  const sometimes: Record<string, number> = {};
  const tally: Tally = {
    crashPoints: { tried: 0, of: 0 },
    singles: { tried: 0, of: 0, unfired: 0 },
    seconds: { tried: 0, of: 0 },
    random: 0,
    unfired: 0,
    repeatedFresh: 0,
    runs: 0,
    classes: new Set(),
    notes: new Set(),
    notPlaced: new Set(),
    judged: new Set(),
    sometimes,
    add(outcome) {
      tally.runs++;
      for (const [name, count] of Object.entries(outcome.sometimes)) {
        sometimes[name] = (sometimes[name] ?? 0) + count;
      }
      if (tally.notes.size < mostNotes) for (const note of outcome.notes) tally.notes.add(note);
      // A run that never came back was judged by its loop alone.
      const stuck = outcome.findings.some(({ property }) => property === 'does-not-return');
      const judged = stuck ? [] : properties.filter((name) => !outcome.notJudged.includes(name));
      for (const name of judged) tally.judged.add(name);
      const { faults, holds } = outcome.schedule;
      const missed = faults.length - outcome.fired.length + holds.length - outcome.held.length;
      if (missed > 0) {
        tally.unfired++;
        return false;
      }
      tally.classes.add(outcome.traceClass);
      return true;
    },
    single({ family }, outcome) {
      if (!tally.add(outcome)) {
        tally.singles.unfired++;
        return;
      }
      tally.singles.tried++;
      if (family === 'crash') tally.crashPoints.tried++;
    },
    certificate(chapter, level) {
      const expected = expectedHardMoments(chapter, level);
      return {
        level,
        crashPoints: { ...tally.crashPoints },
        singles: { tried: tally.singles.tried, of: tally.singles.of },
        seconds: { ...tally.seconds },
        random: tally.random,
        unfired: tally.unfired,
        distinct: tally.classes.size,
        sometimes: { ...sometimes },
        never: expected.filter((name) => (sometimes[name] ?? 0) === 0),
        untried: untried(tally, level, chapter),
        repeatedFresh: tally.repeatedFresh,
      };
    },
  };
  return tally;
}

function untried(tally: Tally, level: Level, chapter: ChapterDefinition): string[] {
  const left = ({ tried, of }: Share, what: string, unfired = 0): string[] =>
    of > tried + unfired ? [`${of - tried - unfired} ${what}`] : [];
  const most = Math.max(...Object.values(chapter.roles).map(({ instances }) => instances[1]));
  return [
    ...left(tally.singles, 'single faults', tally.singles.unfired),
    ...left(tally.seconds, 'pairs of faults'),
    ...tally.notPlaced,
    ...(level < 2
      ? ['answers that are lost, processes that freeze, a second instance (level 2)']
      : []),
    ...(level < 3 ? ['silent connections and every order of delivery (level 3)'] : []),
    ...(most > 2 ? ['every fault with three instances'] : []),
  ];
}

export function faultsOf(schedule: Schedule): readonly string[] {
  return schedule.faults.map(printFault);
}
