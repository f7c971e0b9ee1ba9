/**
 * Timers of one incarnation: Node's functions and objects over the world's timers.
 *
 * Delays are clamped as Node clamps them, with one departure: a negative delay fires after 100 ms
 * instead of 1. kafkajs re-arms a negative timer for ever, which would cost a thousand steps per
 * virtual second and connection.
 *
 * `ref` and `unref` are remembered and mean nothing: a service does not end because it has nothing
 * left to do.
 */
import { promisify } from 'node:util';
import type { Milliseconds } from '#kernel';
import type { Host, ImmediateEntry, TimerEntry } from './host.ts';
import { inContext } from './context.ts';
import { invalidArgument } from './errors.ts';

const longestMs = 2 ** 31 - 1;
const negativeMs = 100;

export function clampDelay(delay: unknown): Milliseconds {
  const delayMs = Number(delay);
  if (delayMs < 0) return negativeMs;
  return delayMs >= 1 && delayMs <= longestMs ? Math.trunc(delayMs) : 1;
}

type Callback = (...args: unknown[]) => void;

/** Shared by all incarnations and frozen: nothing can be hung on it. */
export class Timeout {
  readonly #host: Host;
  readonly #entry: TimerEntry;
  #isRef = true;
  #cleared = false;
  #id: number | undefined;

  constructor(host: Host, callback: Callback, delay: unknown, args: unknown[], repeat: boolean) {
    this.#host = host;
    const run = args.length === 0 ? () => callback.call(this) : () => callback.apply(this, args);
    this.#entry = host.setTimer(inContext(host, run), clampDelay(delay), repeat);
  }

  ref(): this {
    this.#isRef = true;
    return this;
  }
  unref(): this {
    this.#isRef = false;
    return this;
  }
  hasRef(): boolean {
    return this.#isRef;
  }
  refresh(): this {
    if (!this.#cleared) this.#host.rearmTimer(this.#entry);
    return this;
  }
  close(): this {
    this.#cleared = true;
    this.#host.clearTimer(this.#entry);
    return this;
  }
  [Symbol.toPrimitive](): number {
    this.#id ??= numberOf(this.#host, this);
    return this.#id;
  }
  [Symbol.dispose](): void {
    this.close();
  }
}

export class Immediate {
  readonly #host: Host;
  readonly #entry: ImmediateEntry;
  #isRef = true;

  constructor(host: Host, callback: Callback, args: unknown[]) {
    this.#host = host;
    this.#entry = host.setImmediate(inContext(host, () => callback.apply(this, args)));
  }
  ref(): this {
    this.#isRef = true;
    return this;
  }
  unref(): this {
    this.#isRef = false;
    return this;
  }
  hasRef(): boolean {
    return this.#isRef;
  }
  close(): void {
    this.#host.clearImmediate(this.#entry);
  }
  [Symbol.dispose](): void {
    this.close();
  }
}

for (const shared of [Timeout, Immediate]) {
  Object.freeze(shared);
  Object.freeze(shared.prototype);
}

/** Timers whose number was asked for, per process: the same numbers in every replay. */
const numbered = new WeakMap<Host, Map<number, Timeout>>();

function numberOf(host: Host, timeout: Timeout): number {
  const known = numbered.get(host) ?? new Map<number, Timeout>();
  numbered.set(host, known);
  known.set(known.size + 1, timeout);
  return known.size;
}

type Arm = (callback: Callback, delay?: unknown, ...args: unknown[]) => Timeout;

export interface TimerFunctions {
  readonly setTimeout: Arm;
  readonly setInterval: Arm;
  readonly setImmediate: (callback: Callback, ...args: unknown[]) => Immediate;
  readonly clearTimeout: (timer?: unknown) => void;
  readonly clearInterval: (timer?: unknown) => void;
  readonly clearImmediate: (immediate?: unknown) => void;
}

export function createTimers(host: Host): TimerFunctions {
  const timers: TimerFunctions = {
    setTimeout: (callback, delay, ...args) =>
      new Timeout(host, required(callback), delay, args, false),
    setInterval: (callback, delay, ...args) =>
      new Timeout(host, required(callback), delay, args, true),
    setImmediate: (callback, ...args) => new Immediate(host, required(callback), args),
    clearTimeout: (timer) => clear(host, timer),
    clearInterval: (timer) => clear(host, timer),
    clearImmediate: (immediate) => {
      if (immediate instanceof Immediate) immediate.close();
    },
  };
  const asPromised = (name: 'setTimeout' | 'setImmediate'): PropertyDescriptor => ({
    get: () => createTimerPromises(host)[name],
  });
  Object.defineProperty(timers.setTimeout, promisify.custom, asPromised('setTimeout'));
  Object.defineProperty(timers.setImmediate, promisify.custom, asPromised('setImmediate'));
  return timers;
}

function clear(host: Host, timer: unknown): void {
  if (timer instanceof Timeout) timer.close();
  else if (typeof timer === 'number' || typeof timer === 'string') {
    numbered.get(host)?.get(Number(timer))?.close();
  }
}

function required(callback: unknown): Callback {
  if (typeof callback === 'function') return callback as Callback;
  throw invalidArgument('callback', 'of type function', callback);
}

interface WaitOptions {
  readonly signal?: AbortSignal;
  readonly ref?: boolean;
}

export interface TimerPromises {
  setTimeout<T>(delay?: unknown, value?: T, options?: WaitOptions): Promise<T | undefined>;
  setImmediate<T>(value?: T, options?: WaitOptions): Promise<T | undefined>;
  setInterval<T>(delay?: unknown, value?: T, options?: WaitOptions): AsyncGenerator<T | undefined>;
  readonly scheduler: {
    wait(delay: unknown, options?: WaitOptions): Promise<unknown>;
    yield(): Promise<unknown>;
  };
}

/** `node:timers/promises`. */
export function createTimerPromises(host: Host): TimerPromises {
  const wait = <T>(arm: (done: () => void) => () => void, value: T, signal?: AbortSignal) =>
    new Promise<T>((resolve, reject) => {
      if (signal?.aborted) {
        reject(abortError(signal));
        return;
      }
      const disarm = arm(() => {
        signal?.removeEventListener('abort', abort);
        resolve(value);
      });
      const abort = (): void => {
        disarm();
        if (signal) reject(abortError(signal));
      };
      signal?.addEventListener('abort', abort, { once: true });
    });
  const setTimeout = <T>(delay?: unknown, value?: T, options?: WaitOptions) =>
    wait((done) => disarmer(new Timeout(host, done, delay, [], false)), value, options?.signal);
  const setImmediate = <T>(value?: T, options?: WaitOptions) =>
    wait((done) => disarmer(new Immediate(host, done, [])), value, options?.signal);
  return {
    setTimeout,
    setImmediate,
    setInterval: (delay, value, options) => ticks(host, delay, value, options?.signal),
    scheduler: {
      wait: (delay, options) => setTimeout(delay, undefined, options),
      yield: () => setImmediate(),
    },
  };
}

const disarmer = (timer: { close(): void }) => () => timer.close();

async function* ticks<T>(
  host: Host,
  delay: unknown,
  value: T,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  if (signal?.aborted) throw abortError(signal);
  let missed = 0;
  let wake: (() => void) | undefined;
  const tick = (): void => {
    missed++;
    wake?.();
  };
  const abort = (): void => wake?.();
  const timer = new Timeout(host, tick, delay, [], true);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    while (true) {
      if (missed === 0) {
        // A tick ends the wait; one promise per tick is what an interval is.
        // oxlint-disable-next-line no-await-in-loop
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (signal?.aborted) throw abortError(signal);
      for (; missed > 0; missed--) yield value;
    }
  } finally {
    timer.close();
    signal?.removeEventListener('abort', abort);
  }
}

function abortError(signal: AbortSignal): Error {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  return Object.assign(error, { code: 'ABORT_ERR' });
}
