/** A host with a clock that a test moves by hand, and what was said to it. */
import { EventEmitter } from 'node:events';
import { Duplex } from 'node:stream';
import { random } from '#kernel';
import {
  type Address,
  type Host,
  type ImmediateEntry,
  ProcessExit,
  type TimerEntry,
} from '../../../harness/sim/injected/host.ts';

interface Timer extends TimerEntry {
  armed: boolean;
  atMs: number;
  readonly delayMs: number;
  readonly repeat: boolean;
  readonly callback: () => void;
}

interface Immediate extends ImmediateEntry {
  armed: boolean;
  readonly callback: () => void;
}

export class FakeHost implements Host {
  readonly slot: string;
  readonly incarnation: number;
  readonly random;
  readonly processListeners = new EventEmitter();
  readonly lines: string[] = [];
  readonly refused: { what: string; advice: string }[] = [];
  readonly connections: { address: Address; line: FakeLine }[] = [];
  readonly timers = new Set<Timer>();
  readonly #immediates: Immediate[] = [];
  readonly #ticks: (() => void)[] = [];
  readonly startMs = Date.UTC(2030, 0, 1);
  elapsedMs = 0;

  constructor({ slot = 'projector-0', incarnation = 1, seed = 42 } = {}) {
    this.slot = slot;
    this.incarnation = incarnation;
    this.random = random(seed, `${slot}#${incarnation}`);
  }

  nowMs(): number {
    return this.startMs + this.elapsedMs;
  }
  monotonicMs(): number {
    return this.elapsedMs;
  }
  setTimer(callback: () => void, delayMs: number, repeat: boolean): TimerEntry {
    const timer = { callback, delayMs, repeat, armed: true, atMs: this.elapsedMs + delayMs };
    this.timers.add(timer);
    return timer;
  }
  clearTimer(entry: TimerEntry): void {
    (entry as Timer).armed = false;
    this.timers.delete(entry as Timer);
  }
  rearmTimer(entry: TimerEntry): void {
    const timer = entry as Timer;
    timer.armed = true;
    timer.atMs = this.elapsedMs + timer.delayMs;
    this.timers.add(timer);
  }
  setImmediate(callback: () => void): ImmediateEntry {
    const immediate = { callback, armed: true };
    this.#immediates.push(immediate);
    return immediate;
  }
  clearImmediate(entry: ImmediateEntry): void {
    (entry as Immediate).armed = false;
  }
  nextTick(callback: () => void): void {
    this.#ticks.push(callback);
  }
  connect(address: Address): FakeLine {
    if (address.port !== 9092) {
      throw this.uncontrolled(
        `opens a connection to ${address.host}:${address.port}`,
        'Use kafka.',
      );
    }
    const line = new FakeLine();
    this.connections.push({ address, line });
    return line;
  }
  resolve(hostname: string): string | undefined {
    return hostname === 'broker' ? '10.0.0.1' : undefined;
  }
  write(stream: 'out' | 'err', text: string): void {
    this.lines.push(`${stream}: ${text}`);
  }
  exit(code: number, how: string): never {
    throw new ProcessExit(code, how);
  }
  uncontrolled(what: string, advice: string): Error {
    this.refused.push({ what, advice });
    return new Error(`${what}, which the simulation cannot replay. ${advice}`);
  }

  /**
   * Runs ticks, promise reactions and immediates until nothing is left; never lets real time decide
   * anything.
   */
  async rest(): Promise<void> {
    for (let quiet = 0; quiet < 20; quiet++) {
      const ticks = this.#ticks.splice(0);
      for (const tick of ticks) tick();
      // A turn of the real loop, so that real microtasks and stream ticks run.
      // oxlint-disable-next-line no-await-in-loop
      await new Promise((resolve) => void setImmediate(resolve));
      const immediates = this.#immediates.splice(0);
      for (const { armed, callback } of immediates) if (armed) callback();
      if (ticks.length + immediates.length > 0) quiet = 0;
    }
  }

  /** Moves the clock, firing what is due in order. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.elapsedMs + ms;
    await this.rest();
    for (let next = this.#next(untilMs); next; next = this.#next(untilMs)) {
      this.elapsedMs = next.atMs;
      if (next.repeat) next.atMs += next.delayMs;
      else {
        next.armed = false;
        this.timers.delete(next);
      }
      next.callback();
      // One timer after the other.
      // oxlint-disable-next-line no-await-in-loop
      await this.rest();
    }
    this.elapsedMs = untilMs;
  }

  #next(untilMs: number): Timer | undefined {
    return [...this.timers]
      .filter(({ atMs }) => atMs <= untilMs)
      .toSorted((a, b) => a.atMs - b.atMs)[0];
  }
}

/** The far end is the test: `answer` sends bytes, `written` is what came. */
export class FakeLine extends Duplex {
  readonly written: string[] = [];
  override _read(): void {
    // Bytes come when the test sends them.
  }
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(chunk.toString());
    done();
  }
  open(): void {
    this.emit('connect');
  }
  answer(text: string): void {
    this.push(Buffer.from(text));
  }
}
