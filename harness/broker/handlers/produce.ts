/**
 * Produce (0), versions 3–11, and 12 as `kafka-4` (0–2 are advertised, as Kafka 4 does, for
 * librdkafka's feature detection, and close): appends one batch per partition.
 *
 * In Kafka's order (seen on 3.9.1 and 4.3.1):
 * 1. a transactional batch without transactional id → TRANSACTIONAL_ID_AUTHORIZATION_FAILED on
 *    every partition. An id without a transactional batch is a plain append.
 * 2. the same partition twice: only the last entry counts; a topic in two entries is one in the
 *    answer
 * 3. per partition: unknown → 3; not exactly one whole batch of magic 2 → 87 or 2 (append.ts)
 * 4. a transactional batch: transactions/verification.ts
 * 5. acks other than -1, 0, 1 → INVALID_REQUIRED_ACKS; led by another node →
 *    NOT_LEADER_OR_FOLLOWER
 * 6. the checks of the log (append.ts)
 *
 * acks 0: no answer; if any partition failed, the connection closes. records null: Kafka never
 * answers; we close.
 *
 * A late batch of an ended transaction goes in where its marker is not written yet, and shares the
 * fate of that transaction. Version 12 waits up to 100 ms for the markers of the one before.
 *
 * With one replica min.insync.replicas never bites and acks 1 equals acks -1.
 */
import { batchLength, batchMagic, errorCode, readBatchHeader } from '#protocol';
import {
  appendBatch,
  batchOverhead,
  checkRecords,
  refuse,
  type Appended,
  type Refusal,
} from '../append.ts';
import { handler, type Answer, type HandlerContext } from '../handler.ts';
import type { Partition } from '../topics.ts';
import { addsPartitions, patiently, verifyBatch } from '../transactions/verification.ts';

interface Entry {
  readonly index: number;
  readonly records: Buffer | null;
}

type Topics = ReadonlyMap<string, ReadonlyMap<number, Entry>>;

/** Fit to be appended, as far as one can tell before. */
interface Ready {
  readonly error: 'NONE';
  readonly partition: Partition;
  readonly batch: Buffer;
}

export const produce = handler('Produce', (context) => {
  const { body, version } = context.request;
  const topics = lastEntries(body.topicData);
  for (const entries of topics.values()) {
    for (const { records } of entries.values()) if (records === null) return 'close';
  }
  if (body.transactionalId === null && isTransactional(topics)) {
    const refusal = refuse('TRANSACTIONAL_ID_AUTHORIZATION_FAILED');
    return respond(context, topics, () => refusal);
  }
  return patiently(context, (nowMs, isLast) => {
    const checked = new Map<Entry, Ready | Refusal>();
    for (const [name, entries] of topics) {
      for (const entry of entries.values()) {
        checked.set(entry, checkEntry(context, name, entry, nowMs));
      }
    }
    if (version >= addsPartitions && !isLast && [...checked.values()].some(isBusy)) {
      return undefined;
    }
    return context.state.parking.together(nowMs, () =>
      respond(context, topics, (entry) => {
        const verdict = checked.get(entry)!;
        return 'batch' in verdict ? append(context, verdict, nowMs) : verdict;
      }),
    );
  });
});

function respond(
  context: HandlerContext,
  topics: Topics,
  outcomeOf: (entry: Entry) => Appended | Refusal,
): Answer {
  let failed = false;
  const responses = [];
  for (const [name, entries] of topics) {
    const partitionResponses = [];
    for (const entry of entries.values()) {
      const outcome = outcomeOf(entry);
      if (outcome.error !== 'NONE') failed = true;
      partitionResponses.push(tell(context, name, entry.index, outcome));
    }
    responses.push({ name, partitionResponses });
  }
  if (context.request.body.acks === 0) return failed ? 'close' : 'none';
  return { responses, throttleTimeMs: 0 };
}

function isBusy({ error }: Ready | Refusal): boolean {
  return error === 'CONCURRENT_TRANSACTIONS';
}

function lastEntries(
  topicData: readonly { name: string; partitionData: readonly Entry[] }[],
): Map<string, Map<number, Entry>> {
  const topics = new Map<string, Map<number, Entry>>();
  for (const { name, partitionData } of topicData) {
    let entries = topics.get(name);
    if (entries === undefined) topics.set(name, (entries = new Map<number, Entry>()));
    for (const entry of partitionData) entries.set(entry.index, entry);
  }
  return topics;
}

function isTransactional(topics: Topics): boolean {
  for (const entries of topics.values()) {
    for (const { records } of entries.values()) {
      if (records !== null && isTransactionalBatch(records)) return true;
    }
  }
  return false;
}

/** Of the first batch, if that is whole and readable. */
function isTransactionalBatch(records: Buffer): boolean {
  const size = batchLength(records) ?? 0;
  const readable = size >= batchOverhead && size <= records.length && batchMagic(records) === 2;
  return readable && readBatchHeader(records).transactional;
}

function checkEntry(
  context: HandlerContext,
  name: string,
  entry: Entry,
  nowMs: number,
): Ready | Refusal {
  const { state, request } = context;
  const partition = state.topics.partition(name, entry.index);
  if (partition === undefined) return refuse('UNKNOWN_TOPIC_OR_PARTITION');
  const batch = checkRecords(entry.records!, request.version);
  if (!Buffer.isBuffer(batch)) return batch;
  if (batch.length >= batchOverhead) {
    const refusal = verifyBatch(context, partition, readBatchHeader(batch), nowMs);
    if (refusal !== undefined) return refusal;
  }
  if (Math.abs(request.body.acks) > 1) return refuse('INVALID_REQUIRED_ACKS');
  if (partition.leader !== request.node) return refuse('NOT_LEADER_OR_FOLLOWER');
  return { error: 'NONE', partition, batch };
}

function append(
  { state, request }: HandlerContext,
  { partition, batch }: Ready,
  nowMs: number,
): Appended | Refusal {
  const topic = state.topics.get(partition.topic);
  if (topic === undefined) return refuse('UNKNOWN_TOPIC_OR_PARTITION');
  return appendBatch(state, partition, topic.config, batch, nowMs, request.connection);
}

function tell(
  { state }: HandlerContext,
  topic: string,
  index: number,
  outcome: Appended | Refusal,
): object {
  const logStart = state.topics.partition(topic, index)?.log.logStart ?? -1;
  if ('baseOffset' in outcome) {
    const { baseOffset, logAppendTimeMs } = outcome;
    return { index, errorCode: 0, baseOffset, logAppendTimeMs, logStartOffset: logStart };
  }
  return {
    index,
    errorCode: errorCode(outcome.error),
    baseOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset: outcome.tellsLogStart ? logStart : -1,
    recordErrors: outcome.recordErrors ?? [],
    errorMessage: outcome.message ?? null,
  };
}
