/**
 * What every part of a simulated world sees of it: the other parts, virtual time, and who runs now. The class behind
 * it is in simulated-world.ts.
 */
import type { Ending, RunRecord, SourceLine } from '#check';
import type { Broker } from '#broker';
import type { Milliseconds, Random } from '#kernel';
import type { PreparedDatabase } from '#postgres';
import type { ChapterDefinition } from '#kit';
import type { Schedule } from '#schedule';
import type { Agenda } from './agenda.ts';
import type { Gate, PlannedFault } from './gate.ts';
import type { Habitat, Incarnation } from './incarnation.ts';
import type { KafkaLane } from './kafka-lane.ts';
import type { Network } from './network.ts';
import type { Passages } from './passage.ts';
import type { PortBackend, PortLane } from './port-lane.ts';
import type { PostgresLane } from './postgres-lane.ts';
import type { Recorder } from './recorder.ts';
import type { Records } from './records.ts';
import type { RunningService, Supervisor } from './supervisor.ts';
import type { Visits } from './visits.ts';
import type { Workload } from './workload.ts';

/** Turns a bundle into running services; knows how their code is evaluated. */
export interface Loader {
  load(process: Incarnation, ports: object): Promise<RunningService>;
  /** The first place in the learner's own files, as far as it is known. */
  lineOf(stack: string): SourceLine | undefined;
  /** Where a marked call stands, by its site. */
  lineOfSite(site: string): SourceLine | undefined;
  /** A marked call as it is written, and where. */
  callOfSite(site: string): { readonly text: string; readonly line: SourceLine } | undefined;
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
  /** As before the first run; left out = connecting says that there is none. */
  readonly database?: PreparedDatabase | undefined;
  /** Take the stacks of client and port calls: slower, for replays that are shown. */
  readonly traced: boolean;
  /** The bundle's calls are marked: find out which one every operation belongs to. */
  readonly sites?: boolean;
  /** Which time at the statement of `stopAt` (bundle) a debugger stops, from 1. */
  readonly stopAt?: number | undefined;
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
  readonly postgres: PostgresLane | undefined;
  readonly ports: PortLane;
  readonly passages: Passages;
  readonly supervisor: Supervisor;
  readonly workload: Workload;
  readonly records: Records;
  readonly held: Set<number>;
  /** Only where the calls of the bundle are marked. */
  readonly visits: Visits | undefined;
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
