/**
 * The leader's side of an append: what Kafka checks of one partition's records, in its order (seen
 * on 3.9.1).
 *
 * Request checks (`checkRecords`): exactly one batch, whole, magic 2; a few bytes of garbage
 * behind it are dropped. Log checks (`appendBatch`): base offset, size, CRC, batch header,
 * records, segment size, idempotence. The log start stands in the answer for some refusals and -1
 * for others: `Refusal.tellsLogStart`.
 */
import {
  batchLength,
  batchMagic,
  checkCrc,
  decodeBatch,
  readBatchHeader,
  rewriteBaseOffset,
  rewriteTimestamp,
  type BatchHeader,
  type ErrorName,
} from '#protocol';
import { judgeSequence, rememberBatch } from './producers.ts';
import { walkRecords, type Walk } from './record-walk.ts';
import type { BrokerState } from './state.ts';
import type { Partition } from './topics.ts';
import type { TopicConfig } from './topic-config.ts';
import { partitionKey } from './parking.ts';

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
 * for it.
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
  const walk = walkRecords(received, header);
  if (walk === 'miscounted') return refuseBatch('INVALID_RECORD');
  if (walk === 'undecodable') return refuseBatch('UNKNOWN_SERVER_ERROR');
  const wrong = checkEachRecord(partition, config, header, walk, nowMs);
  if (wrong !== undefined) return wrong;
  if (received.length > config.segmentBytes) return refuse('RECORD_LIST_TOO_LARGE');

  if (header.producerId >= 0) {
    const verdict = judgeSequence(partition.producers, header);
    if (typeof verdict === 'object') {
      const { baseOffset, maxTimestampMs } = verdict.duplicateOf;
      return { error: 'NONE', baseOffset, logAppendTimeMs: maxTimestampMs };
    }
    if (verdict !== 'NONE') return refuseBatch(verdict);
  }
  const maxTimestamp = config.logAppendTime ? nowMs : walk.maxTimestamp;
  const bytes = Buffer.from(received);
  rewriteTimestamp(bytes, { maxTimestamp, logAppendTime: config.logAppendTime });
  const baseOffset = store(state, partition, bytes, header, maxTimestamp, connection);
  if (header.producerId >= 0) {
    rememberBatch(partition.producers, header, baseOffset, maxTimestamp);
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
  log.append({ bytes, baseOffset, lastOffset, maxTimestampMs, leaderEpoch });
  const { topic, index } = partition;
  const batch = () => decodeBatch(bytes);
  state.emit({ kind: 'appended', topic, partition: index, baseOffset, batch, connection });
  return baseOffset;
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
  nowMs: number,
): Refusal | undefined {
  if (config.logAppendTime && header.logAppendTime) return refuseBatch('INVALID_TIMESTAMP');
  if (config.compacted && walk.withoutKey.length > 0) {
    const where = `${partition.topic}-${partition.index}`;
    return refuseRecords(
      'INVALID_RECORD',
      walk.withoutKey,
      () => `Compacted topic cannot accept message without key in topic partition ${where}.`,
    );
  }
  const earliest = nowMs - config.timestampBeforeMaxMs;
  const latest = nowMs + config.timestampAfterMaxMs;
  const outside = walk.timestamps.flatMap((at, index) =>
    at < earliest || at > latest ? [index] : [],
  );
  if (config.logAppendTime || outside.length === 0) return undefined;
  return refuseRecords(
    'INVALID_TIMESTAMP',
    outside,
    (index) =>
      `Timestamp ${walk.timestamps[index]} of message with offset ${index} is out of range. ` +
      `The timestamp should be within [${earliest}, ${latest}]`,
  );
}

function refuseRecords(
  error: ErrorName,
  indexes: readonly number[],
  say: (index: number) => string,
): Refusal {
  const recordErrors = indexes.map((index) => ({
    batchIndex: index,
    batchIndexErrorMessage: say(index),
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
      : `One or more records have been rejected due to ${recordErrors.length} record errors ` +
        `in total, and only showing the first three errors at most: [${shown.join(', ')}]`;
  return { error, tellsLogStart: true, message, recordErrors };
}

export function refuse(error: ErrorName): Refusal {
  return { error, tellsLogStart: false };
}

function refuseBatch(error: ErrorName): Refusal {
  return { error, tellsLogStart: true };
}
