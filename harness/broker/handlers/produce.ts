/**
 * Produce (0), versions 3–11 (0–2 are advertised, as Kafka 4 does, for librdkafka's feature
 * detection, and close): appends one batch per partition.
 *
 * In Kafka's order (seen on 3.9.1 and 4.3.1):
 * 1. anything transactional → TRANSACTIONAL_ID_AUTHORIZATION_FAILED on every partition (see below)
 * 2. the same partition twice: only the last entry counts; a topic in two entries is one in the
 *    answer
 * 3. per partition: unknown → 3; not exactly one whole batch of magic 2 → 87 or 2 (append.ts)
 * 4. acks other than -1, 0, 1 → INVALID_REQUIRED_ACKS
 * 5. the checks of the log (append.ts)
 *
 * acks 0: no answer; if any partition failed, the connection closes. records null: Kafka never
 * answers; we close.
 *
 * Not served: transactions. Kafka gives error 53 for a batch without a transactional id and for an
 * id it does not authorise; we authorise none. With one replica min.insync.replicas never bites
 * and acks 1 equals acks -1.
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
import { handler, type HandlerContext } from '../handler.ts';

interface Entry {
  readonly index: number;
  readonly records: Buffer | null;
}

export const produce = handler('Produce', (context) => {
  const { body } = context.request;
  const topics = lastEntries(body.topicData);
  for (const entries of topics.values()) {
    for (const { records } of entries.values()) if (records === null) return 'close';
  }
  const forbidden = isTransactional(topics);
  let failed = false;
  const responses = [];
  for (const [name, entries] of topics) {
    const partitionResponses = [];
    for (const entry of entries.values()) {
      const outcome = forbidden
        ? refuse('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
        : appendEntry(context, name, entry);
      if (outcome.error !== 'NONE') failed = true;
      partitionResponses.push(tell(context, name, entry.index, outcome));
    }
    responses.push({ name, partitionResponses });
  }
  if (body.acks === 0) return failed ? 'close' : 'none';
  return { responses, throttleTimeMs: 0 };
});

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

function isTransactional(topics: ReadonlyMap<string, ReadonlyMap<number, Entry>>): boolean {
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

function appendEntry(context: HandlerContext, name: string, entry: Entry): Appended | Refusal {
  const { state, request, nowMs } = context;
  const topic = state.topics.get(name);
  const partition = topic?.partitions[entry.index];
  if (topic === undefined || partition === undefined) return refuse('UNKNOWN_TOPIC_OR_PARTITION');
  const batch = checkRecords(entry.records!, request.version);
  if (!Buffer.isBuffer(batch)) return batch;
  if (Math.abs(request.body.acks) > 1) return refuse('INVALID_REQUIRED_ACKS');
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
