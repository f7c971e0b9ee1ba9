/**
 * The leader's side of an append: what Kafka checks of one partition's records, in its order (seen
 * on 3.9.1).
 *
 * Request checks (`checkRecords`): exactly one batch, whole, magic 2; a few bytes of garbage
 * behind it are dropped. Log checks (`appendBatch`): base offset, size, CRC, batch header,
 * records, segment size, idempotence, and last that a producer with an open transaction here writes
 * nothing outside it (INVALID_TXN_STATE). The log start stands in the answer for some refusals and -1
 * for others: `Refusal.tellsLogStart`.
 */
import {
  batchLength,
  batchMagic,
  checkCrc,
  decodeBatch,
  readBatchHeader,
  encodeMarker,
  rewriteBaseOffset,
  rewriteTimestamp,
  type BatchHeader,
  type ErrorName,
} from '#protocol';
import { forgetExpired, judgeSequence, rememberBatch, rememberMarker } from './producers.ts';
import { walkRecords, type Named, type TimeRange, type Walk } from './record-walk.ts';
import type { BrokerState } from './state.ts';
import type { Partition } from './topics.ts';
import type { TopicConfig } from './topic-config.ts';
import { partitionKey } from './parking.ts';
import type { PartitionMarker } from './transactions/transactions.ts';

export interface Refusal {
  readonly error: ErrorName;
  readonly tellsLogStart: boolean;
  readonly message?: string;
  readonly recordErrors?: readonly { batchIndex: number; batchIndexErrorMessage: string }[];
}

export interface Appended {
  readonly error: 'NONE';
  readonly baseOffset: number;
  /** -1 where the records keep their own time. */
  readonly logAppendTimeMs: number;
}

/** The header of a batch, up to its first record. */
export const batchOverhead = 61;

/** The one batch of a produce request, or why there is none. */
export function checkRecords(records: Buffer, version: number): Buffer | Refusal {
  const size = batchLength(records);
  if (size === undefined) return refuse('INVALID_RECORD');
  if (size < 12 + 14) return refuse('CORRUPT_MESSAGE');
  const magic = batchMagic(records);
  if (magic === undefined) return refuse('INVALID_RECORD');
  if (magic < 0 || magic > 2) return refuse('CORRUPT_MESSAGE');
  if (size > records.length || magic < 2) return refuse('INVALID_RECORD');
  const batch = records.length === size ? records : records.subarray(0, size);
  if (size >= batchOverhead && version < 7 && readBatchHeader(batch).compression === 'zstd') {
    return refuse('UNSUPPORTED_COMPRESSION_TYPE');
  }
  if (hasSecondBatch(records, size)) return refuse('INVALID_RECORD');
  return batch;
}

function hasSecondBatch(records: Buffer, at: number): boolean {
  const size = batchLength(records, at);
  return size !== undefined && size >= 12 + 14 && at + size <= records.length;
}

/**
 * Appends the batch, in a copy of its own. The caller has seen that partition and request are fit
 * for it, and that a transactional batch is part of a transaction.
 */
export function appendBatch(
  state: BrokerState,
  partition: Partition,
  config: TopicConfig,
  received: Buffer,
  nowMs: number,
  connection: number | undefined,
): Appended | Refusal {
  const bad = checkBytes(received, config);
  if (bad !== undefined) return bad;
  const header = readBatchHeader(received);
  if (!isSane(header)) return refuseBatch('INVALID_RECORD');
  const range = {
    earliest: nowMs - config.timestampBeforeMaxMs,
    latest: nowMs + config.timestampAfterMaxMs,
  };
  const walk = walkRecords(received, header, range);
  if (walk === 'miscounted') return refuseBatch('INVALID_RECORD');
  if (walk === 'undecodable') return refuseBatch('UNKNOWN_SERVER_ERROR');
  const wrong = checkEachRecord(partition, config, header, walk, range);
  if (wrong !== undefined) return wrong;
  if (received.length > config.segmentBytes) return refuse('RECORD_LIST_TOO_LARGE');

  if (header.producerId >= 0) {
    forgetProducer(state, partition, header.producerId, nowMs);
    const { producers, attempts } = partition;
    const attempt = attempts.get(header.producerId);
    const verdict = judgeSequence(producers, header, attempt);
    if (typeof verdict === 'object') {
      const { baseOffset, maxTimestampMs } = verdict.duplicateOf;
      return { error: 'NONE', baseOffset, logAppendTimeMs: maxTimestampMs };
    }
    if (verdict !== 'NONE') return refuseBatch(verdict);
    if (!header.transactional && partition.log.transactions.isOpen(header.producerId)) {
      return refuseBatch('INVALID_TXN_STATE');
    }
  }
  const maxTimestamp = config.logAppendTime ? nowMs : walk.maxTimestamp;
  const bytes = Buffer.from(received);
  rewriteTimestamp(bytes, { maxTimestamp, logAppendTime: config.logAppendTime });
  const baseOffset = store(state, partition, bytes, header, maxTimestamp, connection);
  if (header.producerId >= 0) {
    rememberBatch(partition.producers, header, baseOffset, maxTimestamp, nowMs);
    partition.attempts.delete(header.producerId);
  }
  state.parking.wake(partitionKey(partition.topic, partition.index), nowMs);
  return { error: 'NONE', baseOffset, logAppendTimeMs: config.logAppendTime ? nowMs : -1 };
}

/** Puts a batch behind the last one, gives it its place, and tells whoever listens. */
function store(
  state: BrokerState,
  partition: Partition,
  bytes: Buffer,
  header: BatchHeader,
  maxTimestampMs: number,
  connection: number | undefined,
): number {
  const { log, leaderEpoch } = partition;
  const baseOffset = log.highWatermark;
  rewriteBaseOffset(bytes, baseOffset, leaderEpoch);
  const lastOffset = baseOffset + header.lastOffsetDelta;
  const { transactional, producerId } = header;
  if (transactional && producerId >= 0 && !log.transactions.isOpen(producerId)) {
    log.transactions.begin(producerId, baseOffset);
  }
  const control = false;
  log.append({ bytes, baseOffset, lastOffset, maxTimestampMs, leaderEpoch, control });
  const { topic, index } = partition;
  const batch = () => decodeBatch(bytes);
  state.emit({ kind: 'appended', topic, partition: index, baseOffset, batch, connection });
  return baseOffset;
}

/** A producer with an open transaction is never forgotten. */
function forgetProducer(
  { config }: BrokerState,
  partition: Partition,
  producerId: number,
  nowMs: number,
): void {
  if (partition.log.transactions.isOpen(producerId)) return;
  forgetExpired(config, partition.producers, producerId, nowMs);
}

/** Ends the transaction of a producer in this partition, whether or not it wrote anything. */
export function appendMarker(
  state: BrokerState,
  partition: Partition,
  marker: Omit<PartitionMarker, 'transactionalId'> & { readonly transactionalId?: string },
  nowMs: number,
): 'NONE' | 'INVALID_PRODUCER_EPOCH' {
  const { producerId, producerEpoch, outcome, transactionalId } = marker;
  const error = rememberMarker(partition.producers, marker, nowMs);
  if (error !== 'NONE') return error;
  partition.attempts.delete(producerId);
  const { log, leaderEpoch, topic, index } = partition;
  const baseOffset = log.highWatermark;
  const bytes = encodeMarker({
    type: outcome,
    coordinatorEpoch: 0,
    producerId,
    producerEpoch,
    timestamp: nowMs,
    baseOffset,
    partitionLeaderEpoch: leaderEpoch,
  });
  const at = { baseOffset, lastOffset: baseOffset, maxTimestampMs: nowMs };
  log.append({ bytes, ...at, leaderEpoch, control: true });
  log.transactions.end(producerId, baseOffset, outcome);
  const place = { topic, partition: index, offset: baseOffset };
  const whose = { transactionalId, producerId, producerEpoch };
  state.emit({ kind: 'marker', ...place, ...whose, outcome });
  state.parking.wake(partitionKey(topic, index), nowMs);
  return 'NONE';
}

function checkBytes(received: Buffer, config: TopicConfig): Refusal | undefined {
  if (received.readBigInt64BE(0) !== 0n) return refuseBatch('INVALID_RECORD');
  if (received.length > config.maxMessageBytes) return refuse('MESSAGE_TOO_LARGE');
  if (received.length < batchOverhead || !checkCrc(received)) return refuse('CORRUPT_MESSAGE');
  return undefined;
}

function isSane(header: BatchHeader): boolean {
  const sequenced = header.producerId < 0 || header.baseSequence >= 0;
  return (
    header.count > 0 && header.lastOffsetDelta === header.count - 1 && !header.control && sequenced
  );
}

function checkEachRecord(
  partition: Partition,
  config: TopicConfig,
  header: BatchHeader,
  walk: Walk,
  { earliest, latest }: TimeRange,
): Refusal | undefined {
  if (config.logAppendTime && header.logAppendTime) return refuseBatch('INVALID_TIMESTAMP');
  if (config.compacted && walk.withoutKey.count > 0) {
    const where = `${partition.topic}-${partition.index}`;
    return refuseRecords(
      'INVALID_RECORD',
      walk.withoutKey,
      () => `Compacted topic cannot accept message without key in topic partition ${where}.`,
    );
  }
  if (config.logAppendTime || walk.outside.count === 0) return undefined;
  return refuseRecords(
    'INVALID_TIMESTAMP',
    walk.outside,
    ({ index, timestamp }) =>
      `Timestamp ${timestamp} of message with offset ${index} is out of range. ` +
      `The timestamp should be within [${earliest}, ${latest}]`,
  );
}

function refuseRecords(
  error: ErrorName,
  { count, records }: Named,
  say: (record: Named['records'][number]) => string,
): Refusal {
  const recordErrors = records.map((record) => ({
    batchIndex: record.index,
    batchIndexErrorMessage: say(record),
  }));
  const shown = recordErrors
    .slice(0, 3)
    .map(
      ({ batchIndex, batchIndexErrorMessage: text }) =>
        `RecordError(batchIndex=${batchIndex}, message='${text}')`,
    );
  const message =
    error === 'INVALID_TIMESTAMP'
      ? 'One or more records have been rejected due to invalid timestamp'
      : `One or more records have been rejected due to ${count} record errors ` +
        `in total, and only showing the first three errors at most: [${shown.join(', ')}]`;
  return { error, tellsLogStart: true, message, recordErrors };
}

export function refuse(error: ErrorName): Refusal {
  return { error, tellsLogStart: false };
}

function refuseBatch(error: ErrorName): Refusal {
  return { error, tellsLogStart: true };
}
