/**
 * Names what crosses and says what the schedule wants there. Ordinals count equal names across incarnations, so a
 * place keeps its name when unrelated lines are added; each fault strikes at most once.
 */
import { pointKey } from '#schedule';
import type { Crossing, Fault, FaultPoint, Phase, Schedule } from '#schedule';

export interface PlannedFault {
  readonly fault: Fault;
  readonly index: number;
}

export interface Gate {
  /** The point of an operation that happens now: the next ordinal of its name. */
  name(operation: Omit<FaultPoint, 'ordinal'>): FaultPoint;
  /** The schedule wants something at the place that this operation would be, were it one. */
  expects(operation: Omit<FaultPoint, 'ordinal'>, phase: Phase): boolean;
  /** The faults that strike at this place, each handed out once. */
  faultsAt(point: FaultPoint, phase: Phase): readonly PlannedFault[];
  faultsAfter(command: string): readonly PlannedFault[];
  faultsBeforeStart(): readonly PlannedFault[];
  faultsAtRest(): readonly PlannedFault[];
  /** Index of a hold that begins here and whose end has not been crossed. */
  holdAt(point: FaultPoint, phase: Phase): number | undefined;
  /** Called at every crossing: indices of the holds that end here. */
  released(point: FaultPoint, phase: Phase): readonly number[];
  /** Commands that are sent when this place is crossed. */
  commandsAt(point: FaultPoint, phase: Phase): readonly string[];
  fired(index: number): void;
  readonly firedFaults: ReadonlySet<number>;
  readonly allFired: () => boolean;
  readonly crossings: Crossing[];
}

export function createGate(schedule: Schedule): Gate {
  const ordinals = new Map<string, number>();
  const atPoint = new Map<string, PlannedFault[]>();
  const after = new Map<string, PlannedFault[]>();
  const beforeStart: PlannedFault[] = [];
  const atRest: PlannedFault[] = [];
  const holdStarts = new Map<string, number>();
  const holdEnds = new Map<string, number[]>();
  const ended = new Set<number>();
  const commands = new Map<string, string[]>();
  const fired = new Set<number>();

  schedule.faults.forEach((fault, index) => {
    const { place } = fault;
    const planned = { fault, index };
    if (place === 'before start') beforeStart.push(planned);
    else if (place === 'at rest') atRest.push(planned);
    else if ('after' in place) push(after, place.after, planned);
    else push(atPoint, pointKey(place.point, place.phase), planned);
  });
  schedule.holds.forEach((hold, index) => {
    holdStarts.set(pointKey(hold.what.point, hold.what.phase), index);
    push(holdEnds, pointKey(hold.until.point, hold.until.phase), index);
  });
  for (const { id, at } of schedule.commands) {
    if (typeof at === 'object') push(commands, pointKey(at.point, at.phase), id);
  }

  const places = [atPoint, holdStarts, holdEnds, commands];

  return {
    name(operation) {
      const key = nameKey(operation);
      const ordinal = (ordinals.get(key) ?? 0) + 1;
      ordinals.set(key, ordinal);
      return { ...operation, ordinal };
    },
    expects(operation, phase) {
      if (places.every(({ size }) => size === 0)) return false;
      const ordinal = (ordinals.get(nameKey(operation)) ?? 0) + 1;
      const key = pointKey({ ...operation, ordinal }, phase);
      return places.some((place) => place.has(key));
    },
    faultsAt: (point, phase) => (atPoint.size === 0 ? [] : take(atPoint, pointKey(point, phase))),
    faultsAfter: (command) => take(after, command),
    faultsBeforeStart: () => beforeStart.splice(0),
    faultsAtRest: () => atRest.splice(0),
    holdAt(point, phase) {
      if (holdStarts.size === 0) return undefined;
      const index = holdStarts.get(pointKey(point, phase));
      return index === undefined || ended.has(index) ? undefined : index;
    },
    released(point, phase) {
      if (holdEnds.size === 0) return [];
      const indices = holdEnds.get(pointKey(point, phase)) ?? [];
      for (const index of indices) ended.add(index);
      return indices;
    },
    commandsAt: (point, phase) =>
      commands.size === 0 ? [] : (commands.get(pointKey(point, phase)) ?? []),
    fired: (index) => void fired.add(index),
    firedFaults: fired,
    allFired: () => fired.size === schedule.faults.length,
    crossings: [],
  };
}

/** Each is handed out once. */
function take(map: Map<string, PlannedFault[]>, key: string): readonly PlannedFault[] {
  const planned = map.get(key) ?? [];
  map.delete(key);
  return planned;
}

function nameKey({ slot, operation, target, cause }: Omit<FaultPoint, 'ordinal'>): string {
  return `${slot}|${operation}|${target}|${cause.join(',')}`;
}

function push<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
