/** What a request is about, in the chapter's words: target, topics, and the commands behind records and offsets. */
import type { Broker, KafkaRequest } from '#broker';
import {
  batchesIn,
  describe,
  errorName,
  ProtocolError,
  type BatchRecord,
  type DecodedRequest,
  type ErrorName,
} from '#protocol';

/** The part of the lane that knows which record is about which command. */
interface Knowledge {
  commandsBetween(topic: string, partition: number, from: number, to: number): string[];
  commandAt(topic: string, partition: number, offset: number): string | undefined;
}

export type FetchedRecords = readonly {
  readonly topic: string;
  readonly partition: number;
  readonly offsets: readonly number[];
  readonly commands: readonly string[];
}[];

export function topicsOf(request: KafkaRequest): readonly string[] {
  return describe(request as unknown as DecodedRequest).topics;
}

export function targetOf(request: KafkaRequest): string {
  const { group, transactionalId, topics } = describe(request as unknown as DecodedRequest);
  if (request.api === 'Produce') return topics.join('+');
  if (group !== undefined && request.api !== 'AddOffsetsToTxn') return group;
  if (transactionalId !== undefined) return transactionalId;
  if (request.api === 'FindCoordinator') {
    const { key, coordinatorKeys } = request.body as { key?: string; coordinatorKeys?: string[] };
    return key || (coordinatorKeys ?? []).join('+');
  }
  return topics.join('+');
}

/** A Produce with acks 0: its sender never hears of it. */
export function expectsNoAnswer({ api, body }: KafkaRequest): boolean {
  return api === 'Produce' && (body as { acks: number }).acks === 0;
}

/** Commands a request is about: of the records it carries, or of those its offsets newly promise to be done. */
export function causeOf(
  request: KafkaRequest,
  known: Knowledge,
  broker: Broker,
  commandOf: CommandOf,
): string[] {
  if (request.api === 'Produce') return producedCommands(request, commandOf);
  if (request.api !== 'OffsetCommit' && request.api !== 'TxnOffsetCommit') return [];
  const cause: string[] = [];
  const { groupId, topics } = request.body as {
    groupId: string;
    topics: { name: string; partitions: { partitionIndex: number; committedOffset: number }[] }[];
  };
  for (const { name, partitions } of topics) {
    for (const { partitionIndex, committedOffset } of partitions) {
      const from = broker.committed(groupId, name, partitionIndex);
      cause.push(...known.commandsBetween(name, partitionIndex, from, committedOffset));
    }
  }
  return cause;
}

/** Which command a record that is not in a log yet is about. */
export type CommandOf = (
  topic: string,
  record: { key: Buffer | null; value: Buffer | null },
) => string | undefined;

function producedCommands(request: KafkaRequest, commandOf: CommandOf): string[] {
  const cause: string[] = [];
  const { topicData } = request.body as {
    topicData: { name: string; partitionData: { records: Buffer | null }[] }[];
  };
  for (const { name, partitionData } of topicData) {
    for (const { records } of partitionData) {
      for (const record of readable(records)) {
        const id = commandOf(name, record);
        if (id !== undefined) cause.push(id);
      }
    }
  }
  return cause;
}

/** Records as far as they can be read: what cannot is about nothing we know, and the broker says what Kafka says. */
function readable(records: Buffer | null): BatchRecord[] {
  if (records === null) return [];
  try {
    return [...batchesIn(records)].flatMap((batch) => [...batch.records]);
  } catch (error) {
    if (error instanceof ProtocolError) return [];
    throw error;
  }
}

interface FetchBody {
  readonly responses: {
    topic: string;
    partitions: { partitionIndex: number; records: Buffer | null }[];
  }[];
}

/** Records that a Fetch answer brings, below none of the offsets that were asked for. */
export function fetchedRecords(
  request: KafkaRequest,
  body: unknown,
  known: Knowledge,
): FetchedRecords {
  const fetched: { topic: string; partition: number; offsets: number[]; commands: string[] }[] = [];
  const asked = request.body as {
    topics: { topic: string; partitions: { partition: number; fetchOffset: number }[] }[];
  };
  for (const { topic, partitions } of (body as FetchBody).responses ?? []) {
    for (const { partitionIndex: partition, records } of partitions) {
      if (records === null || records.length === 0) continue;
      const from =
        asked.topics
          .find((entry) => entry.topic === topic)
          ?.partitions.find((entry) => entry.partition === partition)?.fetchOffset ?? 0;
      const offsets: number[] = [];
      for (const batch of batchesIn(records)) {
        if (batch.control) continue;
        for (const { offset } of batch.records) if (offset >= from) offsets.push(offset);
      }
      const commands = offsets.flatMap((offset) => known.commandAt(topic, partition, offset) ?? []);
      if (offsets.length > 0) fetched.push({ topic, partition, offsets, commands });
    }
  }
  return fetched;
}

interface OffsetsBody {
  readonly topics: readonly {
    readonly name: string;
    readonly partitions: readonly {
      readonly partitionIndex: number;
      readonly committedOffset: number;
    }[];
  }[];
}

/** What an answer brings that its asker goes by and no other fact shows: an epoch, committed offsets. */
export function toldIn(request: KafkaRequest, body: unknown): string | undefined {
  if (request.api === 'InitProducerId') {
    const { producerEpoch } = body as { producerEpoch: number };
    return request.body.transactionalId === null || producerEpoch < 0
      ? undefined
      : `epoch ${producerEpoch}`;
  }
  if (request.api !== 'OffsetFetch') return undefined;
  const { groups, topics } = body as OffsetsBody & { groups?: readonly OffsetsBody[] };
  const all = [...(topics ?? []), ...(groups ?? []).flatMap((group) => group.topics)];
  const offsets = all.flatMap(({ name, partitions }) =>
    partitions
      .filter(({ committedOffset }) => committedOffset >= 0)
      .map(
        ({ partitionIndex, committedOffset }) => `${name}/${partitionIndex} at ${committedOffset}`,
      ),
  );
  return offsets.length > 0 ? offsets.join(', ') : 'nothing committed';
}

/** The first error in an answer, wherever that API puts it. */
export function errorIn(body: unknown): ErrorName | undefined {
  const code = firstError(body, 0);
  return code === 0 ? undefined : errorName(code);
}

function firstError(value: unknown, depth: number): number {
  if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return 0;
  if (Array.isArray(value)) {
    for (const entry of value) {
      const code = firstError(entry, depth);
      if (code !== 0) return code;
    }
    return 0;
  }
  const { partitionErrorCode, errorCode = partitionErrorCode } = value as {
    readonly errorCode?: number;
    readonly partitionErrorCode?: number;
  };
  if (errorCode !== undefined && errorCode !== 0) return errorCode;
  if (depth === 3) return 0;
  for (const entry of Object.values(value)) {
    if (!Array.isArray(entry)) continue;
    const code = firstError(entry, depth + 1);
    if (code !== 0) return code;
  }
  return 0;
}
