/** Transactional producers at the broker's desk: what they ask, in Kafka's error names. */
import type { BrokerOptions } from '#broker';
import { decodeMarker, errorName } from '#protocol';
import { batchOf, Desk, type Produced } from '../desk.ts';

export interface Producer {
  readonly id: string;
  readonly producerId: number;
  readonly epoch: number;
}

export interface Told {
  readonly error: string;
  readonly producerId: number;
  readonly epoch: number;
}

interface Write {
  readonly index?: number;
  readonly version?: number;
  readonly sequence?: number;
  readonly transactional?: boolean;
  readonly transactionalId?: string | null;
}

interface TxnOffset {
  readonly version?: number;
  readonly memberId?: string;
  readonly generationId?: number;
  readonly groupInstanceId?: string | null;
  readonly metadata?: string;
  readonly topic?: string;
}

export class TransactionDesk extends Desk {
  readonly #sequences = new Map<string, number>();

  constructor(options: BrokerOptions = {}) {
    super(options);
    this.broker.createTopic('t', 3);
  }

  init(id: string | null, given: object = {}, version = 4): Told {
    const body = { transactionalId: id, transactionTimeoutMs: 60_000, ...given };
    const { errorCode, producerId, producerEpoch } = this.ask('InitProducerId', version, body);
    return { error: errorName(errorCode), producerId, epoch: producerEpoch };
  }

  /** A new owner of the id. */
  producer(id: string, given: object = {}): Producer {
    const { error, producerId, epoch } = this.init(id, given);
    if (error !== 'NONE') throw new Error(`InitProducerId ${id}: ${error}`);
    return { id, producerId, epoch };
  }

  /** A producer with an open transaction. */
  begun(id: string, partitions: readonly number[] = [0], given: object = {}): Producer {
    const producer = this.producer(id, given);
    const errors = this.add(producer, partitions);
    if (errors.some((error) => error !== 'NONE')) throw new Error(`add: ${errors.join()}`);
    return producer;
  }

  add(
    { id, producerId, epoch }: Producer,
    partitions: readonly number[] = [0],
    version = 3,
    topic = 't',
  ): string[] {
    const answer = this.ask('AddPartitionsToTxn', version, {
      v3AndBelowTransactionalId: id,
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: epoch,
      v3AndBelowTopics: [{ name: topic, partitions }],
    });
    return answer.resultsByTopicV3AndBelow[0].resultsByPartition.map((one: any) =>
      errorName(one.partitionErrorCode),
    );
  }

  /** Sequences go on by themselves, for each producer, epoch and partition. */
  write(producer: Producer, value: string, options: Write = {}): Produced {
    const { index = 0, version = 7 } = options;
    const key = `${producer.producerId}:${producer.epoch}:${index}`;
    const sequence = options.sequence ?? this.#sequences.get(key) ?? 0;
    const batch = this.#batch(producer, value, sequence, options.transactional ?? true);
    const { transactionalId = producer.id } = options;
    const told = this.produce('t', batch, { version, index, transactionalId });
    if (told.error === 'NONE') this.#sequences.set(key, sequence + 1);
    return told;
  }

  /** One that may wait: its request's id. */
  sendWrite(producer: Producer, value: string, version: number): number {
    const records = this.#batch(producer, value, 0, true);
    const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }];
    const body = { transactionalId: producer.id, acks: -1, timeoutMs: 1000, topicData };
    return this.send('Produce', version, body, 2);
  }

  #batch(
    { producerId, epoch }: Producer,
    value: string,
    baseSequence: number,
    transactional: boolean,
  ): Buffer {
    const producer = { producerId, producerEpoch: epoch, baseSequence };
    return batchOf([value], { ...producer, transactional, baseTimestamp: this.nowMs });
  }

  endTxn({ id, producerId, epoch }: Producer, committed: boolean, version = 3): Told {
    const body = { transactionalId: id, producerId, producerEpoch: epoch, committed };
    const { errorCode, ...next } = this.ask('EndTxn', version, body);
    const { producerId: nextId, producerEpoch } = next;
    return { error: errorName(errorCode), producerId: nextId, epoch: producerEpoch };
  }

  commit(producer: Producer, version = 3): string {
    return this.endTxn(producer, true, version).error;
  }

  abort(producer: Producer, version = 3): string {
    return this.endTxn(producer, false, version).error;
  }

  addOffsets({ id, producerId, epoch }: Producer, groupId: string, version = 3): string {
    const body = { transactionalId: id, producerId, producerEpoch: epoch, groupId };
    return errorName(this.ask('AddOffsetsToTxn', version, body).errorCode);
  }

  txnOffset(producer: Producer, groupId: string, offset: number, options: TxnOffset = {}): string {
    const { version = 3, metadata = '', topic = 't', ...membership } = options;
    const { id, producerId, epoch } = producer;
    const partitions = [
      { partitionIndex: 0, committedOffset: offset, committedMetadata: metadata },
    ];
    const answer = this.ask('TxnOffsetCommit', version, {
      transactionalId: id,
      groupId,
      producerId,
      producerEpoch: epoch,
      topics: [{ name: topic, partitions }],
      ...membership,
    });
    return errorName(answer.topics[0].partitions[0].errorCode);
  }

  /** The committed offset, or the error. */
  offset(groupId: string, version = 7, requireStable = false): number | string {
    const topics = [{ name: 't', partitionIndexes: [0] }];
    const body = version < 8 ? { groupId, topics } : { groups: [{ groupId, topics }] };
    const answer = this.ask('OffsetFetch', version, { ...body, requireStable });
    const [topic] = (version < 8 ? answer : answer.groups[0]).topics;
    const { errorCode, committedOffset } = topic.partitions[0];
    return errorCode === 0 ? committedOffset : errorName(errorCode);
  }

  stateOf(transactionalId: string): any {
    const answer = this.ask('DescribeTransactions', 0, { transactionalIds: [transactionalId] });
    return answer.transactionStates[0];
  }

  /** `0:a 1:COMMIT`, as it lies there. */
  log(index = 0): string {
    return this.broker
      .read('t', index)
      .flatMap((batch) => {
        const marker = decodeMarker(batch);
        if (marker !== undefined) return [`${batch.baseOffset}:${marker.type.toUpperCase()}`];
        return batch.records.map(({ offset, value }) => `${offset}:${String(value)}`);
      })
      .join(' ');
  }

  /** The aborted list of a fetch, by first offset with the names that are given to producers. */
  aborted(from: number, names: Readonly<Record<string, Producer>>, version = 11): any {
    const [fetched] = this.fetch([['t', 0, from]], { isolationLevel: 1, version }) as any[];
    return fetched.abortedTransactions?.map(({ producerId, firstOffset }: any) => {
      const name = Object.keys(names).find((key) => names[key]?.producerId === producerId);
      return `${name}@${firstOffset}`;
    });
  }
}
