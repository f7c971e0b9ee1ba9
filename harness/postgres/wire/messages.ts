/** The client's messages that the workbench writes itself, and those it must read: Parse, Bind, Execute, Query. */
import { bodyOf, bytesOf, cString, frame, readCString, type Frame } from './frames.ts';

export const sync: Frame = frame('S');
export const flush: Frame = frame('H');
export const terminate: Frame = frame('X');

export function query(text: string): Frame {
  return frame('Q', cString(text));
}

export function parse(text: string, name = '', types: readonly number[] = []): Frame {
  const count = Buffer.alloc(2 + 4 * types.length);
  count.writeInt16BE(types.length);
  types.forEach((type, index) => count.writeUInt32BE(type, 2 + 4 * index));
  return frame('P', cString(name), cString(text), count);
}

/** Binds these values as text; all results as text. */
export function bind(portal = '', statement = '', values: readonly (string | null)[] = []): Frame {
  const parameters = values.flatMap((value) => {
    const length = Buffer.alloc(4);
    const bytes = Buffer.from(value ?? '');
    length.writeInt32BE(value === null ? -1 : bytes.length);
    return [length, bytes];
  });
  const count = Buffer.alloc(4);
  count.writeInt16BE(values.length, 2);
  return frame('B', cString(portal), cString(statement), count, ...parameters, Buffer.alloc(2));
}

export function execute(portal = ''): Frame {
  return frame('E', cString(portal), Buffer.alloc(4));
}

export function copyFail(reason: string): Frame {
  return frame('f', cString(reason));
}

export function readyForQuery(status: 'I' | 'T' | 'E'): Frame {
  return frame('Z', Buffer.from(status));
}

/** The first message of a connection. */
export function startupMessage(parameters: Readonly<Record<string, string>>): Buffer {
  const texts = Object.entries(parameters).flatMap((pair) => pair.map(cString));
  const rest = Buffer.concat([...texts, Buffer.alloc(1)]);
  const header = Buffer.alloc(8);
  header.writeInt32BE(8 + rest.length);
  header.writeInt32BE(196_608, 4);
  return Buffer.concat([header, rest]);
}

export function cancelRequest(pid: number, key: Buffer): Buffer {
  const header = Buffer.alloc(12);
  header.writeInt32BE(12 + key.length);
  header.writeInt32BE(80_877_102, 4);
  header.writeInt32BE(pid, 8);
  return Buffer.concat([header, key]);
}

export function readQuery(message: Frame): string {
  return readCString(bodyOf(message), 0).text;
}

export interface ParseMessage {
  readonly name: string;
  readonly text: string;
  /** Types that the client gave; 0 leaves the choice to the server. */
  readonly types: readonly number[];
}

export function readParse(message: Frame): ParseMessage {
  const body = bodyOf(message);
  const name = readCString(body, 0);
  const text = readCString(body, name.next);
  const count = body.readInt16BE(text.next);
  const types = Array.from({ length: count }, (_, index) =>
    body.readUInt32BE(text.next + 2 + 4 * index),
  );
  return { name: name.text, text: text.text, types };
}

export interface BindMessage {
  readonly portal: string;
  readonly statement: string;
  readonly parameters: readonly { readonly binary: boolean; readonly value: Buffer | null }[];
}

export function readBind(message: Frame): BindMessage {
  const body = bodyOf(message);
  const portal = readCString(body, 0);
  const statement = readCString(body, portal.next);
  const formatCount = body.readInt16BE(statement.next);
  let at = statement.next + 2;
  const formats = Array.from({ length: formatCount }, (_, index) =>
    body.readInt16BE(at + 2 * index),
  );
  at += 2 * formatCount;
  const count = body.readInt16BE(at);
  at += 2;
  const parameters: { binary: boolean; value: Buffer | null }[] = [];
  for (let index = 0; index < count; index++) {
    const length = body.readInt32BE(at);
    at += 4;
    const value = length < 0 ? null : body.subarray(at, at + length);
    at += Math.max(0, length);
    // One format stands for all, none for text.
    const format = formats.length === 1 ? formats[0] : formats[index];
    parameters.push({ binary: format === 1, value });
  }
  return { portal: portal.text, statement: statement.text, parameters };
}

/** The portal that an Execute runs. */
export function readExecute(message: Frame): string {
  return readCString(bodyOf(message), 0).text;
}

/** A group that runs one text by the simple protocol. */
export function simple(text: string): Buffer {
  return bytesOf([query(text)]);
}
