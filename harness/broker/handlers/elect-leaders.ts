/**
 * ElectLeaders (43), versions 0–2: gives partitions back to their preferred leader, the first of
 * their replicas. v0 knows that election only; from v1 type 1 asks for an unclean one, which is
 * never needed, as no leader is ever lost.
 *
 * In Kafka's order (seen on 3.9.1): timeout of 0 or less → REQUEST_TIMED_OUT, another type →
 * INVALID_REQUEST, each at the top and for every partition; then for each: unknown →
 * UNKNOWN_TOPIC_OR_PARTITION, led by its preferred leader → ELECTION_NOT_NEEDED. Asked for all
 * (null), every topic is told, with those partitions only that got another leader.
 */
import { errorCode, type ErrorName } from '#protocol';
import { handler, type HandlerContext } from '../handler.ts';
import { lead } from '../topic-admin.ts';

interface Asked {
  readonly topic: string;
  readonly partitions: readonly number[];
}
type Problem = readonly [ErrorName, string | null];

const preferred = 0;
const unclean = 1;

export const electLeaders = handler('ElectLeaders', (context) => {
  const { state, request } = context;
  const { topicPartitions, electionType = preferred, timeoutMs } = request.body;
  const refused = requestProblem(electionType, timeoutMs);
  const asked: readonly Asked[] =
    topicPartitions ??
    [...state.topics.all()].map(({ name, partitions }) => ({
      topic: name,
      partitions: partitions.map(({ index }) => index),
    }));
  const results = asked.map(({ topic, partitions }) => ({
    topic,
    partitionResult: partitions
      .map((partitionId) => ({
        partitionId,
        problem: refused ?? elect(context, topic, partitionId, electionType),
      }))
      .filter(({ problem }) => topicPartitions !== null || problem?.[0] !== 'ELECTION_NOT_NEEDED')
      .map(({ partitionId, problem: [error, errorMessage] = ['NONE', null] }) => ({
        partitionId,
        errorCode: errorCode(error),
        errorMessage,
      })),
  }));
  const top = errorCode(refused?.[0] ?? 'NONE');
  return { throttleTimeMs: 0, errorCode: top, replicaElectionResults: results };
});

function requestProblem(electionType: number, timeoutMs: number): Problem | undefined {
  if (electionType !== preferred && electionType !== unclean) {
    return ['INVALID_REQUEST', `Unknown election type ${electionType}`];
  }
  return timeoutMs <= 0 ? ['REQUEST_TIMED_OUT', null] : undefined;
}

function elect(
  { state, nowMs }: HandlerContext,
  topic: string,
  index: number,
  electionType: number,
): Problem | undefined {
  if (!state.topics.has(topic)) return ['UNKNOWN_TOPIC_OR_PARTITION', `No such topic as ${topic}`];
  const partition = state.topics.partition(topic, index);
  if (partition === undefined) {
    return ['UNKNOWN_TOPIC_OR_PARTITION', `No such partition as ${topic}-${index}`];
  }
  if (electionType === unclean || partition.leader === partition.replicas[0]) {
    return ['ELECTION_NOT_NEEDED', 'Leader election not needed for topic partition.'];
  }
  lead(state, partition, partition.replicas[0]!, nowMs);
  return undefined;
}
