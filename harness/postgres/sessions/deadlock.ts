/**
 * Finds a deadlock, and turns the cancellation of its victim into the error that it stands for: same frames, in
 * PostgreSQL's words. The server reports no line number here, because it raised another error.
 */
import { Failure } from '#kernel';
import { errorResponse, readFields, wordings, type ErrorFields } from '../wire/errors.ts';
import type { Frame } from '../wire/frames.ts';
import type { Admin } from './admin.ts';
import {
  cycleFrom,
  holders,
  locksSql,
  lookUpSql,
  readLocks,
  readLookUp,
  type HeldLock,
  type Pid,
} from './locks.ts';

export interface Deadlock {
  /** The one who closed it first, then in the order of waiting. */
  readonly cycle: readonly Pid[];
  reportTo(victim: Pid): ErrorFields;
}

/** Whether the last of those that wait waits for itself. */
export async function deadlockOf(
  closer: Pid,
  waiting: readonly Pid[],
  admin: Admin,
): Promise<Deadlock | undefined> {
  if (waiting.length < 2) return undefined;
  const graph = readLookUp(await admin.query(lookUpSql(waiting)));
  if (cycleFrom(closer, graph) === undefined) return undefined;
  const locks = readLocks(await admin.query(locksSql(waiting)));
  const cycle = cycleFrom(closer, holders(locks));
  if (cycle === undefined) {
    throw new Failure(
      'UNCONTROLLED',
      'Table locks wait for each other in an order that PostgreSQL would change by itself.',
    );
  }
  return { cycle, reportTo: (victim) => deadlockReport(turnedTo(cycle, victim), locks) };
}

/** `D` and `H` of the report, told from the victim on. */
function deadlockReport(cycle: readonly Pid[], locks: readonly HeldLock[]): ErrorFields {
  const lines = cycle.map((pid, index) => {
    const wanted = locks.find((lock) => lock.pid === pid && !lock.granted);
    const blocker = cycle[(index + 1) % cycle.length];
    return (
      `Process ${pid} waits for ${wanted?.mode} on ${wanted?.described};` +
      ` blocked by process ${blocker}.`
    );
  });
  return { D: lines.join('\n'), H: 'See server log for query details.' };
}

/** The cycle as seen from another of its members. */
function turnedTo(cycle: readonly Pid[], first: Pid): Pid[] {
  const at = cycle.indexOf(first);
  return [...cycle.slice(at), ...cycle.slice(0, at)];
}

export type CancelReason = 'deadlock' | 'lock_timeout' | 'statement_timeout' | 'user request';

const codes = { deadlock: '40P01', lock_timeout: '55P03', statement_timeout: '57014' } as const;

/** Rewrites the server's "canceled by user" as what it really was. */
export function asCancelledFor(
  frames: readonly Frame[],
  reason: CancelReason,
  report: ErrorFields = {},
): Frame[] {
  if (reason === 'user request') return [...frames];
  return frames.map((frame) => {
    if (frame.type !== 'E') return frame;
    const fields = readFields(frame);
    if (fields['C'] !== '57014') return frame;
    const code = codes[reason];
    const { message, routine } = wordings[code];
    const { S = 'ERROR', V = 'ERROR', W, F, L } = fields;
    const place: ErrorFields =
      reason === 'deadlock'
        ? { F: 'deadlock.c' }
        : { ...(F !== undefined && { F }), ...(L !== undefined && { L }) };
    return errorResponse({
      S,
      V,
      C: code,
      M: message,
      ...report,
      ...(W !== undefined && { W }),
      ...place,
      R: routine,
    });
  });
}
