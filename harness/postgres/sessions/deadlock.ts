/**
 * Turns the cancellation of a victim into the deadlock that it stands for: same frames, the error in PostgreSQL's
 * words. The server reports no line number here, because it raised another error.
 */
import { errorResponse, readFields, wordings, type ErrorFields } from '../wire/errors.ts';
import type { Frame } from '../wire/frames.ts';
import type { HeldLock, Pid } from './locks.ts';

/** `D` and `H` of the report, told from the victim on. */
export function deadlockReport(cycle: readonly Pid[], locks: readonly HeldLock[]): ErrorFields {
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
export function turnedTo<Member>(cycle: readonly Member[], first: Member): Member[] {
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
