/**
 * One case's view of a broker: short ways to ask for what cases are about, names and partitions
 * that nobody else uses, answers with error names in place of numbers.
 */
import { encodeBatch, errorName, type ApiName, type ErrorName, type NewBatch } from '#protocol';
import type { Pool } from './pool.ts';
import type { Body, Running, Wire } from './wire.ts';

/** Two clocks that round: a broker's timer may seem to be so much early. */
export const clockGrainMs = 5;

export interface Place {
  readonly topic: string;
  readonly partition: number;
}

export interface Produced {
  readonly error: ErrorName;
  readonly baseOffset: number;
  readonly logAppendTimeMs: number;
  readonly logStartOffset: number;
  readonly errorMessage: string | null;
  readonly recordErrors: readonly { batchIndex: number; batchIndexErrorMessage: string }[];
}

export interface Fetched {
  readonly error: ErrorName;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  readonly abortedTransactions: readonly { producerId: number; firstOffset: number }[] | null;
  readonly records: Buffer;
}

export interface ProduceOptions {
  readonly version?: number;
  readonly acks?: number;
  readonly transactionalId?: string | null;
  readonly wire?: Wire;
}

export interface FetchOptions {
  readonly version?: number;
  readonly wire?: Wire;
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly partitionMaxBytes?: number;
  readonly isolationLevel?: number;
  readonly currentLeaderEpoch?: number;
}

/** A partition and an offset in it. */
export type Spot = readonly [place: Place, offset: number, leaderEpoch?: number];

export class Scene {
  readonly running: Running;
  readonly #pool: Pool;
  readonly #name: string;
  #names = 0;
  #wire: Promise<Wire> | undefined;

  constructor(running: Running, pool: Pool, name: string) {
    this.running = running;
    this.#pool = pool;
    this.#name = name;
  }

  nowMs(): number {
    return this.running.nowMs();
  }

  pass(ms: number): Promise<void> {
    return this.running.pass(ms);
  }

  /** Another connection; to the first node where none is named. */
  open(node?: number): Promise<Wire> {
    return this.running.open(node);
  }

  async close(): Promise<void> {
    (await this.#wire)?.close();
  }

  /** Of a topic, a group, a transactional id: nobody else has it. */
  unique(what: string): string {
    return `${what}-${this.#name}-${++this.#names}`;
  }

  /** On the case's own connection. */
  async ask(api: ApiName, version: number, body: object, wire?: Wire): Promise<Body> {
    this.#wire ??= this.open();
    return (wire ?? (await this.#wire)).ask(api, version, body);
  }

  /** An empty partition that can be used at once. */
  place(): Promise<Place> {
    return this.#pool.take();
  }

  /** Several partitions of one topic of its own, or one with settings. */
  async topic(
    configs: Readonly<Record<string, string>> = {},
    partitions = 1,
  ): Promise<readonly Place[]> {
    return this.#pool.create(this.unique('t'), partitions, configs);
  }

  /** With a name that is known. */
  async create(name: string, partitions = 1): Promise<readonly Place[]> {
    return this.#pool.create(name, partitions, {});
  }

  async produceAll(topicData: object[], options: ProduceOptions = {}): Promise<Body> {
    const { version = 7, acks = -1, transactionalId = null, wire } = options;
    const body = { transactionalId, acks, timeoutMs: 5_000, topicData };
    return this.ask('Produce', version, body, wire);
  }

  async produce(
    { topic, partition }: Place,
    records: Buffer | null,
    options: ProduceOptions = {},
  ): Promise<Produced> {
    const topicData = [{ name: topic, partitionData: [{ index: partition, records }] }];
    const { responses } = await this.produceAll(topicData, options);
    const [answer] = responses[0].partitionResponses;
    return { ...answer, error: errorName(answer.errorCode) };
  }

  /** Sends a fetch; the answer may take its time. */
  async fetchAll(spots: readonly Spot[], options: FetchOptions = {}): Promise<Fetched[]> {
    const { version = 11, wire, maxWaitMs = 0, minBytes = 1, maxBytes = 1 << 24 } = options;
    const { partitionMaxBytes = 1 << 20, isolationLevel = 0, currentLeaderEpoch = -1 } = options;
    const topics = spots.map(([{ topic, partition }, fetchOffset, epoch = currentLeaderEpoch]) => ({
      topic,
      partitions: [{ partition, fetchOffset, partitionMaxBytes, currentLeaderEpoch: epoch }],
    }));
    const body = { maxWaitMs, minBytes, maxBytes, isolationLevel, topics };
    const { responses } = await this.ask('Fetch', version, body, wire);
    const places: Body[] = responses.flatMap(({ topic, partitions }: Body) =>
      partitions.map((one: Body) => ({ ...one, topic, error: errorName(one.errorCode) })),
    );
    // In the order that was asked for: a broker may put its own in place of it.
    return spots.map(([{ topic, partition }]) =>
      places.find((one) => one.topic === topic && one.partitionIndex === partition),
    );
  }

  async fetch(place: Place, offset: number, options: FetchOptions = {}): Promise<Fetched> {
    const [fetched] = await this.fetchAll([[place, offset]], options);
    return fetched!;
  }

  async list(
    { topic, partition }: Place,
    timestamp: number,
    options: { version?: number; isolationLevel?: number; currentLeaderEpoch?: number } = {},
  ): Promise<{ error: ErrorName; timestamp: number; offset: number }> {
    const { version = 7, isolationLevel = 0, currentLeaderEpoch = -1 } = options;
    const partitions = [{ partitionIndex: partition, currentLeaderEpoch, timestamp }];
    const topics = [{ name: topic, partitions }];
    const answer = await this.ask('ListOffsets', version, {
      replicaId: -1,
      isolationLevel,
      topics,
    });
    const [found] = answer.topics[0].partitions;
    return { error: errorName(found.errorCode), timestamp: found.timestamp, offset: found.offset };
  }

  async topicId(topic: string): Promise<string> {
    return (await this.ask('Metadata', 12, { topics: [{ name: topic }] })).topics[0].topicId;
  }

  /** A producer id of one's own. */
  async producerId(): Promise<number> {
    const body = { transactionalId: null, transactionTimeoutMs: 0 };
    for (;;) {
      const { errorCode, producerId } = await this.ask('InitProducerId', 1, body);
      if (errorName(errorCode) === 'NONE') return producerId;
      // A broker that has just started has no block of ids yet.
      await this.pass(20);
    }
  }

  async milliseconds(work: () => Promise<unknown>): Promise<number> {
    const startMs = this.nowMs();
    await work();
    return this.nowMs() - startMs;
  }

  /** Asks again until it is so. */
  async until<T>(ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<T> {
    for (;;) {
      const answer = await ask();
      if (isSo(answer)) return answer;
      await this.pass(25);
    }
  }

  /** `waits` where the answer does not come in this time. */
  async within<T>(ms: number, answer: Promise<T>): Promise<T | 'waits'> {
    return Promise.race([answer, this.pass(ms).then(() => 'waits' as const)]);
  }
}

/**
 * A batch of values with the key `k`, of now unless told otherwise: a real Kafka rolls a segment,
 * behind which no fetch looks, where two timestamps are a week apart, and it deletes what is old.
 */
export function batchOf(
  values: readonly (string | Buffer)[],
  batch: Partial<NewBatch> = {},
): Buffer {
  const records = values.map((value) => ({ key: 'k', value }));
  return encodeBatch({ records, baseTimestamp: Date.now(), ...batch });
}
