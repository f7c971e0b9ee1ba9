/**
 * AddPartitionsToTxn (24), versions 0–5: partitions become part of a transaction; the first begins
 * it.
 *
 * In Kafka's order (seen on 3.9.1 and 4.3.1):
 * 1. an internal topic → TOPIC_AUTHORIZATION_FAILED, an unknown topic or partition →
 *    UNKNOWN_TOPIC_OR_PARTITION, and then OPERATION_NOT_ATTEMPTED for all others: nothing is added
 * 2. transactional id "" → INVALID_REQUEST, another node's → NOT_COORDINATOR, then the
 *    coordinator's checks (transactions/transactions.ts); partitions that are part of it already → NONE
 * PRODUCER_FENCED is INVALID_PRODUCER_EPOCH in versions 0 and 1.
 *
 * Versions 4 and 5 are what brokers say to each other: several transactions, some only to be
 * verified (TRANSACTION_ABORTABLE for a partition that was not added). A broker without an
 * authorizer serves them to anybody.
 */
import { errorCode, type ErrorName } from '#protocol';
import { coordinates } from '../coordinators.ts';
import { internalTopics } from '../groups/offsets-log.ts';
import { handler, type HandlerContext } from '../handler.ts';
import type { TopicPartition } from '../transactions/transactions.ts';

interface Topic {
  readonly name: string;
  readonly partitions: readonly number[];
}

interface Asked {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly verifyOnly: boolean;
  readonly topics: readonly Topic[];
}

export const addPartitionsToTxn = handler('AddPartitionsToTxn', (context) => {
  const { body, version } = context.request;
  if (version >= 4) {
    return {
      throttleTimeMs: 0,
      errorCode: 0,
      resultsByTransaction: body.transactions.map((asked: Asked) => ({
        transactionalId: asked.transactionalId,
        topicResults: answer(context, asked),
      })),
    };
  }
  const asked: Asked = {
    transactionalId: body.v3AndBelowTransactionalId,
    producerId: body.v3AndBelowProducerId,
    producerEpoch: body.v3AndBelowProducerEpoch,
    verifyOnly: false,
    topics: body.v3AndBelowTopics,
  };
  return { throttleTimeMs: 0, resultsByTopicV3AndBelow: answer(context, asked) };
});

function answer(context: HandlerContext, asked: Asked): object[] {
  const errorOf = judge(context, asked);
  return asked.topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partition) => ({
      partitionIndex: partition,
      partitionErrorCode: errorCode(errorOf({ topic: name, partition })),
    })),
  }));
}

function judge(
  { state, request, nowMs }: HandlerContext,
  asked: Asked,
): (place: TopicPartition) => ErrorName {
  const places = asked.topics.flatMap(({ name, partitions }) =>
    partitions.map((partition) => ({ topic: name, partition })),
  );
  const problem = ({ topic, partition }: TopicPartition): ErrorName => {
    if (internalTopics.has(topic)) return 'TOPIC_AUTHORIZATION_FAILED';
    return state.topics.has(topic, partition) ? 'NONE' : 'UNKNOWN_TOPIC_OR_PARTITION';
  };
  if (places.some((place) => problem(place) !== 'NONE')) {
    return (place) => (problem(place) === 'NONE' ? 'OPERATION_NOT_ATTEMPTED' : problem(place));
  }
  const { transactionalId, verifyOnly } = asked;
  if (!coordinates(state, request, transactionalId)) return () => 'NOT_COORDINATOR';
  if (verifyOnly) return (place) => state.transactions.verify(transactionalId, asked, place, nowMs);
  const { connection, version } = request;
  const error = state.transactions.add(transactionalId, asked, places, nowMs, connection);
  const isOld = error === 'PRODUCER_FENCED' && version < 2;
  return () => (isOld ? 'INVALID_PRODUCER_EPOCH' : error);
}
