/**
 * What a server says when a connection has started: AuthenticationOk, parameters, the key for cancelling,
 * ReadyForQuery. Read once from a real session and said again to each client that borrows it.
 */
import { bodyOf, bytesOf, cString, frame, readCString, type Frame } from './frames.ts';
import { readyForQuery } from './messages.ts';

export interface Greeting {
  readonly parameters: Readonly<Record<string, string>>;
  readonly pid: number;
  /** The secret of CancelRequest. */
  readonly key: Buffer;
}

export function readGreeting(frames: readonly Frame[]): Greeting {
  const parameters: Record<string, string> = {};
  let pid = 0;
  let key: Buffer = Buffer.alloc(0);
  for (const message of frames) {
    const body = bodyOf(message);
    if (message.type === 'S') {
      const name = readCString(body, 0);
      parameters[name.text] = readCString(body, name.next).text;
    } else if (message.type === 'K') {
      pid = body.readInt32BE(0);
      key = Buffer.from(body.subarray(4));
    }
  }
  return { parameters, pid, key };
}

/** The greeting as bytes; `parameters` overrule what the session said of itself. */
export function writeGreeting(
  greeting: Greeting,
  parameters: Readonly<Record<string, string>> = {},
): Buffer {
  const pid = Buffer.alloc(4);
  pid.writeInt32BE(greeting.pid);
  const statuses = Object.entries({ ...greeting.parameters, ...parameters }).map((pair) =>
    frame('S', ...pair.map(cString)),
  );
  const ok = frame('R', Buffer.alloc(4));
  return bytesOf([ok, ...statuses, frame('K', pid, greeting.key), readyForQuery('I')]);
}
