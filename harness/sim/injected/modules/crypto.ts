/**
 * `node:crypto`: pure functions are Node's own, chance is drawn from the incarnation's stream, and
 * calls that answer from the thread pool are answered from their synchronous form at the next turn.
 *
 * Making keys draws randomness that cannot be seeded and is refused. Signatures that are random by
 * nature (ECDSA, RSA-PSS) are let through: a second run shows whether they matter.
 */
import type * as Real from 'node:crypto';
import type { Globals } from '../globals.ts';
import type { Host } from '../host.ts';
import { createChance } from '../web.ts';
import { copyOf } from './copy.ts';
import { refusing } from './refused.ts';

type Answer = (error: Error | null, value?: unknown) => void;
type Sync = (...args: never[]) => unknown;

/** Asynchronous name to the synchronous one that answers for it. */
const answeredBy: Readonly<Record<string, string>> = {
  pbkdf2: 'pbkdf2Sync',
  scrypt: 'scryptSync',
  hkdf: 'hkdfSync',
  checkPrime: 'checkPrimeSync',
  argon2: 'argon2Sync',
};

/** Synchronous without a callback, asynchronous with one. */
const withOptionalCallback = ['sign', 'verify', 'diffieHellman', 'encapsulate', 'decapsulate'];

const makesKeys = [
  'generateKeyPair',
  'generateKeyPairSync',
  'generatePrime',
  'generatePrimeSync',
  'createDiffieHellman',
  'createDiffieHellmanGroup',
  'getDiffieHellman',
  'createECDH',
];
const keys = {
  does: 'makes keys from randomness that cannot be seeded',
  advice: 'Make the key once, outside, and give it to the service as text.',
};

export function createCrypto(globals: Globals): unknown {
  const { host, named } = globals;
  const real = process.getBuiltinModule('node:crypto');
  const sync = real as unknown as Record<string, Sync | undefined>;
  const changes: Record<string, unknown> = {
    ...chanceOf(host, real),
    get webcrypto() {
      return named.crypto;
    },
    get subtle() {
      return named.crypto.subtle;
    },
  };
  for (const [name, answering] of Object.entries(answeredBy)) {
    const answer = sync[answering];
    if (answer) changes[name] = answered(host, answer);
  }
  for (const name of withOptionalCallback) {
    const call = sync[name];
    if (call) changes[name] = optionallyAnswered(host, call);
  }
  for (const name of makesKeys) {
    if (name in real) changes[name] = refusing(host, `crypto.${name}`, keys);
  }
  return copyOf(real, changes);
}

function chanceOf(host: Host, real: typeof Real): Record<string, unknown> {
  const randomBytes = (size: number, answer?: Answer): Buffer | undefined => {
    const bytes = Buffer.alloc(size);
    host.random.fill(bytes);
    if (answer === undefined) return bytes;
    later(host, answer, bytes);
    return undefined;
  };
  const randomFillSync = <T extends ArrayBufferView | ArrayBuffer>(
    target: T,
    offset = 0,
    size?: number,
  ): T => {
    const bytes = bytesOf(target);
    const scale = 'BYTES_PER_ELEMENT' in target ? Number(target.BYTES_PER_ELEMENT) : 1;
    const from = offset * scale;
    host.random.fill(bytes.subarray(from, size === undefined ? undefined : from + size * scale));
    return target;
  };
  return {
    ...createChance(host),
    randomBytes,
    pseudoRandomBytes: randomBytes,
    randomFillSync,
    randomFill: (target: ArrayBufferView, ...rest: unknown[]) => {
      const answer = rest.pop() as Answer;
      later(host, answer, randomFillSync(target, ...(rest as [number?, number?])));
    },
    randomInt: (...args: (number | Answer)[]) => {
      const answer = typeof args.at(-1) === 'function' ? (args.pop() as Answer) : undefined;
      const [min, max] = args.length > 1 ? args : [0, args[0]];
      const value = integerBetween(host, Number(min), Number(max));
      if (answer === undefined) return value;
      later(host, answer, value);
      return undefined;
    },
    generateKeySync: (type: 'hmac' | 'aes', { length }: { length: number }) =>
      real.createSecretKey(randomBytes(Math.floor(length / 8)) ?? Buffer.alloc(0)),
    generateKey: (type: 'hmac' | 'aes', { length }: { length: number }, answer: Answer) =>
      later(
        host,
        answer,
        real.createSecretKey(randomBytes(Math.floor(length / 8)) ?? Buffer.alloc(0)),
      ),
  };
}

function integerBetween(host: Host, min: number, max: number): number {
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || max <= min) {
    const message = `The value of "max" is out of range. It must be greater than ${min}`;
    throw Object.assign(new RangeError(message), { code: 'ERR_OUT_OF_RANGE' });
  }
  const wide = host.random.uint32() * 2 ** 20 + (host.random.uint32() >>> 12);
  return min + Math.floor((wide / 2 ** 52) * (max - min));
}

const bytesOf = (target: ArrayBufferView | ArrayBuffer): Uint8Array =>
  ArrayBuffer.isView(target)
    ? new Uint8Array(target.buffer, target.byteOffset, target.byteLength)
    : new Uint8Array(target);

const later = (host: Host, answer: Answer, value: unknown): void =>
  void host.setImmediate(() => answer(null, value));

/** The last argument is the callback; what the synchronous form throws is its error. */
export function answered(host: Host, sync: Sync): (...args: unknown[]) => void {
  return (...args) => {
    const answer = args.pop();
    if (typeof answer !== 'function') {
      const message = 'The "callback" argument must be of type function';
      throw Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' });
    }
    const outcome = settle(() => sync(...(args as never[])));
    host.setImmediate(() =>
      'error' in outcome ? answer(outcome.error) : answer(null, outcome.value),
    );
  };
}

function optionallyAnswered(host: Host, sync: Sync): Sync {
  const asynchronous = answered(host, sync);
  return (...args: unknown[]) =>
    typeof args.at(-1) === 'function' ? asynchronous(...args) : sync(...(args as never[]));
}

function settle(run: () => unknown): { value: unknown } | { error: unknown } {
  try {
    return { value: run() };
  } catch (error) {
    return { error };
  }
}
