/**
 * Topics and their records, as the live world asks for them. Logs are read as they lie there,
 * records of open and aborted transactions and their markers too: who sees what is for facts to
 * decide, and no client library's reader stands between.
 */
import { wallMs } from '#kernel';
import { batchesIn, decodeMarker, encodeBatch, errorName, type BatchRecord } from '#protocol';
import type { Body } from './kafka-connection.ts';
import { demand, Passing, type Ask, type Routes } from './kafka-routes.ts';

export interface TopicState {
  readonly name: string;
  /** As the cluster knows it; `undefined` where it tells none. */
  readonly id: string | undefined;
  readonly partitions: number;
}

export interface LoggedRecord extends BatchRecord {
  /** Part of a transaction of this producer. */
  readonly transactionOf: number | undefined;
}

/** Ends a transaction in the partition. */
export interface LoggedMarker {
  readonly offset: number;
  readonly producerId: number;
  readonly outcome: 'commit' | 'abort';
}

export interface Slice {
  /** In the order of their offsets. */
  readonly entries: readonly (LoggedRecord | LoggedMarker)[];
  /** Where to read on. */
  readonly next: number;
}

export interface TopicOperations {
  /** Those of the names that exist. */
  topics(names: readonly string[]): Promise<readonly TopicState[]>;
  /** How many offsets a topic has handed out, over its partitions. */
  written(topic: TopicState): Promise<number>;
  /** Resolves when it can be used. */
  createTopic(name: string, partitions: number): Promise<TopicState>;
  /** Resolves when it is gone. */
  deleteTopic(name: string): Promise<void>;
  /** Answers the record's offset. */
  append(topic: string, partition: number, key: string | null, value: string): Promise<number>;
  /** What lies there from an offset on, at most what one answer holds. */
  read(topic: string, partition: number, from: number): Promise<Slice>;
}

const timeoutMs = 10_000;

export function topicOperations({ any, metadata, leader, patiently }: Routes): TopicOperations {
  const topicsOf = async (names: readonly string[]): Promise<readonly TopicState[]> => {
    const { topics } = await metadata(names);
    return topics
      .filter((topic: Body) => topic.errorCode === 0)
      .map(({ name, topicId, partitions }: Body) => ({
        name,
        id: /^[0-]*$/.test(topicId) ? undefined : topicId,
        partitions: partitions.length,
      }));
  };
  const sizeOf = async ({ name, partitions }: TopicState): Promise<number> => {
    const ends = Array.from({ length: partitions }, (_, each) =>
      endOf(leader(name, each), name, each),
    );
    return (await Promise.all(ends)).reduce((sum, end) => sum + end, 0);
  };
  const create = async (name: string, numPartitions: number): Promise<void> => {
    const topics = [{ name, numPartitions, replicationFactor: 1 }];
    const { topics: answers } = await any('CreateTopics', { topics, timeoutMs });
    const { errorCode } = answers[0];
    // An older one of this name can still be on its way out.
    if (errorName(errorCode) === 'TOPIC_ALREADY_EXISTS') throw new Passing(`${name} exists`);
    demand('CreateTopics', errorCode);
  };
  const usable = async (name: string, partitions: number): Promise<TopicState> => {
    const [topic] = await topicsOf([name]);
    if (topic?.partitions !== partitions) throw new Passing(`${name} is not there yet`);
    await sizeOf(topic);
    return topic;
  };
  return {
    topics: topicsOf,
    written: (topic) => patiently(() => sizeOf(topic)),
    async createTopic(name, partitions) {
      await patiently(() => create(name, partitions));
      return patiently(() => usable(name, partitions));
    },
    deleteTopic: (name) =>
      patiently(async () => {
        const { responses } = await any('DeleteTopics', { topicNames: [name], timeoutMs });
        const { errorCode } = responses[0];
        if (errorName(errorCode) !== 'UNKNOWN_TOPIC_OR_PARTITION')
          demand('DeleteTopics', errorCode);
        if ((await topicsOf([name])).length > 0) throw new Passing(`${name} is still there`);
      }),
    append: (topic, partition, key, value) =>
      patiently(async () => {
        const records = encodeBatch({ records: [{ key, value, timestamp: wallMs() }] });
        const topicData = [{ name: topic, partitionData: [{ index: partition, records }] }];
        const body = { acks: -1, timeoutMs, topicData };
        const { responses } = await leader(topic, partition)('Produce', body);
        const { errorCode, baseOffset } = responses[0].partitionResponses[0];
        demand('Produce', errorCode);
        return baseOffset;
      }),
    read: (topic, partition, from) =>
      patiently(() => read(leader(topic, partition), topic, partition, from)),
  };
}

async function endOf(ask: Ask, topic: string, partition: number): Promise<number> {
  const partitions = [{ partitionIndex: partition, timestamp: -1 }];
  const body = { replicaId: -1, isolationLevel: 0, topics: [{ name: topic, partitions }] };
  const { errorCode, offset } = (await ask('ListOffsets', body)).topics[0].partitions[0];
  demand('ListOffsets', errorCode);
  return offset;
}

const readUncommitted = 0;

async function read(ask: Ask, topic: string, partition: number, from: number): Promise<Slice> {
  const wanted = { partition, fetchOffset: from, partitionMaxBytes: 1_048_576 };
  const { responses } = await ask('Fetch', {
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: 8_388_608,
    isolationLevel: readUncommitted,
    topics: [{ topic, partitions: [wanted] }],
    forgottenTopicsData: [],
  });
  const answer = responses[0]?.partitions[0];
  if (answer === undefined) return { entries: [], next: from };
  demand('Fetch', answer.errorCode);
  const entries: (LoggedRecord | LoggedMarker)[] = [];
  let next = from;
  for (const batch of batchesIn(answer.records ?? Buffer.alloc(0))) {
    const { baseOffset, lastOffsetDelta, producerId, transactional, control } = batch;
    next = Math.max(next, baseOffset + lastOffsetDelta + 1);
    // A batch is answered whole, also when it begins before the offset that was asked for.
    const records = batch.records.filter(({ offset }) => offset >= from);
    const transactionOf = transactional && producerId >= 0 ? producerId : undefined;
    const marker = decodeMarker(batch);
    if (marker !== undefined && records.length > 0) {
      entries.push({ offset: baseOffset, producerId, outcome: marker.type });
    } else if (!control) entries.push(...records.map((record) => ({ ...record, transactionOf })));
  }
  return { entries, next };
}
