/** A transactional producer as cases play it, in the versions before KIP-890's second part unless told. */
import { errorName, type ErrorName } from '#protocol';
import { batchOf, type Place, type Produced, type Scene } from './scene.ts';
import type { Body } from './wire.ts';

export interface As {
  readonly version?: number;
  readonly id?: string;
  readonly producerId?: number;
  readonly epoch?: number;
}

export interface WriteMore {
  readonly sequence?: number;
  readonly transactional?: boolean;
  readonly transactionalId?: string | null;
  readonly compression?: 'none' | 'gzip';
}

export interface Initialized {
  readonly error: ErrorName;
  readonly producerId: number;
  readonly producerEpoch: number;
}

const passing = new Set<ErrorName>(['CONCURRENT_TRANSACTIONS']);

export async function initProducer(
  kafka: Scene,
  transactionalId: string | null,
  more: { version?: number; timeoutMs?: number; producerId?: number; epoch?: number } = {},
): Promise<Initialized> {
  const { version = 4, timeoutMs = 60_000, producerId = -1, epoch = -1 } = more;
  const body = await kafka.ask('InitProducerId', version, {
    transactionalId,
    transactionTimeoutMs: timeoutMs,
    producerId,
    producerEpoch: epoch,
  });
  return { ...body, error: errorName(body.errorCode) };
}

export class Producer {
  readonly kafka: Scene;
  readonly id: string;
  producerId = -1;
  epoch = -1;
  readonly #sequences = new Map<string, number>();

  constructor(kafka: Scene, id: string = kafka.unique('tx')) {
    this.kafka = kafka;
    this.id = id;
  }

  /** As clients do: again while an older transaction ends. */
  async init(timeoutMs = 60_000): Promise<this> {
    const { producerId, producerEpoch } = await this.kafka.until(
      () => initProducer(this.kafka, this.id, { timeoutMs }),
      ({ error }) => !passing.has(error),
    );
    this.producerId = producerId;
    this.epoch = producerEpoch;
    this.#sequences.clear();
    return this;
  }

  /** One answer per partition. */
  async addOnce(places: readonly Place[], as: As = {}): Promise<ErrorName[]> {
    const { version = 3, id = this.id } = as;
    const { producerId = this.producerId, epoch = this.epoch } = as;
    const topics = places.map(({ topic, partition }) => ({ name: topic, partitions: [partition] }));
    const merged = Object.values(Object.groupBy(topics, ({ name }) => name)).map((of) => ({
      name: of![0]!.name,
      partitions: of!.flatMap(({ partitions }) => partitions),
    }));
    const body = await this.kafka.ask('AddPartitionsToTxn', version, {
      v3AndBelowTransactionalId: id,
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: epoch,
      v3AndBelowTopics: merged,
    });
    return places.map(({ topic, partition }) => {
      const of = body.resultsByTopicV3AndBelow.find(({ name }: Body) => name === topic);
      const one = of.resultsByPartition.find((row: Body) => row.partitionIndex === partition);
      return errorName(one.partitionErrorCode);
    });
  }

  async add(...places: readonly Place[]): Promise<void> {
    const errors = await this.kafka.until(
      () => this.addOnce(places),
      (answer) => !answer.some((error) => passing.has(error)),
    );
    if (errors.some((error) => error !== 'NONE')) throw new Error(`not added: ${errors.join()}`);
  }

  async begin(...places: readonly Place[]): Promise<this> {
    await this.init();
    await this.add(...places);
    return this;
  }

  /** With the next sequence, unless one is given. */
  async write(place: Place, value: string, as: As & WriteMore = {}): Promise<Produced> {
    const { version = 7, producerId = this.producerId, epoch = this.epoch } = as;
    const { transactional = true, transactionalId = as.id ?? this.id, compression } = as;
    const key = `${place.topic}/${place.partition}`;
    const sequence = as.sequence ?? this.#sequences.get(key) ?? 0;
    const who = { producerId, producerEpoch: epoch, baseSequence: sequence, transactional };
    const batch = batchOf([value], { ...who, ...(compression && { compression }) });
    const answer = await this.kafka.produce(place, batch, {
      version,
      transactionalId,
    });
    if (answer.error === 'NONE' && as.sequence === undefined) {
      this.#sequences.set(key, sequence + 1);
    }
    return answer;
  }

  forgetSequences(): void {
    this.#sequences.clear();
  }

  async end(result: 'commit' | 'abort', as: As = {}): Promise<ErrorName> {
    return (await this.ending(result, as)).error;
  }

  /** Who goes on is told from version 5 on. */
  async ending(result: 'commit' | 'abort', as: As = {}): Promise<Initialized> {
    const { version = 3, id = this.id } = as;
    const { producerId = this.producerId, epoch = this.epoch } = as;
    const body = await this.kafka.ask('EndTxn', version, {
      transactionalId: id,
      producerId,
      producerEpoch: epoch,
      committed: result === 'commit',
    });
    return {
      error: errorName(body.errorCode),
      producerId: body.producerId,
      producerEpoch: body.producerEpoch,
    };
  }

  /** And waits until everybody can see it. */
  async settle(result: 'commit' | 'abort'): Promise<void> {
    const error = await this.end(result);
    if (error !== 'NONE') throw new Error(`not ended: ${error}`);
    await this.completes();
  }

  async state(): Promise<string> {
    const { transactionStates } = await this.kafka.ask('DescribeTransactions', 0, {
      transactionalIds: [this.id],
    });
    return transactionStates[0].transactionState;
  }

  async completes(): Promise<void> {
    await this.kafka.until(
      () => this.state(),
      (state) => state.startsWith('Complete'),
    );
  }

  async addOffsetsOnce(group: string, as: As = {}): Promise<ErrorName> {
    const { version = 3, id = this.id } = as;
    const { producerId = this.producerId, epoch = this.epoch } = as;
    const body = await this.kafka.ask('AddOffsetsToTxn', version, {
      transactionalId: id,
      producerId,
      producerEpoch: epoch,
      groupId: group,
    });
    return errorName(body.errorCode);
  }

  async addOffsets(group: string): Promise<void> {
    const error = await this.kafka.until(
      () => this.addOffsetsOnce(group),
      (answer) => !passing.has(answer),
    );
    if (error !== 'NONE') throw new Error(`offsets not added: ${error}`);
  }

  async commitOffset(
    group: string,
    { topic, partition }: Place,
    offset: number,
    as: As & {
      generation?: number;
      memberId?: string;
      instance?: string | null;
      metadata?: string;
    } = {},
  ): Promise<ErrorName> {
    const { version = 3, generation = -1, memberId = '', instance = null, metadata = '' } = as;
    const { id = this.id, producerId = this.producerId, epoch = this.epoch } = as;
    const one = {
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: -1,
      committedMetadata: metadata,
    };
    const { topics } = await this.kafka.ask('TxnOffsetCommit', version, {
      transactionalId: id,
      groupId: group,
      producerId,
      producerEpoch: epoch,
      generationId: generation,
      memberId,
      groupInstanceId: instance,
      topics: [{ name: topic, partitions: [one] }],
    });
    return errorName(topics[0].partitions[0].errorCode);
  }
}

export function newProducer(kafka: Scene, id?: string): Promise<Producer> {
  return new Producer(kafka, id).init();
}
