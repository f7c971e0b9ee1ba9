/**
 * One client at the broker's desk: asks in any version, sees the decoded answer, and owns the
 * clock.
 */
import {
  createBroker,
  type Broker,
  type BrokerEvent,
  type BrokerOptions,
  type KafkaRequest,
} from '#broker';
import {
  decodeResponse,
  encodeBatch,
  encodeRequest,
  errorName,
  type ApiName,
  type NewBatch,
} from '#protocol';

export interface Produced {
  readonly error: string;
  readonly baseOffset: number;
  readonly logAppendTimeMs: number;
  readonly logStartOffset: number;
  readonly errorMessage: string | null;
  readonly recordErrors: readonly { batchIndex: number; batchIndexErrorMessage: string }[];
}

export interface Fetched {
  readonly error: string;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  readonly records: Buffer;
}

export interface FetchOptions {
  readonly version?: number;
  readonly connection?: number;
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly partitionMaxBytes?: number;
  readonly isolationLevel?: number;
  readonly currentLeaderEpoch?: number;
}

export type Place = readonly [topic: string, partition: number, offset: number];

export class Desk {
  readonly broker: Broker;
  readonly events: BrokerEvent[] = [];
  nowMs = 1_000_000;
  #correlation = 0;
  readonly #answers = new Map<number, any>();

  constructor(options: BrokerOptions = {}) {
    this.broker = createBroker(options);
    for (const connection of [1, 2, 3]) this.broker.connect(connection);
  }

  receive(api: ApiName, version: number, body: object, connection = 1): KafkaRequest | 'close' {
    const frame = encodeRequest(api, version, ++this.#correlation, 'desk', body);
    return this.broker.receive(connection, frame)[0]!;
  }

  /** The request's id, for `answerTo`. */
  send(api: ApiName, version: number, body: object, connection = 1): number {
    const request = this.receive(api, version, body, connection);
    if (request === 'close') throw new Error(`${api} v${version} closes the connection`);
    this.broker.apply(request, this.nowMs);
    this.#collect();
    return request.id;
  }

  /** Undefined while the request waits. */
  answerTo(id: number): any {
    return this.#answers.get(id);
  }

  ask(api: ApiName, version: number, body: object, connection = 1): any {
    return this.answerTo(this.send(api, version, body, connection));
  }

  /** Lets time pass, timer by timer. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const next = this.broker.nextTimer();
      if (next === undefined || next.atMs > untilMs) break;
      this.nowMs = next.atMs;
      this.broker.runTimer(this.nowMs);
    }
    this.nowMs = untilMs;
    this.#collect();
  }

  produceAll(
    topicData: object[],
    { version = 7, acks = -1, transactionalId = null as string | null } = {},
  ): any {
    return this.ask('Produce', version, { transactionalId, acks, timeoutMs: 1000, topicData });
  }

  produce(
    topic: string,
    records: Buffer | null,
    options: {
      version?: number;
      acks?: number;
      transactionalId?: string | null;
      index?: number;
    } = {},
  ): Produced {
    const { index = 0, ...rest } = options;
    const topicData = [{ name: topic, partitionData: [{ index, records }] }];
    const answer = this.produceAll(topicData, rest);
    if (typeof answer === 'string') return { error: answer } as unknown as Produced;
    const [partition] = answer.responses[0].partitionResponses;
    return { ...partition, error: errorName(partition.errorCode) };
  }

  sendFetch(places: readonly Place[], options: FetchOptions = {}): number {
    const {
      version = 11,
      connection = 1,
      maxWaitMs = 0,
      minBytes = 1,
      maxBytes = 1 << 24,
    } = options;
    const { partitionMaxBytes = 1 << 20, isolationLevel = 0, currentLeaderEpoch = -1 } = options;
    const topics = places.map(([topic, partition, fetchOffset]) => ({
      topic,
      partitions: [{ partition, fetchOffset, partitionMaxBytes, currentLeaderEpoch }],
    }));
    const body = { maxWaitMs, minBytes, maxBytes, isolationLevel, topics };
    return this.send('Fetch', version, body, connection);
  }

  fetched(id: number): readonly Fetched[] | undefined {
    return this.answerTo(id)?.responses.flatMap(({ partitions }: any) =>
      partitions.map((one: any) => ({ ...one, error: errorName(one.errorCode) })),
    );
  }

  fetch(places: readonly Place[], options: FetchOptions = {}): readonly Fetched[] {
    const answer = this.fetched(this.sendFetch(places, options));
    if (answer === undefined) throw new Error('the fetch waits');
    return answer;
  }

  #collect(): void {
    const { answers, events } = this.broker.take();
    this.events.push(...events);
    for (const { request, body, bytes } of answers) {
      const { api, version } = request;
      const answer =
        bytes === undefined ? body : decodeResponse(api, version, bytes.subarray(4)).body;
      this.#answers.set(request.id, answer);
    }
  }
}

/** A batch of keyless values, 500 ms old in the epoch's terms unless told otherwise. */
export function batchOf(
  values: readonly (string | Buffer)[],
  batch: Partial<NewBatch> = {},
): Buffer {
  const records = values.map((value) => ({ key: 'k', value }));
  return encodeBatch({ records, baseTimestamp: 500, ...batch });
}
