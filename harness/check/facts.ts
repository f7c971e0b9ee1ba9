/**
 * The history of a run: facts, in the order in which the world saw them. Properties, story, page, first divergence
 * and shrinking all read this one datum. Versioned as part of docs/format.md.
 */
import type { Json } from '#kernel';

export type Slot = string;

/** Bytes in a fact: text where they are valid UTF-8, base64 otherwise, null for Kafka's null. */
export type Bytes = string | { readonly base64: string } | null;

interface Stamp {
  /** Position in the history, from 0. */
  readonly seq: number;
  /** Virtual milliseconds since the world began. */
  readonly atMs: number;
}

/** Where source positions could be found (on replay): the learner's own file, relative to the exercise. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
  readonly column?: number;
}

export type Fact = Stamp &
  (
    | CommandFact
    | OperationFact
    | AppendFact
    | MarkerFact
    | TransactionFact
    | DeliverFact
    | CommitFact
    | AssignFact
    | PortFact
    | TableFact
    | InstanceFact
    | FaultFact
    | ConsoleFact
    | ClientFact
  );

/** A command on its way: sent once, then acked or unknown. `waiting` = its role is down or it is not its turn. */
export interface CommandFact {
  readonly kind: 'command';
  readonly id: string;
  readonly state: 'sent' | 'acked' | 'unknown';
  readonly value: Json;
  readonly closing: boolean;
  /** The instance that was called; absent when the harness wrote the record itself. */
  readonly slot?: Slot;
  /** What was called there: `placeOrder`. */
  readonly call?: string;
  /** What the call answered, as JSON has it; absent when that was nothing. */
  readonly result?: Json;
  /** Why it is unknown: the error's message, or that the process died. */
  readonly reason?: string;
}

/**
 * One request, statement or call as it crosses: it may wait for a lock of somebody else, is applied (its effect is
 * there), answered (the caller knows), or not.
 */
export interface OperationFact {
  readonly kind: 'operation';
  readonly slot: Slot;
  readonly incarnation: number;
  /** Kafka API, SQL verb or `port.call`. */
  readonly operation: string;
  /** Topic, group, table, or empty. */
  readonly target: string;
  readonly cause: readonly string[];
  readonly ordinal: number;
  readonly step: 'arrived' | 'waits' | 'applied' | 'answered' | 'lost';
  /** Kafka's error name, SQLSTATE and words of PostgreSQL, or a port's rejection, where it was not a success. */
  readonly error?: string;
  /** Once applied: what the answer says and nothing else shows, `epoch 1` or `greetings/0 at 2`. */
  readonly told?: string;
  readonly line?: SourceLine;
}

export interface AppendFact {
  readonly kind: 'append';
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: Bytes;
  readonly value: Bytes;
  readonly headers?: Readonly<Record<string, Bytes>>;
  readonly command?: string;
  /** What the chapter calls this kind of record, where it has several about one command. */
  readonly name?: string;
  readonly slot?: Slot;
  readonly producerId?: number;
  /** It is part of a transaction of this producer, and no committed reader sees it before its marker. */
  readonly transactional?: boolean;
}

/** A transaction has ended in a partition: readers may have its records now, or never. */
export interface MarkerFact {
  readonly kind: 'marker';
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly producerId: number;
  readonly outcome: 'commit' | 'abort';
  readonly transactionalId?: string;
}

/**
 * The coordinator changed a transactional id: it has a new owner (`Empty`), or its transaction a new
 * state, by Kafka's names.
 */
export interface TransactionFact {
  readonly kind: 'transaction';
  readonly transactionalId: string;
  readonly state:
    | 'Empty'
    | 'Ongoing'
    | 'PrepareCommit'
    | 'PrepareAbort'
    | 'CompleteCommit'
    | 'CompleteAbort';
  readonly producerId: number;
  readonly epoch: number;
  /** Whose request did it; absent when time did. */
  readonly slot?: Slot;
  readonly incarnation?: number;
}

/** Records in an answered Fetch reached an instance. */
export interface DeliverFact {
  readonly kind: 'deliver';
  readonly slot: Slot;
  readonly incarnation: number;
  readonly topic: string;
  readonly partition: number;
  readonly offsets: readonly number[];
  readonly commands: readonly string[];
}

export interface CommitFact {
  readonly kind: 'commit';
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Absent when the harness moved the offset (`redeliver`). */
  readonly slot?: Slot;
  readonly incarnation?: number;
}

/** A generation of a group is stable, or a member was taken out of it. */
export interface AssignFact {
  readonly kind: 'assign';
  readonly group: string;
  readonly generation: number;
  readonly members: readonly {
    readonly slot?: Slot;
    readonly memberId: string;
    readonly partitions: readonly { readonly topic: string; readonly partition: number }[];
  }[];
}

export interface PortFact {
  readonly kind: 'port';
  /** `sink.record` */
  readonly name: string;
  readonly args: readonly Json[];
  readonly outcome: 'applied' | 'rejected';
  readonly slot: Slot;
  readonly incarnation: number;
  readonly line?: SourceLine;
}

/**
 * What a commit changed in the declared tables: all rows of each that is not as it was. One fact a commit, so that no
 * moment sees half of one. The first, before anything starts, has the seed rows and no slot.
 */
export interface TableFact {
  readonly kind: 'table';
  readonly tables: Readonly<Record<string, readonly Readonly<Record<string, Json>>[]>>;
  /** Who committed; absent for seed rows. */
  readonly slot?: Slot;
  readonly incarnation?: number;
  readonly line?: SourceLine;
}

export interface InstanceFact {
  readonly kind: 'instance';
  readonly slot: Slot;
  readonly incarnation: number;
  readonly state:
    | 'starts'
    | 'ready'
    | 'dies'
    | 'exits'
    | 'stopping'
    | 'stopped'
    | 'frozen'
    | 'thawed'
    | 'cut'
    | 'healed';
  /** In the learner's words: the error that ended it, `process.exit(1)`. */
  readonly reason?: string;
  readonly line?: SourceLine;
}

export interface FaultFact {
  readonly kind: 'fault';
  /** Index in the schedule's `faults`. */
  readonly index: number;
  /** The fault in the one notation. */
  readonly fault: string;
  /** What was lost: the request, the effect, the answer; absent where nothing was. */
  readonly lost?: 'request' | 'answer' | 'process';
  readonly line?: SourceLine;
}

export interface ConsoleFact {
  readonly kind: 'console';
  readonly slot: Slot;
  readonly incarnation: number;
  readonly stream: 'out' | 'err';
  readonly text: string;
}

/** What the client library told its owner: a consumer's CRASH event, as its log line shows it. */
export interface ClientFact {
  readonly kind: 'client';
  readonly slot: Slot;
  readonly incarnation: number;
  readonly event: string;
  readonly detail?: string;
  /** The learner's own line that the client caught an error from. */
  readonly line?: SourceLine;
}

/** Distributes over the union, so that a new fact keeps its shape without its stamp. */
export type Unstamped<F = Fact> = F extends Fact ? Omit<F, 'seq' | 'atMs'> : never;

/** Bytes as a fact holds them. */
export function toBytes(buffer: Uint8Array | null): Bytes {
  if (buffer === null) return null;
  const view = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  const text = view.toString('utf8');
  return Buffer.byteLength(text, 'utf8') === view.length && !text.includes('\uFFFD')
    ? text
    : { base64: view.toString('base64') };
}

export function fromBytes(bytes: Bytes): Buffer | null {
  if (bytes === null) return null;
  return typeof bytes === 'string'
    ? Buffer.from(bytes, 'utf8')
    : Buffer.from(bytes.base64, 'base64');
}
