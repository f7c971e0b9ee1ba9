/** At which level a schedule may be met: what was kept at a harsher one is not held against a milder check. */
import type { FaultKind, Level } from '#kit';
import type { ChapterFaults } from './crossing-view.ts';
import type { Fault, Schedule } from './schedule.ts';

const mildest: ReadonlySet<FaultKind> = new Set([
  'crash',
  'stop',
  'restart',
  'redeliver',
  'republish',
  'reject',
]);

/** The lowest level whose checks may run this. */
export function levelOf(
  { faults, holds, instances }: Schedule,
  { roles }: Pick<ChapterFaults, 'roles'>,
): Level {
  if (faults.some(({ kind }) => kind === 'silence')) return 3;
  const grows = Object.entries(instances).some(
    ([role, count]) => count > (roles[role]?.instances[0] ?? 1),
  );
  return grows || holds.length > 0 || !faults.every(isMild) ? 2 : 1;
}

function isMild({ kind, with: options }: Fault): boolean {
  return mildest.has(kind) && options?.ms === undefined && options?.inFlight !== 'arrives';
}
