/**
 * Every single fault that makes sense at one crossing, by level. One entry may be two faults that
 * only together make the story: a zombie and its successor, an error that needs its rebalance.
 */
import type { FaultKind, Level } from '#kit';
import type { Milliseconds } from '#kernel';
import { roleOf, weightOf, type CrossingView, type Weight } from './crossing-view.ts';
import { healthyErrors } from './healthy-errors.ts';
import type { Crossing, Fault, FaultOptions, FaultPoint, Hold } from './schedule.ts';

/** Label for counting, coarser than a fault and finer than a kind. */
export type Family =
  | 'idle restart'
  | 'reject'
  | 'crash'
  | 'time-out'
  | 'timing'
  | 'late start'
  | 'long stop'
  | 'redeliver'
  | 'republish'
  | 'stop'
  | 'restart'
  | 'lose response'
  | 'lose request'
  | 'zombie'
  | 'error'
  | 'database error'
  | 'outage'
  | 'lock'
  | 'victim'
  | 'join'
  | 'rebalance'
  | 'crash, bytes arrive'
  | 'two instances'
  | 'delay'
  | 'freeze'
  | 'held commit'
  | 'silence'
  | 'hold'
  | 'random';

export interface PointFaults {
  readonly family: Family;
  readonly weight: Weight;
  readonly faults: readonly Fault[];
  readonly holds?: readonly Hold[];
}

/** A short disturbance, below every usual time-out. */
export const shortMs: Milliseconds = 1_500;

const usualSessionMs: Milliseconds = 30_000;
const beyondSessionMs: Milliseconds = 15_000;
/** What a successor needs to take over a partition and to handle a record, as a rule. */
const leastRoomMs: Milliseconds = 4_000;

/** Long enough that the group has given this instance up. */
function beyondSession({ sessionTimeoutMs = usualSessionMs }: Crossing): Milliseconds {
  return sessionTimeoutMs + beyondSessionMs;
}

/**
 * Long enough that another instance has taken over, and short enough that no transaction has timed
 * out meanwhile: the coordinator would fence the zombie, whatever the service does. `undefined` =
 * the two time-outs leave no room.
 */
export function zombieMs(crossing: Crossing): Milliseconds | undefined {
  const { sessionTimeoutMs = usualSessionMs, transactionTimeoutMs = Infinity } = crossing;
  const usualMs = beyondSession(crossing);
  if (usualMs < transactionTimeoutMs) return usualMs;
  const roomMs = transactionTimeoutMs - sessionTimeoutMs;
  return roomMs < leastRoomMs ? undefined : sessionTimeoutMs + Math.floor(roomMs / 2);
}

/** A sentence about the zombies that could not be placed; `undefined` = all could. */
export function withoutZombies(crossings: readonly Crossing[]): string | undefined {
  const crossing = crossings.find((each) => zombieMs(each) === undefined);
  if (crossing === undefined) return undefined;
  const { point, sessionTimeoutMs = usualSessionMs, transactionTimeoutMs } = crossing;
  return (
    `zombies of ${point.slot}: they could not be placed, for its transactions time out after ` +
    `${transactionTimeoutMs} ms and its session after ${sessionTimeoutMs} ms`
  );
}

export function pointFaults(
  crossing: Crossing,
  view: CrossingView,
  level: Level,
): readonly PointFaults[] {
  const found: PointFaults[] = [];
  const weight = weightOf(crossing);
  const { point, phase } = crossing;
  const fault = (kind: FaultKind, options?: FaultOptions, on?: string): Fault => ({
    kind,
    place: { point, phase },
    ...(on === undefined ? {} : { on }),
    ...(options === undefined ? {} : { with: options }),
  });
  const add = (family: Family, ...faults: readonly Fault[]): void =>
    void found.push({ family, weight, faults });

  add('crash', fault('crash'));
  if (phase === 'before apply' && crossing.target === 'port') add('reject', fault('reject'));
  if (phase === 'after apply' && weight < 2) add('stop', fault('stop'));
  if (phase === 'after answer' || level === 1) return found;

  if (crossing.inFlight) add('crash, bytes arrive', fault('crash', { inFlight: 'arrives' }));
  const isLost = crossing.answered === false && phase === 'after apply';
  // Whoever calls an outside system is told of a time-out in either case.
  const isPort = crossing.target === 'port';
  if (phase === 'before apply') {
    add(isPort ? 'time-out' : 'lose request', fault('lose-request'));
  } else if (!isLost) add(isPort ? 'time-out' : 'lose response', fault('lose-response'));
  addErrors(crossing, view, fault, add);
  for (const code of crossing.mayFailWith ?? []) add('database error', fault('error', { code }));
  for (const ms of outagesMs(crossing)) add('outage', fault('outage', { ms }));
  if (crossing.lockable) add('lock', fault('lock', { ms: shortMs }));
  if (crossing.wantsRows) add('lock', fault('lock-rows', { ms: shortMs }));
  if (crossing.mayBeVictim) add('victim', fault('victim'));
  addWaits(crossing, view, fault, add);
  if (view.isDelivery(crossing)) {
    const role = roleOf(point.slot);
    if (view.canScale(role)) add('join', fault('join', undefined, role));
    for (const group of view.groupsOf(point.slot)) {
      add('rebalance', fault('rebalance', undefined, group));
    }
  }
  if (level === 3 && crossing.target === 'kafka' && !isLost) add('silence', fault('silence'));
  if (level === 3) found.push(...heldCommits(crossing, view, fault));
  return found;
}

/** Short enough for a few attempts to outlast it, and longer than any client goes on by itself. */
const outageMs: Milliseconds = 5_000;
const longOutageMs: Milliseconds = 45_000;

/**
 * An outside system refuses everything for a while. A database goes down also when it has just applied something: what
 * was not committed is undone then.
 */
function outagesMs({ target, phase }: Crossing): readonly Milliseconds[] {
  if (target === 'kafka') return [];
  if (phase === 'before apply') return [outageMs, longOutageMs];
  return target === 'sql' ? [outageMs] : [];
}

/** Somebody has the table, or the rows, until the group has given this instance up: for random mixes alone. */
export function longLocks(crossing: Crossing): readonly Fault[] {
  const { point, phase, lockable, wantsRows } = crossing;
  const kinds = [
    ...(lockable ? ['lock' as const] : []),
    ...(wantsRows ? ['lock-rows' as const] : []),
  ];
  return kinds.map((kind) => ({
    kind,
    place: { point, phase },
    with: { ms: beyondSession(crossing) },
  }));
}

/** A service may read the committed offset once when it joins, and once more on its own. */
const offsetFetches = [1, 2];

/**
 * The commit of an instance that is given up arrives, or shows, when its successor has read the
 * committed offset: only who fences first and reads then is safe.
 */
function heldCommits(
  crossing: Crossing,
  view: CrossingView,
  fault: MakeFault,
): readonly PointFaults[] {
  const { point, phase } = crossing;
  const role = roleOf(point.slot);
  const ms = zombieMs(crossing);
  if (point.operation !== 'EndTxn' || phase !== 'before apply') return [];
  if (ms === undefined || !view.canScale(role)) return [];
  const faults = [fault('freeze', { ms }), fault('join', undefined, role)];
  const markers = { ...point, operation: 'WriteTxnMarkers' };
  return view.groupsOf(point.slot).flatMap((target) => {
    const held = (what: FaultPoint, ordinal: number): PointFaults => {
      const slot = view.newcomer(role);
      const until = { slot, operation: 'OffsetFetch', target, cause: [], ordinal };
      const hold: Hold = {
        what: { point: what, phase },
        until: { point: until, phase: 'after apply' },
      };
      return { family: 'held commit', weight: 0, faults, holds: [hold] };
    };
    return [...offsetFetches.map((ordinal) => held(point, ordinal)), held(markers, 1)];
  });
}

type MakeFault = (kind: FaultKind, options?: FaultOptions, on?: string) => Fault;
type Add = (family: Family, ...faults: readonly Fault[]) => void;

function addErrors(crossing: Crossing, view: CrossingView, fault: MakeFault, add: Add): void {
  if (crossing.target !== 'kafka' || crossing.answered === false) return;
  const { operation, slot, target } = crossing.point;
  const first = view.isFirstPhase(crossing);
  for (const { code, rebalances } of healthyErrors(operation, crossing.phase, first)) {
    const error = fault('error', { code });
    if (rebalances === undefined) add('error', error);
    else if (view.groupsOf(slot).includes(target)) {
      add('error', fault('rebalance', undefined, target), error);
    }
  }
}

function addWaits(crossing: Crossing, view: CrossingView, fault: MakeFault, add: Add): void {
  const longMs = beyondSession(crossing);
  const slow = crossing.target === 'port' ? 'before apply' : 'after apply';
  if (crossing.phase === slow && crossing.answered !== false) {
    add('delay', fault('delay', { ms: shortMs }));
    add('delay', fault('delay', { ms: longMs }));
  }
  if (view.isFirstPhase(crossing)) add('freeze', fault('freeze', { ms: shortMs }));
  const role = roleOf(crossing.point.slot);
  const successor = view.canScale(role) ? [fault('join', undefined, role)] : [];
  const ms = zombieMs(crossing);
  if (ms === undefined) return;
  add('zombie', fault('freeze', { ms }), ...successor);
  add('zombie', fault('cut', { ms }), ...successor);
}
