/**
 * Simulation threads, one per core, and their supervisor: a thread that stays inside one event for too much of its
 * own CPU time is ended, and the line that did not return is found first. A thread that runs out of memory is
 * replaced. Bounds are in CPU time, so that a busy machine condemns nobody.
 *
 * Where programs need a database, the first thread opens its own before the others begin to, and loads its code before
 * they do: all at once would get in each other's way, and whoever waits for a first finding would wait for all of them.
 */
import { Worker } from 'node:worker_threads';
import { every, invariant } from '#kernel';
import type { SourceLine } from '#check';
import type { Schedule } from '#schedule';
import {
  events,
  isInService,
  type FromThread,
  type NamedProgram,
  type ToThread,
} from './messages.ts';
import type { Outcome, Runner, RunOptions } from './outcome.ts';
import { revived } from './plain-error.ts';
import { whereStuck } from './stuck.ts';

export interface Pool extends Runner {
  /** Known to every thread before it runs anything that names it. */
  prepare(program: NamedProgram): void;
  /** A database server for each thread, the first one's at once; before a program that needs it is prepared. */
  wantDatabases(cacheDirectory: string): void;
  close(): Promise<void>;
}

interface Job {
  readonly id: number;
  readonly schedule: Schedule;
  readonly options: RunOptions;
  /** Aborted = it is not begun any more. */
  readonly signal: AbortSignal | undefined;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: Error) => void;
}

interface Lane {
  worker: Worker;
  beat: Int32Array;
  job: Job | undefined;
  told: Set<ToThread>;
  /** It was ready for a run, so the next try would be, too. */
  works: boolean;
  /** It has its database. */
  opened: boolean;
  /** Beat and CPU time when the beat last moved. */
  seen: number;
  cpuAtBeatMs: number;
}

/** What one thread may take before its run is ended. */
export interface Limits {
  /** CPU time of one event. */
  readonly stuckAfterMs: number;
  readonly heapMb: number;
}

export const defaultLimits: Limits = { stuckAfterMs: 5_000, heapMb: 512 };

const lookEveryMs = 250;
/** A run makes much garbage that dies with it: a large nursery collects it cheaply. */
const youngMb = 96;

/** `thread` = the file that each thread runs. */
export function createPool(
  lanes: number,
  limits: Limits = defaultLimits,
  thread: URL = new URL('./thread.ts', import.meta.url),
): Pool {
  return new ThreadPool(lanes, limits, thread);
}

class ThreadPool implements Pool {
  readonly lanes: number;
  readonly #limits: Limits;
  readonly #thread: URL;
  readonly #programs = new Map<string, ToThread & { kind: 'program' }>();
  #databases: ToThread | undefined;
  #needsDatabase = false;
  /** A thread has loaded a program: the first one, where a database is needed. */
  #hasLoaded = false;
  /** The first thread has had its database. */
  #hasBegun = false;
  readonly #queue: Job[] = [];
  readonly #all: Lane[] = [];
  #nextId = 1;
  #closed = false;
  /** Why a thread cannot be started: another try would end like it. */
  #failed: Error | undefined;
  readonly #stopLooking: () => void;

  constructor(lanes: number, limits: Limits, thread: URL) {
    this.lanes = lanes;
    this.#limits = limits;
    this.#thread = thread;
    this.#stopLooking = every(lookEveryMs, () => {
      for (const lane of this.#all) void this.#look(lane);
    });
    for (let count = 0; count < lanes; count++) {
      const lane = {} as Lane;
      this.#all.push(lane);
      this.#open(lane);
    }
  }

  prepare(program: NamedProgram): void {
    const message: ToThread = { kind: 'program', ...program };
    this.#programs.set(program.name, message);
    this.#needsDatabase = [...this.#programs.values()].some(({ schema }) => schema !== undefined);
    for (const lane of this.#all) this.#tell(lane);
  }

  wantDatabases(cacheDirectory: string): void {
    if (this.#databases !== undefined) return;
    this.#databases = { kind: 'database', cacheDirectory };
    const [first] = this.#all;
    if (first !== undefined) this.#tell(first);
  }

  run(schedule: Schedule, options: RunOptions, signal?: AbortSignal): Promise<Outcome> {
    invariant(!this.#closed, 'the pool is open');
    return new Promise((resolve, reject) => {
      if (this.#failed !== undefined) return reject(this.#failed);
      this.#queue.push({ id: this.#nextId++, schedule, options, signal, resolve, reject });
      for (const lane of this.#all) this.#feed(lane);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopLooking();
    await Promise.all(this.#all.map(({ worker }) => worker.terminate()));
  }

  #open(lane: Lane): void {
    const beat = new SharedArrayBuffer(8);
    lane.beat = new Int32Array(beat);
    lane.seen = 0;
    lane.cpuAtBeatMs = 0;
    lane.job = undefined;
    lane.told = new Set();
    lane.works = false;
    lane.opened = false;
    const worker = new Worker(this.#thread, {
      workerData: { beat },
      resourceLimits: {
        maxOldGenerationSizeMb: this.#limits.heapMb,
        maxYoungGenerationSizeMb: youngMb,
      },
      stderr: false,
    });
    lane.worker = worker;
    this.#tell(lane);
    worker.on('message', (message: FromThread) => {
      if (message.kind === 'loaded') return this.#loaded();
      if (lane.worker === worker) lane.works = true;
      if (message.kind === 'opened') return this.#opened(lane, worker);
      const { job } = lane;
      if (job?.id !== message.id) return;
      lane.job = undefined;
      if (message.kind === 'ran') job.resolve(message.outcome);
      else job.reject(revived(message.error));
      this.#feed(lane);
    });
    worker.on('error', (error: Error & { code?: string }) => this.#lost(lane, worker, error));
  }

  /** What it does not know yet and need not wait for. */
  #tell(lane: Lane): void {
    const leads = lane === this.#all[0] || !this.#needsDatabase;
    const databases = leads || this.#hasBegun ? [this.#databases] : [];
    const programs = leads || this.#hasLoaded ? this.#programs.values() : [];
    for (const message of [...databases, ...programs]) {
      if (message === undefined || lane.told.has(message)) continue;
      lane.told.add(message);
      lane.worker.postMessage(message);
    }
  }

  #loaded(): void {
    if (this.#hasLoaded) return;
    this.#hasLoaded = true;
    for (const lane of this.#all) this.#tell(lane);
  }

  #opened(lane: Lane, worker: Worker): void {
    if (lane.worker !== worker || this.#closed) return;
    lane.opened = true;
    this.#feed(lane);
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    for (const other of this.#all) this.#tell(other);
  }

  #lost(lane: Lane, worker: Worker, error: Error & { code?: string }): void {
    if (lane.worker !== worker || this.#closed) return;
    const { job } = lane;
    // One that ends before it can do anything would do so again, for ever.
    if (job === undefined && !lane.works) return this.#fail(error);
    this.#open(lane);
    if (error.code === 'ERR_WORKER_OUT_OF_MEMORY' && job !== undefined)
      job.resolve(outOfMemory(job, this.#limits));
    else job?.reject(error);
    this.#feed(lane);
  }

  #fail(error: Error): void {
    this.#failed = error;
    for (const { reject } of this.#queue.splice(0)) reject(error);
  }

  #feed(lane: Lane): void {
    if (lane.job !== undefined || this.#closed) return;
    if (this.#needsDatabase && !lane.opened) return;
    const job = this.#next();
    if (job === undefined) return;
    lane.job = job;
    const { id, schedule, options } = job;
    lane.worker.postMessage({ kind: 'run', id, schedule, options } satisfies ToThread);
  }

  #next(): Job | undefined {
    for (;;) {
      const job = this.#queue.shift();
      if (job?.signal?.aborted !== true) return job;
      job.reject(job.signal.reason as Error);
    }
  }

  async #look(lane: Lane): Promise<void> {
    const { worker, job } = lane;
    if (job === undefined) return;
    const usage = await worker.cpuUsage().catch(() => undefined);
    if (usage === undefined || lane.worker !== worker || lane.job !== job) return;
    const cpuMs = (usage.user + usage.system) / 1_000;
    const beat = lane.beat[events] as number;
    if (beat !== lane.seen || lane.beat[isInService] === 0) {
      lane.seen = beat;
      lane.cpuAtBeatMs = cpuMs;
      return;
    }
    if (cpuMs - lane.cpuAtBeatMs < this.#limits.stuckAfterMs) return;
    lane.cpuAtBeatMs = Infinity; // looked at once
    const place = await whereStuck(worker);
    const { positionOf } = await import('#sim');
    if (lane.worker !== worker || lane.job !== job) return;
    this.#open(lane);
    void worker.terminate();
    const bundle = this.#programs.get(job.options.program)?.bundle;
    const found = bundle && place && positionOf(bundle, place.line, place.column);
    job.resolve(stuck(job, this.#limits, found));
    this.#feed(lane);
  }
}

const nothing = {
  notes: [],
  notJudged: [],
  fired: [],
  held: [],
  traceHash: '',
  traceClass: '',
  leaks: [],
  sometimes: {},
  facts: [],
  crossings: [],
  steps: 0,
  virtualMs: 0,
} as const;

function stuck(
  { schedule }: Job,
  { stuckAfterMs }: Limits,
  found: SourceLine | undefined,
): Outcome {
  const where = found === undefined ? 'The service' : `${found.file}:${found.line}`;
  const used = `${stuckAfterMs / 1_000} s of CPU`;
  const sentence = `${where} does not return: the process used ${used} in one go.`;
  const line = found && { file: found.file, line: found.line };
  const ending = {
    kind: 'service',
    property: 'does-not-return',
    sentence,
    ...(line && { line }),
  } as const;
  return { ...nothing, schedule, ending, findings: [engineFinding('does-not-return', sentence)] };
}

function outOfMemory({ schedule }: Job, { heapMb }: Limits): Outcome {
  const sentence = `The service used more than ${heapMb} MB of memory.`;
  const ending = { kind: 'service', property: 'does-not-return', sentence } as const;
  return { ...nothing, schedule, ending, findings: [engineFinding('does-not-return', sentence)] };
}

function engineFinding(property: string, sentence: string): Outcome['findings'][number] {
  return {
    property,
    says: 'every call returns',
    sentence,
    witnesses: [],
    atSeq: 0,
    signature: property,
  };
}
