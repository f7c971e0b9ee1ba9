/** Puts what live runs found into the one object that every view shows. */
import type { Finding, Judgement, SourceLine } from '#check';
import type { Chapter } from '#content';
import type { LiveRecord, Plan } from '#live';
import { printFault, type Schedule } from '#schedule';
import type { Bundle } from '#sim';
import { chapterArgument, excerpts } from './compose.ts';
import { uncovered } from './coverage/coverage.ts';
import type { Corpus } from './corpus.ts';
import type { CheckRequest } from './request.ts';
import type { Report, ReportFinding } from './report.ts';

export interface LiveResult {
  readonly plan: Plan;
  readonly record: LiveRecord;
  readonly schedule: Schedule;
  readonly judgement: Judgement;
}

export interface LiveComposition {
  readonly request: CheckRequest;
  readonly chapter: Chapter;
  readonly bundle: Bundle;
  readonly results: readonly LiveResult[];
  readonly planned: number;
  readonly seed: number;
  readonly seconds: number;
  readonly corpus: Corpus;
}

export function composeLive(input: LiveComposition): Report {
  const { request, chapter, results, planned, seed, seconds } = input;
  const { definition, folder } = chapter;
  const properties = Object.keys(definition.properties);
  const judged = new Set(
    properties.filter((name) =>
      results.some(({ judgement }) => !judgement.notJudged.includes(name)),
    ),
  );
  const findings = results.flatMap((result) => findingsOf(input, result));
  const broken = new Set(findings.map(({ property }) => property));
  const trouble = results.find(({ judgement }) => judgement.unknown !== undefined);
  const unfired = results.filter(isUnfired);
  const unknown =
    trouble?.judgement.unknown !== undefined
      ? { sentence: trouble.judgement.unknown, advice: 'Please report it.', code: [] }
      : findings.length === 0 && unfired.length > 0
        ? neverStruck
        : undefined;
  const finished = results.length === planned;
  return {
    version: 1,
    chapter: folder,
    title: definition.title,
    promise: definition.promise,
    level: request.level ?? definition.pass,
    verdict: findings.length > 0 ? 'broken' : unknown !== undefined ? 'unknown' : 'holds',
    findings,
    held: properties.filter((name) => judged.has(name) && !broken.has(name)),
    ...(unknown !== undefined && findings.length === 0 && { unknown }),
    notes: [...new Set(results.flatMap(({ judgement }) => judgement.notes))],
    coverage: uncovered('A live run says nothing of dying at each line: the simulation does.'),
    world: 'live',
    notJudged: finished
      ? properties.filter((name) => !judged.has(name))
      : properties.filter((name) => neverJudgedLive(results, name)),
    ran: results.map(({ schedule: { faults } }) => faults.map(printFault).join(', ') || 'nothing'),
    runs: results.length,
    planned,
    seconds,
    seed,
  };
}

const neverStruck = {
  sentence: 'Nothing broke, but a crash never struck: the run never came to its place.',
  advice: 'Run it again, or place it where the calm run passes.',
  code: [],
};

const isUnfired = ({ plan, record }: LiveResult): boolean =>
  plan.kind !== 'nothing' && record.fired === undefined;

/** Not because a run stopped the check early, but because no run of this world could. */
function neverJudgedLive(results: readonly LiveResult[], name: string): boolean {
  if (name === 'idle-restart' || name === 'calm-exact') return false;
  return results.every(({ judgement }) => judgement.notJudged.includes(name));
}

function findingsOf(input: LiveComposition, result: LiveResult): ReportFinding[] {
  const { chapter, corpus, bundle } = input;
  const { record, schedule, judgement } = result;
  if (judgement.findings.length === 0) return [];
  const id = corpus.save(schedule);
  const faults = schedule.faults.map(printFault);
  return judgement.findings.map((finding): ReportFinding => {
    const questions = chapter.definition.hints[finding.property] ?? [];
    const signature = `${finding.property} ${finding.signature}`;
    const before = corpus.seen(signature, bundle.service.hash, true);
    const hint = Math.min(before, questions.length - 1);
    const think = questions[hint];
    return {
      id,
      property: finding.property,
      says: finding.says,
      sentence: finding.sentence,
      witnesses: finding.witnesses,
      blame: 'service',
      schedule,
      faults,
      replay: replayLine(input, faults),
      minimal: false,
      shrinkRuns: 0,
      history: record.facts,
      ending: record.ending,
      traceHash: '',
      code: excerpts(bundle, linesOf(record, finding)),
      ...(think !== undefined && { think, hint: { number: hint + 1, of: questions.length } }),
      confirmed: false,
    };
  });
}

/** The whole command: a live run is set up again, not read from a file. */
function replayLine({ chapter, request }: LiveComposition, faults: readonly string[]): string {
  const what =
    faults.length === 0 ? ' --calm' : faults.map((fault) => ` --fault '${fault}'`).join('');
  const own = request.folders.includes(chapter.solutionPath) ? ' --solution' : '';
  const from = request.folders.slice(1).map((path) => ` --from ${path}`);
  const number = chapterArgument(chapter.folder);
  return `npx crash ${number} --world live --broker ${request.broker}${own}${from.join('')}${what}`;
}

function linesOf({ facts, ending }: LiveRecord, { witnesses }: Finding): SourceLine[] {
  if (ending.kind === 'service' && ending.line !== undefined) return [ending.line];
  const lines = [...witnesses.map((seq) => facts[seq]), ...facts].flatMap((fact) =>
    fact !== undefined && 'line' in fact && fact.line !== undefined ? [fact.line] : [],
  );
  return lines.slice(0, 1);
}
