/**
 * The Web's globals of one incarnation. What draws chance or time is virtual, what is pure is
 * Node's own, and what would leave the world (requests, threads, channels between threads) is
 * refused where it is used.
 *
 * `WeakRef` holds on to its target and `FinalizationRegistry` never calls back: when garbage is
 * collected is not replayable. Left out: `Event.timeStamp` tells real time; the
 * body of a `Response` made from a `Blob` never arrives, because Node reads it in a real turn.
 */
import { createHash, getHashes } from 'node:crypto';
import type { Host } from './host.ts';
import { templateOf } from './clock.ts';
import { Timeout } from './timers.ts';

type Chance = Pick<Crypto, 'getRandomValues' | 'randomUUID'>;

export function createChance(host: Host): Chance {
  return {
    getRandomValues: <T extends ArrayBufferView | null>(array: T): T => {
      if (!ArrayBuffer.isView(array) || array instanceof DataView || isFloat(array)) {
        throw new DOMException(
          'The data argument must be an integer-type TypedArray',
          'TypeMismatchError',
        );
      }
      if (array.byteLength > 65536) {
        throw new DOMException('The requested length exceeds 65,536 bytes', 'QuotaExceededError');
      }
      host.random.fill(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
      return array;
    },
    randomUUID: () => randomUuid(host),
  };
}

const isFloat = (array: ArrayBufferView): boolean =>
  array instanceof Float32Array || array instanceof Float64Array;

const hexadecimal = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Version 4. */
export function randomUuid(host: Host): ReturnType<Crypto['randomUUID']> {
  const bytes = new Uint8Array(16);
  host.random.fill(bytes);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => hexadecimal[byte] ?? '').join('');
  const part = (from: number, to: number): string => hex.slice(from, to);
  return `${part(0, 8)}-${part(8, 12)}-${part(12, 16)}-${part(16, 20)}-${part(20, 32)}`;
}

export function createWebCrypto(host: Host): Crypto {
  let subtle: object | undefined;
  return {
    ...createChance(host),
    get subtle() {
      return (subtle ??= createSubtle(host));
    },
  } as Crypto;
}

const subtleNames = Object.getOwnPropertyNames(Object.getPrototypeOf(crypto.subtle)).filter(
  (name) => name !== 'constructor' && name !== 'digest',
);

function createSubtle(host: Host): object {
  const subtle: Record<string, unknown> = {
    digest: async (algorithm: string | { name: string }, data: ArrayBuffer | ArrayBufferView) => {
      const name = (typeof algorithm === 'string' ? algorithm : algorithm.name).toUpperCase();
      const hash = name.replace('SHA-', 'sha').toLowerCase();
      if (!/^SHA-(1|256|384|512)$/.test(name) || !getHashes().includes(hash)) {
        throw new DOMException('Unrecognized algorithm name', 'NotSupportedError');
      }
      const bytes = ArrayBuffer.isView(data)
        ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
        : new Uint8Array(data);
      return new Uint8Array(createHash(hash).update(bytes).digest()).buffer;
    },
  };
  for (const name of subtleNames) {
    subtle[name] = async () => {
      throw host.uncontrolled(
        `works in a background thread: crypto.subtle.${name}`,
        'Use the synchronous functions of node:crypto: createHmac, createSign, createCipheriv.',
      );
    };
  }
  return subtle;
}

/** `AbortSignal.timeout` in virtual time; everything else is Node's. */
export function createAbortSignal(host: Host): typeof AbortSignal {
  function FacadeSignal(): never {
    throw Object.assign(new TypeError('Illegal constructor'), { code: 'ERR_ILLEGAL_CONSTRUCTOR' });
  }
  FacadeSignal.prototype = AbortSignal.prototype;
  FacadeSignal.abort = (reason?: unknown) => AbortSignal.abort(reason);
  FacadeSignal.any = (signals: AbortSignal[]) => AbortSignal.any(signals);
  FacadeSignal.timeout = (delay: number) => {
    const controller = new AbortController();
    const reason = () =>
      new DOMException('The operation was aborted due to timeout', 'TimeoutError');
    void new Timeout(host, () => controller.abort(reason()), delay, [], false);
    return controller.signal;
  };
  Object.defineProperty(FacadeSignal, 'name', { value: 'AbortSignal' });
  return FacadeSignal as unknown as typeof AbortSignal;
}

export class StrongRef<T extends object> {
  readonly #target: T;
  constructor(target: T) {
    this.#target = target;
  }
  deref(): T {
    return this.#target;
  }
  get [Symbol.toStringTag](): string {
    return 'WeakRef';
  }
}
Object.defineProperty(StrongRef, 'name', { value: 'WeakRef' });

export class SilentRegistry {
  register(): void {
    // Nothing is ever collected.
  }
  unregister(): boolean {
    return false;
  }
  get [Symbol.toStringTag](): string {
    return 'FinalizationRegistry';
  }
}
Object.defineProperty(SilentRegistry, 'name', { value: 'FinalizationRegistry' });

const waitAdvice = 'A service is one thread here: wait with setTimeout or a promise.';
const wasmAdvice = 'Use new WebAssembly.Module and new WebAssembly.Instance, which answer at once.';

const atomicsTemplate = templateOf(Atomics);
const wasmTemplate = templateOf(WebAssembly);

export function createAtomics(host: Host): typeof Atomics {
  const refuse = (name: string) => () => {
    throw host.uncontrolled(`waits for another thread: Atomics.${name}`, waitAdvice);
  };
  return {
    ...atomicsTemplate,
    wait: refuse('wait'),
    waitAsync: refuse('waitAsync'),
  } as unknown as typeof Atomics;
}

export function createWebAssembly(host: Host): typeof WebAssembly {
  const facade = { ...wasmTemplate };
  for (const name of ['compile', 'instantiate', 'compileStreaming', 'instantiateStreaming']) {
    facade[name] = async () => {
      throw host.uncontrolled(`compiles in a background thread: WebAssembly.${name}`, wasmAdvice);
    };
  }
  return facade as unknown as typeof WebAssembly;
}

const portAdvice =
  'Outside systems of a chapter come as ports; what they answer is part of the schedule.';

/** `fetch` and what opens connections of its own. */
export function createFetch(host: Host): typeof fetch {
  return async (input) => {
    throw host.uncontrolled(`opens a connection to ${targetOf(input)}`, portAdvice);
  };
}

function targetOf(input: unknown): string {
  const text = input instanceof Request ? input.url : String(input);
  return URL.canParse(text) ? new URL(text).host : text;
}

interface Refusal {
  what(args: readonly unknown[]): string;
  readonly advice: string;
}

const opens: Refusal = {
  what: ([url]) => `opens a connection to ${targetOf(url)}`,
  advice: portAdvice,
};
const talks: Refusal = {
  what: () => 'talks to another thread',
  advice: 'Services talk through Kafka, the database and ports.',
};
const compresses: Refusal = {
  what: () => 'compresses in a background thread',
  advice: 'Use gzip or gzipSync of node:zlib.',
};

export const refusedClasses: Readonly<Record<string, Refusal>> = {
  WebSocket: opens,
  MessageChannel: talks,
  BroadcastChannel: talks,
  CompressionStream: compresses,
  DecompressionStream: compresses,
  PerformanceObserver: {
    what: () => 'observes its own performance',
    advice: 'Read performance.now() where you need it.',
  },
};

/** A class that can be named and extended, and refuses to be made. */
export function refusedClass(host: Host, name: string, refusal: Refusal): unknown {
  function Refused(...args: unknown[]): never {
    throw host.uncontrolled(`${refusal.what(args)}: new ${name}`, refusal.advice);
  }
  return Refused;
}
