/**
 * How a connection begins. Requests for encryption may come before the StartupMessage; the honest answer in the world
 * is `N`: there is none.
 *
 * Left out: protocol 2, and encryption itself.
 */
import { readCString } from './frames.ts';

export type StartUp =
  | { readonly kind: 'encryption'; readonly bytes: Buffer }
  | { readonly kind: 'cancel'; readonly pid: number; readonly key: Buffer; readonly bytes: Buffer }
  | {
      readonly kind: 'start';
      readonly version: { readonly major: number; readonly minor: number };
      readonly parameters: Readonly<Record<string, string>>;
      readonly bytes: Buffer;
    }
  | { readonly kind: 'unreadable'; readonly sentence: string; readonly bytes: Buffer };

const sslRequest = 80_877_103;
const gssRequest = 80_877_104;
const cancelCode = 80_877_102;
/** PostgreSQL's own limit for a start-up packet. */
const longestStartUp = 10_000;

/** The first request in `bytes`; `undefined` while it has not arrived whole. */
export function readStartUp(bytes: Buffer): StartUp | undefined {
  if (bytes.length < 4) return undefined;
  const length = bytes.readInt32BE(0);
  if (length < 8 || length > longestStartUp) {
    return { kind: 'unreadable', sentence: 'the first bytes are no StartupMessage', bytes };
  }
  if (bytes.length < length) return undefined;
  const whole = bytes.subarray(0, length);
  const code = whole.readInt32BE(4);
  if (code === sslRequest || code === gssRequest) return { kind: 'encryption', bytes: whole };
  if (code === cancelCode && length >= 16) {
    return { kind: 'cancel', pid: whole.readInt32BE(8), key: whole.subarray(12), bytes: whole };
  }
  const version = { major: code >> 16, minor: code & 0xffff };
  if (version.major !== 3) {
    const sentence = `unsupported frontend protocol ${version.major}.${version.minor}`;
    return { kind: 'unreadable', sentence, bytes: whole };
  }
  return { kind: 'start', version, parameters: readParameters(whole), bytes: whole };
}

function readParameters(whole: Buffer): Record<string, string> {
  const parameters: Record<string, string> = {};
  let at = 8;
  while (at < whole.length && whole[at] !== 0) {
    const name = readCString(whole, at);
    const value = readCString(whole, name.next);
    parameters[name.text] = value.text;
    at = value.next;
  }
  return parameters;
}
