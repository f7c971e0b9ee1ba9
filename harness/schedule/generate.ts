/**
 * Random mixes: commands as the chapter's own arbitrary makes them, and beside them up to three
 * faults, holds, instances, timings and jitter. fast-check draws all of it; the same seed and index
 * give the same schedule.
 *
 * Names of points for commands that were never run are made from the calm run: what happened about
 * m1 there is expected about a command of the same shape here. Some will not fire; those are
 * counted elsewhere, never as passed. Left out: commands sent at a point, and causes that batch
 * differently from the calm run.
 */
import * as fc from 'fast-check';
import { random } from '#kernel';
import type { Command } from '#kit';
import { roleOf, viewOf, type ChapterFaults } from './crossing-view.ts';
import { singles, type Calm, type EnumerateInput } from './enumerate.ts';
import { holdPairs } from './holds.ts';
import { isIdleRestart } from './fault-rules.ts';
import { printFault } from './notation.ts';
import { longLocks, type Family } from './point-faults.ts';
import { commandsIn, renamed, type Names } from './rename.ts';
import type { Fault, Hold, Schedule, ScheduledCommand } from './schedule.ts';

export type GenerateInput = Omit<EnumerateInput, 'scaled'>;

/**
 * Draws: numbers that the mapping below turns into choices. Unbiased, for small numbers are no
 * simpler here.
 */
const number = fc.noBias(fc.nat());
const several = <T>(of: fc.Arbitrary<T>, length: number): fc.Arbitrary<T[]> =>
  fc.array(of, { minLength: length, maxLength: length });

const pickDraws = fc.record({
  family: number,
  template: number,
  command: number,
  slot: number,
  again: number,
});

const choiceDraws = fc.record({
  families: number,
  faultCount: number,
  faults: several(pickDraws, 3),
  holdCount: number,
  holds: several(pickDraws, 2),
  instances: number,
  timing: number,
  timingBits: number,
  jitter: number,
  calls: number,
  markers: number,
});

type PickDraws = typeof pickDraws extends fc.Arbitrary<infer Draws> ? Draws : never;
type Choices = typeof choiceDraws extends fc.Arbitrary<infer Draws> ? Draws : never;

interface Templates {
  readonly faults: readonly (readonly [Family, readonly (readonly Fault[])[]])[];
  readonly holds: readonly Hold[];
  readonly example: readonly ScheduledCommand[];
}

/**
 * Schedules like the calm run, as an arbitrary for an engineer's own properties; the seed is not
 * drawn.
 */
export function scheduleArbitrary(input: GenerateInput): fc.Arbitrary<Schedule> {
  const templates = templatesOf(input);
  return fc
    .tuple(input.chapter.workload.commands, choiceDraws)
    .map(([commands, choices]) => build(input, templates, commands, choices));
}

/** The schedule with this index among those of this seed. */
export function createGenerator(input: GenerateInput): (seed: number, index: number) => Schedule {
  const arbitrary = scheduleArbitrary(input);
  return (seed, index) => {
    const stream = random(seed, `schedule ${index}`);
    const [schedule] = fc.sample(arbitrary, { seed: stream.uint32() | 0, numRuns: 1 });
    return { ...(schedule ?? input.calm.schedule), seed: stream.uint32() };
  };
}

/** Families that are about more than faults have draws of their own. */
const notDrawn: ReadonlySet<Family> = new Set(['two instances', 'hold', 'held commit', 'timing']);

function templatesOf({ chapter, level, calm }: GenerateInput): Templates {
  const byFamily = new Map<Family, (readonly Fault[])[]>();
  for (const { family, schedule } of singles({ chapter, level, calm, scaled: [] })) {
    if (notDrawn.has(family)) continue;
    const known = byFamily.get(family) ?? [];
    byFamily.set(family, [...known, schedule.faults]);
  }
  const locks = byFamily.get('lock');
  if (locks !== undefined) {
    const { crossings } = viewOf(calm.crossings, chapter);
    const longer = crossings
      .flatMap(longLocks)
      .filter(({ kind }) => chapter.without?.includes(kind) !== true);
    byFamily.set('lock', [...locks, ...longer.map((fault) => [fault])]);
  }
  return {
    faults: [...byFamily],
    holds: level === 1 ? [] : holdPairs(viewOf(calm.crossings, chapter).crossings),
    example: calm.schedule.commands,
  };
}

function build(
  { chapter, level, calm }: GenerateInput,
  templates: Templates,
  values: readonly Command[],
  choices: Choices,
): Schedule {
  const instances = level === 1 ? calm.schedule.instances : drawInstances(chapter, calm, choices);
  const timely = timed(values, chapter, choices);
  const commands = level === 1 ? timely : directed(timely, { chapter, instances, choices });
  const scene: Scene = { chapter, commands, instances, templates };
  const drawn = drawFaults(scene, choices);
  // A restart at rest proves nothing beside a fault that leaves something to be done again.
  const faults = drawn.filter(isIdleRestart).length > 0 ? drawn.filter(isIdleRestart) : drawn;
  const holds = choices.holds
    .slice(0, fewHolds[choices.holdCount % fewHolds.length])
    .flatMap((draws): readonly Hold[] => {
      const hold = templates.holds[draws.template % templates.holds.length];
      const names = hold && namesFor(scene, draws, commandsIn({ faults: [], holds: [hold] }));
      return hold && names ? [renamed.hold(hold, names)] : [];
    });
  const jitterMs = jitters[choices.jitter % jitters.length] ?? 0;
  const markersMs =
    level < 3 || !endsTransactions(calm)
      ? undefined
      : markerTimes[choices.markers % markerTimes.length];
  return {
    ...calm.schedule,
    instances,
    commands,
    faults: [...new Map(faults.map((fault) => [printFault(fault), fault])).values()],
    holds,
    ...(jitterMs === 0 ? {} : { jitterMs }),
    ...(markersMs === undefined ? {} : { markersMs }),
  };
}

/** How often each number of faults or holds, each jitter and each time of markers, is drawn. */
const fewFaults = [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3];
const fewHolds = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2];
const jitters = [0, 0, 0, 0, 0, 0, 2, 10, 50, 250];
/** Kafka takes from under 1 to 100 ms, and longer where a leader is busy; `undefined` = as usual. */
const markerTimes = [undefined, undefined, undefined, 0, 100, 1_000];

/** There are transactions, whose markers may take their time. */
function endsTransactions({ crossings }: Calm): boolean {
  return crossings.some(({ point }) => point.operation === 'EndTxn');
}

interface Scene {
  readonly chapter: ChapterFaults;
  readonly commands: readonly ScheduledCommand[];
  readonly instances: Schedule['instances'];
  readonly templates: Templates;
}

function drawFaults(scene: Scene, choices: Choices): readonly Fault[] {
  const { faults } = scene.templates;
  // Swarm: each schedule has its own mix of families, so that none is always drowned by the others.
  const some = faults.filter((_, index) => (choices.families >>> (index % 31)) & 1);
  const families = some.length === 0 ? faults : some;
  const count = fewFaults[choices.faultCount % fewFaults.length];
  return choices.faults.slice(0, count).flatMap((draws, index): readonly Fault[] => {
    const [, templates = []] = families[draws.family % families.length] ?? [];
    const template = templates[draws.template % templates.length];
    if (template === undefined) return [];
    const names = namesFor(scene, draws, commandsIn({ faults: template, holds: [] }));
    if (names === undefined) return [];
    const again = index > 0 && draws.again % 6 === 0 ? 1 : 0;
    return template.map((fault) => safe(renamed.fault(fault, names, again)));
  });
}

/**
 * An offset that the calm run had committed may lie ahead of this run's; the first never skips a
 * record.
 */
function safe(fault: Fault): Fault {
  return fault.kind === 'redeliver' ? { ...fault, with: { ...fault.with, offset: 0 } } : fault;
}

/**
 * Which command and slot of this schedule stand for those of the template; `undefined` = none
 * could.
 */
function namesFor(
  { chapter, commands, instances, templates }: Scene,
  draws: PickDraws,
  ids: ReadonlySet<string>,
): Names | undefined {
  const { example } = templates;
  const positions = example.flatMap(({ id }, index) => (ids.has(id) ? [index] : []));
  const first = positions[0] ?? 0;
  const alike = likeCommand(chapter, example[first], commands);
  const start = alike[draws.command % alike.length];
  if (ids.size > 0 && start === undefined) return undefined;
  const stands = new Map(
    positions.map((position) => {
      const at = ((start ?? 0) + position - first) % commands.length;
      return [example[position]?.id ?? '', commands[at]?.id ?? ''] as const;
    }),
  );
  return {
    command: (id) => stands.get(id) ?? id,
    slot(slot) {
      const role = roleOf(slot);
      const count = instances[role] ?? chapter.roles[role]?.instances[0] ?? 1;
      return count > 1 && slot !== role ? `${role}-${draws.slot % count}` : slot;
    },
  };
}

/** Indices of the commands that go the same way as the example's, or else of all. */
function likeCommand(
  { workload }: ChapterFaults,
  example: ScheduledCommand | undefined,
  commands: readonly ScheduledCommand[],
): readonly number[] {
  const wayOf = ({ value }: ScheduledCommand): string => {
    const sending = workload.send(value as never);
    const way = 'role' in sending ? `${sending.role}.${sending.call}` : sending.topic;
    return `${way} ${Object.keys(value)
      .toSorted((a, b) => (a < b ? -1 : 1))
      .join(' ')}`;
  };
  const all = commands.map((_, index) => index);
  if (example === undefined) return all;
  const way = wayOf(example);
  const alike = all.filter((index) => {
    const command = commands[index];
    return command !== undefined && wayOf(command) === way;
  });
  return alike.length === 0 ? all : alike;
}

/** Mostly one after the other; else some together, or the first ones before anything started. */
function timed(
  values: readonly Command[],
  { workload }: ChapterFaults,
  { timing, timingBits }: Choices,
): readonly ScheduledCommand[] {
  const style = timing % 20;
  const early = 1 + (timingBits % Math.max(1, values.length));
  return values.map((value, index): ScheduledCommand => {
    const id = workload.id(value as never);
    const together = style >= 13 && style < 17 && (timingBits >>> (index % 31)) & 1;
    if (together && index > 0) return { id, value, at: 'with previous' };
    return style >= 17 && index < early ? { id, value, at: 'before start' } : { id, value };
  });
}

/** Where there are several to choose from, half of the calls go to one that was drawn. */
function directed(
  commands: readonly ScheduledCommand[],
  { chapter, instances, choices }: Pick<Scene, 'chapter' | 'instances'> & { choices: Choices },
): readonly ScheduledCommand[] {
  return commands.map((command, index) => {
    const sending = chapter.workload.send(command.value as never);
    if (!('role' in sending)) return command;
    const { role } = sending;
    const count = instances[role] ?? chapter.roles[role]?.instances[0] ?? 1;
    const draw = choices.calls >>> (index % 24);
    if (count < 2 || draw % 2 === 0) return command;
    return { ...command, to: `${role}-${1 + (Math.floor(draw / 2) % (count - 1))}` };
  });
}

/** Mostly as few as the calm run has. */
function drawInstances(
  { roles }: ChapterFaults,
  { schedule }: Calm,
  choices: Choices,
): Schedule['instances'] {
  const drawn: Record<string, number> = { ...schedule.instances };
  let draw = choices.instances;
  for (const [role, { instances }] of Object.entries(roles)) {
    const [least, most] = instances;
    if (most <= least) continue;
    if (draw % 10 >= 7) drawn[role] = least + 1 + (Math.floor(draw / 10) % (most - least));
    draw = Math.floor(draw / 100);
  }
  return drawn;
}
