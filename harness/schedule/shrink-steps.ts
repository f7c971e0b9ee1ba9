/**
 * The steps that shrinking tries, largest first: faults, holds, commands; then instances, timings,
 * jitter and the options of faults. A command that a fault, a hold or a timing names takes these
 * names along.
 */
import type { Milliseconds } from '#kernel';
import { isStatement } from './notation.ts';
import { faultRules } from './fault-rules.ts';
import { commandsInFault, commandsInHold } from './rename.ts';
import type { Fault, Place, Schedule, ScheduledCommand } from './schedule.ts';

/** Every deletion: of several at first, and of each single fault, hold and command. */
export function* deletions(schedule: Schedule): Generator<Schedule> {
  const { faults, holds, commands } = schedule;
  for (const kept of keptParts(faults)) yield { ...schedule, faults: kept };
  for (const kept of keptParts(holds)) yield { ...schedule, holds: kept };
  for (const kept of keptParts(commands)) {
    const ids = new Set(kept.map(({ id }) => id));
    const gone = new Set(commands.filter(({ id }) => !ids.has(id)).map(({ id }) => id));
    yield withoutNamed(schedule, kept, gone);
    yield withoutMentioned(schedule, kept, gone);
  }
}

/**
 * What stays when one part is left out: parts from half of the list down to single entries, the
 * last first.
 */
function* keptParts<Entry>(list: readonly Entry[]): Generator<readonly Entry[]> {
  if (list.length > 1) yield [];
  for (let size = Math.ceil(list.length / 2); size > 0; size = size > 1 ? Math.ceil(size / 2) : 0) {
    for (let end = list.length; end > 0; end -= size) {
      const from = Math.max(0, end - size);
      yield list.toSpliced(from, end - from);
    }
  }
}

/** Faults and holds about the commands that went are taken along. */
function withoutNamed(
  schedule: Schedule,
  commands: readonly ScheduledCommand[],
  gone: ReadonlySet<string>,
): Schedule {
  const stays = (ids: readonly string[]): boolean => !ids.some((id) => gone.has(id));
  return {
    ...schedule,
    commands: retimed(commands, gone),
    faults: schedule.faults.filter((fault) => stays(commandsInFault(fault))),
    holds: schedule.holds.filter((hold) => stays(commandsInHold(hold))),
  };
}

/** The same, but a point about several commands stays, about those that are left. */
function withoutMentioned(
  schedule: Schedule,
  commands: readonly ScheduledCommand[],
  gone: ReadonlySet<string>,
): Schedule {
  const trimmed = schedule.faults.map((fault): Fault => ({
    ...fault,
    place: trim(fault.place, gone),
  }));
  return withoutNamed({ ...schedule, faults: trimmed }, commands, gone);
}

function trim(place: Place, gone: ReadonlySet<string>): Place {
  if (typeof place === 'string' || 'after' in place) return place;
  const cause = place.point.cause.filter((id) => !gone.has(id));
  return cause.length === 0 ? place : { ...place, point: { ...place.point, cause } };
}

function retimed(
  commands: readonly ScheduledCommand[],
  gone: ReadonlySet<string>,
): readonly ScheduledCommand[] {
  return commands.map((command, index) => {
    const { at } = command;
    const lost =
      (at === 'with previous' && index === 0) ||
      (typeof at === 'object' && at.point.cause.some((id) => gone.has(id)));
    return lost ? usualTime(command) : command;
  });
}

function usualTime(command: ScheduledCommand): ScheduledCommand {
  const { at: _, ...others } = command;
  return others;
}

function usualSlot(command: ScheduledCommand): ScheduledCommand {
  const { to: _, ...others } = command;
  return others;
}

/** The same schedule with one thing more usual than it was. */
export function* simplifications(schedule: Schedule): Generator<Schedule> {
  yield* simplerInstances(schedule);
  if (schedule.jitterMs !== undefined && schedule.jitterMs > 0) {
    const { jitterMs: _, ...plain } = schedule;
    yield plain;
  }
  if (schedule.markersMs !== undefined) {
    const { markersMs: _, ...plain } = schedule;
    yield plain;
  }
  const { commands, faults } = schedule;
  if (commands.some(({ at }) => at !== undefined)) {
    yield { ...schedule, commands: commands.map(usualTime) };
  }
  for (const [index, command] of commands.entries()) {
    if (command.at === undefined) continue;
    yield { ...schedule, commands: commands.with(index, usualTime(command)) };
  }
  if (commands.filter(({ to }) => to !== undefined).length > 1) {
    yield { ...schedule, commands: commands.map(usualSlot) };
  }
  for (const [index, command] of commands.entries()) {
    if (command.to === undefined) continue;
    yield { ...schedule, commands: commands.with(index, usualSlot(command)) };
  }
  for (const [index, fault] of faults.entries()) {
    for (const simpler of simplerFaults(fault)) {
      yield { ...schedule, faults: faults.with(index, simpler) };
    }
  }
}

function* simplerInstances(schedule: Schedule): Generator<Schedule> {
  const { instances } = schedule;
  if (Object.keys(instances).length > 1) yield { ...schedule, instances: {} };
  for (const [role, count] of Object.entries(instances)) {
    const { [role]: _, ...others } = instances;
    yield { ...schedule, instances: others };
    if (count > 1) yield { ...schedule, instances: { ...instances, [role]: count - 1 } };
  }
}

/**
 * Lengths of time to try instead, shortest first: a moment, then beyond kafkajs's session of 30 s.
 */
const rounderMs: readonly Milliseconds[] = [1_500, 45_000];

function* simplerFaults(fault: Fault): Generator<Fault> {
  const { inFlight, ms } = fault.with ?? {};
  if (inFlight !== undefined) {
    const { inFlight: _, ...others } = fault.with ?? {};
    const { with: __, ...bare } = fault;
    yield Object.keys(others).length === 0 ? bare : { ...bare, with: others };
  }
  if (fault.kind === 'outage') yield onlyOnce(fault);
  // Slow, and nobody else is needed for it.
  if (fault.kind === 'lock' || fault.kind === 'lock-rows') yield { ...fault, kind: 'delay' };
  // The same answer, and nobody else is needed for it.
  if (fault.kind === 'victim') yield { ...fault, kind: 'error', with: { code: '40P01' } };
  if (ms !== undefined && faultRules[fault.kind].needs !== 'ms') {
    const { ms: _, ...others } = fault.with ?? {};
    const { with: __, ...bare } = fault;
    yield Object.keys(others).length === 0 ? bare : { ...bare, with: others };
  }
  if (ms !== undefined) {
    for (const shorter of rounderMs) {
      if (shorter < ms) yield { ...fault, with: { ...fault.with, ms: shorter } };
    }
  }
  const { place } = fault;
  if (typeof place === 'object' && 'point' in place && place.point.ordinal > 1) {
    yield { ...fault, place: { ...place, point: { ...place.point, ordinal: 1 } } };
  }
}

/** An outage that strikes one statement or call alone, and is over when it is asked for again. */
function onlyOnce({ place }: Fault): Fault {
  const isPoint = typeof place === 'object' && 'point' in place;
  if (!isPoint || !isStatement(place.point.operation)) return { kind: 'reject', place };
  if (place.phase !== 'before apply') return { kind: 'lose-response', place };
  return { kind: 'error', place, with: { code: '57P01' } };
}
