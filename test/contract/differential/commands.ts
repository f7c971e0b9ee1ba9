/**
 * What a sequence is made of: plain data, the same for both brokers. Producers, transactions and
 * members are slots; partitions are places of a pool, and offsets count from where the sequence
 * found the end of the log. What is drawn how often: draw.ts.
 */
export const slots = { places: 2, producers: 2, transactions: 2, clients: 2 } as const;

/** The next sequence number, one of the last batches again, or a step too far. */
export type Step = 'next' | 'again' | 'older' | 'gap';
/** How a batch is packed. */
export type Packing = 'none' | 'gzip';
/** How a leaving member names itself. */
export type By = 'id' | 'instance' | 'both';

interface Played {
  produce: { readonly place: number; readonly count: number; readonly packing: Packing };
  sequenced: {
    readonly producer: number;
    readonly place: number;
    readonly count: number;
    readonly step: Step;
    readonly epoch: number;
    readonly packing: Packing;
    readonly version: number;
  };
  init: { readonly transaction: number; readonly own: boolean };
  add: {
    readonly transaction: number;
    readonly place: number;
    readonly epoch: number;
    readonly version: number;
  };
  write: {
    readonly transaction: number;
    readonly place: number;
    readonly step: Step;
    readonly epoch: number;
    readonly packing: Packing;
    readonly version: number;
  };
  end: {
    readonly transaction: number;
    readonly result: 'commit' | 'abort';
    readonly epoch: number;
    readonly version: number;
  };
  'add-offsets': { readonly transaction: number; readonly version: number };
  'offset-in-transaction': {
    readonly transaction: number;
    readonly place: number;
    readonly offset: number;
    readonly metadata: string;
    readonly epoch: number;
    readonly version: number;
    readonly member: number | undefined;
  };
  /** `fresh` has forgotten its member id, as a process that was started again. */
  join: {
    readonly member: number;
    readonly fresh: boolean;
    readonly protocols: readonly (readonly [name: string, metadata: string])[];
    readonly version: number;
  };
  /** `named` says what was joined for, as it has to from version 5 on. */
  sync: { readonly member: number; readonly named: boolean; readonly version: number };
  heartbeat: { readonly member: number; readonly generation: number; readonly version: number };
  leave: {
    readonly member: number;
    /** In the same request, where it can be. */
    readonly also: number | undefined;
    readonly by: By;
    readonly version: number;
  };
  commit: {
    readonly member: number | undefined;
    readonly place: number;
    readonly offset: number;
    readonly metadata: string;
    readonly generation: number;
    readonly version: number;
  };
  committed: { readonly stable: boolean; readonly version: number };
  describe: {};
  fetch: {
    readonly place: number;
    readonly offset: number;
    readonly isolation: 0 | 1;
    readonly version: number;
  };
  list: { readonly place: number; readonly isolation: 0 | 1 };
  delete: { readonly version: number };
  /** `stamped`: the broker puts its own time on what is appended. */
  create: { readonly stamped: boolean; readonly version: number };
  'client sends': {
    readonly place: number;
    readonly count: number;
    readonly idempotent: boolean;
  };
  /** Two clients, one transactional id. */
  'client begins': { readonly client: number; readonly fresh: boolean };
  'client writes': { readonly client: number; readonly place: number; readonly count: number };
  'client sends offsets': {
    readonly client: number;
    readonly place: number;
    readonly offset: number;
  };
  'client ends': { readonly client: number; readonly result: 'commit' | 'abort' };
  'client joins': { readonly client: number; readonly autoCommit: boolean };
  'client commits': { readonly client: number; readonly place: number; readonly offset: number };
  'clients read': {};
  'client leaves': { readonly client: number };
  'client looks': { readonly at: Sight };
  'client deletes group': {};
}

/** What an admin client is asked for. */
type Sight = 'offsets' | 'topic offsets' | 'group' | 'groups';

export type Kind = keyof Played;
export type Of<K extends Kind> = { readonly kind: K } & Played[K];
export type Command = { [K in Kind]: Of<K> }[Kind];

/** One of its own for each slot of a member; slots with the same instance id take over. */
export type Cast = readonly (string | null)[];

export interface Sequence {
  /**
   * Places of a pool; or the first one is a topic of its own, which may be deleted (Kafka 3.9 then
   * looks through all groups, so that nobody else plays meanwhile); or both are one topic, for
   * clients that subscribe to it.
   */
  readonly on: 'pool' | 'own topic' | 'one topic';
  readonly cast: Cast;
  readonly commands: readonly Command[];
}

export interface Observation {
  readonly kind: string;
  readonly [field: string]: unknown;
}

export type Plays<K extends Kind> = {
  readonly [One in K]: (command: Of<One>) => Promise<Observation>;
};
