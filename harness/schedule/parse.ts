/**
 * Reads the notation, typed by a person or written by notation.ts. Lenient: `-`, `.`, `*` or `|`
 * between spaces count as `·`, which may be left out too; no `#n` means #1; no phase means the
 * usual one of the fault; `1.5 s` is 1500 ms. Strict about everything that could be mistaken.
 * Trouble is a value with one correct example.
 */
import type { FaultKind } from '#kit';
import { faultKinds, faultRules, faultTrouble, usualPhase } from './fault-rules.ts';
import {
  isCode,
  isSqlState,
  printRedeliverTarget,
  type PhasedPoint,
  type RedeliverTarget,
} from './notation.ts';
import { nearest, printToken, readTokens, type Parsed, type Token } from './words.ts';
import type { Fault, FaultOptions, FaultPoint, Hold, Phase, Place } from './schedule.ts';

const pointExample = 'greeter-0 · OffsetCommit greeter (m1) · #1 · after apply';

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** Where reading stands, and the first thing that was not understood. */
interface Cursor {
  readonly tokens: readonly Token[];
  at: number;
  trouble: string | undefined;
}

/** A fault, as `--fault` and files have it. */
export function parseFault(text: string): Parsed<Fault> {
  return reading(text, faultRules.crash.example, (cursor) => {
    const kind = takeKind(cursor);
    if (kind === undefined) return undefined;
    return { example: faultRules[kind].example, value: takeFault(cursor, kind) };
  });
}

/** `hold <point> until <point>`; a missing phase is "before apply". */
export function parseHold(text: string): Parsed<Hold> {
  const example = `hold ${pointExample} until greeter-1 · sink.record (m2) · #1 · before apply`;
  return reading(text, example, (cursor) => {
    if (!takeWord(cursor, 'hold')) return fail(cursor, 'A hold begins with the word “hold”.');
    const what = takePoint(cursor);
    skipSeparator(cursor);
    if (what !== undefined && !takeWord(cursor, 'until')) {
      return fail(cursor, `Expected “until” and a second point, not ${peekText(cursor)}.`);
    }
    const until = takePoint(cursor);
    if (what === undefined || until === undefined) return undefined;
    return { example, value: { what: withPhase(what), until: withPhase(until) } };
  });
}

/** A point with its phase; a missing phase is "before apply". */
export function parsePhasedPoint(text: string): Parsed<PhasedPoint> {
  return reading(text, pointExample, (cursor) => {
    const read = takePoint(cursor);
    return read && { example: pointExample, value: withPhase(read) };
  });
}

/** A point without a phase, as `printPoint` writes it. */
export function parsePoint(text: string): Parsed<FaultPoint> {
  const example = 'greeter-0 · OffsetCommit greeter (m1) · #1';
  return reading(text, example, (cursor) => {
    const read = takePoint(cursor);
    if (read?.phase !== undefined) return fail(cursor, 'A phase has no place here.');
    return read && { example, value: read.point };
  });
}

/** The parts of a redeliver's `on`. */
export function parseRedeliverTarget(on: string): RedeliverTarget | undefined {
  const tokens = readTokens(on);
  if (typeof tokens === 'string') return undefined;
  const cursor: Cursor = { tokens, at: 0, trouble: undefined };
  const target = takeRedeliverTarget(cursor);
  return cursor.at === tokens.length ? target : undefined;
}

function reading<T>(
  text: string,
  example: string,
  read: (cursor: Cursor) => { readonly example: string; readonly value: T | undefined } | undefined,
): Parsed<T> {
  const tokens = readTokens(text);
  if (typeof tokens === 'string') return { ok: false, sentence: tokens, example };
  const cursor: Cursor = { tokens, at: 0, trouble: undefined };
  const result = read(cursor);
  if (result?.value !== undefined && cursor.trouble === undefined) {
    skipSeparator(cursor);
    if (cursor.at < tokens.length) {
      fail(cursor, `Did not understand ${peekText(cursor)} at the end.`);
    }
  }
  return result?.value !== undefined && cursor.trouble === undefined
    ? { ok: true, value: result.value }
    : {
        ok: false,
        sentence: cursor.trouble ?? 'Nothing to read.',
        example: result?.example ?? example,
      };
}

function takeKind(cursor: Cursor): FaultKind | undefined {
  const first = cursor.tokens[cursor.at];
  if (first?.kind !== 'word') {
    return fail(cursor, `A fault begins with its kind, one of ${faultKinds.join(', ')}.`);
  }
  cursor.at += 1;
  const word = first.text.toLowerCase().replaceAll('_', '-');
  const second = cursor.tokens[cursor.at];
  const pair = second?.kind === 'word' ? `${word}-${second.text.toLowerCase()}` : word;
  const whole = faultKinds.find((kind) => kind === word);
  const joined = faultKinds.find((kind) => kind === pair);
  if (whole === undefined && joined !== undefined) cursor.at += 1;
  const kind = whole ?? joined;
  if (kind !== undefined) return kind;
  const meant = nearest(word, faultKinds);
  const advice =
    meant === undefined ? `Kinds are ${faultKinds.join(', ')}.` : `Did you mean “${meant}”?`;
  return fail(cursor, `“${first.text}” is no kind of fault. ${advice}`);
}

function takeFault(cursor: Cursor, kind: FaultKind): Fault | undefined {
  const options: Writable<FaultOptions> = {};
  const on = takeSubject(cursor, kind, options);
  const place = cursor.trouble === undefined ? takePlace(cursor) : undefined;
  if (place === undefined) return undefined;
  takeOptions(cursor, kind, options);
  if (cursor.trouble !== undefined) return undefined;
  const fault: Fault = {
    kind,
    place: placed(place, usualPhase(kind, options.code)),
    ...(on === undefined ? {} : { on }),
    ...(Object.keys(options).length === 0 ? {} : { with: options }),
  };
  const trouble = faultTrouble(fault);
  return trouble === undefined ? fault : fail(cursor, trouble);
}

interface ReadPoint {
  readonly point: FaultPoint;
  readonly phase: Phase | undefined;
}

function placed(place: ReadPoint | Exclude<Place, PhasedPoint>, usual: Phase): Place {
  return typeof place === 'object' && 'point' in place ? withPhase(place, usual) : place;
}

function withPhase({ point, phase }: ReadPoint, usual: Phase = 'before apply'): PhasedPoint {
  return { point, phase: phase ?? usual };
}

/** Leaves the cursor where the place begins. */
function takeSubject(
  cursor: Cursor,
  kind: FaultKind,
  options: Writable<FaultOptions>,
): string | undefined {
  const rule = faultRules[kind];
  if (rule.strikes === 'point' || startsPlace(cursor)) return undefined;
  const from = cursor.at;
  if (kind === 'redeliver') {
    const target = takeRedeliverTarget(cursor);
    if (target === undefined) return fail(cursor, 'redeliver needs a group and topic/partition.');
    if (takeWord(cursor, 'to')) options.offset = takeCount(cursor, 'an offset');
    return printRedeliverTarget(target);
  }
  const subject = takeName(cursor, rule.strikes === 'subject' ? 'whom it strikes' : 'an instance');
  if (rule.strikes === 'subject' || startsPlace(cursor)) return subject;
  cursor.at = from;
  return undefined;
}

function startsPlace(cursor: Cursor): boolean {
  return peekWord(cursor, 'at') || peekWord(cursor, 'after') || peekWord(cursor, 'before');
}

function takeRedeliverTarget(cursor: Cursor): RedeliverTarget | undefined {
  const group = takeName(cursor, 'a group');
  const where = group === undefined ? undefined : takeName(cursor, 'topic/partition');
  const [, topic, partition] = /^(.*)\/(\d+)$/su.exec(where ?? '') ?? [];
  if (group === undefined || topic === undefined) return undefined;
  return { group, topic, partition: Number(partition) };
}

function takePlace(cursor: Cursor): ReadPoint | Exclude<Place, PhasedPoint> | undefined {
  if (takeWord(cursor, 'before')) {
    if (takeWord(cursor, 'start')) return 'before start';
    return fail(cursor, `Expected “before start”, not “before” and ${peekText(cursor)}.`);
  }
  if (takeWord(cursor, 'after')) {
    takeWord(cursor, 'command');
    const after = takeName(cursor, 'a command');
    return after === undefined ? undefined : { after };
  }
  if (takeWord(cursor, 'at') && takeWord(cursor, 'rest')) return 'at rest';
  return takePoint(cursor);
}

function takePoint(cursor: Cursor): ReadPoint | undefined {
  const slot = takeName(cursor, 'an instance such as greeter-0');
  skipSeparator(cursor);
  const operation =
    slot === undefined
      ? undefined
      : takeName(cursor, 'an operation such as OffsetCommit or sink.record');
  if (slot === undefined || operation === undefined) return undefined;
  const target = peekName(cursor) ? (takeName(cursor, 'a topic or group') ?? '') : '';
  const cause = takeCause(cursor);
  skipSeparator(cursor);
  const counted = cursor.tokens[cursor.at];
  if (counted?.kind === 'ordinal') cursor.at += 1;
  const ordinal = counted?.kind === 'ordinal' ? counted.number : 1;
  if (ordinal < 1) return fail(cursor, 'Points are counted from #1.');
  return { point: { slot, operation, target, cause, ordinal }, phase: takePhase(cursor) };
}

function takeCause(cursor: Cursor): readonly string[] {
  const cause: string[] = [];
  if (cursor.tokens[cursor.at]?.kind !== '(') return cause;
  cursor.at += 1;
  for (;;) {
    const next = cursor.tokens[cursor.at];
    if (next?.kind === 'word' || next?.kind === 'quoted') cause.push(next.text);
    else if (next?.kind === ')') cursor.at += 1;
    else if (next?.kind !== ',') fail(cursor, `Expected “)”, not ${printToken(next)}.`);
    if (next?.kind === ')' || cursor.trouble !== undefined) return cause;
    cursor.at += 1;
  }
}

const phases: Readonly<Record<string, Phase>> = {
  before: 'before apply',
  after: 'after apply',
  'before-apply': 'before apply',
  'after-apply': 'after apply',
  'after-answer': 'after answer',
};

function takePhase(cursor: Cursor): Phase | undefined {
  const start = cursor.at;
  skipSeparator(cursor);
  const next = cursor.tokens[cursor.at];
  const word = next?.kind === 'word' ? next.text.replaceAll('_', '-') : '';
  const phase = Object.hasOwn(phases, word) ? phases[word] : undefined;
  if (phase === undefined) {
    cursor.at = start;
    return undefined;
  }
  cursor.at += 1;
  if (word === 'after' && takeWord(cursor, 'answer')) return 'after answer';
  if (word === 'before' || word === 'after') takeWord(cursor, 'apply');
  return phase;
}

function takeOptions(cursor: Cursor, kind: FaultKind, options: Writable<FaultOptions>): void {
  for (;;) {
    skipSeparator(cursor);
    const next = cursor.tokens[cursor.at];
    if (next === undefined || cursor.trouble !== undefined) return;
    const word = next.kind === 'word' ? next.text : '';
    if (word === 'in' || word === 'in-flight' || word === 'arrives') takeInFlight(cursor, options);
    else if (takeWord(cursor, 'to')) options.offset = takeCount(cursor, 'an offset');
    else if (/^\d/.test(word) && !(kind === 'error' && isSqlState(word))) {
      options.ms = takeTime(cursor);
    } else if (next.kind === 'quoted' || isCode(word)) {
      options.code = next.kind === 'quoted' ? next.text : word;
      cursor.at += 1;
    } else fail(cursor, `Did not understand ${printToken(next)}.`);
  }
}

function takeInFlight(cursor: Cursor, options: Writable<FaultOptions>): void {
  takeWord(cursor, 'in');
  takeWord(cursor, 'flight');
  takeWord(cursor, 'in-flight');
  if (!takeWord(cursor, 'arrives')) {
    fail(cursor, `Expected “in flight arrives”, not ${peekText(cursor)}; left out, it is lost.`);
  }
  options.inFlight = 'arrives';
}

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, min: 60_000 };

function takeTime(cursor: Cursor): number {
  const next = cursor.tokens[cursor.at];
  const [, number, glued] = /^(\d+(?:\.\d+)?)([a-z]*)$/.exec(
    next?.kind === 'word' ? next.text : '',
  ) ?? [undefined, '', ''];
  cursor.at += 1;
  const unit = glued === '' ? cursor.tokens[cursor.at] : undefined;
  if (unit?.kind === 'word') cursor.at += 1;
  const name = unit?.kind === 'word' ? unit.text : (glued ?? '');
  const scale = Object.hasOwn(units, name) ? units[name] : undefined;
  if (scale === undefined) {
    fail(cursor, `Expected a time such as “1500 ms” or “45 s”, not ${printToken(next)}.`);
    return 0;
  }
  return Math.round(Number(number) * scale);
}

function takeCount(cursor: Cursor, what: string): number {
  const next = cursor.tokens[cursor.at];
  const text = next?.kind === 'word' ? next.text : '';
  if (!/^\d+$/.test(text)) {
    fail(cursor, `Expected ${what}, a whole number from 0, not ${printToken(next)}.`);
  }
  cursor.at += 1;
  return Number(text);
}

function takeName(cursor: Cursor, what: string): string | undefined {
  const next = cursor.tokens[cursor.at];
  if (!peekName(cursor) || (next?.kind !== 'word' && next?.kind !== 'quoted')) {
    return fail(cursor, `Expected ${what}, not ${printToken(next)}.`);
  }
  cursor.at += 1;
  return next.text;
}

const notNames = new Set(['at', 'after', 'before', 'in', 'to', 'until']);

function peekName(cursor: Cursor): boolean {
  const next = cursor.tokens[cursor.at];
  return next?.kind === 'quoted' || (next?.kind === 'word' && !notNames.has(next.text));
}

function peekWord(cursor: Cursor, word: string): boolean {
  const next = cursor.tokens[cursor.at];
  return next?.kind === 'word' && next.text === word;
}

function takeWord(cursor: Cursor, word: string): boolean {
  const there = peekWord(cursor, word);
  if (there) cursor.at += 1;
  return there;
}

function peekText(cursor: Cursor): string {
  return printToken(cursor.tokens[cursor.at]);
}

function skipSeparator(cursor: Cursor): void {
  if (cursor.tokens[cursor.at]?.kind === 'separator') cursor.at += 1;
}

/** Keeps the first sentence: what follows is usually its consequence. */
function fail(cursor: Cursor, sentence: string): undefined {
  cursor.trouble ??= sentence;
  return undefined;
}
