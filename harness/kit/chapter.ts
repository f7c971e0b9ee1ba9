/**
 * A chapter as data: the only metadata there is. `chapter()` checks the shape and hands it back; the engine,
 * the pages and the gate read it. See docs/format.md for how its names appear in schedules and reports.
 */
import type { Arbitrary } from 'fast-check';
import type { CommandView, Effect, Moment, PortCall, RecordView, SimpleRecord } from './moment.ts';

export type Level = 1 | 2 | 3;

/** Faults a chapter may leave out because they mean nothing for its promise. */
export type FaultKind =
  | 'crash'
  | 'stop'
  | 'restart'
  | 'redeliver'
  | 'republish'
  | 'reject'
  | 'outage'
  | 'lock'
  | 'lock-rows'
  | 'victim'
  | 'lose-request'
  | 'lose-response'
  | 'error'
  | 'delay'
  | 'cut'
  | 'freeze'
  | 'join'
  | 'rebalance'
  | 'silence';

/** A command is plain data: it crosses to processes and stands in schedule files. */
export type Command = Readonly<Record<string, unknown>>;

/** How a command reaches the system: a call on a role, or a record the harness writes itself. */
export type Sending =
  | { readonly role: string; readonly call: string; readonly with: readonly unknown[] }
  | {
      readonly topic: string;
      readonly key?: string | null;
      readonly value: string;
      readonly partition?: number;
    };

/**
 * An outside system: synchronous functions over a JSON state that lives in the world. It is linearizable per key:
 * calls of one key act in the order in which they came, each before its caller is told of a time-out, or never.
 */
export type PortDefinition = {
  readonly state: () => unknown;
  /** The key of a call, which is no call itself; left out, or `undefined` = it waits for no other. */
  readonly key?: (call: string, args: readonly never[]) => string | undefined;
} & Readonly<Record<string, (...args: never[]) => unknown>>;

export type SharedProperty =
  | 'no-loss'
  | 'no-invention'
  | 'commit-safe'
  | 'progress'
  | 'idle-restart'
  | 'calm-exact'
  | 'key-order'
  | 'stable-id'
  | 'atomic'
  | 'crash-consistent';

/** What `broken` may answer: a sentence in the learner's terms, with the facts that prove it. */
export type Broken = string | { readonly sentence: string; readonly witnesses: readonly number[] };

export interface PropertyDefinition {
  /** What must hold, as one clause: "each balance is the sum of its distinct payments". */
  readonly says: string;
  readonly when: 'always' | 'at rest';
  /** Pure; may be run again on a stored history. */
  readonly broken: (moment: Moment) => Broken | undefined;
}

export interface Flow {
  /** Per topic: which command a record is about. `undefined` = none (a receipt, a heartbeat of the learner's). */
  readonly id: Readonly<Record<string, (record: SimpleRecord) => string | undefined>>;
  /**
   * Per topic: what a record is called before the id of its command, `PaymentFailed`: where several kinds of records
   * are about one command. Left out, or `undefined` = its command is all that is said.
   */
  readonly name?: Readonly<Record<string, (record: SimpleRecord) => string | undefined>>;
  /** The completed effects at this moment, in the order in which they happened. */
  readonly effects: (moment: {
    readonly calls: readonly PortCall[];
    readonly topics: Moment['topics'];
    readonly tables: Moment['tables'];
  }) => readonly Effect[];
  /**
   * Which commands an SQL statement with these values is about (bound ones, else those written into it); left out =
   * those whose ids are among them, also inside JSON.
   */
  readonly statement?: (values: readonly (string | null)[]) => readonly string[];
  /** What an effect of this command must carry (NO-INVENTION); left out = not compared. */
  readonly value?: (command: Command) => unknown;
  /** The key whose order counts (KEY-ORDER); left out = the record's key. */
  readonly key?: (command: Command) => string;
  /**
   * Per topic, the logical event that a record is a copy of (STABLE-ID); left out = its command. A topic whose
   * commands lead to several events needs one.
   */
  readonly event?: Readonly<Record<string, (record: SimpleRecord) => string | undefined>>;
  /** The two facts that are there together or not at all (ATOMIC): what each is called, of which ids it is there. */
  readonly pair?: {
    readonly names: readonly [string, string];
    readonly of: (tables: Moment['tables']) => readonly [readonly string[], readonly string[]];
  };
  /**
   * What must be the same at rest whether a process crashed on the way or not (CRASH-CONSISTENT), by name: JSON, equal
   * for every right answer. What may differ (copies, order, times, closing commands that a right answer may drop) is
   * left out; a list is compared in its order.
   */
  readonly projections?: Readonly<Record<string, (moment: Moment) => unknown>>;
  /** A sentence = this record needs no effect, and why. */
  readonly skip?: (record: RecordView) => string | undefined;
}

export interface ChapterDefinition {
  readonly title: string;
  /** One sentence: what a right answer gives, whenever a process dies. */
  readonly promise: string;
  readonly minutes: number;
  /** Names (without number) of chapters to read before. */
  readonly needs: readonly string[];
  /** The level that passes the chapter. */
  readonly pass: Level;
  /** The solution holds at this level as well; left out = at the one that passes. */
  readonly solution?: { readonly level: Level };
  readonly roles: Readonly<
    Record<string, { readonly file: string; readonly instances: readonly [number, number] }>
  >;
  readonly topics: Readonly<Record<string, { readonly partitions: number }>>;
  /** Consumer groups that COMMIT-SAFE and PROGRESS judge; other groups are the learner's own. */
  readonly groups: readonly string[];
  readonly ports?: Readonly<Record<string, PortDefinition>>;
  /**
   * What properties see of the database, by name: one query each over the tables of the chapter's SQL,
   * recorded whenever a commit changed it. Left out = the chapter has no database.
   */
  readonly tables?: Readonly<Record<string, string>>;
  /**
   * `by role`: each role has a schema under its own name, made by `<role>.sql`, and rights on nothing else; queries
   * of `tables` say which schema they mean. Left out = all roles meet in the tables of `schema.sql`.
   */
  readonly schemas?: 'by role';
  readonly workload: {
    readonly example: readonly Command[];
    readonly commands: Arbitrary<readonly Command[]>;
    readonly id: (command: never) => string;
    readonly send: (command: never) => Sending;
    /** Endless supply for coming to rest; the number is never used twice in a run. */
    readonly closing: (n: number) => Command;
  };
  readonly flow: Flow;
  readonly properties: Readonly<Record<string, 'shared' | PropertyDefinition>>;
  readonly without?: readonly FaultKind[];
  /** Hard moments that a check must have seen beside the usual ones, by name (`#check`). */
  readonly sometimes?: readonly string[];
  /** How the untouched stub must fail: the property, and one or two faults that show it. */
  readonly stub: { readonly breaks: string; readonly by: string | readonly string[] };
  /** Per property: questions, each more concrete than the one before. */
  readonly hints: Readonly<Record<string, readonly string[]>>;
  readonly mutants: Readonly<
    Record<string, { readonly breaks: string; readonly says: string; readonly level?: Level }>
  >;
  readonly variants: Readonly<Record<string, { readonly says: string; readonly level?: Level }>>;
}

export type { CommandView };

/** Declares a chapter. The one export of every `chapter.ts`. */
export function chapter<const Definition extends ChapterDefinition>(
  definition: Definition,
): Definition {
  return definition;
}
