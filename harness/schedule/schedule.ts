/**
 * A schedule: workload, faults and delivery choices. A file, replayable byte for byte. The notation
 * of its parts is in notation.ts, the file format in docs/format.md.
 */
import type { FaultKind, Command } from '#kit';
import type { Milliseconds } from '#kernel';

export type { FaultKind } from '#kit';

/**
 * before apply: the request has arrived, nothing of it happened.
 * after apply: it happened, the answer is undelivered.
 * after answer: only where nothing follows; elsewhere it equals "before apply" of what follows.
 */
export type Phase = 'before apply' | 'after apply' | 'after answer';

/** A place in a run named by meaning, so that it survives edits of unrelated lines. */
export interface FaultPoint {
  /** `greeter-0` */
  readonly slot: string;
  /** Kafka API, SQL verb or port call: `OffsetCommit`, `INSERT`, `sink.record`. */
  readonly operation: string;
  /** Topic, group or table; empty for a port call. */
  readonly target: string;
  /** Commands it is about, in order. */
  readonly cause: readonly string[];
  /** Counts equal (slot, operation, target, cause) across incarnations, from 1. */
  readonly ordinal: number;
}

export type Place =
  | { readonly point: FaultPoint; readonly phase: Phase }
  | { readonly after: string }
  | 'before start'
  | 'at rest';

export interface FaultOptions {
  /** crash, cut: bytes the instance had already written are lost (left out) or arrive. */
  readonly inFlight?: 'arrives';
  /** error: Kafka's error name, or the SQLSTATE of an error of PostgreSQL. */
  readonly code?: string;
  /** delay, freeze, cut, outage, lock: for how long, virtual. */
  readonly ms?: Milliseconds;
  /** redeliver: the offset to set the group back to. */
  readonly offset?: number;
}

export interface Fault {
  readonly kind: FaultKind;
  readonly place: Place;
  /**
   * What it strikes, where the place alone does not say: a slot (stop, restart), `everything`
   * (restart), a role (join), a group (rebalance), a command (republish), `group topic/partition`
   * (redeliver).
   */
  readonly on?: string;
  readonly with?: FaultOptions;
}

/** A delivery choice: what crosses at `what` waits until `until` has been crossed. */
export interface Hold {
  readonly what: { readonly point: FaultPoint; readonly phase: Phase };
  readonly until: { readonly point: FaultPoint; readonly phase: Phase };
}

export interface ScheduledCommand {
  readonly id: string;
  readonly value: Command;
  /** When it is sent; left out = after the answer of the one before. */
  readonly at?:
    | 'before start'
    | 'with previous'
    | { readonly point: FaultPoint; readonly phase: Phase };
  /** A call: the slot that gets it, if it is up then; left out = the first that is. */
  readonly to?: string;
}

export interface Schedule {
  readonly format: 1;
  /** Folder name of the chapter. */
  readonly chapter: string;
  /** Seeds the random streams of the instances and the world's own choices. */
  readonly seed: number;
  /** Instances at the start, by role; left out = the chapter's least. */
  readonly instances: Readonly<Record<string, number>>;
  readonly commands: readonly ScheduledCommand[];
  readonly faults: readonly Fault[];
  readonly holds: readonly Hold[];
  /** Extra virtual milliseconds a hop may take, drawn from the seed; 0 = every hop 1 ms. */
  readonly jitterMs?: Milliseconds;
  /** From the answer to EndTxn to the markers of its transaction; left out = 4 ms. */
  readonly markersMs?: Milliseconds;
}

/** A place that a run passed, with what is needed to decide which faults make sense there. */
export interface Crossing {
  readonly point: FaultPoint;
  readonly phase: Phase;
  readonly target: 'kafka' | 'port' | 'sql';
  /** Topics the operation is about. */
  readonly topics: readonly string[];
  /** Virtual time, and index in the order of all crossings of the run. */
  readonly atMs: Milliseconds;
  readonly index: number;
  /** Which process of the slot; left out where the crossing was not seen but thought up. */
  readonly incarnation?: number;
  /** Bytes this instance had written on other connections that had not arrived. */
  readonly inFlight: boolean;
  /**
   * False where Kafka sends no answer (Produce with acks 0): none can be lost, late or an error.
   */
  readonly answered?: false;
  /**
   * Of a statement that is to be applied: what a healthy PostgreSQL may answer instead, by SQLSTATE.
   */
  readonly mayFailWith?: readonly string[];
  /** Of a statement that is to be applied: it writes to a table that its transaction has not yet. */
  readonly lockable?: true;
  /** Of a statement that is to be applied: it wants rows that its transaction has not yet. */
  readonly wantsRows?: true;
  /**
   * Of a statement that waited in a deadlock which another one closed: it could have been the one
   * that was ended instead.
   */
  readonly mayBeVictim?: true;
  /**
   * Session time-out of the group and transaction time-out of the producer, read off the wire; for
   * zombies. Of several producers of one instance the shortest.
   */
  readonly sessionTimeoutMs?: Milliseconds;
  readonly transactionTimeoutMs?: Milliseconds;
}
