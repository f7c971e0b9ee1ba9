/** Puts what a search found into the one object that every view shows. */
import {
  lastingRefusal,
  mentions,
  refusals,
  sharedProperties,
  type Fact,
  type Finding,
  type SourceLine,
} from '#check';
import type { ChapterDefinition, Level, SharedProperty } from '#kit';
import type { Bundle } from '#sim';
import type { Corpus } from './corpus.ts';
import type { Outcome } from './engine/outcome.ts';
import type { Blame, Excerpt, Report, ReportFinding, Verdict } from './report.ts';
import type { SearchResult, Unknown } from './search.ts';
import { faultsOf } from './tally.ts';
import { coverageOf, uncovered, type Painting } from './coverage/coverage.ts';
import type { Measured, Trial } from './coverage/measure.ts';

/** A finding made small and seen once more, traced and with nothing shared. */
export interface Shown {
  readonly outcome: Outcome;
  readonly property: string;
  readonly minimal: boolean;
  readonly shrinkRuns: number;
  readonly confirmed: boolean;
  readonly calm: readonly Fact[] | undefined;
}

export interface ComposeInput {
  readonly chapterName: string;
  readonly chapter: ChapterDefinition;
  readonly level: Level;
  readonly seed: number;
  readonly seconds: number;
  readonly bundle: Bundle;
  readonly corpus: Corpus;
  readonly search: SearchResult;
  readonly shown: Shown | undefined;
  readonly measured: Measured | undefined;
  /** Crashes of the coverage that were run again, and whether they gave the same. */
  readonly replayed: ReadonlyMap<Trial, boolean>;
  /** The example was asked for with faults, or a saved schedule: nothing was searched. */
  readonly single: boolean;
  /** Options that make a command judge the same files: ` --solution`, ` --from …`; or nothing. */
  readonly flags: string;
}

export function compose(input: ComposeInput): Report {
  const { chapter, chapterName, level, seed, seconds, search, shown, single, measured } = input;
  const { tally, unknown, complete } = search;
  const properties = Object.keys(chapter.properties);
  const findings = shown === undefined ? [] : reportFindings(input, shown);
  const broken = new Set(findings.map(({ property }) => property));
  const certificate = tally.certificate(chapter, level);
  const proven = single || (complete && certificate.never.length === 0);
  const ours = findings.some(({ blame }) => blame === 'service');
  const verdict: Verdict =
    unknown !== undefined ? 'unknown' : ours ? 'broken' : proven ? 'holds' : 'unknown';
  return {
    version: 1,
    chapter: chapterName,
    title: chapter.title,
    promise: chapter.promise,
    level,
    verdict,
    findings,
    held: properties.filter((name) => tally.judged.has(name) && !broken.has(name)),
    ...(unknown !== undefined && { unknown: unknownPart(input, unknown) }),
    ...(unknown === undefined && !ours && !proven && !complete && { unknown: tooLittle(input) }),
    notes: [...tally.notes],
    ...(!single && { certificate }),
    coverage: measured
      ? coverageOf(measured, paintingOf(input))
      : uncovered(single ? one : unclear),
    world: 'simulated',
    // A search that stopped at a finding left much unjudged; only a finished one, and one run, has to say what.
    notJudged: ours && !single ? [] : properties.filter((name) => !tally.judged.has(name)),
    runs: tally.runs + (shown?.shrinkRuns ?? 0),
    ...(!single && tally.singles.of > 0 && { planned: tally.singles.of + 2 }),
    seconds,
    seed,
  };
}

const one = 'Only what was asked for was run: that says nothing of dying elsewhere.';
const unclear = 'The check could not tell, so nothing is known of dying at your lines.';

/** What the rest would take at the pace so far, and some more for what faults lead to. */
function tooLittle(input: ComposeInput): NonNullable<Report['unknown']> {
  const { seconds, chapterName, chapter, flags, level, search } = input;
  const { tried, unfired, of } = search.tally.singles;
  const prepared = search.preparedMs / 1_000;
  const wanted = prepared + (1.5 * (seconds - prepared) * of) / Math.max(tried + unfired, 1);
  const budget = Math.min(Math.max(Math.ceil(wanted / 30) * 30, 60), 3_600);
  const atLevel = level === chapter.pass ? '' : ` --level ${level}`;
  return {
    sentence: 'Nothing broke, but the time was over before every single fault had been tried.',
    advice: `Give it more time:\n${crash(chapterName)}${flags}${atLevel} --budget ${budget}s`,
    code: [],
  };
}

function unknownPart({ bundle }: ComposeInput, unknown: Unknown): NonNullable<Report['unknown']> {
  const { ending } = unknown.outcome;
  const line =
    ending.kind === 'uncontrolled' || ending.kind === 'service' ? ending.line : undefined;
  return {
    sentence: unknown.sentence,
    advice: unknown.advice,
    code: line === undefined ? [] : excerpts(bundle, [line]),
  };
}

function reportFindings(input: ComposeInput, shown: Shown): ReportFinding[] {
  const { chapter, corpus, bundle, single } = input;
  const { outcome, property, minimal, shrinkRuns, confirmed, calm } = shown;
  const { schedule } = outcome;
  const id = corpus.save(schedule);
  const facts = outcome.facts ?? [];
  const ordered = outcome.findings.toSorted(
    (a, b) => Number(b.property === property) - Number(a.property === property),
  );
  return ordered.map((finding): ReportFinding => {
    const questions = [...stuckQuestions(outcome), ...(chapter.hints[finding.property] ?? [])];
    const before = corpus.seen(
      `${finding.property} ${finding.signature}`,
      bundle.service.hash,
      !single,
    );
    const hint = Math.min(before, questions.length - 1);
    const think = questions[hint];
    return {
      id,
      property: finding.property,
      says: finding.says,
      sentence: finding.sentence,
      witnesses: finding.witnesses,
      blame: 'service' satisfies Blame,
      schedule,
      faults: faultsOf(schedule),
      replay: replayOf(input, id),
      minimal,
      shrinkRuns,
      history: facts,
      ...(calm !== undefined && { calm }),
      ending: outcome.ending,
      traceHash: outcome.traceHash,
      code: excerpts(bundle, linesOf(outcome, finding, isJudgedAtRest(chapter, finding))),
      ...(think !== undefined && { think, hint: { number: hint + 1, of: questions.length } }),
      confirmed,
    };
  });
}

/** What fits before any question of the chapter, for it is why nothing went on. */
function stuckQuestions({ ending }: Outcome): readonly string[] {
  const stuck = ending.kind === 'rest' || ending.kind === 'horizon' ? ending.stuck : undefined;
  return stuck === undefined ? [] : [questionOf[stuck.reason]];
}

const questionOf = {
  pool: 'Follow the connection through your handler: on which way out is it not given back?',
  transaction:
    'Which statement failed first? Who ends its transaction before the connection is used again?',
} as const;

function replayOf({ chapterName, flags }: ComposeInput, id: string): string {
  return `${crash(chapterName)} --replay ${id}${flags}`;
}

function crash(chapterName: string): string {
  return `npx crash ${chapterArgument(chapterName)}`;
}

function paintingOf(input: ComposeInput): Painting {
  const { bundle, corpus, replayed } = input;
  return { bundle, corpus, replayed, replayOf: (id) => replayOf(input, id) };
}

export function chapterArgument(folder: string): string {
  return String(Number(folder.slice(0, 2)));
}

function isJudgedAtRest({ properties }: ChapterDefinition, { property }: Finding): boolean {
  const definition = properties[property];
  const judged =
    definition === 'shared' ? sharedProperties[property as SharedProperty] : definition;
  return judged?.when === 'at rest';
}

/**
 * The line that gets the same error for ever, where that may be why nothing came to a good end;
 * then the fault's line, then the line of what it broke; each once.
 */
function linesOf(outcome: Outcome, finding: Finding, atRest: boolean): SourceLine[] {
  const facts = outcome.facts ?? [];
  const lines: SourceLine[] = [];
  const { ending } = outcome;
  if (ending.kind === 'service' && ending.line !== undefined) lines.push(ending.line);
  const erring = lastingRefusal(
    refusals(facts, outcome.schedule.faults),
    (command) => mentions(finding.sentence, command),
    { others: ending.kind === 'horizon' },
  )?.first.line;
  if (erring !== undefined && atRest) lines.push(erring);
  for (const fact of facts) {
    if (fact.kind === 'fault' && fact.line !== undefined) lines.push(fact.line);
  }
  for (const seq of finding.witnesses) {
    const fact = facts[seq];
    const line = fact !== undefined && 'line' in fact ? fact.line : undefined;
    if (line !== undefined) lines.push(line);
  }
  if (erring !== undefined) lines.push(erring);
  if (lines.length === 0) {
    const exit = facts.find((fact) => fact.kind === 'instance' && fact.line !== undefined);
    if (exit?.kind === 'instance' && exit.line !== undefined) lines.push(exit.line);
  }
  const seen = new Set<string>();
  return lines.filter(({ file, line }) => {
    const key = `${file}:${line}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

const around = 2;

export function excerpts(bundle: Bundle, lines: readonly SourceLine[]): Excerpt[] {
  return lines.flatMap(({ file, line }) => {
    const path = [...bundle.files.keys()].find((key) => key === file || key.endsWith(`/${file}`));
    const text = path === undefined ? undefined : bundle.files.get(path);
    if (text === undefined) return [];
    const all = text.split('\n');
    const from = Math.max(1, line - around);
    return [{ file, line, from, text: all.slice(from - 1, line + around) }];
  });
}
