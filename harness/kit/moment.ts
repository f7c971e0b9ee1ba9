/**
 * What a property sees: the world at one recorded moment, folded from facts. Everything here is plain data and may
 * be built again from a stored history. `seq` numbers point at facts and serve as witnesses.
 */

/** The part of a record that `given.ts` readers need; a kafkajs message has the same shape. */
export interface SimpleRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
}

export interface RecordView extends SimpleRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** The command it is about, by the chapter's `flow.id`. */
  readonly command: string | undefined;
  /** Who wrote it; `undefined` = the harness. */
  readonly bySlot: string | undefined;
  readonly seq: number;
  readonly atMs: number;
}

export type CommandState = 'waiting' | 'sent' | 'acked' | 'unknown';

export interface CommandView {
  readonly id: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly state: CommandState;
  /** What the call answered, as JSON has it; left out when that was nothing. */
  readonly result?: unknown;
  /** Sent by the harness to come to rest, or again by a `republish`. */
  readonly closing: boolean;
  readonly seq: number;
  readonly atMs: number;
}

export interface CommittedOffset {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  /** The next offset to read. Below 0 = none. */
  readonly offset: number;
  readonly bySlot: string | undefined;
  readonly seq: number;
  readonly atMs: number;
}

export type Row = Readonly<Record<string, unknown>>;

export interface PortCall {
  /** `sink.record` */
  readonly name: string;
  readonly args: readonly unknown[];
  /** What the port did, whoever knows about it. */
  readonly outcome: 'applied' | 'rejected';
  readonly slot: string;
  readonly incarnation: number;
  readonly seq: number;
  readonly atMs: number;
}

export interface Effect {
  /** The command it is about. */
  readonly id: string;
  readonly value?: unknown;
  readonly seq?: number;
}

export interface InstanceView {
  readonly slot: string;
  readonly incarnation: number;
  readonly state: 'starting' | 'ready' | 'stopping' | 'frozen' | 'down';
}

export interface GroupView {
  readonly generation: number;
  readonly members: readonly {
    readonly slot: string | undefined;
    readonly partitions: readonly { readonly topic: string; readonly partition: number }[];
  }[];
}

export interface Moment {
  /** Virtual milliseconds since the world began. */
  readonly atMs: number;
  /** Commands that were answered; the closing ones are among them. */
  readonly done: readonly CommandView[];
  /** Commands that were rejected, cut off or died with their process: they may have happened or not. */
  readonly unknown: readonly CommandView[];
  /** All that were ever sent, answered or not. */
  readonly sent: readonly CommandView[];
  readonly topics: Readonly<
    Record<
      string,
      {
        /** As a read_committed reader sees it. */
        readonly committed: readonly RecordView[];
        /** As a read_uncommitted reader sees it. */
        readonly uncommitted: readonly RecordView[];
      }
    >
  >;
  readonly committed: readonly CommittedOffset[];
  readonly groups: Readonly<Record<string, GroupView>>;
  /**
   * Rows by declared table as they stand after the latest commit, each an object as PostgreSQL's `row_to_json` makes
   * it: numbers of every kind are numbers, timestamps are text. Empty without a database.
   */
  readonly tables: Readonly<Record<string, readonly Row[]>>;
  /** Row for row of `tables`: the `seq` of the commit since which it stands as it does. */
  readonly since: Readonly<Record<string, readonly number[]>>;
  readonly calls: readonly PortCall[];
  readonly instances: readonly InstanceView[];
  /** By the chapter's `flow.effects`. */
  readonly effects: readonly Effect[];
  /** No fault has struck and no group has rebalanced since the first record was delivered. */
  readonly calm: boolean;
  /** Where in the history everything was restarted at rest; `undefined` = not in this run. */
  readonly restartedAtSeq: number | undefined;
}

/** Picks the calls of one port function that took effect. */
export function applied(name: string): (call: PortCall) => boolean {
  return (call) => call.name === name && call.outcome === 'applied';
}
