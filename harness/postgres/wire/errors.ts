/**
 * ErrorResponse and NoticeResponse: fields under one letter each. Errors that the workbench answers in the server's
 * place have the server's own words.
 */
import { bodyOf, cString, frame, readCString, type Frame } from './frames.ts';

/** S severity, C SQLSTATE, M message, D detail, H hint, P position, W where, F file, L line, R routine, … */
export type ErrorFields = Readonly<Record<string, string>>;

export function readFields(message: Frame): ErrorFields {
  const body = bodyOf(message);
  const fields: Record<string, string> = {};
  for (let at = 0; at < body.length && body[at] !== 0;) {
    const { text, next } = readCString(body, at + 1);
    fields[String.fromCharCode(body[at] ?? 0)] = text;
    at = next;
  }
  return fields;
}

export function errorResponse(fields: ErrorFields): Frame {
  const texts = Object.entries(fields).flatMap(([letter, text]) => [
    Buffer.from(letter),
    cString(text),
  ]);
  return frame('E', ...texts, Buffer.alloc(1));
}

interface Wording {
  readonly severity: 'ERROR' | 'FATAL';
  readonly message: string;
  readonly routine: string;
}

/** What PostgreSQL says for the errors that a schedule may ask for, or that the controller raises for it. */
export const wordings = {
  '25P03': {
    severity: 'FATAL',
    message: 'terminating connection due to idle-in-transaction timeout',
    routine: 'ProcessInterrupts',
  },
  '40001': {
    severity: 'ERROR',
    message: 'could not serialize access due to concurrent update',
    routine: 'ExecUpdate',
  },
  '40P01': { severity: 'ERROR', message: 'deadlock detected', routine: 'DeadLockReport' },
  '53300': {
    severity: 'FATAL',
    message: 'sorry, too many clients already',
    routine: 'InitProcess',
  },
  '55P03': {
    severity: 'ERROR',
    message: 'canceling statement due to lock timeout',
    routine: 'ProcessInterrupts',
  },
  '57014': {
    severity: 'ERROR',
    message: 'canceling statement due to statement timeout',
    routine: 'ProcessInterrupts',
  },
  '57P01': {
    severity: 'FATAL',
    message: 'terminating connection due to administrator command',
    routine: 'ProcessInterrupts',
  },
  '57P03': {
    severity: 'FATAL',
    message: 'the database system is starting up',
    routine: 'ProcessStartupPacket',
  },
} as const satisfies Readonly<Record<string, Wording>>;

export type WordedCode = keyof typeof wordings;

/** The error with this SQLSTATE in PostgreSQL's words. */
export function wordedError(code: WordedCode, more: ErrorFields = {}): Frame {
  const { severity, message, routine } = wordings[code];
  return errorResponse({ S: severity, V: severity, C: code, M: message, ...more, R: routine });
}
