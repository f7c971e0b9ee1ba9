/**
 * When a process can die, seen from one call: *before* its first operation that changes something
 * applies, *during* (something applied, not all of it answered), *after* (answered, nothing further
 * issued). A moment is a place of the run where a crash strikes.
 *
 * Between two crossings of a process nothing it asked for changes, so "right after" is the next
 * place it comes to, whoever's that is, unless it is given a command meanwhile. A call that changes
 * nothing itself (connect, a query that reads) has no "during".
 */
import type { Crossing, PhasedPoint } from '#schedule';
import type { Visit, VisitLog } from '#sim';

export const phases = ['before', 'during', 'after'] as const;

export type DyingPhase = (typeof phases)[number];

export type Moments = Readonly<Record<DyingPhase, readonly PhasedPoint[]>>;

const reads = new Set([
  'FindCoordinator',
  'OffsetFetch',
  'ListOffsets',
  'Fetch',
  'DescribeGroups',
  'ListGroups',
  'SELECT',
  'SHOW',
]);

/** A place of a process, with the number of commands that it had been given by then. */
interface Step {
  readonly crossing: Crossing;
  readonly commands: number;
}

/** `crossings` = all of the run that the visit is of, `log` = what was seen in it. */
export function momentsOf(visit: Visit, crossings: readonly Crossing[], log: VisitLog): Moments {
  const process = crossings
    .filter(({ point, incarnation }) => {
      return point.slot === visit.slot && incarnation === visit.incarnation;
    })
    .map((crossing): Step => ({ crossing, commands: log.commands[crossing.index] ?? 0 }));
  const own = visit.crossings.flatMap((index) => crossings[index] ?? []);
  const changes = own
    .filter(({ point, phase }) => phase === 'after apply' && !reads.has(point.operation))
    .map(({ index }) => index);
  const first = changes[0];
  const last = changes.at(-1);
  if (first === undefined || last === undefined) {
    const { enteredAt, enteredAfter, settledAt, settledAfter = 0 } = visit;
    return {
      before: [...own, ...next(process, enteredAt, enteredAfter)],
      during: [],
      after: settledAt === undefined ? [] : next(process, settledAt, settledAfter),
    };
  }
  return {
    before: process
      .map(({ crossing }) => crossing)
      .filter(({ index }) => index >= visit.enteredAt && index < first),
    during: own.filter(({ index }) => index >= first && index <= last),
    after: [
      ...own.filter(({ index }) => index > last),
      ...next(process, last + 1, log.commands[last] ?? 0),
    ],
  };
}

/**
 * The next place a process comes to. Where there is none, or a command comes first and changes what
 * is at stake: the answer to what it asked for last, after which it changed nothing any more.
 */
function next(process: readonly Step[], from: number, commands: number): readonly PhasedPoint[] {
  const following = process.find(({ crossing }) => crossing.index >= from);
  if (following?.commands === commands) return [following.crossing];
  const final = process.findLast(({ crossing }) => crossing.index < from)?.crossing;
  if (final === undefined) return [];
  return [{ point: final.point, phase: final.answered === false ? 'after apply' : 'after answer' }];
}
