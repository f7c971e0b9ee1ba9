/**
 * What stood around a fault: what it was about, what had taken effect by then, what Kafka had been told, and what
 * came after. The material of the sentences of cause.
 */
import type { FaultKind, FaultOptions, FaultPoint, Phase } from '#schedule';
import type { Fact } from '#check';
import {
  roleOf,
  type Append,
  type Deliver,
  type Done,
  type Reading,
  type Struck,
} from './reading.ts';
import type { Focus } from './rows.ts';
import { errandNoun, list } from './words.ts';

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
  /** `m1 and m2` */
  readonly about: string;
  /** `was`, or `were` for several. */
  readonly was: string;
  /** `it was`, or `they were`. */
  readonly they: string;
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
  const { fault, point, phase, fact } = struck;
  if (!fault) return undefined;
  const commands = commandsAt(struck, focus);
  const about = commands.length > 0 ? list(commands) : 'it';
  const several = commands.length > 1;
  const before = commands.flatMap((c) => reading.done(c).filter((done) => done.seq < fact.seq));
  const usual = usualEffect(reading, struck.slot);
  const isPort = point?.operation.includes('.') ?? false;
  return {
    kind: fault.kind,
    seq: fact.seq,
    point,
    phase,
    options: fault.with,
    on: fault.on ?? '',
    slot: struck.slot ?? '',
    commands,
    about,
    was: several ? 'were' : 'was',
    they: several ? 'they were' : 'it was',
    noun: point ? errandNoun(point) : 'it',
    target: point?.target ?? '',
    call: isPort && point ? point.operation : (usual ?? 'anything outside'),
    isInput: commands.some((command) => reading.input(command)?.topic === point?.target),
    doneBefore: before.length > 0,
    effectHad: before[0] ? effectHad(before[0], about) : '',
    effectGot: usual ? `${usual} got ${about}` : `anything was done with ${about}`,
    committed: commands.some((command) => committedPast(reading, command, fact.seq) !== undefined),
    when: whenOf(struck),
  };
}

/** The commands of the finding where the fault was about them; else all that it was about. */
function commandsAt({ point }: Struck, focus: Focus): readonly string[] {
  const cause = point?.cause ?? [];
  const shared = cause.filter((command) => focus.commands.has(command));
  if (shared.length > 0) return shared;
  return cause.length > 0 ? cause : [...focus.commands].slice(0, 3);
}

function whenOf({ point, phase, fault }: Struck): string {
  if (point) return `${phase === 'before apply' ? 'before' : 'after'} ${errandNoun(point)}`;
  const place = fault?.place;
  if (place === 'before start') return 'before anything was sent';
  if (place === 'at rest') return 'when nothing was left to do';
  return typeof place === 'object' && 'after' in place ? `after ${place.after}` : '';
}

function effectHad(done: Done, about: string): string {
  return done.kind === 'port'
    ? `${done.name} had taken ${about}`
    : `${about} stood in ${done.topic}`;
}

/** What this role does with a command, seen on any command of the run. */
function usualEffect(reading: Reading, slot: string | undefined): string | undefined {
  const port = reading.facts.find(
    (fact) => fact.kind === 'port' && (slot === undefined || roleOf(fact.slot) === roleOf(slot)),
  );
  return port?.kind === 'port' ? port.name : undefined;
}

/** The commit that lies beyond a command's record, if there was one by then. */
export function committedPast(
  reading: Reading,
  command: string,
  seq: number,
): { readonly offset: number; readonly input: Append } | undefined {
  const input = reading.input(command);
  if (!input) return undefined;
  const commit = reading.committedBefore(seq, input.topic, input.partition);
  return commit && commit.offset > input.offset ? { offset: commit.offset, input } : undefined;
}

export interface Aftermath {
  /** Stands before the consequence. */
  readonly because?: string;
  /** Joins the sentence before it with "so". */
  readonly consequence?: string;
  /** A sentence of its own. */
  readonly fact?: string;
}

/** What followed for the commands: delivered again, done again, committed without, or never heard of again. */
export function aftermath(scene: Scene, reading: Reading): Aftermath | undefined {
  const [command] = scene.commands;
  if (command === undefined) return undefined;
  const about = scene.commands;
  const after = (fact: Fact): boolean => fact.seq > scene.seq;
  const role = scene.slot === '' ? undefined : roleOf(scene.slot);
  const delivered = about.flatMap((c) => reading.delivered(c).filter(after));
  const redelivered = delivered.filter(
    (fact) =>
      reading.again.has(fact.seq) &&
      (role === undefined || roleOf(fact.slot) === role || scene.isInput),
  );
  const second = about.flatMap((c) =>
    reading.done(c).filter((done) => after(done) && reading.again.has(done.seq)),
  );
  const resent = reading.facts.find(
    (fact): fact is Append =>
      fact.kind === 'append' &&
      after(fact) &&
      reading.again.has(fact.seq) &&
      about.includes(fact.command ?? ''),
  );
  if (zombieKinds.has(scene.kind)) return undefined;
  const [first] = redelivered;
  if (first !== undefined && !alreadySaidKinds.has(scene.kind)) {
    return {
      ...restartOffset(scene, reading, first),
      consequence: deliveredAgain(scene, first, second),
    };
  }
  if (second[0] && scene.kind !== 'restart') return { fact: doneAgain(scene, second[0]) };
  if (resent) {
    const first = reading.input(resent.command ?? '');
    const where = first ? `offset ${first.offset} and offset ${resent.offset}` : 'two places';
    return { fact: `It sent ${scene.about} again, and ${scene.about} now stands at ${where}` };
  }
  return silence(scene, reading, command, delivered.length > 0);
}

const zombieKinds: ReadonlySet<FaultKind> = new Set(['freeze', 'cut']);
const alreadySaidKinds: ReadonlySet<FaultKind> = new Set(['redeliver', 'republish']);

/** After a planned restart the stored offset is what decides, so it is said. */
function restartOffset(
  scene: Scene,
  reading: Reading,
  { seq, topic, partition }: Deliver,
): Aftermath {
  if (scene.kind !== 'restart' && scene.kind !== 'stop') return {};
  const commit = reading.committedBefore(seq, topic, partition);
  const stored = commit && commit.offset >= 0 ? `was ${commit.offset}` : 'was none';
  return { because: `The committed offset of ${topic}/${partition} ${stored}` };
}

function deliveredAgain(scene: Scene, delivery: Deliver, second: readonly Done[]): string {
  const who = delivery.slot === scene.slot || scene.slot === '' ? '' : ` to ${delivery.slot}`;
  const base = `Kafka delivered ${scene.about} again${who}`;
  const [done] = second;
  return done ? `${base} and ${doneAgain(scene, done)}` : base;
}

function doneAgain(scene: Scene, done: Done): string {
  return done.kind === 'port'
    ? `${done.name} took ${scene.about} a second time`
    : `${scene.about} was sent to ${done.topic} a second time`;
}

/** Nothing followed where something should have. */
function silence(
  scene: Scene,
  reading: Reading,
  command: string,
  delivered: boolean,
): Aftermath | undefined {
  const done = reading.done(command).length > 0;
  if (done) return undefined;
  const later = reading.facts.find(
    (fact) =>
      fact.kind === 'commit' &&
      fact.slot !== undefined &&
      fact.seq > scene.seq &&
      reading.commandsOf(fact).includes(command),
  );
  if (later?.kind === 'commit') {
    return {
      fact:
        `${later.slot} told Kafka all the same that ${command} is done:` +
        ` it committed ${later.offset} on ${later.topic}/${later.partition}`,
    };
  }
  if (delivered) return undefined;
  const now = committedPast(reading, command, scene.seq);
  const past = now ?? committedPast(reading, command, Number.MAX_SAFE_INTEGER);
  if (past) {
    return {
      fact:
        `the committed offset was ${past.offset}, past ${command} (offset ${past.input.offset}),` +
        ` and nothing delivered ${command} again`,
    };
  }
  return reading.input(command)
    ? { fact: `no offset was stored for it, and yet nothing delivered ${command} again` }
    : undefined;
}
