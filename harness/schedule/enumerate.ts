/**
 * All single faults of a level, from the calm run that the chapter's example makes: every crossing
 * with every fault that means something there, and the faults that are about the whole run. Most
 * telling first, so that the first red comes early; the order and the set depend on the input
 * alone. Pairs are in seconds.ts, mixes in generate.ts.
 */
import type { Fact } from '#check';
import type { Milliseconds } from '#kernel';
import type { FaultKind, Level } from '#kit';
import { canonicalSchedule } from './file.ts';
import { roleOf, viewOf, type ChapterFaults, type Weight } from './crossing-view.ts';
import { holdPairs } from './holds.ts';
import { printRedeliverTarget } from './notation.ts';
import { pointFaults, type Family } from './point-faults.ts';
import type { Crossing, Fault, Hold, Schedule, ScheduledCommand } from './schedule.ts';

/** A run without faults, as the base of what can go wrong in it. */
export interface Calm {
  readonly schedule: Schedule;
  readonly crossings: readonly Crossing[];
  /** For the offsets that `redeliver` may go back to; left out = no redeliver. */
  readonly facts?: readonly Fact[];
}

export interface EnumerateInput {
  readonly chapter: ChapterFaults;
  readonly level: Level;
  readonly calm: Calm;
  /**
   * Calm runs of `scaledSchedules`; left out = the names of two instances are guessed from `calm`.
   */
  readonly scaled?: readonly Calm[];
}

export interface Candidate {
  readonly family: Family;
  readonly schedule: Schedule;
}

/** Place in the order, by family and weight of the point: effects and commits, deliveries, the rest. */
const ranks: Readonly<Record<Family, readonly [number, number, number]>> = {
  'idle restart': [0, 0, 0],
  reject: [1, 1, 1],
  'time-out': [8, 8, 8],
  'late start': [3, 3, 3],
  timing: [4, 4, 4],
  republish: [5, 5, 5],
  crash: [8, 10, 12],
  redeliver: [9, 9, 9],
  stop: [11, 11, 12],
  restart: [12, 12, 12],
  'long stop': [13, 13, 13],
  'lose response': [14, 17, 18],
  'lose request': [14, 17, 18],
  error: [15, 18, 19],
  'database error': [15, 18, 19],
  victim: [15, 18, 19],
  outage: [16, 20, 21],
  lock: [16, 20, 21],
  zombie: [16, 20, 21],
  join: [17, 17, 17],
  rebalance: [17, 17, 17],
  'two instances': [18, 20, 21],
  'crash, bytes arrive': [19, 19, 19],
  'held commit': [21, 21, 21],
  delay: [22, 22, 22],
  freeze: [23, 23, 23],
  silence: [24, 24, 25],
  hold: [26, 26, 26],
  random: [27, 27, 27],
};

/**
 * What the first fault of a kind of place finds, its likes mostly find as well: who dies after an
 * INSERT about o1 is no wiser after one about o2. So of these families each kind is tried once
 * before all the others. A frozen zombie tells most where it has looked and not yet acted.
 */
const firstRanks: Partial<typeof ranks> = {
  crash: [2, 10, 12],
  'time-out': [2, 2, 2],
  'lose response': [6, 17, 18],
  zombie: [7, 6, 21],
  'lose request': [7, 17, 18],
};

/** Up to here one family after the other; from here on the first of each, the second of each, … */
const inTurn = 14;

export function rankOf(family: Family, weight: Weight): number {
  return ranks[family][weight];
}

interface Draft {
  readonly family: Family;
  readonly weight: Weight;
  readonly faults?: readonly Fault[];
  readonly holds?: readonly Hold[];
  readonly instances?: Schedule['instances'];
  readonly commands?: readonly ScheduledCommand[];
}

/** Every single-fault schedule of the level, each once. */
export function singles(input: EnumerateInput): readonly Candidate[] {
  const { chapter, level, calm } = input;
  const view = viewOf(calm.crossings, chapter);
  const drafts: Draft[] = [...wholeRun(input)];
  for (const crossing of view.crossings) drafts.push(...pointFaults(crossing, view, level));
  if (level >= 2) drafts.push(...twoInstances(input));
  if (level === 3) {
    for (const hold of holdPairs(view.crossings)) {
      drafts.push({ family: 'hold', weight: 0, holds: [hold] });
    }
  }
  return finish(drafts, calm.schedule, chapter.without ?? []);
}

function finish(
  drafts: readonly Draft[],
  base: Schedule,
  without: readonly FaultKind[],
): readonly Candidate[] {
  const seen = new Set<string>([canonicalSchedule(base)]);
  const candidates: Candidate[] = [];
  for (const { family, faults = [], holds = [], instances, commands } of inOrder(drafts)) {
    if (faults.some(({ kind }) => without.includes(kind))) continue;
    const schedule: Schedule = {
      ...base,
      faults: [...base.faults, ...faults],
      holds: [...base.holds, ...holds],
      ...(instances === undefined ? {} : { instances: { ...base.instances, ...instances } }),
      ...(commands === undefined ? {} : { commands }),
    };
    const key = canonicalSchedule(schedule);
    if (seen.has(key)) continue;
    seen.add(key);
    candidates.push({ family, schedule });
  }
  return candidates;
}

/**
 * What breaks a service mostly does so at more than one point, and which family that is nobody knows: so the large
 * ones take turns.
 */
function inOrder(drafts: readonly Draft[]): readonly Draft[] {
  const ranked = rankedByKind(drafts).toSorted((a, b) => a.rank - b.rank);
  const head = ranked.filter(({ rank }) => rank < inTurn);
  const families = [...Map.groupBy(ranked.slice(head.length), ({ family }) => family).values()];
  const rounds = Math.max(0, ...families.map(({ length }) => length));
  const turns = Array.from({ length: rounds }, (_, round) =>
    families.flatMap((family) => family.slice(round, round + 1)),
  );
  return [...head, ...turns.flat()];
}

function rankedByKind(drafts: readonly Draft[]): readonly (Draft & { readonly rank: number })[] {
  const known = new Set<string>();
  return drafts.map((draft) => {
    const { family, weight, faults, holds } = draft;
    // As few as the timings, and as calm.
    if (faults === undefined && holds === undefined) return { ...draft, rank: ranks.timing[0] };
    const kind = kindOf(draft);
    const isFirst = kind !== undefined && !known.has(kind);
    if (isFirst) known.add(kind);
    const rank = (isFirst ? firstRanks[family] : undefined)?.[weight] ?? rankOf(family, weight);
    return { ...draft, rank };
  });
}

/**
 * Without what it is about, but whether for the first time; undefined = it has no point, or cuts
 * somebody off, who does not sleep.
 */
function kindOf({ family, faults }: Draft): string | undefined {
  const [{ kind, place } = {}] = faults ?? [];
  if (typeof place !== 'object' || !('point' in place) || kind === 'cut') return undefined;
  const { slot, operation, target, ordinal } = place.point;
  return [family, roleOf(slot), operation, target, place.phase, ordinal > 1].join(' ');
}

/** Longer than whatever a service or its clients wait for by themselves, well within the horizon of a run. */
const longStopMs: Milliseconds = 180_000;

/** Faults that are about commands, slots and groups and not about one request. */
function wholeRun({ chapter, level, calm }: EnumerateInput): readonly Draft[] {
  const drafts: Draft[] = [];
  const add = (family: Family, fault: Fault): void =>
    void drafts.push({ family, weight: 0, faults: [fault] });
  const { commands } = calm.schedule;

  add('idle restart', { kind: 'restart', on: 'everything', place: 'at rest' });
  for (const slot of slotsOf(calm.schedule, chapter)) {
    add('late start', { kind: 'stop', on: slot, place: 'before start' });
    // Who is alone keeps nobody waiting.
    const keepsWaiting = level >= 2 && Object.keys(chapter.roles).length > 1;
    const longStop = { kind: 'stop', on: slot, with: { ms: longStopMs } } as const;
    if (keepsWaiting) add('long stop', { ...longStop, place: 'before start' });
    for (const { id } of commands) {
      if (keepsWaiting) add('long stop', { ...longStop, place: { after: id } });
      add('stop', { kind: 'stop', on: slot, place: { after: id } });
      add('restart', { kind: 'restart', on: slot, place: { after: id } });
    }
    add('stop', { kind: 'stop', on: slot, place: 'at rest' });
    add('restart', { kind: 'restart', on: slot, place: 'at rest' });
  }
  commands.forEach(({ id }, index) => {
    add('republish', { kind: 'republish', on: id, place: 'at rest' });
    const next = commands[index + 1];
    if (next !== undefined)
      add('republish', { kind: 'republish', on: id, place: { after: next.id } });
  });
  for (const fault of redeliveries(calm.facts ?? [], chapter.groups)) add('redeliver', fault);
  drafts.push(...timings(commands));
  return drafts;
}

/** Slots that a schedule starts: `publisher-0`, `greeter-0`, `greeter-1`. */
export function slotsOf(
  schedule: Pick<Schedule, 'instances'>,
  { roles }: Pick<ChapterFaults, 'roles'>,
): readonly string[] {
  return Object.entries(roles).flatMap(([role, { instances }]) =>
    Array.from(
      { length: schedule.instances[role] ?? instances[0] },
      (_, index) => `${role}-${index}`,
    ),
  );
}

/** Commands sent at other moments: no fault, but what a service must bear as well. */
function timings(commands: readonly ScheduledCommand[]): readonly Draft[] {
  const early = commands.map((command): ScheduledCommand => ({ ...command, at: 'before start' }));
  const together = commands.map((command, index): ScheduledCommand =>
    index === 0 ? command : { ...command, at: 'with previous' },
  );
  return [
    { family: 'timing', weight: 0, commands: early },
    { family: 'timing', weight: 0, commands: together },
  ];
}

/** Each judged group's partitions, set back to each record below what was committed at the end. */
function redeliveries(facts: readonly Fact[], groups: readonly string[]): readonly Fault[] {
  const committed = new Map<
    string,
    { group: string; topic: string; partition: number; to: number }
  >();
  const offsets = new Map<string, number[]>();
  // Faults at rest strike before the closing commands: an offset of those would lie ahead, and
  // skip records.
  const closing = facts.findIndex((fact) => fact.kind === 'command' && fact.closing);
  for (const fact of closing < 0 ? facts : facts.slice(0, closing)) {
    if (fact.kind === 'append') {
      const partition = `${fact.topic}/${fact.partition}`;
      offsets.set(partition, [...(offsets.get(partition) ?? []), fact.offset]);
    } else if (fact.kind === 'commit' && groups.includes(fact.group)) {
      const { group, topic, partition, offset } = fact;
      const target = { group, topic, partition };
      committed.set(printRedeliverTarget(target), { ...target, to: offset });
    }
  }
  return [...committed].flatMap(([on, { topic, partition, to }]) =>
    (offsets.get(`${topic}/${partition}`) ?? [])
      .filter((offset) => offset < to)
      .map((offset): Fault => ({ kind: 'redeliver', on, place: 'at rest', with: { offset } })),
  );
}

/** Calm schedules with a second instance of each role that may have one: run them for `scaled`. */
export function scaledSchedules(calm: Calm, chapter: ChapterFaults): readonly Schedule[] {
  const view = viewOf(calm.crossings, chapter);
  return Object.entries(chapter.roles)
    .filter(
      ([role, { instances }]) =>
        view.canScale(role) && (calm.schedule.instances[role] ?? instances[0]) < 2,
    )
    .map(([role]) => ({
      ...calm.schedule,
      instances: { ...calm.schedule.instances, [role]: 2 },
    }));
}

/** One of the two dies, at each point: the others die as they do beside one, and mixes have that. */
function twoInstances({ chapter, calm, scaled }: EnumerateInput): readonly Draft[] {
  const runs = scaled ?? scaledSchedules(calm, chapter).map((schedule) => guess(calm, schedule));
  return runs.flatMap(({ schedule: { instances }, crossings }) => {
    const view = viewOf(crossings, chapter);
    const drafts: Draft[] = [{ family: 'two instances', weight: 0, instances }];
    const twice = ({ point: { slot } }: Crossing): boolean =>
      countIn({ instances }, roleOf(slot)) !== countIn(calm.schedule, roleOf(slot));
    for (const crossing of view.crossings.filter(twice)) {
      for (const { family, weight, faults } of pointFaults(crossing, view, 1)) {
        if (family !== 'crash') continue;
        drafts.push({ family: 'two instances', weight, faults, instances });
      }
    }
    return drafts;
  });
}

/** Either of two instances may be the one that gets a record: every name with both. */
function guess(calm: Calm, schedule: Schedule): Calm {
  const crossings = calm.crossings.flatMap((crossing): readonly Crossing[] => {
    const role = roleOf(crossing.point.slot);
    const count = countIn(schedule, role);
    if (count === countIn(calm.schedule, role)) return [crossing];
    return Array.from({ length: count }, (_, index) => ({
      ...crossing,
      point: { ...crossing.point, slot: `${role}-${index}` },
    }));
  });
  return { schedule, crossings };
}

function countIn({ instances }: Pick<Schedule, 'instances'>, role: string): number {
  return instances[role] ?? 1;
}
