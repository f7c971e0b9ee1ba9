/**
 * What stood around a fault: what it was about, what had taken effect by then, what Kafka had been
 * told, and what came after. The material of the sentences of cause.
 */
import { roleOf, type FaultKind, type FaultOptions, type FaultPoint, type Phase } from '#schedule';
import {
  isChange,
  type Append,
  type Change,
  type Done,
  type Port,
  type Reading,
  type Struck,
} from './reading.ts';
import type { Focus } from './rows.ts';
import { labelOf, errandNoun, list, type Asked } from './words.ts';

export interface Scene {
  readonly kind: FaultKind;
  readonly seq: number;
  readonly point: FaultPoint | undefined;
  readonly phase: Phase | undefined;
  readonly options: FaultOptions | undefined;
  readonly on: string;
  /** Empty where no one instance was struck. */
  readonly slot: string;
  readonly commands: readonly string[];
  /** Those of the finding, which may be others than those in flight. */
  readonly affected: readonly string[];
  /** `m1 and m2` */
  readonly about: string;
  /** The record in flight by its name, where it has one; else as `about`. */
  readonly record: string;
  /** `was`, or `were` for several. */
  readonly was: string;
  /** `Kafka had already stored that it was done` */
  readonly told: string;
  /** `Kafka knew that it was done` */
  readonly knew: string;
  /** `Kafka had stored that m1 was done` */
  readonly stored: string;
  readonly noun: string;
  readonly target: string;
  /** The port call in flight, or the one that this role makes of a command. */
  readonly call: string;
  /** The record in flight is the command's own, not something made of it. */
  readonly isInput: boolean;
  readonly doneBefore: boolean;
  /** `sink.record had taken m1` */
  readonly effectHad: string;
  /** `sink.record got m1`: what did not come to pass. */
  readonly effectGot: string;
  /** Kafka had been told that the commands are done. */
  readonly committed: boolean;
  /** `after m2`, `when nothing was left to do`, `before the commit of m1` */
  readonly when: string;
}

export function scenes(reading: Reading, focus: Focus): Scene[] {
  return reading.struck.flatMap((struck) => sceneOf(struck, reading, focus) ?? []);
}

function sceneOf(struck: Struck, reading: Reading, focus: Focus): Scene | undefined {
  const { fault, point, asked, phase, fact } = struck;
  if (!fault) return undefined;
  const commands = commandsAt(struck, focus);
  const about = commands.length > 0 ? list(commands) : 'it';
  const several = commands.length > 1;
  const they = several ? 'they were' : 'it was';
  const before = commands.flatMap((c) => reading.done(c).filter((done) => done.seq < fact.seq));
  const usual = usualEffect(reading, struck.slot);
  const at = { seq: fact.seq, slot: struck.slot ?? '' };
  const isPort = point?.operation.includes('.') ?? false;
  return {
    kind: fault.kind,
    ...at,
    point,
    phase,
    options: fault.with,
    on: fault.on ?? '',
    commands,
    affected: commands.some((c) => focus.commands.has(c)) ? commands : [...focus.commands],
    about,
    record: recordOf(struck, commands) ?? about,
    was: several ? 'were' : 'was',
    told: `Kafka had already stored that ${they} done`,
    knew: `Kafka knew that ${they} done`,
    stored: `Kafka had stored that ${about} ${several ? 'were' : 'was'} done`,
    noun: point && asked ? nounOf(asked, point.slot) : 'it',
    target: point?.target ?? '',
    call: isPort && point ? point.operation : (usual ?? 'anything outside'),
    isInput: commands.some((command) => reading.input(command)?.topic === point?.target),
    doneBefore: before.length > 0,
    effectHad: before[0] ? effectHad(before[0], about) : '',
    effectGot: usual ? `${usual} got ${about}` : `anything was done with ${about}`,
    committed: commands.some((command) => committedPast(reading, command, at) !== undefined),
    when: whenOf(struck),
  };
}

/** The one that the request had written. */
function recordOf({ point, asked }: Struck, commands: readonly string[]): string | undefined {
  const [command, ...others] = commands;
  if (point?.operation !== 'Produce' || command === undefined || others.length > 0)
    return undefined;
  return asked?.cause[point.cause.indexOf(command)];
}

/** In a sentence that has no subject yet, `its JoinGroup` says whose. */
function nounOf(asked: Asked, slot: string): string {
  return errandNoun(asked).replace(/^its /, `${slot}'s `);
}

/** The commands of the finding where the fault was about them; else all that it was about. */
function commandsAt({ point }: Struck, focus: Focus): readonly string[] {
  const cause = point?.cause ?? [];
  const shared = cause.filter((command) => focus.commands.has(command));
  if (shared.length > 0) return shared;
  return cause.length > 0 ? cause : [...focus.commands].slice(0, 3);
}

function whenOf({ asked, phase, fault }: Struck): string {
  if (asked) return `${phase === 'before apply' ? 'before' : 'after'} ${errandNoun(asked)}`;
  const place = fault?.place;
  if (place === 'before start') return 'before anything was sent';
  if (place === 'at rest') return 'when nothing was left to do';
  return typeof place === 'object' && 'after' in place ? `after ${place.after}` : '';
}

function effectHad(done: Done, about: string): string {
  switch (done.kind) {
    case 'port':
      return `${done.name} had taken ${about}`;
    case 'table':
      return `${about} stood in the database`;
    case 'append':
      return `${done.name === undefined ? about : labelOf(done)} stood in ${done.topic}`;
  }
}

/** What this role does with a command, seen on any command of the run. */
function usualEffect(reading: Reading, slot: string | undefined): string | undefined {
  const isOurs = (other: string): boolean => slot === undefined || roleOf(other) === roleOf(slot);
  const effect = reading.facts.find(
    (fact): fact is Port | Change => (fact.kind === 'port' || isChange(fact)) && isOurs(fact.slot),
  );
  return effect?.kind === 'table' ? 'the database' : effect?.name;
}

/** The commit of the slot's group that lies beyond a command's record, if there was one by then. */
export function committedPast(
  reading: Reading,
  command: string,
  { seq, slot }: Pick<Scene, 'seq' | 'slot'>,
): { readonly offset: number; readonly input: Append } | undefined {
  const input = reading.input(command);
  if (!input) return undefined;
  const commit = reading.committedBefore(seq, input, reading.groupsOf(slot));
  return commit && commit.offset > input.offset ? { offset: commit.offset, input } : undefined;
}
