/**
 * What all incarnations of a thread share and JavaScript lets anyone change: intrinsics, the
 * thread's own globals, Node's modules that are handed out as they are, our own facade classes, and
 * the exports of shared libraries. A service that hides state there would survive its own crash;
 * this names it and puts things back.
 *
 * Reading all of it takes longer than a short run. So every comparison looks for what assignment
 * leaves behind (enumerable additions anywhere, other values on the language's own classes) and at
 * one thirty-second of everything else; 32 in a row have seen all, and since all runs of a thread
 * run the same code, a later one names it just as well. `thorough` looks at everything at once.
 *
 * Left out: state behind closures (a parser registered in pg-types). A re-run with fresh libraries
 * shows that.
 */
import * as asyncHooks from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { getDefaultHighWaterMark, setDefaultHighWaterMark } from 'node:stream';
import { VirtualPerformance } from './clock.ts';
import { copiedModules, sharedModules } from './modules/builtins.ts';
import { VirtualSocket } from './modules/net.ts';
import { Collecting } from './modules/zlib.ts';
import { SilentRegistry, StrongRef } from './web.ts';

export interface SharedState {
  /** A sentence part per change, `Array.prototype.seen was added`. Empty when nothing changed. */
  compare(options?: { thorough?: boolean }): string[];
  /** Puts everything back as it was in the snapshot. */
  restore(): void;
}

interface Watched {
  readonly name: string;
  readonly target: object;
  readonly enumerable: number;
  readonly keyCount: number;
  readonly descriptors: readonly (readonly [PropertyKey, PropertyDescriptor])[];
  /** Data properties, side by side. */
  readonly keys: readonly PropertyKey[];
  readonly values: readonly unknown[];
  readonly accessors: readonly (readonly [PropertyKey, PropertyDescriptor])[];
}

const slices = 32;
const libraryDepth = 4;
const mostObjects = 4000;

export function snapshotShared(libraries: Readonly<Record<string, unknown>> = {}): SharedState {
  const seen = new Map<object, string>();
  for (const [name, root] of threadRoots()) collect(seen, name, root, 2);
  collect(seen, 'process', process, 0);
  for (const [name, root] of Object.entries(libraries)) collect(seen, name, root, libraryDepth);
  const watched = [...seen].map(([target, name]) => watch(name, target));
  const core = watched.filter(({ name, keys }) => keys.length > 2 && isCore(name));
  const sliced = Array.from({ length: slices }, (_, slice) =>
    watched.filter((_each, index) => index % slices === slice),
  );
  const dials = numbersOfNode.map(watchDial);
  let turn = 0;
  return {
    compare: ({ thorough = false } = {}) => {
      turn = (turn + 1) % slices;
      const slice = thorough ? watched : (sliced[turn] ?? []);
      const changed = new Set([
        ...watched.filter(hasAdditions),
        ...core.filter(hasOtherValues),
        ...slice.filter(isChanged),
      ]);
      return [...changed].flatMap(changesOf).concat(dials.flatMap(({ turned }) => turned()));
    },
    restore: () => {
      for (const each of watched) restore(each);
      for (const dial of dials) dial.restore();
    },
  };
}

interface Dial {
  readonly name: string;
  readonly read: () => number;
  readonly write: (value: number) => void;
}

/** Numbers that Node keeps behind accessors and functions: small, but they would do. */
const numbersOfNode: readonly Dial[] = [
  {
    name: 'events.defaultMaxListeners',
    read: () => EventEmitter.defaultMaxListeners,
    write: (value) => void (EventEmitter.defaultMaxListeners = value),
  },
  ...[true, false].map((objects) => ({
    name: `stream.setDefaultHighWaterMark(${objects})`,
    read: () => getDefaultHighWaterMark(objects),
    write: (value: number) => setDefaultHighWaterMark(objects, value),
  })),
];

function watchDial({ name, read, write }: Dial) {
  const before = read();
  return {
    turned: (): string[] => (read() === before ? [] : [`${name} was changed`]),
    restore: () => write(before),
  };
}

/** The language's own classes, which a service can reach without importing anything. */
const coreNames = new Set(
  (
    'Object Function Array Number String Symbol Promise RegExp Error JSON Math Reflect ' +
    'Map Set WeakMap Date BigInt Buffer events'
  ).split(' '),
);
const isCore = (name: string): boolean => coreNames.has(name.replace(/\.prototype$/, ''));

type Root = readonly [name: string, value: unknown];

const hiddenPrototypes: readonly Root[] = [
  ['Iterator.prototype', Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()))],
  ['%ArrayIterator%.prototype', Object.getPrototypeOf([][Symbol.iterator]())],
  ['%MapIterator%.prototype', Object.getPrototypeOf(new Map().entries())],
  ['%SetIterator%.prototype', Object.getPrototypeOf(new Set().entries())],
  ['%StringIterator%.prototype', Object.getPrototypeOf(''[Symbol.iterator]())],
  ['%RegExpStringIterator%.prototype', Object.getPrototypeOf(''.matchAll(/x/g))],
  ['%TypedArray%', Object.getPrototypeOf(Uint8Array)],
  ['%AsyncFunction%', Object.getPrototypeOf(async () => undefined).constructor],
  ['%GeneratorFunction%', Object.getPrototypeOf(function* () {}).constructor],
  ['%AsyncGeneratorFunction%', Object.getPrototypeOf(async function* () {}).constructor],
  ['%Generator%', Object.getPrototypeOf(function* () {}).prototype],
  ['%AsyncGenerator%', Object.getPrototypeOf(async function* () {}).prototype],
  [
    '%AsyncIterator%.prototype',
    Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype),
  ],
];

const facadeClasses = { VirtualPerformance, VirtualSocket, Collecting, StrongRef, SilentRegistry };

function* threadRoots(): Generator<Root> {
  yield ['globalThis', globalThis];
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    const { value } = Object.getOwnPropertyDescriptor(globalThis, name) ?? {};
    if (typeof value === 'function' || namespaces.has(name)) yield [name, value];
  }
  yield* hiddenPrototypes;
  for (const name of [...sharedModules, ...copiedModules, 'crypto', 'zlib']) {
    if (!deprecated.has(name)) yield [name, process.getBuiltinModule(name)];
  }
  yield ['AsyncLocalStorage', asyncHooks.AsyncLocalStorage];
  yield ['AsyncResource', asyncHooks.AsyncResource];
  for (const [name, facade] of Object.entries(facadeClasses)) yield [name, facade];
}

/** Loading these makes Node print a warning. */
const deprecated = new Set(['punycode', 'constants']);
const namespaces = new Set(['JSON', 'Math', 'Reflect', 'Intl', 'Atomics', 'WebAssembly']);

/** An object, what it holds, and its prototype, down to a depth. */
function collect(seen: Map<object, string>, name: string, value: unknown, depth: number): void {
  if (!isObject(value) || seen.has(value) || seen.size >= mostObjects) return;
  seen.set(value, name);
  if (depth === 0 || value === globalThis) return;
  for (const key of Reflect.ownKeys(value)) {
    const inner: unknown = Object.getOwnPropertyDescriptor(value, key)?.value;
    if (key === 'constructor' || !isWorthWatching(inner)) continue;
    const isPart = key === 'prototype' || typeof inner === 'function';
    collect(seen, pathOf(name, key), inner, isPart ? depth : depth - 1);
  }
}

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/**
 * Functions and plain objects (prototypes, namespaces, tables); instances have a life of their own.
 */
function isWorthWatching(value: unknown): boolean {
  if (typeof value === 'function') return true;
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    prototype === Object.prototype || prototype === null || Object.hasOwn(value, 'constructor')
  );
}

function watch(name: string, target: object): Watched {
  const all = Reflect.ownKeys(target).filter((key) => !isPassing(key));
  const descriptors = all.flatMap((key) => {
    const descriptor = Object.getOwnPropertyDescriptor(target, key);
    return descriptor ? [[key, descriptor] as const] : [];
  });
  const data = descriptors.filter(([, descriptor]) => 'value' in descriptor);
  return {
    name,
    target,
    enumerable: Object.keys(target).length,
    keyCount: all.length,
    descriptors,
    keys: data.map(([key]) => key),
    values: data.map(([, { value }]) => value as unknown),
    accessors: descriptors.filter(([, descriptor]) => !('value' in descriptor)),
  };
}

/** What Node itself changes in passing: late parts on globalThis, listeners on `process`. */
const isPassing = (key: PropertyKey): boolean =>
  typeof key === 'symbol'
    ? /^(undici\.|shapeMode|kCapture)/.test(key.description ?? '')
    : key === '_events' || key === '_eventsCount' || key === 'exitCode';

type Keyed = Record<PropertyKey, unknown>;

/** Costs next to nothing: V8 remembers the enumerable keys of a shape. */
const hasAdditions = ({ target, enumerable }: Watched): boolean =>
  Object.keys(target).length !== enumerable;

function hasOtherValues({ target, keys, values }: Watched): boolean {
  for (let i = 0; i < keys.length; i++) {
    const value = (target as Keyed)[keys[i] as PropertyKey];
    if (value !== values[i] && !Object.is(value, values[i])) return true;
  }
  return false;
}

function isChanged(watched: Watched): boolean {
  const { target, keyCount, accessors } = watched;
  if (hasOtherValues(watched)) return true;
  const found = Reflect.ownKeys(target);
  if (found.length !== keyCount && found.filter((key) => !isPassing(key)).length !== keyCount) {
    return true;
  }
  return accessors.some(([key, old]) => {
    const now = Object.getOwnPropertyDescriptor(target, key);
    return now === undefined || now.get !== old.get || now.set !== old.set;
  });
}

function changesOf({ name, target, descriptors }: Watched): string[] {
  const before = new Map(descriptors);
  const changes: string[] = [];
  for (const key of Reflect.ownKeys(target)) {
    if (isPassing(key)) continue;
    const old = before.get(key);
    const now = Object.getOwnPropertyDescriptor(target, key);
    before.delete(key);
    if (old === undefined) changes.push(`${pathOf(name, key)} was added`);
    else if (!isSame(old, now)) changes.push(`${pathOf(name, key)} was replaced`);
  }
  for (const key of before.keys()) changes.push(`${pathOf(name, key)} was removed`);
  return changes;
}

const isSame = (old: PropertyDescriptor, now: PropertyDescriptor | undefined): boolean =>
  now !== undefined &&
  Object.is(old.value, now.value) &&
  old.get === now.get &&
  old.set === now.set;

function restore({ target, descriptors }: Watched): void {
  const before = new Map(descriptors);
  for (const key of Reflect.ownKeys(target)) {
    if (!before.has(key) && !isPassing(key)) Reflect.deleteProperty(target, key);
  }
  for (const [key, old] of before) {
    if (!isSame(old, Object.getOwnPropertyDescriptor(target, key))) {
      Reflect.defineProperty(target, key, old);
    }
  }
}

function pathOf(name: string, key: PropertyKey): string {
  if (typeof key === 'symbol') return `${name}[${key.description ?? 'symbol'}]`;
  return /^[\w$]+$/.test(String(key))
    ? `${name}.${String(key)}`
    : `${name}[${JSON.stringify(key)}]`;
}
