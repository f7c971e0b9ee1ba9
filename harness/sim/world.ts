/**
 * The simulated world of one run: one thread, one agenda, one event at a time. Everything that happens has one cause,
 * taken from the agenda in virtual time; all that runs until it is at rest belongs to the instance that got it.
 */
import type { Ending, Fact, RunRecord, SourceLine } from '#check';
import type { Broker } from '#broker';
import { random, type Milliseconds, type Random } from '#kernel';
import type { ChapterDefinition, Sending } from '#kit';
import type { Schedule } from '#schedule';
import { createAgenda, type Agenda } from './agenda.ts';
import { strike } from './faults.ts';
import { createClientLog } from './client-log.ts';
import { createGate, type Gate, type PlannedFault } from './gate.ts';
import type { Habitat, Incarnation } from './incarnation.ts';
import { createKafkaLane, type KafkaLane } from './kafka-lane.ts';
import { deepError, describeError, lineOfError } from './lines.ts';
import { brokerAddress, createNetwork, type Network } from './network.ts';
import { createPassages, type Passages } from './passage.ts';
import { partitionOf } from './partitioner.ts';
import { createPortLane, type PortBackend, type PortLane } from './port-lane.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { ProcessExit } from './injected/host.ts';
import { never, neverEnds } from './repeats.ts';
import { createRest, type Rest } from './rest.ts';
import { settle } from './settle.ts';
import { createSupervisor, type RunningService, type Supervisor } from './supervisor.ts';
import { createWorkload, type Workload } from './workload.ts';

/** A command that the harness writes as a record itself. */
type RecordSending = Extract<Sending, { topic: string }>;

/** Turns a bundle into running services; knows how their code is evaluated. */
export interface Loader {
  load(process: Incarnation, ports: object): Promise<RunningService>;
  /** The first place in the learner's own files, as far as it is known. */
  lineOf(stack: string): SourceLine | undefined;
  /** Text with stack lines in the learner's terms. */
  readable(text: string): string;
  /** A process is gone: what it leaves to others is looked for now, while it is there. */
  died(): void;
}

export interface WorldOptions {
  readonly chapter: ChapterDefinition;
  readonly schedule: Schedule;
  readonly loader: Loader;
  readonly broker: Broker;
  readonly ports: ReadonlyMap<string, PortBackend>;
  /** Take the stacks of client and port calls: slower, for replays that are shown. */
  readonly traced: boolean;
}

export interface World extends Habitat {
  readonly chapter: ChapterDefinition;
  readonly schedule: Schedule;
  readonly loader: Loader;
  readonly broker: Broker;
  readonly traced: boolean;
  readonly agenda: Agenda;
  readonly recorder: Recorder;
  readonly gate: Gate;
  readonly network: Network;
  readonly kafka: KafkaLane;
  readonly ports: PortLane;
  readonly passages: Passages;
  readonly supervisor: Supervisor;
  readonly workload: Workload;
  readonly held: Set<number>;
  /** Closing commands are going in: what crosses now is no place for faults to be enumerated at. */
  closing: boolean;
  current: Incarnation | undefined;
  random(name: string): Random;
  hopMs(): Milliseconds;
  later(ms: Milliseconds, go: () => void): void;
  /** When the event that runs now is over. */
  after(go: () => void): void;
  /** Virtual time stands still until this settles; then what it gives runs. */
  suspend(work: Promise<() => void>): void;
  /** Runs an event of a process at once, until the process is at rest. */
  run(process: Incarnation, event: () => void): void;
  load(process: Incarnation): Promise<RunningService>;
  failed(process: Incarnation, error: unknown, how: string): void;
  unhandled(process: Incarnation, reason: unknown, promise: Promise<unknown>): void;
  startRest(): void;
  append(sending: RecordSending): void;
  /** A record about this command was written. */
  knows(command: string): boolean;
  appendAgain(command: string): void;
  commandOf(
    topic: string,
    record: { key: Buffer | null; value: Buffer | null },
  ): string | undefined;
  causeOfCall(name: string, args: readonly unknown[]): readonly string[];
  groupSlots(group: string): readonly string[];
  strikeHere(planned: PlannedFault): void;
  faultStruck(): void;
  lastFaultAtMs(): Milliseconds;
  /** How often something changed: for telling rest. */
  changes(): number;
  /** From here on, timers armed so far are counted until they fire or are cleared. */
  markTimers(): void;
  finish(ending: Ending): void;
  /** Gives up: the learner's code does not load, or we are wrong. */
  abort(error: unknown): void;
  /** One event. A promise: virtual time stands still until it settles. */
  step(): 'moved' | 'ended' | Promise<void>;
  result(): RunRecord;
  readonly aborted: { readonly error: unknown } | undefined;
}

/** 2026-01-05T08:00:00Z: Monday morning. */
const epochMs = Date.UTC(2026, 0, 5, 8);
const mostSteps = 3_000_000;
/** The largest random mixes have some hundreds. */
const mostFacts = 5_000;

export function createWorld(options: WorldOptions): World {
  const { chapter, schedule, loader, broker } = options;
  const agenda = createAgenda();
  const clientLog = createClientLog(loader);
  const jitter = random(schedule.seed, 'hops');
  const jitterMs = schedule.jitterMs ?? 0;
  const afterStep: (() => void)[] = [];
  const joins: PlannedFault[] = [];
  let nowMs = 0;
  let steps = 0;
  let lastFaultAtMs = 0;
  let ending: Ending | undefined;
  let suspended: Promise<void> | undefined;
  let aborted: { error: unknown } | undefined;
  let restStarted = false;
  let changed = false;
  let changes = 0;
  let keyless = 0;
  let rest: Rest;
  const recorder = createRecorder(
    () => nowMs,
    () => {
      changed = true;
    },
  );

  /** After the event, so that timers which it armed in answer to the change are waited for too. */
  const markTimers = (): void => {
    agenda.mark();
    broker.markTimers();
  };

  const originalOf = (command: string): Fact | undefined =>
    recorder.facts().find((fact) => fact.kind === 'append' && fact.command === command);

  const world = {
    ...options,
    epochMs,
    seed: schedule.seed,
    agenda,
    recorder,
    gate: createGate(schedule),
    held: new Set<number>(),
    closing: false,
    current: undefined as Incarnation | undefined,
    random: (name: string) => random(schedule.seed, name),
    now: () => nowMs,
    hopMs: () => (jitterMs === 0 ? 1 : 1 + jitter.below(jitterMs + 1)),
    later(ms: Milliseconds, go: () => void) {
      agenda.add(nowMs + ms, go, false);
    },
    after: (go: () => void) => void afterStep.push(go),
    suspend(work: Promise<() => void>) {
      suspended = work.then(
        (go) => {
          suspended = undefined;
          go();
        },
        (error: unknown) => world.abort(error),
      );
    },
    deliver(process: Incarnation, event: () => void) {
      if (process.dead) return;
      if (process.frozen || process.backlog.length > 0) return void process.backlog.push(event);
      world.run(process, event);
    },
    run(process: Incarnation, event: () => void) {
      if (process.dead || ending !== undefined) return;
      const outer = world.current;
      world.current = process;
      settle(world, process, event);
      world.current = outer;
    },
    connect(process: Incarnation, address: { host: string; port: number }) {
      const host = world.resolve(address.host);
      if (host === brokerAddress.host && address.port === brokerAddress.port) {
        return world.network.connect(process, { host, port: address.port });
      }
      throw process.uncontrolled(
        `opens a connection to ${address.host}:${address.port}`,
        'Reach outside systems through the ports that the chapter gives you.',
      );
    },
    resolve: (hostname: string) =>
      hostname === 'localhost' || hostname === brokerAddress.host ? brokerAddress.host : undefined,
    wrote(process: Incarnation, stream: 'out' | 'err', text: string) {
      const { slot, incarnation } = process;
      const told = clientLog.read(process, text);
      if (told === undefined) {
        const readable = loader.readable(text);
        recorder.add({ kind: 'console', slot, incarnation, stream, text: readable });
        return;
      }
      const { event, detail, line } = told;
      recorder.add({ kind: 'client', slot, incarnation, event, detail }, line);
    },
    exits(process: Incarnation, how: string) {
      const death = clientLog.deathOf(process);
      const line = loader.lineOf(deepError(how).stack ?? '');
      if (death === undefined) world.supervisor.exited(process, how, line);
      else {
        const why = `${how} after its consumer died of ${death.detail}`;
        world.supervisor.exited(process, why, death.line ?? line);
      }
    },
    uncontrolled(process: Incarnation, what: string, advice: string): Error {
      const error = deepError(`the simulation cannot replay this: ${process.slot} ${what}`);
      const line = loader.lineOf(error.stack ?? '');
      const where = line === undefined ? process.slot : `${line.file}:${line.line}`;
      const sentence = `${where} ${what}, which the simulation cannot replay.`;
      world.finish({ kind: 'uncontrolled', sentence, advice, ...(line && { line }) });
      return error;
    },
    neverRests(process: Incarnation, what: string) {
      const line = loader.lineOf(deepError('again').stack ?? '');
      world.finish(never(process.slot, { what, line }));
    },
    threw(process: Incarnation, error: unknown) {
      if (process.dead || error instanceof ProcessExit) return;
      if (process.processListeners.listenerCount('uncaughtException') > 0) {
        return void process.processListeners.emit('uncaughtException', error, 'uncaughtException');
      }
      world.failed(process, error, 'died of an uncaught exception');
    },
    unhandled(process: Incarnation, reason: unknown, promise: Promise<unknown>) {
      if (process.dead || reason instanceof ProcessExit) return;
      if (process.processListeners.listenerCount('unhandledRejection') > 0) {
        return void process.processListeners.emit('unhandledRejection', reason, promise);
      }
      world.failed(process, reason, 'died of an unhandled rejection');
    },
    failed(process: Incarnation, error: unknown, how: string) {
      if (process.dead || error instanceof ProcessExit) return;
      const line = lineOfError(loader, error);
      world.supervisor.exited(process, `${how}: ${describeError(error)}`, line);
    },
    load: (process: Incarnation) => loader.load(process, world.ports.facade(process)),
    startRest() {
      if (restStarted) return;
      restStarted = true;
      for (const [role, { instances }] of Object.entries(chapter.roles)) {
        const wanted = schedule.instances[role] ?? instances[0];
        const there = [...world.supervisor.slots.values()].filter((slot) => slot.role === role);
        for (let count = there.length; count < wanted; count++) world.supervisor.start(role);
      }
      for (const planned of joins) strike(world, planned, undefined, undefined);
    },
    append(sending: RecordSending) {
      const { topic, key, value } = sending;
      const count = chapter.topics[topic]?.partitions ?? 1;
      const partition = sending.partition ?? partitionOf(key ?? null, count, () => keyless++);
      broker.append(topic, partition, [{ key: key ?? null, value }], epochMs + nowMs);
      world.kafka.drain();
    },
    knows: (command: string) => originalOf(command) !== undefined,
    appendAgain(command: string) {
      const original = originalOf(command);
      if (original?.kind !== 'append') return;
      const { topic, partition, offset } = original;
      const record = broker
        .read(topic, partition, offset)
        .flatMap(({ records }) => records)
        .find((entry) => entry.offset === offset);
      if (record === undefined) return;
      const { key, value, headers } = record;
      broker.append(topic, partition, [{ key, value, headers }], epochMs + nowMs);
      world.kafka.drain();
    },
    commandOf(topic: string, record: { key: Buffer | null; value: Buffer | null }) {
      try {
        return chapter.flow.id[topic]?.(record);
      } catch {
        return undefined; // what the chapter cannot read is about no command
      }
    },
    causeOfCall(name: string, args: readonly unknown[]): readonly string[] {
      const call = { name, args, outcome: 'applied', slot: '', incarnation: 0, seq: 0, atMs: 0 };
      try {
        const calls = [call as Parameters<typeof chapter.flow.effects>[0]['calls'][number]];
        return chapter.flow.effects({ calls, topics: {}, tables: {} }).map(({ id }) => id);
      } catch {
        return [];
      }
    },
    groupSlots: (group: string) => world.kafka.members(group),
    strikeHere: (planned: PlannedFault) => {
      world.after(() => void strike(world, planned, undefined, undefined));
    },
    faultStruck() {
      lastFaultAtMs = nowMs;
      world.supervisor.excuse();
    },
    lastFaultAtMs: () => lastFaultAtMs,
    changes: () => changes,
    markTimers,
    finish(how: Ending) {
      ending ??= how;
    },
    abort(error: unknown) {
      aborted ??= { error };
    },
    get aborted() {
      return aborted;
    },
    step(): 'moved' | 'ended' | Promise<void> {
      if (suspended !== undefined) return suspended;
      if (steps === 0) begin();
      if (ending === undefined) rest.look();
      if (ending !== undefined || aborted !== undefined) return 'ended';
      if (++steps > mostSteps) world.finish(rest.giveUp());
      if (recorder.facts().length > mostFacts) world.finish(neverEnds(recorder));
      const timer = broker.nextTimer();
      const timerAtMs = timer === undefined ? Infinity : timer.atMs - epochMs;
      const nextAtMs = agenda.nextAtMs();
      if (nextAtMs === Infinity && timerAtMs === Infinity) {
        world.finish(rest.giveUp());
        return 'ended';
      }
      if (timerAtMs < nextAtMs) {
        nowMs = Math.max(nowMs, timerAtMs);
        broker.runTimer(epochMs + nowMs);
        world.kafka.drain();
      } else {
        nowMs = Math.max(nowMs, nextAtMs);
        agenda.take()?.run();
      }
      for (let go = afterStep.shift(); go !== undefined; go = afterStep.shift()) go();
      if (changed) {
        changed = false;
        changes++;
        markTimers();
      }
      return 'moved';
    },
    result(): RunRecord {
      world.passages.closeBooks();
      const { facts, traceHash, traceClass } = recorder.finish();
      return {
        facts,
        traceHash,
        traceClass,
        crossings: world.gate.crossings,
        fired: [...world.gate.firedFaults].toSorted((a, b) => a - b),
        held: [...world.held].toSorted((a, b) => a - b),
        ending: ending ?? rest.giveUp(),
        leaks: [],
        steps,
        virtualMs: nowMs,
      };
    },
  } as unknown as { -readonly [Key in keyof World]: World[Key] };

  const begin = (): void => {
    for (const planned of world.gate.faultsBeforeStart()) {
      // Whoever joins is one more than those that start.
      if (planned.fault.kind === 'join') joins.push(planned);
      else strike(world, planned, undefined, undefined);
    }
    for (const role of new Set(world.workload.early)) world.supervisor.start(role);
    world.workload.begin();
  };

  world.kafka = createKafkaLane(world, broker);
  world.network = createNetwork(world, world.kafka);
  world.ports = createPortLane(world, options.ports);
  world.passages = createPassages(world);
  world.supervisor = createSupervisor(world);
  world.workload = createWorkload(world);
  rest = createRest(world);
  return world;
}
