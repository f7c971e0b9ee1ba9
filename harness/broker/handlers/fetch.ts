/**
 * Fetch (1), versions 4–17: reads batches, waiting for them if asked to.
 *
 * - Answers at once if maxWait is 0 or less, no known partition is asked for, min(minBytes,
 *   maxBytes) are there, or a partition cannot be read (1, 6, 74, 75). Otherwise waits for the bytes,
 *   the deletion of a topic, or maxWait. An unknown partition (3, from v13 100 for an unknown id)
 *   beside a good one waits too.
 * - Partitions in request order share maxBytes; the first that has anything gives at least one
 *   whole batch. Starts with the batch that holds the offset; the last batch may be cut.
 *   read_committed ends at the last stable offset, and is told the aborted transactions in the
 *   order of their markers, also some that begin behind what it got (log.ts).
 * - Who may answer is the header of leadership.ts; from v11 on followers do, too (KIP-392).
 * - No records are 0 bytes, never null; an error tells -1 for all offsets. Who does not ask for
 *   committed records only is told null as aborted transactions; an unknown partition has none.
 * - Sessions: never granted, id 0 always, which is legal; (0,0), (0,-1) and (id,-1) are answered
 *   in full, anything else FETCH_SESSION_ID_NOT_FOUND.
 *
 * Not served: versions 0–3 (old formats; closed as in Kafka 4), diverging epochs (there is one
 * epoch), follower fetches.
 */
import { errorCode, type ErrorName } from '#protocol';
import { handler, type Answer, type HandlerContext, type KafkaRequest } from '../handler.ts';
import { leadershipProblem } from '../leadership.ts';
import type { PartitionLog } from '../log.ts';
import { partitionKey } from '../parking.ts';
import type { Partition } from '../topics.ts';
import { withoutAborted } from '../transactions/without-aborted.ts';

interface Wanted {
  /** The entry it stands in: name before v13, id from then on. */
  readonly topic: { readonly topic: string; readonly topicId: string };
  readonly name: string | undefined;
  readonly partition: number;
  readonly fetchOffset: number;
  readonly currentLeaderEpoch: number;
  readonly partitionMaxBytes: number;
}

interface Reading {
  readonly answer: Answer;
  readonly bytes: number;
  /** Something can be read at all, and everything known could be. */
  readonly mayWait: boolean;
}

/** `fetch.max.bytes` of the broker. */
const brokerMaxBytes = 57_671_680;
const nothing = Buffer.alloc(0);

export const fetch = handler('Fetch', (context) => {
  const { body } = context.request;
  const sessionless = body.sessionEpoch === -1 || (body.sessionId === 0 && body.sessionEpoch === 0);
  if (context.request.version >= 7 && !sessionless) {
    return {
      throttleTimeMs: 0,
      errorCode: errorCode('FETCH_SESSION_ID_NOT_FOUND'),
      sessionId: 0,
      responses: [],
    };
  }
  const wanted = wantedOf(context);
  const first = read(context, wanted);
  const enough = Math.min(body.minBytes, maxBytesOf(context));
  if (body.maxWaitMs <= 0 || !first.mayWait || first.bytes >= enough) return first.answer;
  park(context, wanted, enough);
  return undefined;
});

function park(context: HandlerContext, wanted: readonly Wanted[], enough: number): void {
  const { state, request, nowMs } = context;
  const known = wanted.filter(
    ({ name, partition }) => name !== undefined && state.topics.has(name, partition),
  );
  const answer = context.later();
  state.parking.park({
    connection: request.connection,
    name: `fetch ${request.id}`,
    keys: known.map(({ name, partition }) => partitionKey(name!, partition)),
    untilMs: nowMs + request.body.maxWaitMs,
    isReady: () => isReady(context, known, enough),
    answer: () => answer(read(context, wanted).answer),
  });
}

/** Counts what lies ahead without reading it. A partition that is gone ends the wait. */
function isReady(
  { state, request }: HandlerContext,
  known: readonly Wanted[],
  enough: number,
): boolean {
  let bytes = 0;
  for (const { name, partition, fetchOffset, partitionMaxBytes } of known) {
    const found = state.topics.partition(name!, partition);
    if (found === undefined || placeProblem(request, found, -1) !== 'NONE') return true;
    const { log } = found;
    const ahead = log.bytesBetween(fetchOffset, readableEnd(found, request.body.isolationLevel));
    bytes += Math.min(ahead, partitionMaxBytes);
  }
  return bytes >= enough;
}

function wantedOf({ state, request }: HandlerContext): Wanted[] {
  const wanted: Wanted[] = [];
  const byId = request.version >= 13;
  for (const topic of request.body.topics) {
    const name: string | undefined = byId ? state.topics.byId(topic.topicId)?.name : topic.topic;
    for (const partition of topic.partitions) wanted.push({ ...partition, topic, name });
  }
  return wanted;
}

function maxBytesOf({ request }: HandlerContext): number {
  return Math.min(request.body.maxBytes, brokerMaxBytes);
}

function read(context: HandlerContext, wanted: readonly Wanted[]): Reading {
  const responses: { topic: string; topicId: string; partitions: object[] }[] = [];
  let room = maxBytesOf(context);
  let bytes = 0;
  let known = 0;
  let unreadable = 0;
  let lastTopic: Wanted['topic'] | undefined;
  const { request, state } = context;
  const hidesAborted = state.config.hidesAborted && request.body.isolationLevel === 1;
  for (const one of wanted) {
    const found =
      one.name === undefined ? undefined : context.state.topics.partition(one.name, one.partition);
    const error = problemOf(context, one, found);
    let records: Buffer = nothing;
    if (found !== undefined) {
      known++;
      if (error === 'NONE') {
        const end = readableEnd(found, context.request.body.isolationLevel);
        const most = Math.min(one.partitionMaxBytes, room);
        records = found.log.read(one.fetchOffset, end, most, bytes === 0);
        if (hidesAborted) records = withoutAborted(found.log, one.fetchOffset, records);
        bytes += records.length;
        room = Math.max(0, room - records.length);
      } else unreadable++;
    }
    if (one.topic !== lastTopic) {
      const { topic, topicId } = one.topic;
      responses.push({ topic, topicId, partitions: [] });
      lastTopic = one.topic;
    }
    responses.at(-1)!.partitions.push(tell(context, one, error, found, records));
  }
  const answer = { throttleTimeMs: 0, errorCode: 0, sessionId: 0, responses };
  return { answer, bytes, mayWait: known > 0 && unreadable === 0 };
}

function problemOf(
  { request }: HandlerContext,
  { name, currentLeaderEpoch, fetchOffset }: Wanted,
  partition: Partition | undefined,
): ErrorName {
  if (partition === undefined) {
    return request.version >= 13 && name === undefined
      ? 'UNKNOWN_TOPIC_ID'
      : 'UNKNOWN_TOPIC_OR_PARTITION';
  }
  if (request.body.isolationLevel < 0 || request.body.isolationLevel > 1) {
    return 'UNKNOWN_SERVER_ERROR';
  }
  const elsewhere = placeProblem(request, partition, currentLeaderEpoch);
  if (elsewhere !== 'NONE') return elsewhere;
  const { log } = partition;
  if (fetchOffset < log.logStart || fetchOffset > log.highWatermark) return 'OFFSET_OUT_OF_RANGE';
  return 'NONE';
}

/** Followers serve consumers, too, from v11 (KIP-392). */
function placeProblem(
  { node, version }: KafkaRequest,
  partition: Partition,
  clientEpoch: number,
): ErrorName {
  return leadershipProblem(partition, node, clientEpoch, version >= 11);
}

function readableEnd({ log }: Partition, isolationLevel: number): number {
  return isolationLevel === 1 ? log.lastStable : log.highWatermark;
}

/** Whoever reads nothing because everything below the last stable offset is read hears nothing. */
function abortedIn(log: PartitionLog, fetchOffset: number, records: Buffer): object[] {
  if (fetchOffset >= log.lastStable) return [];
  return log.transactions.aborted(fetchOffset, log.abortedBound(fetchOffset, records.length));
}

function tell(
  { request }: HandlerContext,
  { partition: partitionIndex, fetchOffset }: Wanted,
  error: ErrorName,
  partition: Partition | undefined,
  records: Buffer,
): object {
  const log = error === 'NONE' ? partition?.log : undefined;
  const committedOnly = request.body.isolationLevel === 1;
  let aborted: object[] | null = partition === undefined ? [] : null;
  if (committedOnly && log !== undefined) aborted = abortedIn(log, fetchOffset, records);
  return {
    partitionIndex,
    errorCode: errorCode(error),
    highWatermark: log?.highWatermark ?? -1,
    lastStableOffset: log?.lastStable ?? -1,
    logStartOffset: log?.logStart ?? -1,
    abortedTransactions: aborted,
    preferredReadReplica: -1,
    records,
  };
}
