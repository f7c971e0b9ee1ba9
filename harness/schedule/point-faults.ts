/**
 * Every single fault that makes sense at one crossing, by level. One entry may be two faults that
 * only together make the story: a zombie and its successor, an error that needs its rebalance.
 */
import type { FaultKind, Level } from '#kit';
import type { Milliseconds } from '#kernel';
import { roleOf, weightOf, type CrossingView, type Weight } from './crossing-view.ts';
import { healthyErrors } from './healthy-errors.ts';
import type { Crossing, Fault, FaultOptions } from './schedule.ts';

/** Label for counting, coarser than a fault and finer than a kind. */
export type Family =
  | 'idle restart'
  | 'reject'
  | 'crash'
  | 'timing'
  | 'late start'
  | 'redeliver'
  | 'republish'
  | 'stop'
  | 'restart'
  | 'lose response'
  | 'lose request'
  | 'zombie'
  | 'error'
  | 'join'
  | 'rebalance'
  | 'crash, bytes arrive'
  | 'two instances'
  | 'delay'
  | 'freeze'
  | 'silence'
  | 'hold'
  | 'random';

export interface PointFaults {
  readonly family: Family;
  readonly weight: Weight;
  readonly faults: readonly Fault[];
}

/** A short disturbance, below every usual time-out. */
export const shortMs: Milliseconds = 1_500;

const usualSessionMs: Milliseconds = 30_000;
const beyondSessionMs: Milliseconds = 15_000;

/** Long enough that the group has given this instance up. */
export function beyondSession({ sessionTimeoutMs }: Crossing): Milliseconds {
  return (sessionTimeoutMs ?? usualSessionMs) + beyondSessionMs;
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
  if (phase === 'before apply' && crossing.target === 'kafka') {
    add('lose request', fault('lose-request'));
  }
  if (phase === 'after apply' && !isLost) add('lose response', fault('lose-response'));
  addErrors(crossing, view, fault, add);
  addWaits(crossing, view, fault, add);
  if (view.isDelivery(crossing)) {
    const role = roleOf(point.slot);
    if (view.canScale(role)) add('join', fault('join', undefined, role));
    for (const group of view.groupsOf(point.slot)) {
      add('rebalance', fault('rebalance', undefined, group));
    }
  }
  if (level === 3 && crossing.target === 'kafka' && !isLost) add('silence', fault('silence'));
  return found;
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
  add('zombie', fault('freeze', { ms: longMs }), ...successor);
  add('zombie', fault('cut', { ms: longMs }), ...successor);
}
