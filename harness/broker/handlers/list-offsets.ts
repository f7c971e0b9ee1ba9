/**
 * ListOffsets (2), versions 0–9: offsets by name or by time.
 *
 * -1 latest (read_committed: the last stable offset), -2 earliest, -3 (v7+) the record with the
 * highest timestamp, -4 (v8+) the local log start, -5 (v9+) tiered storage, which is not there;
 * others below 0 UNSUPPORTED_VERSION. A timestamp: the first record, in the order of offsets, at
 * or after it; none is (-1, -1) without error. The same partition twice → INVALID_REQUEST, told
 * for each (as Kafka 4: once). Who may answer is the header of leadership.ts.
 *
 * v0 tells a list of offsets for each partition (below); Kafka 4 closes it. Batches in snappy or lz4
 * are found whole: their base offset with their highest timestamp.
 */
import { errorCode, type ErrorName } from '#protocol';
import { handler } from '../handler.ts';
import { leadershipProblem } from '../leadership.ts';
import type { PartitionLog, StoredBatch } from '../log.ts';
import { recordSince } from '../record-walk.ts';
import type { Partition } from '../topics.ts';

interface Found {
  readonly timestamp: number;
  readonly offset: number;
}

const notThere: Found = { timestamp: -1, offset: -1 };
const namedSince = new Map([
  [-1, 0],
  [-2, 0],
  [-3, 7],
  [-4, 8],
  [-5, 9],
]);

export const listOffsets = handler('ListOffsets', ({ state, request }) => {
  const { body, version } = request;
  const committedOnly = body.isolationLevel === 1;
  const topics = body.topics.map(({ name, partitions }: { name: string; partitions: any[] }) => {
    const seen = new Set<number>();
    const twice = new Set<number>();
    for (const { partitionIndex } of partitions) {
      (seen.has(partitionIndex) ? twice : seen).add(partitionIndex);
    }
    const once = state.config.profile === 'kafka-4' ? firstOfEach(partitions) : partitions;
    return {
      name,
      partitions: once.map((asked) => {
        const { partitionIndex, currentLeaderEpoch, timestamp } = asked;
        const partition = state.topics.partition(name, partitionIndex);
        const error = twice.has(partitionIndex)
          ? 'INVALID_REQUEST'
          : problemOf(partition, request.node, currentLeaderEpoch, timestamp, version);
        const found = error === 'NONE' ? look(partition!.log, timestamp, committedOnly) : notThere;
        const leaderEpoch = found.offset >= 0 ? partition!.leaderEpoch : -1;
        const told = { partitionIndex, errorCode: errorCode(error) };
        return version === 0
          ? { ...told, oldStyleOffsets: error === 'NONE' ? oldStyle(partition!.log, asked) : [] }
          : { ...told, ...found, leaderEpoch };
      }),
    };
  });
  return { throttleTimeMs: 0, topics };
});

function firstOfEach<T extends { readonly partitionIndex: number }>(partitions: readonly T[]): T[] {
  const seen = new Set<number>();
  return partitions.filter(({ partitionIndex }) => {
    if (seen.has(partitionIndex)) return false;
    seen.add(partitionIndex);
    return true;
  });
}

/**
 * Version 0 tells, latest first, where segments begin and the end of the log, up to as many as are
 * asked for. There is one segment.
 */
function oldStyle(
  { logStart, highWatermark, batches }: PartitionLog,
  { timestamp, maxNumOffsets }: { timestamp: number; maxNumOffsets: number },
): number[] {
  const changedMs = Math.max(-1, ...batches.slice(-1).map(({ maxTimestampMs }) => maxTimestampMs));
  const all = highWatermark > logStart ? [highWatermark, logStart] : [highWatermark];
  const wanted =
    timestamp === -1 ? all : timestamp === -2 || changedMs <= timestamp ? [logStart] : [];
  return wanted.slice(0, Math.max(0, maxNumOffsets));
}

function problemOf(
  partition: Partition | undefined,
  node: number,
  currentLeaderEpoch: number | undefined,
  timestamp: number,
  version: number,
): ErrorName {
  if (partition === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION';
  const elsewhere = leadershipProblem(partition, node, currentLeaderEpoch ?? -1);
  if (elsewhere !== 'NONE') return elsewhere;
  const served = timestamp >= 0 || version >= (namedSince.get(timestamp) ?? Infinity);
  return served ? 'NONE' : 'UNSUPPORTED_VERSION';
}

function look(log: PartitionLog, timestamp: number, committedOnly: boolean): Found {
  const end = committedOnly ? log.lastStable : log.highWatermark;
  switch (timestamp) {
    case -1:
      return { timestamp: -1, offset: end };
    case -2:
    case -4:
      return { timestamp: -1, offset: log.logStart };
    case -3:
      return below(latestRecord(log), end);
    case -5:
      return notThere;
    default:
      return below(firstRecordSince(log, timestamp), end);
  }
}

function below(found: Found, end: number): Found {
  return found.offset < end ? found : notThere;
}

function latestRecord(log: PartitionLog): Found {
  let latest: StoredBatch | undefined;
  for (const batch of log.batches) {
    if (latest === undefined || batch.maxTimestampMs > latest.maxTimestampMs) latest = batch;
  }
  return latest === undefined ? notThere : foundIn(latest, latest.maxTimestampMs);
}

function firstRecordSince(log: PartitionLog, timestamp: number): Found {
  for (const batch of log.batches) {
    if (batch.maxTimestampMs < timestamp || batch.lastOffset < log.logStart) continue;
    const found = foundIn(batch, timestamp, log.logStart);
    if (found !== notThere) return found;
  }
  return notThere;
}

function foundIn({ bytes, ...batch }: StoredBatch, timestamp: number, logStart = 0): Found {
  const found = recordSince(bytes, timestamp, logStart);
  if (found !== 'opaque') return found ?? notThere;
  return { timestamp: batch.maxTimestampMs, offset: batch.baseOffset };
}
