/**
 * The simulated world of one run: one thread, one agenda, one event at a time. Everything that happens has one cause,
 * taken from the agenda in virtual time; all that runs until it is at rest belongs to the instance that got it.
 */
import type { Duplex } from 'node:stream';
import type { Ending, RunRecord } from '#check';
import type { Broker } from '#broker';
import { random, type Milliseconds, type Random } from '#kernel';
import type { ChapterDefinition } from '#kit';
import type { Schedule } from '#schedule';
import { createAgenda } from './agenda.ts';
import { strike } from './faults.ts';
import { createClientLog, type ClientLog } from './client-log.ts';
import { createGate, type Gate, type PlannedFault } from './gate.ts';
import type { Incarnation } from './incarnation.ts';
import { createKafkaLane, type KafkaLane } from './kafka-lane.ts';
import { deepError, describeError, lineOfError } from './lines.ts';
import {
  brokerAddress,
  createNetwork,
  databaseAddress,
  type Listener,
  type Network,
} from './network.ts';
import { createPostgresLane, type PostgresLane } from './postgres-lane.ts';
import { createPassages, type Passages } from './passage.ts';
import { createPortLane, type PortLane } from './port-lane.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { Records } from './records.ts';
import { ProcessExit } from './injected/host.ts';
import { never, neverEnds } from './repeats.ts';
import { createRest, type Rest } from './rest.ts';
import { settle } from './settle.ts';
import { createSupervisor, type RunningService, type Supervisor } from './supervisor.ts';
import { createVisits, type Visits } from './visits.ts';
import { createWorkload, type Workload } from './workload.ts';

import type { Loader, World, WorldOptions } from './world.ts';

/** 2026-01-05T08:00:00Z: Monday morning. */
export const epochMs = Date.UTC(2026, 0, 5, 8);
/** Working, faults at rest, closing, and once more each to see that nothing came of it. */
const mostLooks = 8;
const mostSteps = 3_000_000;
/** The largest random mixes have some hundreds. */
const mostFacts = 5_000;

export function createWorld(options: WorldOptions): World {
  return new SimulatedWorld(options);
}

class SimulatedWorld implements World {
  readonly chapter: ChapterDefinition;
  readonly schedule: Schedule;
  readonly loader: Loader;
  readonly broker: Broker;
  readonly traced: boolean;
  readonly epochMs = epochMs;
  readonly seed: number;
  readonly agenda = createAgenda();
  readonly recorder: Recorder;
  readonly gate: Gate;
  readonly kafka: KafkaLane;
  readonly postgres: PostgresLane | undefined;
  readonly network: Network;
  readonly ports: PortLane;
  readonly passages: Passages;
  readonly supervisor: Supervisor;
  readonly workload: Workload;
  readonly records: Records;
  readonly held = new Set<number>();
  readonly visits: Visits | undefined;
  closing = false;
  current: Incarnation | undefined;

  readonly #rest: Rest;
  readonly #clientLog: ClientLog;
  readonly #jitter: Random;
  readonly #jitterMs: Milliseconds;
  readonly #afterStep: (() => void)[] = [];
  readonly #joins: PlannedFault[] = [];
  #nowMs = 0;
  #steps = 0;
  #lastFaultAtMs = 0;
  #ending: Ending | undefined;
  #suspended: Promise<void> | undefined;
  readonly #resumes: { readonly go: (() => void) | undefined }[] = [];
  #aborted: { error: unknown } | undefined;
  #restStarted = false;
  #changed = false;
  #changes = 0;

  constructor(options: WorldOptions) {
    const { chapter, schedule, loader, broker, ports, database, traced, sites, stopAt } = options;
    this.chapter = chapter;
    this.schedule = schedule;
    this.loader = loader;
    this.broker = broker;
    this.traced = traced;
    this.seed = schedule.seed;
    this.#jitter = random(schedule.seed, 'hops');
    this.#jitterMs = schedule.jitterMs ?? 0;
    this.#clientLog = createClientLog(loader);
    this.recorder = createRecorder(
      () => this.#nowMs,
      () => {
        this.#changed = true;
      },
    );
    this.gate = createGate(schedule);
    this.visits = sites === true ? createVisits(this, stopAt) : undefined;
    this.records = new Records(this);
    this.kafka = createKafkaLane(this, broker);
    this.postgres = database && createPostgresLane(this, database);
    const listeners = new Map<number, Listener | undefined>([
      [brokerAddress.port, this.kafka],
      [databaseAddress.port, this.postgres],
    ]);
    this.network = createNetwork(this, listeners);
    this.ports = createPortLane(this, ports);
    this.passages = createPassages(this);
    this.supervisor = createSupervisor(this);
    this.workload = createWorkload(this);
    this.#rest = createRest(this);
  }

  random(name: string): Random {
    return random(this.seed, name);
  }

  now(): Milliseconds {
    return this.#nowMs;
  }

  hopMs(): Milliseconds {
    return this.#jitterMs === 0 ? 1 : 1 + this.#jitter.below(this.#jitterMs + 1);
  }

  later(ms: Milliseconds, go: () => void): void {
    this.agenda.add(this.#nowMs + ms, go, false);
  }

  after(go: () => void): void {
    this.#afterStep.push(go);
  }

  suspend(work: Promise<() => void>): void {
    const rest: { go: (() => void) | undefined } = { go: undefined };
    this.#resumes.push(rest);
    const settled = work.then(
      (go) => void (rest.go = go),
      (error: unknown) => this.abort(error),
    );
    const all = Promise.all([this.#suspended, settled]).then(() => {
      if (this.#suspended === all) this.#suspended = undefined;
    });
    this.#suspended = all;
  }

  /** What waited while time stood still goes on, in order: as an event, for it may run a process. */
  #resume(): void {
    for (const { go } of this.#resumes.splice(0)) go?.();
  }

  deliver(process: Incarnation, event: () => void): void {
    if (process.dead) return;
    if (process.frozen || process.backlog.length > 0) return void process.backlog.push(event);
    this.run(process, event);
  }

  run(process: Incarnation, event: () => void): void {
    if (process.dead || this.#ending !== undefined) return;
    const outer = this.current;
    this.current = process;
    this.visits?.begin();
    settle(this, process, event);
    this.current = outer;
  }

  connect(process: Incarnation, address: { host: string; port: number }): Duplex {
    const host = this.resolve(address.host);
    const known = [brokerAddress.port, databaseAddress.port].includes(address.port);
    if (host === brokerAddress.host && known) {
      return this.network.connect(process, { host, port: address.port });
    }
    throw process.uncontrolled(
      `opens a connection to ${address.host}:${address.port}`,
      'Reach outside systems through the ports that the chapter gives you.',
    );
  }

  resolve(hostname: string): string | undefined {
    const { host } = brokerAddress;
    return hostname === 'localhost' || hostname === host ? host : undefined;
  }

  wrote(process: Incarnation, stream: 'out' | 'err', text: string): void {
    const { slot, incarnation } = process;
    const told = this.#clientLog.read(process, text);
    if (told === undefined) {
      const readable = this.loader.readable(text);
      this.recorder.add({ kind: 'console', slot, incarnation, stream, text: readable });
      return;
    }
    const { event, detail, line } = told;
    this.recorder.add({ kind: 'client', slot, incarnation, event, detail }, line);
  }

  exits(process: Incarnation, how: string): void {
    const death = this.#clientLog.deathOf(process);
    const line = this.loader.lineOf(deepError(how).stack ?? '');
    if (death === undefined) return this.supervisor.exited(process, how, line);
    const why = `${how} after its consumer died of ${death.detail}`;
    this.supervisor.exited(process, why, death.line ?? line);
  }

  uncontrolled(process: Incarnation, what: string, advice: string): Error {
    const error = deepError(`the simulation cannot replay this: ${process.slot} ${what}`);
    const line = this.loader.lineOf(error.stack ?? '');
    const where = line === undefined ? process.slot : `${line.file}:${line.line}`;
    const sentence = `${where} ${what}, which the simulation cannot replay.`;
    this.finish({ kind: 'uncontrolled', sentence, advice, ...(line && { line }) });
    return error;
  }

  neverRests(process: Incarnation, what: string): void {
    const line = this.loader.lineOf(deepError('again').stack ?? '');
    this.finish(never(process.slot, { what, line }));
  }

  threw(process: Incarnation, error: unknown): void {
    if (process.dead || error instanceof ProcessExit) return;
    if (process.processListeners.listenerCount('uncaughtException') > 0) {
      return void process.processListeners.emit('uncaughtException', error, 'uncaughtException');
    }
    this.failed(process, error, 'died of an uncaught exception');
  }

  unhandled(process: Incarnation, reason: unknown, promise: Promise<unknown>): void {
    if (process.dead || reason instanceof ProcessExit) return;
    if (process.processListeners.listenerCount('unhandledRejection') > 0) {
      return void process.processListeners.emit('unhandledRejection', reason, promise);
    }
    this.failed(process, reason, 'died of an unhandled rejection');
  }

  failed(process: Incarnation, error: unknown, how: string): void {
    if (process.dead || error instanceof ProcessExit) return;
    const line = lineOfError(this.loader, error);
    this.supervisor.exited(process, `${how}: ${describeError(error)}`, line);
  }

  load(process: Incarnation): Promise<RunningService> {
    return this.loader.load(process, this.ports.facade(process));
  }

  startRest(): void {
    if (this.#restStarted) return;
    this.#restStarted = true;
    for (const [role, { instances }] of Object.entries(this.chapter.roles)) {
      const wanted = this.schedule.instances[role] ?? instances[0];
      const there = [...this.supervisor.slots.values()].filter((slot) => slot.role === role);
      for (let count = there.length; count < wanted; count++) this.supervisor.start(role);
    }
    for (const planned of this.#joins) strike(this, planned, undefined, undefined);
  }

  strikeHere(planned: PlannedFault): void {
    this.after(() => void strike(this, planned, undefined, undefined));
  }

  faultStruck(): void {
    this.visits?.struck();
    this.#lastFaultAtMs = this.#nowMs;
    this.supervisor.excuse();
  }

  lastFaultAtMs(): Milliseconds {
    return this.#lastFaultAtMs;
  }

  changes(): number {
    return this.#changes;
  }

  markTimers(): void {
    this.agenda.mark();
    this.broker.markTimers();
  }

  finish(how: Ending): void {
    this.#ending ??= how;
  }

  abort(error: unknown): void {
    this.#aborted ??= { error };
  }

  get aborted(): { readonly error: unknown } | undefined {
    return this.#aborted;
  }

  step(): 'moved' | 'ended' | Promise<void> {
    if (this.#suspended !== undefined) return this.#suspended;
    if (this.#steps === 0) this.#begin();
    if (this.#ending === undefined && this.#resumes.length === 0) this.#rest.look();
    if (this.#ending !== undefined || this.#aborted !== undefined) return 'ended';
    if (++this.#steps > mostSteps) this.finish(this.#rest.giveUp());
    if (this.recorder.facts().length > mostFacts) this.finish(neverEnds(this.recorder));
    if (this.#resumes.length > 0) this.#resume();
    else if (!this.#event()) return this.#idles();
    for (let go = this.#afterStep.shift(); go !== undefined; go = this.#afterStep.shift()) go();
    if (this.#changed) {
      // After the event, so that timers which it armed in answer to the change are waited for too.
      this.#changed = false;
      this.#changes++;
      this.markTimers();
    }
    return 'moved';
  }

  result(): RunRecord {
    this.passages.closeBooks();
    const { facts, traceHash, traceClass } = this.recorder.finish();
    return {
      facts,
      traceHash,
      traceClass,
      crossings: this.gate.crossings,
      fired: [...this.gate.firedFaults].toSorted((a, b) => a - b),
      held: [...this.held].toSorted((a, b) => a - b),
      ending: this.#ending ?? this.#rest.giveUp(),
      leaks: [],
      steps: this.#steps,
      virtualMs: this.#nowMs,
    };
  }

  /** The earliest of what is to come; false = nothing will ever happen again. */
  #event(): boolean {
    const timer = this.broker.nextTimer();
    const timerAtMs = timer === undefined ? Infinity : timer.atMs - epochMs;
    const nextAtMs = this.agenda.nextAtMs();
    if (nextAtMs === Infinity && timerAtMs === Infinity) return false;
    if (timerAtMs < nextAtMs) {
      this.#nowMs = Math.max(this.#nowMs, timerAtMs);
      this.broker.runTimer(epochMs + this.#nowMs);
      this.kafka.drain();
    } else {
      this.#nowMs = Math.max(this.#nowMs, nextAtMs);
      this.agenda.take()?.run();
    }
    return true;
  }

  /** Nothing is to come: perhaps it is at rest, which takes more than one look. */
  #idles(): 'moved' | 'ended' {
    for (let looks = 0; looks < mostLooks && this.#ending === undefined; looks++) {
      this.#rest.look();
      if (this.agenda.nextAtMs() < Infinity) return 'moved';
    }
    this.finish(this.#rest.giveUp());
    return 'ended';
  }

  #begin(): void {
    this.postgres?.begin();
    for (const planned of this.gate.faultsBeforeStart()) {
      // Whoever joins is one more than those that start.
      if (planned.fault.kind === 'join') this.#joins.push(planned);
      else strike(this, planned, undefined, undefined);
    }
    for (const role of new Set(this.workload.early)) this.supervisor.start(role);
    this.workload.begin();
  }
}
