/** An answer as the world delivers it: what is the client's, and what is an event of its own. */
import type { TransactionStatus } from '../wire/answers.ts';
import { errorResponse, readFields, type ErrorFields } from '../wire/errors.ts';
import { bodyOf, bytesOf, readCString, type Frame } from '../wire/frames.ts';
import { sleepNotice } from '../virtual/functions.ts';

export interface Answer {
  /** What the client gets; empty where nothing is answered. */
  readonly bytes: Buffer;
  readonly frames: readonly Frame[];
  readonly status: TransactionStatus;
  /** The first error among them. */
  readonly error: ErrorFields | undefined;
  /** The server waits for COPY data. */
  readonly copying: boolean;
  /** The server ended the connection. */
  readonly closed: boolean;
  /** Came along, and are events of their own. */
  readonly notifications: readonly Notification[];
}

export interface Notification {
  readonly channel: string;
  readonly payload: string;
  /** The message as the client is to get it. */
  readonly bytes: Buffer;
}

export function answerOf(
  frames: readonly Frame[],
  state: {
    readonly status: TransactionStatus;
    readonly copying: boolean;
    readonly closed: boolean;
  },
  originalPosition: (position: number) => number,
): Answer {
  const notifications = frames.filter(({ type }) => type === 'A').map(readNotification);
  const own = frames
    .filter((frame) => frame.type !== 'A' && !isSleepNotice(frame))
    .map((frame) => repositioned(frame, originalPosition));
  const failed = own.find(({ type }) => type === 'E');
  const { status, copying, closed } = state;
  return {
    bytes: bytesOf(own),
    frames: own,
    status,
    error: failed && readFields(failed),
    copying,
    closed,
    notifications,
  };
}

export function readNotification({ bytes, ...frame }: Frame): Notification {
  const body = bodyOf({ bytes, ...frame });
  const channel = readCString(body, 4);
  return { channel: channel.text, payload: readCString(body, channel.next).text, bytes };
}

function isSleepNotice(frame: Frame): boolean {
  return frame.type === 'N' && readFields(frame)['C'] === sleepNotice;
}

/** When a sleeping statement wants to wake, and the number of the lock it waits for. */
export function readSleep(frame: Frame): { untilMs: number; turn: number } | undefined {
  if (!isSleepNotice(frame)) return undefined;
  const [untilMs, turn] = (readFields(frame)['M'] ?? '').split(' ').map(Number);
  return { untilMs: untilMs ?? 0, turn: turn ?? 0 };
}

function repositioned(frame: Frame, original: (position: number) => number): Frame {
  if (frame.type !== 'E') return frame;
  const fields = readFields(frame);
  const position = Number(fields['P'] ?? 0);
  if (position === 0 || original(position) === position) return frame;
  return errorResponse({ ...fields, P: String(original(position)) });
}
