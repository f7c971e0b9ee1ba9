/**
 * What the world gives to the globals of one incarnation. The globals are made from this and from
 * nothing else, so that all a learner's process can reach is known, costs virtual time and dies
 * with the process.
 *
 * Every member is read at the moment of use, never kept: client libraries that are shared while
 * searching are evaluated with a host that stands for "whichever instance runs now".
 *
 * Left out: sockets that listen, files, child processes. What is not here is refused by
 * `uncontrolled`.
 */
import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Milliseconds, Random } from '#kernel';

/** A timer as the world keeps it. The Timeout that a learner holds is a facade over it. */
export interface TimerEntry {
  /** False once it fired (unless it repeats), was cleared, or its process died. */
  readonly armed: boolean;
  /** Virtual time of the next firing. */
  readonly atMs: Milliseconds;
}

export interface ImmediateEntry {
  readonly armed: boolean;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Host {
  /** The name of the place in the deployment, `relay-0`. */
  readonly slot: string;
  /** 1 for the first process in this slot; the next one after every restart. */
  readonly incarnation: number;
  /** One stream per slot and incarnation. */
  readonly random: Random;
  /**
   * What `process.on` writes to: `unhandledRejection`, `uncaughtException`, `SIGTERM`, `exit`. One
   * per incarnation.
   */
  readonly processListeners: EventEmitter;

  /** Virtual `Date.now()`. */
  nowMs(): Milliseconds;
  /** Virtual `performance.now()`: since the start of this process, fractions allowed. */
  monotonicMs(): Milliseconds;

  /** `delayMs` is clamped already. `repeat` = setInterval. */
  setTimer(callback: () => void, delayMs: Milliseconds, repeat: boolean): TimerEntry;
  clearTimer(entry: TimerEntry): void;
  /** `timeout.refresh()`: its whole delay again, from now, even if it fired already. */
  rearmTimer(entry: TimerEntry): void;
  setImmediate(callback: () => void): ImmediateEntry;
  clearImmediate(entry: ImmediateEntry): void;
  /** Before any promise reaction, in order. */
  nextTick(callback: () => void): void;

  /**
   * A connection of this instance: emits `connect` (or `error`, then `close`) at a later event,
   * never before the caller could listen. An address outside the world throws what `uncontrolled`
   * returns.
   */
  connect(address: Address): Duplex;
  /** The address of a name that belongs to the world, for `dns.lookup`. */
  resolve(hostname: string): string | undefined;

  /** One call of `console` or `process.stdout.write`, formatted, without the final line break. */
  write(stream: 'out' | 'err', text: string): void;
  /** Ends this process: throws a `ProcessExit`. `how` is the call, `process.exit(1)`; `exit` was emitted. */
  exit(code: number, how: string): never;

  /**
   * Records that this run cannot be replayed and returns the error to throw. `what` continues a
   * sentence that starts with the learner's line: "starts a program: child_process.spawn". `advice`
   * is a sentence.
   */
  uncontrolled(what: string, advice: string): Error;
}

/**
 * Thrown by `exit` to unwind the learner's stack. Whoever catches it lets go: the process is dead
 * already.
 */
export class ProcessExit extends Error {
  override readonly name = 'ProcessExit';
  readonly code: number;
  constructor(code: number, how: string) {
    super(`${how} ended the process`);
    this.code = code;
  }
}
