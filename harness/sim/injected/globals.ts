/**
 * The globals of one incarnation: everything a learner's code can name is a parameter of the
 * function it is evaluated in, or a pure intrinsic of the language.
 *
 * `globalThis` is a fresh object that owns the standard names, so what is hung on it dies with the
 * process. `Function` and indirect `eval` still reach the thread's own globals; leaks.ts finds what
 * was left there.
 */
import type { Host } from './host.ts';
import { createDate, createIntl, createMath, VirtualPerformance } from './clock.ts';
import { createConsole } from './console.ts';
import { createBuiltins } from './modules/builtins.ts';
import { createProcess } from './process.ts';
import { createTimers } from './timers.ts';
import {
  createAbortSignal,
  createAtomics,
  createFetch,
  createWebAssembly,
  createWebCrypto,
  refusedClass,
  refusedClasses,
  SilentRegistry,
  StrongRef,
} from './web.ts';

export interface GlobalsOptions {
  /** What `process.cwd()` says, and the only folder that may be read. */
  readonly projectRoot: string;
}

/** Values of the world, by the names under which code asks for them. */
export interface WorldValues {
  readonly globalThis: Record<PropertyKey, unknown>;
  readonly process: NodeJS.Process;
  readonly console: Console;
  readonly performance: VirtualPerformance;
  readonly crypto: Crypto;
  readonly [name: string]: unknown;
}

export interface Globals {
  readonly host: Host;
  readonly options: GlobalsOptions;
  /** In the order of `globalNames`. */
  readonly values: readonly unknown[];
  readonly named: WorldValues;
  /** Node's modules as this incarnation sees them; throws for an unknown one. */
  readonly builtin: (name: string) => unknown;
}

/** Names of the parameters, fixed: the same script serves every incarnation. */
export const globalNames: readonly string[] = [
  'globalThis',
  'global',
  'process',
  'console',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
  'queueMicrotask',
  'structuredClone',
  'Date',
  'Intl',
  'Math',
  'performance',
  'crypto',
  'AbortSignal',
  'Atomics',
  'WeakRef',
  'FinalizationRegistry',
  'WebAssembly',
  'navigator',
  'fetch',
  ...Object.keys(refusedClasses),
];

export function createGlobals(host: Host, options: GlobalsOptions): Globals {
  const builtin = (name: string): unknown => builtins(name);
  const world: Record<string, unknown> = {
    process: createProcess(host, { ...options, builtin }),
    console: createConsole(host),
    ...createTimers(host),
    queueMicrotask,
    structuredClone,
    Date: createDate(host),
    Intl: createIntl(host),
    Math: createMath(host),
    performance: new VirtualPerformance(host),
    crypto: createWebCrypto(host),
    AbortSignal: createAbortSignal(host),
    Atomics: createAtomics(host),
    WeakRef: StrongRef,
    FinalizationRegistry: SilentRegistry,
    WebAssembly: createWebAssembly(host),
    navigator: { ...navigatorFacts },
    fetch: createFetch(host),
  };
  for (const [name, refusal] of Object.entries(refusedClasses)) {
    world[name] = refusedClass(host, name, refusal);
  }
  const all: Record<PropertyKey, unknown> = { __proto__: lateGlobals, ...intrinsics, ...world };
  all.globalThis = all;
  all.global = all;
  world.globalThis = all;
  world.global = all;
  const named = world as WorldValues;
  const globals: Globals = {
    host,
    options,
    named,
    values: globalNames.map((name) => world[name]),
    builtin,
  };
  const builtins = createBuiltins(globals);
  return globals;
}

const navigatorFacts = {
  userAgent: 'Node.js/24',
  language: 'en-US',
  languages: Object.freeze(['en-US']),
  platform: 'linux',
  hardwareConcurrency: 1,
};

const intrinsicNames = `
  Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol
  Promise RegExp Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError
  URIError SuppressedError JSON ArrayBuffer SharedArrayBuffer DataView Int8Array Uint8Array
  Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array
  Float16Array Float32Array Float64Array Map Set WeakMap WeakSet BigInt Iterator Proxy Reflect
  DisposableStack AsyncDisposableStack decodeURI decodeURIComponent encodeURI encodeURIComponent
  escape unescape eval isFinite isNaN
  Buffer URL URLSearchParams DOMException AbortController Event EventTarget CustomEvent
  TextEncoder TextDecoder TransformStream WritableStream ReadableStream ByteLengthQueuingStrategy
  CountQueuingStrategy TextEncoderStream TextDecoderStream atob btoa MessagePort Blob File
`
  .trim()
  .split(/\s+/);

const real = globalThis as unknown as Record<string, unknown>;
const intrinsics: Record<PropertyKey, unknown> = {
  ...Object.fromEntries(
    intrinsicNames.filter((name) => name in real).map((name) => [name, real[name]]),
  ),
  [Symbol.toStringTag]: 'global',
};

/** Loading these costs Node some milliseconds: taken from the thread when somebody asks. */
const lateNames = [
  'FormData',
  'Headers',
  'Request',
  'Response',
  'CloseEvent',
  'MessageEvent',
  'URLPattern',
];
const lateGlobals = Object.freeze(
  Object.defineProperties(
    {},
    Object.fromEntries(
      lateNames.map((name) => [
        name,
        {
          get: () => real[name],
          set(this: object, value: unknown) {
            Object.defineProperty(this, name, { value, writable: true, configurable: true });
          },
        },
      ]),
    ),
  ),
);
