/**
 * What the crossings of a run say about the service: who is a consumer, which crossings are effects
 * and deliveries, which a fault may strike. Only names are read here, so it holds for runs that
 * were never executed as well.
 */
import type { ChapterDefinition } from '#kit';
import { pointKey, type PhasedPoint } from './notation.ts';
import type { Crossing } from './schedule.ts';

/** The part of a chapter that decides which faults mean something. */
export type ChapterFaults = Pick<ChapterDefinition, 'roles' | 'groups' | 'workload' | 'without'>;

/** 0 = effects and commits, where most mistakes sit; 1 = deliveries; 2 = everything else. */
export type Weight = 0 | 1 | 2;

const effects = new Set([
  'Produce',
  'OffsetCommit',
  'TxnOffsetCommit',
  'AddOffsetsToTxn',
  'AddPartitionsToTxn',
  'EndTxn',
]);

/** SQL that is a place for faults because it brought rows. */
const looks = new Set(['SELECT', 'VALUES', 'TABLE', 'FETCH', 'LOCK', 'COPY']);

const groupApis = new Set(['JoinGroup', 'SyncGroup', 'OffsetFetch', 'OffsetCommit']);

export function weightOf({ point, target }: Crossing): Weight {
  if (target === 'sql') return looks.has(point.operation) ? 1 : 0;
  if (target === 'port' || effects.has(point.operation)) return 0;
  return point.operation === 'Fetch' ? 1 : 2;
}

/** `greeter` of `greeter-0`. */
export function roleOf(slot: string): string {
  return slot.replace(/-\d+$/, '');
}

/** No harness closes a run with more commands (DESIGN: at most 64). */
const mostClosing = 80;

/**
 * Ids of the commands that bring a run to rest; they come after the last fault, so none strikes
 * there.
 */
function closingIds({ workload }: ChapterFaults): ReadonlySet<string> {
  return new Set(
    Array.from({ length: mostClosing }, (_, n) => workload.id(workload.closing(n) as never)),
  );
}

/** The crossings a fault may strike, once each, in the order of the run. */
export function strikable(
  crossings: readonly Crossing[],
  chapter: ChapterFaults,
): readonly Crossing[] {
  const closing = closingIds(chapter);
  const seen = new Set<string>();
  return crossings.filter(({ point, phase }) => {
    const key = pointKey(point, phase);
    if (seen.has(key) || point.cause.some((id) => closing.has(id))) return false;
    seen.add(key);
    return true;
  });
}

/** Every place where a crash can strike this run: what "crash points 44 of 44" counts. */
export function crashPoints(
  crossings: readonly Crossing[],
  chapter: ChapterFaults,
): readonly PhasedPoint[] {
  return strikable(crossings, chapter).map(({ point, phase }) => ({ point, phase }));
}

export interface CrossingView {
  readonly crossings: readonly Crossing[];
  /** Judged groups that a slot is in, by its requests. */
  groupsOf(slot: string): readonly string[];
  /**
   * A role whose group hands its partitions to another instance, and that may have a second one.
   */
  canScale(role: string): boolean;
  /** The slot of the next instance of this role, should one join. */
  newcomer(role: string): string;
  /** No earlier phase of the same point was crossed. */
  isFirstPhase(crossing: Crossing): boolean;
  /**
   * Where an instance has a record and has done nothing with it: the Fetch, and the effect before
   * it applies.
   */
  isDelivery(crossing: Crossing): boolean;
}

export function viewOf(crossings: readonly Crossing[], chapter: ChapterFaults): CrossingView {
  const groups = new Map<string, Set<string>>();
  const firstPhase = new Map<string, string>();
  const kept = strikable(crossings, chapter);
  for (const { point, phase } of kept) {
    const key = pointKey(point, 'before apply');
    if (!firstPhase.has(key)) firstPhase.set(key, phase);
    if (!groupApis.has(point.operation) || !chapter.groups.includes(point.target)) continue;
    const known = groups.get(point.slot) ?? new Set<string>();
    groups.set(point.slot, known.add(point.target));
  }
  const roles = new Set([...groups.keys()].map(roleOf));
  const slots = new Set(kept.map(({ point }) => point.slot));
  const isFirstPhase = ({ point, phase }: Crossing): boolean =>
    firstPhase.get(pointKey(point, 'before apply')) === phase;
  return {
    crossings: kept,
    groupsOf: (slot) => [...(groups.get(slot) ?? [])],
    canScale: (role) => roles.has(role) && (chapter.roles[role]?.instances[1] ?? 1) > 1,
    newcomer: (role) => `${role}-${[...slots].filter((slot) => roleOf(slot) === role).length}`,
    isFirstPhase,
    isDelivery(crossing) {
      const { slot, operation } = crossing.point;
      if (!groups.has(slot) || crossing.phase === 'after answer') return false;
      if (operation === 'Fetch') return crossing.phase === 'after apply';
      const isEffect = crossing.target !== 'kafka' || operation === 'Produce';
      return isEffect && weightOf(crossing) === 0 && crossing.phase === 'before apply';
    },
  };
}
