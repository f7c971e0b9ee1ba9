/**
 * A history read for telling: what each fact is about, what came before, what happened again.
 * Nothing is judged here; the properties did that. Works on any topics, ports and roles, for it
 * only follows commands.
 */
import type {
  AppendFact,
  CommitFact,
  DeliverFact,
  Fact,
  FaultFact,
  OperationFact,
  PortFact,
  TableFact,
} from '#check';
import { roleOf, type Fault, type FaultPoint, type Phase, type Schedule } from '#schedule';
import { askedOf, type Moment } from './asked.ts';
import { changesByCommit } from './changes.ts';
import { labelOf, type Asked } from './words.ts';

/** A fault that struck, joined with its entry in the schedule. */
export interface Struck {
  readonly fact: FaultFact & Stamped;
  readonly fault: Fault | undefined;
  readonly point: FaultPoint | undefined;
  /** The same for sentences: about records by name. */
  readonly asked: Asked | undefined;
  readonly phase: Phase | undefined;
  readonly slot: string | undefined;
}

interface Stamped {
  readonly seq: number;
  readonly atMs: number;
}

/** One partition of a topic. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
}

export type Append = AppendFact & Stamped;
export type Commit = CommitFact & Stamped;
export type Deliver = DeliverFact & Stamped;
export type Port = PortFact & Stamped;
export type Operation = OperationFact & Stamped;
/** A change of the tables that a process committed. */
export type Change = TableFact & Stamped & { readonly slot: string };

/**
 * What a service did in the outside: a port call that took effect, a record in a further topic, a
 * commit that changed the tables.
 */
export type Done = Port | Append | Change;

export interface Reading {
  readonly facts: readonly Fact[];
  readonly struck: readonly Struck[];
  /** Consumer groups that committed anything. */
  readonly groups: ReadonlySet<string>;
  /** Consumer groups that a slot was ever a member of; of who was in none, all that committed. */
  groupsOf(slot: string): ReadonlySet<string>;
  /** Commands that the harness added to come to rest. */
  readonly closing: ReadonlySet<string>;
  /** Positions of facts that repeat an earlier one: delivered, applied or appended before. */
  readonly again: ReadonlySet<number>;
  commandsOf(fact: Fact): readonly string[];
  /** The commands that one without a record of its own is about, such as the order it cancels. */
  concerns(command: string): readonly string[];
  /** The record that brought the command in: the first one about it. */
  input(command: string): Append | undefined;
  done(command: string): readonly Done[];
  delivered(command: string): readonly Deliver[];
  /** What a delivery brought, by name, where the chapter names its records. */
  recordsIn(delivery: Deliver): readonly Delivered[] | undefined;
  /** The statement that committed a change. */
  statement(change: Change): Operation | undefined;
  /** What a commit changed, row by row. */
  changes(seq: number): readonly string[];
  /** The last commit of one of these groups on a partition before a position. */
  committedBefore(seq: number, place: Place, groups: ReadonlySet<string>): Commit | undefined;
}

export interface Delivered {
  readonly label: string;
  /** This role was given it before. */
  readonly again: boolean;
}

export function logName({ topic, partition }: Place): string {
  return `${topic}/${partition}`;
}

export function read(facts: readonly Fact[], schedule: Schedule): Reading {
  const commands = new Map<number, readonly string[]>();
  const appends = facts.filter((fact): fact is Append => fact.kind === 'append');
  const commits = facts.filter((fact): fact is Commit => fact.kind === 'commit');
  const delivers = facts.filter((fact): fact is Deliver => fact.kind === 'deliver');
  const concerns = concernsOf(facts, appends);
  for (const fact of facts) {
    const about = commandsAbout(fact, facts, appends, commits);
    const more = fact.kind === 'command' ? (concerns.get(fact.id) ?? []) : [];
    commands.set(fact.seq, more.length > 0 ? [...about, ...more] : about);
  }
  const changes = changesByCommit(facts);
  const commandsOf = (fact: Fact): readonly string[] => commands.get(fact.seq) ?? [];
  const input = (command: string): Append | undefined =>
    appends.find((append) => append.command === command);
  const groups = new Set(commits.map((commit) => commit.group));
  return {
    facts,
    struck: facts
      .filter((fact) => fact.kind === 'fault')
      .map((fact) => strike(fact, schedule, { appends, delivers })),
    groups,
    groupsOf(slot) {
      const own = membershipsOf(slot, facts);
      return own.size > 0 ? own : groups;
    },
    closing: new Set(
      facts.flatMap((fact) => (fact.kind === 'command' && fact.closing ? [fact.id] : [])),
    ),
    again: repetitions(facts, (fact) => identities(fact, commandsOf(fact), facts)),
    commandsOf,
    concerns: (command) => concerns.get(command) ?? [],
    input,
    done: (command) =>
      facts.filter(
        (fact): fact is Done =>
          (fact.kind === 'port' &&
            fact.outcome === 'applied' &&
            commandsOf(fact).includes(command)) ||
          (isChange(fact) && commandsOf(fact).includes(command)) ||
          (fact.kind === 'append' &&
            fact.slot !== undefined &&
            fact.command === command &&
            fact.topic !== input(command)?.topic),
      ),
    statement: (change) => statementOf(change, facts),
    changes: (seq) => changes.get(seq) ?? [],
    delivered: (command) => delivers.filter((fact) => fact.commands.includes(command)),
    recordsIn: (delivery) => recordsIn(delivery, appends, delivers),
    committedBefore: (seq, { topic, partition }, groups) =>
      commits.findLast(
        (fact) =>
          fact.seq < seq &&
          fact.topic === topic &&
          fact.partition === partition &&
          groups.has(fact.group),
      ),
  };
}

function recordsIn(
  { seq, slot, topic, partition, offsets }: Deliver,
  appends: readonly Append[],
  delivers: readonly Deliver[],
): readonly Delivered[] | undefined {
  const isHere = (place: Place): boolean => place.topic === topic && place.partition === partition;
  const records = appends.filter((append) => isHere(append) && offsets.includes(append.offset));
  if (!records.some(({ name }) => name !== undefined)) return undefined;
  const former = delivers.filter(
    (other) => other.seq < seq && isHere(other) && roleOf(other.slot) === roleOf(slot),
  );
  return records
    .filter(({ command }) => command !== undefined)
    .map((record) => ({
      label: labelOf(record),
      again: former.some((other) => other.offsets.includes(record.offset)),
    }));
}

function membershipsOf(slot: string, facts: readonly Fact[]): ReadonlySet<string> {
  return new Set(
    facts.flatMap((fact) =>
      fact.kind === 'assign' && fact.members.some((member) => member.slot === slot)
        ? [fact.group]
        : [],
    ),
  );
}

/** By what they carry: the id of another command, on its own. */
function concernsOf(
  facts: readonly Fact[],
  appends: readonly Append[],
): ReadonlyMap<string, readonly string[]> {
  const known = new Set(appends.flatMap(({ command }) => command ?? []));
  return new Map(
    facts.flatMap((fact) => {
      if (fact.kind !== 'command' || fact.call === undefined || known.has(fact.id)) return [];
      return [[fact.id, [...new Set(textsIn(fact.value))].filter((text) => known.has(text))]];
    }),
  );
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function strike(
  fact: FaultFact & Stamped,
  schedule: Schedule,
  records: Pick<Moment, 'appends' | 'delivers'>,
): Struck {
  const fault = schedule.faults[fact.index];
  const place = fault?.place;
  const at = typeof place === 'object' && 'point' in place ? place : undefined;
  const on = fault?.on !== undefined && /-\d+$/.test(fault.on) ? fault.on : undefined;
  const { point, phase } = at ?? {};
  const asked = point && askedOf(point, { seq: fact.seq, phase, ...records });
  return { fact, fault, point, asked, phase, slot: point?.slot ?? on };
}

function commandsAbout(
  fact: Fact,
  facts: readonly Fact[],
  appends: readonly Append[],
  commits: readonly Commit[],
): readonly string[] {
  switch (fact.kind) {
    case 'command':
      return [fact.id];
    case 'operation':
      return fact.cause;
    case 'append':
      return fact.command === undefined ? [] : [fact.command];
    case 'deliver':
      return fact.commands;
    case 'port':
      return causeOfCall(fact, facts);
    case 'table':
      return isChange(fact) ? (statementOf(fact, facts)?.cause ?? []) : [];
    case 'commit':
      return covered(fact, appends, commits);
    case 'marker':
      return ended(fact, facts);
    default:
      return [];
  }
}

/** A port fact stands between the steps of its own call, which knows what it is about. */
function causeOfCall(port: Port, facts: readonly Fact[]): readonly string[] {
  const call = facts.findLast(
    (fact) =>
      fact.kind === 'operation' &&
      fact.seq < port.seq &&
      fact.slot === port.slot &&
      fact.incarnation === port.incarnation &&
      fact.operation === port.name,
  );
  return call?.kind === 'operation' ? call.cause : [];
}

export function isChange(fact: Fact): fact is Change {
  return fact.kind === 'table' && fact.slot !== undefined;
}

/** Its tables are read as soon as it is applied. */
function statementOf(change: Change, facts: readonly Fact[]): Operation | undefined {
  return facts.findLast(
    (fact): fact is Operation =>
      fact.kind === 'operation' &&
      fact.step === 'applied' &&
      fact.seq < change.seq &&
      fact.slot === change.slot &&
      fact.incarnation === change.incarnation,
  );
}

/** Commands whose records lie between the group's former offset and the new one. */
function covered(
  commit: Commit,
  appends: readonly Append[],
  commits: readonly Commit[],
): readonly string[] {
  const former = commits.findLast(
    (fact) =>
      fact.seq < commit.seq &&
      fact.group === commit.group &&
      fact.topic === commit.topic &&
      fact.partition === commit.partition,
  );
  const from = Math.max(0, former?.offset ?? 0);
  return appends
    .filter(
      (append) =>
        append.seq < commit.seq &&
        append.topic === commit.topic &&
        append.partition === commit.partition &&
        append.offset >= Math.min(from, commit.offset) &&
        append.offset < Math.max(from, commit.offset),
    )
    .flatMap((append) => append.command ?? []);
}

/** Commands whose records the marker ends: those of its producer since the marker before. */
function ended(marker: Extract<Fact, { kind: 'marker' }>, facts: readonly Fact[]): string[] {
  const mine = facts.filter(
    (fact): fact is Append | typeof marker =>
      (fact.kind === 'append' || fact.kind === 'marker') &&
      fact.seq < marker.seq &&
      fact.topic === marker.topic &&
      fact.partition === marker.partition &&
      fact.producerId === marker.producerId,
  );
  const last = mine.findLastIndex(({ kind }) => kind === 'marker');
  return mine
    .slice(last + 1)
    .flatMap((fact) => (fact.kind === 'append' ? (fact.command ?? []) : []));
}

function repetitions(
  facts: readonly Fact[],
  identitiesOf: (fact: Fact) => readonly string[],
): ReadonlySet<number> {
  const seen = new Set<string>();
  const again = new Set<number>();
  for (const fact of facts) {
    const keys = identitiesOf(fact);
    if (keys.some((key) => seen.has(key))) again.add(fact.seq);
    for (const key of keys) seen.add(key);
  }
  return again;
}

function identities(
  fact: Fact,
  commands: readonly string[],
  facts: readonly Fact[],
): readonly string[] {
  switch (fact.kind) {
    case 'deliver':
      return fact.offsets.map((offset) =>
        ['deliver', roleOf(fact.slot), fact.topic, fact.partition, offset].join(' '),
      );
    case 'append':
      return fact.command === undefined ? [] : [`append ${fact.topic} ${labelOf(fact)}`];
    case 'port':
      return fact.outcome === 'applied' && commands.length > 0
        ? [`port ${fact.name} ${commands.join(' ')}`]
        : [];
    case 'table': {
      const statement = isChange(fact) ? statementOf(fact, facts) : undefined;
      if (statement === undefined || commands.length === 0) return [];
      return [`table ${statement.operation} ${statement.target} ${commands.join(' ')}`];
    }
    default:
      return [];
  }
}
