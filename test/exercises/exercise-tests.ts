/**
 * The properties of one chapter as tests: the check that `npm test 1` makes of the exercise, once,
 * and then a test per property that says what it found. A search ends at its first finding, so a
 * property that it had not judged by then is skipped and says so; it is never green. Nor is one
 * where the time was over too early, as happens on a busy machine: that is nobody's mistake, so it
 * is skipped too.
 */
import { join } from 'node:path';
import { test } from 'vitest';
import { loadChapter, projectRoot, resolveChapter } from '#content';
import { check, type Report, type ReportFinding } from '#verify';
import { renderReport } from '../../harness/cli/story/render.ts';

/** What the engine itself requires of every service. */
const engineProperties = ['comes-to-rest', 'stays-up', 'does-not-return'];

/** Enough for a machine that is busy; on a quiet one the schedules are done long before. */
const budgetMs = 60_000;
const schedules = 400;
/** What was found has to be made small as well. */
const timeoutMs = 180_000;

export async function exerciseTests(name: string): Promise<void> {
  const { folder, exercisePath, definition } = await loadChapter(await resolveChapter(name));
  const properties = [...Object.keys(definition.properties), ...engineProperties];
  let report: Promise<Report> | undefined;
  const ask = (): Promise<Report> =>
    (report ??= check({
      root: projectRoot,
      chapter: folder,
      folders: [exercisePath],
      budgetMs,
      schedules,
    }));

  test.for(properties)('%s', { timeout: timeoutMs }, async (property, { skip }) => {
    const { outcome, text, finding } = judge(await ask().catch(sayItself), property, properties);
    if (outcome === 'skipped') return skip(text);
    if (outcome === 'failed') throw complaint(text, exercisePath, finding);
  });
}

export interface Judgement {
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly text: string;
  readonly finding?: ReportFinding;
}

/** What the report says about one property; `properties` are all that have a test. */
export function judge(
  report: Report,
  property: string,
  properties: readonly string[] = [property],
): Judgement {
  const { verdict, findings } = report;
  if (verdict === 'holds') return { outcome: 'passed', text: '' };
  const ours = findings.filter(({ blame }) => blame === 'service');
  const finding = ours.find((each) => each.property === property);
  if (finding !== undefined) return { outcome: 'failed', text: textOf(finding), finding };
  const first = ours.find((each) => properties.includes(each.property));
  if (verdict === 'broken' && first !== undefined) {
    return { outcome: 'skipped', text: `not judged yet: ${first.property} broke first` };
  }
  const late = verdict === 'unknown' ? lateness(report) : undefined;
  if (late !== undefined) return { outcome: 'skipped', text: late };
  const screen = { columns: 100, color: false, plain: true, full: false };
  return { outcome: 'failed', text: renderReport(report, screen) };
}

/**
 * What the report says where only time was missing. A report has no other mark of that than its
 * advice; judgement.test.ts holds this against a real check that has no time.
 */
function lateness({ unknown, certificate, seconds }: Report): string | undefined {
  if (unknown !== undefined) {
    return unknown.advice.includes('--budget') ? unknown.sentence : undefined;
  }
  const never = certificate?.never ?? [];
  if (never.length === 0 || seconds * 1_000 < budgetMs) return undefined;
  return `Nothing broke, but the time was over before there were any ${never.join(', ')}.`;
}

function textOf({ says, sentence, faults, think, replay }: ReportFinding): string {
  return [
    says,
    sentence,
    ...(faults.length > 0 ? [`Faults: ${faults.join('; ')}`] : []),
    ...(think === undefined ? [] : [`Think: ${think}`]),
    `Again: ${replay}`,
  ].join('\n\n');
}

/** Points at the line of the learner, where it is known; our own stack helps nobody. */
function complaint(text: string, folder: string, finding: ReportFinding | undefined): Error {
  const error = new Error(text);
  const [place] = finding?.code ?? [];
  const at = place && `\n    at ${join(folder, place.file)}:${place.line}:1`;
  error.name = finding?.property ?? 'unknown';
  error.stack = `${error.name}: ${text}${at ?? ''}`;
  return error;
}

/** Code that does not compile is the learner's to mend: the sentence without our stack. */
function sayItself(error: unknown): never {
  if (error instanceof Error) error.stack = `${error.name}: ${error.message}`;
  throw error;
}
