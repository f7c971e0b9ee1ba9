/**
 * Judges one run: folds its facts and asks every property of the chapter. Pure: the same facts,
 * the same judgement.
 *
 * `always` properties are asked after every fact that can matter, until their first breach; `at
 * rest` ones once, on the last moment, and only if the run came to one. Whether `notJudged`
 * matters is decided over many runs: a property that no run could judge was not judged at all.
 */
import type { ChapterDefinition, SharedProperty } from '#kit';
import { checksOf, type Check } from './checks.ts';
import type { Fact } from './facts.ts';
import { createFold, type Fold } from './fold.ts';
import type { Ending, EngineProperty } from './run-record.ts';
import { ChapterTrouble, type Breach, type CrashFree, type Sight } from './sight.ts';
import { signatureOf } from './signature.ts';

export interface Finding {
  readonly property: string;
  /** What must hold. */
  readonly says: string;
  /** What broke, in the learner's terms. */
  readonly sentence: string;
  /** `seq` of the facts that prove it. */
  readonly witnesses: readonly number[];
  /** The fact after which it was broken. */
  readonly atSeq: number;
  /**
   * Equal for the same finding about other records; tells whether a smaller run still shows it.
   */
  readonly signature: string;
}

export interface Judgement {
  readonly findings: readonly Finding[];
  /** Sentences that blame nobody: what was excused. */
  readonly notes: readonly string[];
  /** Properties that this run, or this world, cannot judge. */
  readonly notJudged: readonly string[];
  /** Why nothing can be said: never to be shown as green. */
  readonly unknown?: string;
}

const engineSays: Readonly<Record<EngineProperty, string>> = {
  'comes-to-rest': 'the service comes to rest when there is nothing left to do',
  'stays-up': 'the process stays up when nothing strikes it',
  'does-not-return': 'every call returns',
};

/** Properties that wait for something good; they say what they were waiting for. */
const liveness: ReadonlySet<string> = new Set<SharedProperty>(['no-loss', 'progress']);

export function judge(
  facts: readonly Fact[],
  chapter: ChapterDefinition,
  ending: Ending,
  {
    everyMoment,
    later = 'Ten minutes later',
    crashFree,
  }: {
    readonly everyMoment: boolean;
    /** How a horizon is told: what has passed since the last fault. */
    readonly later?: string;
    /** What the same commands leave without a fault; CRASH-CONSISTENT is judged against it. */
    readonly crashFree?: CrashFree | undefined;
  },
): Judgement {
  const checks = checksOf(chapter);
  if (ending.kind === 'uncontrolled') {
    const notJudged = checks.map(({ name }) => name);
    return { findings: [], notes: [], notJudged, unknown: ending.sentence };
  }
  const inquiry = createInquiry(facts, createFold(chapter, crashFree));
  const always = checks.filter(({ when }) => when === 'always');
  const atRest = checks.filter(({ when }) => when === 'at rest');

  if (everyMoment) askEveryMoment(inquiry, always);
  else leaveOut(inquiry, always);
  while (next(inquiry) !== undefined);
  if (ending.kind === 'rest' || ending.kind === 'horizon') askAtRest(inquiry, atRest);
  else leaveOut(inquiry, atRest);

  if (ending.kind === 'service') {
    const { property, sentence } = ending;
    report(inquiry, engineCheck(property), { sentence, witnesses: lastSeqs(inquiry) });
  }
  if (ending.kind === 'rest' && ending.stuck !== undefined) {
    addToLiveness(inquiry, `${ending.stuck.sentence}.`);
  }
  if (ending.kind === 'horizon') {
    sayWhatWasWaitedFor(inquiry, `${later}: ${ending.waitsFor}`, checks);
  }
  const { findings, notes, notJudged } = inquiry;
  const [reason] = [...inquiry.fold.troubles, ...inquiry.unknown];
  return { findings, notes, notJudged, ...(reason !== undefined && { unknown: reason }) };
}

type Question = (sight: Sight) => Breach | undefined;

/** One run under judgement: what was folded so far, and what came out. */
interface Inquiry {
  readonly facts: readonly Fact[];
  readonly fold: Fold;
  folded: number;
  readonly findings: Finding[];
  readonly notes: string[];
  readonly notJudged: string[];
  readonly unknown: string[];
}

function createInquiry(facts: readonly Fact[], fold: Fold): Inquiry {
  return { facts, fold, folded: 0, findings: [], notes: [], notJudged: [], unknown: [] };
}

function next(inquiry: Inquiry): Fact | undefined {
  const fact = inquiry.facts[inquiry.folded];
  if (fact === undefined) return undefined;
  inquiry.fold.push(fact);
  inquiry.folded += 1;
  return fact;
}

function askEveryMoment(inquiry: Inquiry, checks: readonly Check[]): void {
  let open = checks.map((check) => ({ check, question: check.start() }));
  for (let fact = next(inquiry); fact !== undefined; fact = next(inquiry)) {
    const { kind } = fact;
    if (!open.some(({ check }) => check.after.has(kind))) continue;
    open = open.filter(
      ({ check, question }) => !check.after.has(kind) || ask(inquiry, check, question),
    );
  }
  // Once more with a fresh memory: what was right when it was looked at must still be.
  for (const { check } of open) ask(inquiry, check, check.start());
}

function askAtRest(inquiry: Inquiry, checks: readonly Check[]): void {
  for (const check of checks) {
    if (!check.judgedIn(inquiry.fold.sight)) {
      inquiry.notJudged.push(check.name);
      continue;
    }
    ask(inquiry, check, (sight) => {
      const breach = check.start()(sight);
      inquiry.notes.push(...check.notes(sight));
      return breach;
    });
  }
}

function leaveOut({ notJudged }: Inquiry, checks: readonly Check[]): void {
  notJudged.push(...checks.map(({ name }) => name));
}

/** False when the question need not be asked again. */
function ask(inquiry: Inquiry, check: Check, question: Question): boolean {
  try {
    const breach = question(inquiry.fold.sight);
    if (breach === undefined) return true;
    report(inquiry, check, breach);
  } catch (error) {
    if (!(error instanceof ChapterTrouble)) throw error;
    inquiry.unknown.push(error.message);
    inquiry.notJudged.push(check.name);
  }
  return false;
}

function report(inquiry: Inquiry, check: Pick<Check, 'name' | 'says'>, breach: Breach): void {
  const { name, says } = check;
  const { sentence, witnesses } = breach;
  const [atSeq = 0] = lastSeqs(inquiry);
  const signature = signatureOf(name, breach, inquiry.fold.sight);
  inquiry.findings.push({ property: name, says, sentence, witnesses, atSeq, signature });
}

function lastSeqs({ facts, folded }: Inquiry): readonly number[] {
  const last = facts[folded - 1];
  return last === undefined ? [] : [last.seq];
}

function engineCheck(property: EngineProperty): Pick<Check, 'name' | 'says'> {
  return { name: property, says: engineSays[property] };
}

function addToLiveness({ findings }: Inquiry, sentence: string): void {
  findings.forEach((finding, index) => {
    if (!liveness.has(finding.property)) return;
    findings[index] = { ...finding, sentence: `${finding.sentence} ${sentence}` };
  });
}

/** Whoever still waits after the horizon broke something, also where nothing else was found. */
function sayWhatWasWaitedFor(inquiry: Inquiry, reason: string, checks: readonly Check[]): void {
  const { findings } = inquiry;
  const waits = `${reason.replace(/\.$/, '')}.`;
  addToLiveness(inquiry, waits);
  if (findings.some(({ property }) => liveness.has(property))) return;
  const check = checks.find(({ name }) => name === 'progress') ?? engineCheck('comes-to-rest');
  const sentence = `It does not come to rest. ${waits}`;
  report(inquiry, check, { sentence, witnesses: lastSeqs(inquiry), shape: 'horizon' });
}
