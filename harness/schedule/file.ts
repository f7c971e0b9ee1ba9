/**
 * Schedules as files: JSON that a person can read and write, with faults and holds in the one
 * notation. Reading checks everything and answers with a sentence; files are read and written
 * elsewhere. Format: docs/format.md.
 */
import { canonical } from '#kernel';
import { faultKinds, faultTrouble } from './fault-rules.ts';
import { printFault, printHold, printPhasedPoint, type PhasedPoint } from './notation.ts';
import { parseFault, parseHold, parsePhasedPoint, parseRedeliverTarget } from './parse.ts';
import type { Fault, FaultPoint, Hold, Place, Schedule, ScheduledCommand } from './schedule.ts';
import type { Parsed } from './words.ts';

const formatNumber = 1;

const example = `{
  "format": 1,
  "chapter": "01-producer-consumer",
  "seed": 42,
  "instances": { "greeter": 1 },
  "commands": [{ "id": "m1", "value": { "id": "m1", "body": "hello" } }],
  "faults": ["crash greeter-0 · OffsetCommit greeter (m1) · #1 · before apply"],
  "holds": []
}`;

/** The schedule as a file, two blanks deep, with a newline at the end. */
export function printSchedule(schedule: Schedule): string {
  return `${JSON.stringify(toFile(schedule), undefined, 2)}\n`;
}

/** Equal for schedules that ask for the same run, whatever their objects look like. */
export function canonicalSchedule(schedule: Schedule): string {
  return canonical(toFile(schedule));
}

function toFile(schedule: Schedule): Record<string, unknown> {
  const { chapter, seed, instances, commands, faults, holds, jitterMs, markersMs } = schedule;
  return {
    format: formatNumber,
    chapter,
    seed,
    instances,
    commands: commands.map(({ id, value, at, to }) => ({
      id,
      ...(at === undefined ? {} : { at: typeof at === 'string' ? at : printPhasedPoint(at) }),
      ...(to === undefined ? {} : { to }),
      value,
    })),
    faults: faults.map(printFault),
    holds: holds.map(printHold),
    ...(jitterMs === undefined || jitterMs === 0 ? {} : { jitterMs }),
    ...(markersMs === undefined ? {} : { markersMs }),
  };
}

/** Stops reading at the first thing that is wrong; never leaves this file. */
class Broken extends Error {}

/** A schedule from the text of a file. */
export function parseSchedule(text: string): Parsed<Schedule> {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return { ok: false, sentence: 'This schedule is not JSON.', example };
  }
  return readSchedule(data);
}

/** A schedule from plain data; faults and holds as text or as objects, as reports have them. */
export function readSchedule(data: unknown): Parsed<Schedule> {
  try {
    return { ok: true, value: toSchedule(data) };
  } catch (error) {
    if (error instanceof Broken) return { ok: false, sentence: error.message, example };
    throw error;
  }
}

type Fields = Readonly<Record<string, unknown>>;

const fieldNames = [
  'format',
  'chapter',
  'seed',
  'instances',
  'commands',
  'faults',
  'holds',
  'jitterMs',
  'markersMs',
];

function toSchedule(data: unknown): Schedule {
  const fields = object(data, 'A schedule');
  const { format, jitterMs, markersMs } = fields;
  if (typeof format === 'number' && format > formatNumber) {
    throw new Broken(
      `This schedule has format ${format}; this version reads format ${formatNumber}. ` +
        'Update the workbench, or save the schedule again with this one.',
    );
  }
  if (format !== formatNumber) throw new Broken('A schedule says "format": 1.');
  only(fields, fieldNames, 'A schedule');
  const commands = array(fields['commands'], '"commands"').map(toCommand);
  const ids = new Set(commands.map(({ id }) => id));
  if (ids.size < commands.length) throw new Broken('Two commands have the same id.');
  return {
    format: formatNumber,
    chapter: string(fields['chapter'], '"chapter"'),
    seed: integer(fields['seed'], '"seed"'),
    instances: toInstances(fields['instances']),
    commands,
    faults: array(fields['faults'] ?? [], '"faults"').map(toFault),
    holds: array(fields['holds'] ?? [], '"holds"').map(toHold),
    ...(jitterMs === undefined ? {} : { jitterMs: count(jitterMs, '"jitterMs"') }),
    ...(markersMs === undefined ? {} : { markersMs: count(markersMs, '"markersMs"') }),
  };
}

function toInstances(value: unknown): Schedule['instances'] {
  const entries = Object.entries(object(value ?? {}, '"instances"'));
  return Object.fromEntries(entries.map(([role, n]) => [role, count(n, `"instances" of ${role}`)]));
}

function toCommand(value: unknown, index: number): ScheduledCommand {
  const name = `Command ${index + 1}`;
  const fields = object(value, name);
  only(fields, ['id', 'value', 'at', 'to'], name);
  const { at, to } = fields;
  return {
    id: string(fields['id'], `The id of command ${index + 1}`),
    value: object(fields['value'], `The value of command ${index + 1}`),
    ...(at === undefined ? {} : { at: toTiming(at, name) }),
    ...(to === undefined ? {} : { to: string(to, `"to" of ${name}`) }),
  };
}

function toTiming(at: unknown, name: string): NonNullable<ScheduledCommand['at']> {
  if (at === 'before start' || at === 'with previous') return at;
  if (typeof at === 'string') return understood(parsePhasedPoint(at), `"at" of ${name}`);
  return toPhasedPoint(at, `"at" of ${name}`);
}

function toFault(value: unknown, index: number): Fault {
  const name = `Fault ${index + 1}`;
  if (typeof value === 'string') return understood(parseFault(value), name);
  const fields = object(value, name);
  only(fields, ['kind', 'place', 'on', 'with'], name);
  const kind = faultKinds.find((known) => known === fields['kind']);
  if (kind === undefined) throw new Broken(`${name} has no known kind.`);
  const { on, with: options } = fields;
  const fault: Fault = {
    kind,
    place: toPlace(fields['place'], name),
    ...(on === undefined ? {} : { on: string(on, `"on" of ${name}`) }),
    ...(options === undefined ? {} : { with: toOptions(options, name) }),
  };
  const trouble = faultTrouble(fault);
  if (trouble !== undefined) throw new Broken(`${name}: ${trouble}`);
  if (kind === 'redeliver' && parseRedeliverTarget(fault.on ?? '') === undefined) {
    throw new Broken(`${name}: redeliver needs a group and topic/partition.`);
  }
  return fault;
}

function toOptions(value: unknown, name: string): NonNullable<Fault['with']> {
  const { inFlight, code, ms, offset, ...unknown } = object(value, `"with" of ${name}`);
  only(unknown, [], `"with" of ${name}`);
  if (inFlight !== undefined && inFlight !== 'arrives') {
    throw new Broken(`"inFlight" of ${name} is "arrives" or left out.`);
  }
  return {
    ...(inFlight === undefined ? {} : { inFlight }),
    ...(code === undefined ? {} : { code: string(code, `"code" of ${name}`) }),
    ...(ms === undefined ? {} : { ms: count(ms, `"ms" of ${name}`) }),
    ...(offset === undefined ? {} : { offset: count(offset, `"offset" of ${name}`) }),
  };
}

function toHold(value: unknown, index: number): Hold {
  const name = `Hold ${index + 1}`;
  if (typeof value === 'string') return understood(parseHold(value), name);
  const fields = object(value, name);
  only(fields, ['what', 'until'], name);
  return {
    what: toPhasedPoint(fields['what'], `"what" of ${name}`),
    until: toPhasedPoint(fields['until'], `"until" of ${name}`),
  };
}

function toPlace(value: unknown, name: string): Place {
  if (value === 'before start' || value === 'at rest') return value;
  const fields = object(value, `"place" of ${name}`);
  return 'after' in fields
    ? { after: string(fields['after'], `"after" of ${name}`) }
    : toPhasedPoint(value, `"place" of ${name}`);
}

function toPhasedPoint(value: unknown, name: string): PhasedPoint {
  const { point, phase } = object(value, name);
  if (phase !== 'before apply' && phase !== 'after apply' && phase !== 'after answer') {
    throw new Broken(`${name} has no known phase.`);
  }
  return { point: toPoint(point, name), phase };
}

function toPoint(value: unknown, name: string): FaultPoint {
  const { slot, operation, target, cause, ordinal } = object(value, name);
  return {
    slot: string(slot, `"slot" of ${name}`),
    operation: string(operation, `"operation" of ${name}`),
    target: string(target, `"target" of ${name}`),
    cause: array(cause, `"cause" of ${name}`).map((id) => string(id, `"cause" of ${name}`)),
    ordinal: count(ordinal, `"ordinal" of ${name}`),
  };
}

function understood<T>(parsed: Parsed<T>, name: string): T {
  if (parsed.ok) return parsed.value;
  throw new Broken(`${name}: ${parsed.sentence} Write for example “${parsed.example}”.`);
}

function only(fields: Fields, names: readonly string[], name: string): void {
  const odd = Object.keys(fields).find((field) => !names.includes(field));
  if (odd !== undefined) throw new Broken(`${name} has a field "${odd}" that is not known.`);
}

function object(value: unknown, name: string): Fields {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Fields;
  throw new Broken(`${name} is not an object.`);
}

function array(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Broken(`${name} is not a list.`);
}

function string(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  throw new Broken(`${name} is not a text.`);
}

function integer(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new Broken(`${name} is not a whole number.`);
}

function count(value: unknown, name: string): number {
  const number = integer(value, name);
  if (number >= 0) return number;
  throw new Broken(`${name} is below 0.`);
}
