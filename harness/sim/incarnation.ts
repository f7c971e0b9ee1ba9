/**
 * One process of a service: what its globals are made from. It dies by being forgotten: its timers are taken off the
 * agenda, its sockets fall silent, whatever it still holds can reach nothing.
 */
import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { random, type Milliseconds, type Random } from '#kernel';
import type { Agenda, Entry } from './agenda.ts';
import {
  ProcessExit,
  type Address,
  type Host,
  type ImmediateEntry,
  type TimerEntry,
} from './injected/host.ts';

/** What an incarnation needs of the world it lives in. */
export interface Habitat {
  readonly agenda: Agenda;
  readonly epochMs: Milliseconds;
  readonly seed: number;
  now(): Milliseconds;
  /** Runs something as an event of this incarnation (later, if it is frozen). */
  deliver(incarnation: Incarnation, event: () => void): void;
  connect(incarnation: Incarnation, address: Address): Duplex;
  resolve(hostname: string): string | undefined;
  wrote(incarnation: Incarnation, stream: 'out' | 'err', text: string): void;
  exits(incarnation: Incarnation, how: string): void;
  uncontrolled(incarnation: Incarnation, what: string, advice: string): Error;
  /** It calls something again and again inside one event; called from there. */
  neverRests(incarnation: Incarnation, what: string): void;
  threw(incarnation: Incarnation, error: unknown): void;
}

/** A class, as a literal with accessors is slow to make, and a run makes thousands. */
class SimTimer implements TimerEntry {
  entry: Entry;
  readonly delayMs: Milliseconds;
  readonly fire: () => void;

  constructor(entry: Entry, delayMs: Milliseconds, fire: () => void) {
    this.entry = entry;
    this.delayMs = delayMs;
    this.fire = fire;
  }

  get armed(): boolean {
    return this.entry.armed;
  }

  get atMs(): Milliseconds {
    return this.entry.atMs;
  }
}

interface SimImmediate extends ImmediateEntry {
  armed: boolean;
  readonly callback: () => void;
}

/** Virtual time after the last fault in which a run has to come to rest. */
export const horizonMs: Milliseconds = 600_000;

/** Ticks and immediates one event may cause before the process is said never to come to rest. */
const tickBudget = 200_000;
const immediateBudget = 50_000;

export class Incarnation implements Host {
  readonly slot: string;
  readonly incarnation: number;
  readonly role: string;
  readonly random: Random;
  readonly processListeners = new EventEmitter();
  readonly startedAtMs: Milliseconds;

  dead = false;
  frozen = false;
  /** Events that came while it was frozen, in order. */
  readonly backlog: (() => void)[] = [];
  immediates: SimImmediate[] = [];
  ticksInEvent = 0;
  immediatesInEvent = 0;

  readonly #habitat: Habitat;
  readonly #timers = new Set<SimTimer>();

  constructor(habitat: Habitat, role: string, slot: string, incarnation: number) {
    this.#habitat = habitat;
    this.role = role;
    this.slot = slot;
    this.incarnation = incarnation;
    this.random = random(habitat.seed, `${slot}#${incarnation}`);
    this.startedAtMs = habitat.now();
  }

  nowMs(): Milliseconds {
    return this.#habitat.epochMs + this.#habitat.now();
  }

  monotonicMs(): Milliseconds {
    return this.#habitat.now() - this.startedAtMs;
  }

  setTimer(callback: () => void, delayMs: Milliseconds, repeat: boolean): TimerEntry {
    const habitat = this.#habitat;
    // A frozen process gets its turn later: what was cleared or set again meanwhile does not run.
    const deliver = (): void => {
      if (!this.frozen && this.backlog.length === 0) return habitat.deliver(this, fire);
      const { entry } = timer;
      habitat.deliver(this, () => {
        if (timer.entry === entry && this.#timers.has(timer)) fire();
      });
    };
    const fire = (): void => {
      if (repeat) timer.entry = this.#arm(delayMs, deliver);
      else this.#timers.delete(timer);
      callback();
    };
    const timer = new SimTimer(this.#arm(delayMs, deliver), delayMs, deliver);
    if (this.dead) habitat.agenda.cancel(timer.entry);
    else this.#timers.add(timer);
    return timer;
  }

  clearTimer(entry: TimerEntry): void {
    const timer = entry as SimTimer;
    this.#habitat.agenda.cancel(timer.entry);
    this.#timers.delete(timer);
  }

  rearmTimer(entry: TimerEntry): void {
    if (this.dead) return;
    const timer = entry as SimTimer;
    const { agenda } = this.#habitat;
    agenda.cancel(timer.entry);
    timer.entry = this.#arm(timer.delayMs, timer.fire);
    this.#timers.add(timer);
  }

  /** What lies beyond every horizon keeps no world from coming to rest. */
  #arm(delayMs: Milliseconds, run: () => void): Entry {
    const { agenda } = this.#habitat;
    return agenda.add(this.#habitat.now() + delayMs, run, delayMs <= horizonMs);
  }

  setImmediate(callback: () => void): ImmediateEntry {
    const entry: SimImmediate = { armed: true, callback };
    if (this.dead) return entry;
    if (++this.immediatesInEvent > immediateBudget) {
      this.#habitat.neverRests(this, 'setImmediate');
      return entry;
    }
    this.immediates.push(entry);
    return entry;
  }

  clearImmediate(entry: ImmediateEntry): void {
    (entry as SimImmediate).armed = false;
  }

  nextTick(callback: () => void): void {
    if (++this.ticksInEvent > tickBudget) {
      this.#habitat.neverRests(this, 'process.nextTick');
      return;
    }
    process.nextTick(() => {
      if (this.dead) return;
      try {
        callback();
      } catch (error) {
        this.#habitat.threw(this, error);
      }
    });
  }

  connect(address: Address): Duplex {
    return this.#habitat.connect(this, address);
  }

  resolve(hostname: string): string | undefined {
    return this.#habitat.resolve(hostname);
  }

  write(stream: 'out' | 'err', text: string): void {
    if (!this.dead) this.#habitat.wrote(this, stream, text);
  }

  exit(code: number, how: string): never {
    if (!this.dead) this.#habitat.exits(this, how);
    throw new ProcessExit(code, how);
  }

  uncontrolled(what: string, advice: string): Error {
    return this.#habitat.uncontrolled(this, what, advice);
  }

  /** Takes everything off the agenda. The caller has seen to its sockets. */
  die(): void {
    this.dead = true;
    for (const timer of this.#timers) this.#habitat.agenda.cancel(timer.entry);
    this.#timers.clear();
    this.immediates = [];
    this.backlog.length = 0;
    this.processListeners.removeAllListeners();
  }
}
