/**
 * The one notation of fault points, places, faults and holds, as terminal, page, schedule file and
 * `--fault` show them. `parse.ts` reads it back; for well-formed values (fault-rules.ts) both are
 * inverses.
 */
import { printName } from './words.ts';
import type { Fault, FaultPoint, Hold, Phase, Place } from './schedule.ts';

/** A point at one of its phases: where a fault strikes, what a hold is about. */
export interface PhasedPoint {
  readonly point: FaultPoint;
  readonly phase: Phase;
}

/** `greeter-0 · OffsetCommit greeter (m1, m2) · #1` */
export function printPoint(point: FaultPoint): string {
  const target = point.target === '' ? '' : ` ${printName(point.target)}`;
  const cause = point.cause.length === 0 ? '' : ` (${point.cause.map(printName).join(', ')})`;
  const operation = `${printName(point.operation)}${target}${cause}`;
  return `${printName(point.slot)} · ${operation} · #${point.ordinal}`;
}

/** `greeter-0 · sink.record (m1) · #1 · before apply` */
export function printPhasedPoint(at: PhasedPoint): string {
  return `${printPoint(at.point)} · ${at.phase}`;
}

/** `at rest`, `before start`, `after command m2`, or a point with its phase. */
export function printPlace(place: Place): string {
  if (typeof place === 'string') return place;
  return 'after' in place ? `after command ${printName(place.after)}` : printPhasedPoint(place);
}

/** `crash greeter-0 · OffsetCommit greeter (m1) · #1 · after apply · in flight arrives` */
export function printFault(fault: Fault): string {
  const inline = fault.kind === 'redeliver' && fault.on !== undefined;
  const words: string[] = [fault.kind];
  if (fault.on !== undefined) words.push(inline ? fault.on : printName(fault.on));
  if (inline && fault.with?.offset !== undefined) words.push(`to ${fault.with.offset}`);
  const isPoint = typeof fault.place === 'object' && 'point' in fault.place;
  if (fault.on !== undefined && isPoint) words.push('at');
  words.push(printPlace(fault.place));
  return [words.join(' '), ...printOptions(fault, inline)].join(' · ');
}

function printOptions(fault: Fault, offsetIsInline: boolean): string[] {
  const { code, ms, inFlight, offset } = fault.with ?? {};
  const options: string[] = [];
  if (code !== undefined) options.push(isCode(code) ? code : JSON.stringify(code));
  if (ms !== undefined) options.push(`${ms} ms`);
  if (inFlight !== undefined) options.push(`in flight ${inFlight}`);
  if (offset !== undefined && !offsetIsInline) options.push(`to ${offset}`);
  return options;
}

/** Kafka's error names and SQLSTATEs look like this; what else stands for a code is quoted. */
export function isCode(text: string): boolean {
  return /^[A-Z][A-Z0-9_]+$/.test(text) || isSqlState(text);
}

/** `40P01`, `57P01`. */
export function isSqlState(text: string): boolean {
  return /^[0-9][0-9A-Z]{4}$/.test(text);
}

/** SQL verbs are in capitals; Kafka's APIs are not, and port calls have a dot. */
export function isStatement(operation: string): boolean {
  return /^[A-Z][A-Z ]+$/.test(operation);
}

/** `hold greeter-0 · … · before apply until greeter-1 · … · after apply` */
export function printHold(hold: Hold): string {
  return `hold ${printPhasedPoint(hold.what)} until ${printPhasedPoint(hold.until)}`;
}

/** What `redeliver` strikes; group and topic may hold any characters. */
export interface RedeliverTarget {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

/** The `on` of a redeliver: `greeter greetings.v1/0`. */
export function printRedeliverTarget({ group, topic, partition }: RedeliverTarget): string {
  return `${printName(group)} ${printName(`${topic}/${partition}`)}`;
}

/**
 * Equal for equal points and phases, different otherwise: a key for maps. Called some 200 times per
 * run, so it writes nothing that a reader would need.
 */
export function pointKey(point: FaultPoint, phase: Phase): string {
  const { cause } = point;
  const about = cause.length < 2 ? `${cause.length}${cause[0] ?? ''}` : JSON.stringify(cause);
  const place = `${point.slot}\u0000${point.operation}\u0000${point.target}`;
  return `${place}\u0000${point.ordinal}\u0000${phase}\u0000${about}`;
}
