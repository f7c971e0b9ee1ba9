/**
 * CreatePartitions (37), versions 0–3: more partitions for a topic that is there. Records stay
 * where they are, so keys may land elsewhere from now on.
 *
 * In Kafka's order (seen on 3.9.1): timeout of 0 or less → REQUEST_TIMED_OUT; a name twice →
 * INVALID_REQUEST, once in the answer; unknown (also a bad name) → UNKNOWN_TOPIC_OR_PARTITION; as
 * many as there are, or fewer → INVALID_PARTITIONS; by hand: another number of lists than of new
 * partitions, or wrong replicas → INVALID_REPLICA_ASSIGNMENT. validateOnly checks and does nothing.
 *
 * Harsher than Kafka: more than 10,000 partitions of one topic → INVALID_PARTITIONS (Kafka's own
 * limit is for CreateTopics alone; here it tries, answers UNKNOWN_SERVER_ERROR beyond 10,000 at once,
 * and may not survive what it made); more than 50,000 in all → POLICY_VIOLATION.
 */
import { errorCode, type ErrorName } from '#protocol';
import { handler, type HandlerContext } from '../handler.ts';
import { assignmentProblem } from '../replica-assignment.ts';
import { addPartitions, maxPartitionsAtOnce, roomProblem } from '../topic-admin.ts';
import type { BrokerState } from '../state.ts';
import type { Topic } from '../topics.ts';

interface Asked {
  readonly name: string;
  readonly count: number;
  readonly assignments: readonly { readonly brokerIds: readonly number[] }[] | null;
}
type Problem = readonly [ErrorName, string | null];

export const createPartitions = handler('CreatePartitions', (context) => {
  const byName = Map.groupBy(context.request.body.topics as Asked[], ({ name }) => name);
  const results = [...byName.values()].map((same) => {
    const [asked] = same as [Asked];
    const [error, errorMessage] = add(context, asked, same.length > 1) ?? ['NONE', null];
    return { name: asked.name, errorCode: errorCode(error), errorMessage };
  });
  return { throttleTimeMs: 0, results };
});

function add(context: HandlerContext, asked: Asked, twice: boolean): Problem | undefined {
  const { state, request } = context;
  if (request.body.timeoutMs <= 0) return ['REQUEST_TIMED_OUT', null];
  if (twice) return ['INVALID_REQUEST', 'Duplicate topic name.'];
  const topic = state.topics.get(asked.name);
  if (topic === undefined) return ['UNKNOWN_TOPIC_OR_PARTITION', null];
  const problem =
    countProblem(state, topic, asked.count) ?? assignmentsProblem(context, topic, asked);
  if (problem !== undefined || request.body.validateOnly) return problem;
  addPartitions(state, topic, replicasOf(context, topic, asked));
  return undefined;
}

function countProblem(
  state: BrokerState,
  { name, partitions }: Topic,
  count: number,
): Problem | undefined {
  const there = partitions.length;
  if (count === there) {
    return ['INVALID_PARTITIONS', `Topic already has ${there} partition(s).`];
  }
  if (count < there) {
    const text =
      `The topic ${name} currently has ${there} partition(s); ` +
      `${count} would not be an increase.`;
    return ['INVALID_PARTITIONS', text];
  }
  if (count > maxPartitionsAtOnce) {
    const text = `A topic has at most ${maxPartitionsAtOnce} partitions here.`;
    return ['INVALID_PARTITIONS', text];
  }
  const noRoom = roomProblem(state, count - there);
  return noRoom === undefined ? undefined : ['POLICY_VIOLATION', noRoom];
}

function assignmentsProblem(
  { state }: HandlerContext,
  { partitions }: Topic,
  { count, assignments }: Asked,
): Problem | undefined {
  if (assignments === null) return undefined;
  const more = count - partitions.length;
  if (assignments.length !== more) {
    const text =
      `Attempted to add ${more} additional partition(s), ` +
      `but only ${assignments.length} assignment(s) were specified.`;
    return ['INVALID_REPLICA_ASSIGNMENT', text];
  }
  for (const { brokerIds } of assignments) {
    const bad = assignmentProblem(state.cluster, brokerIds, partitions[0]!.replicas.length);
    if (bad !== undefined) return ['INVALID_REPLICA_ASSIGNMENT', bad];
  }
  return undefined;
}

function replicasOf(
  { state }: HandlerContext,
  { name, partitions }: Topic,
  { count, assignments }: Asked,
): readonly (readonly number[])[] {
  if (assignments !== null) return assignments.map(({ brokerIds }) => brokerIds);
  const replicationFactor = partitions[0]!.replicas.length;
  return Array.from({ length: count - partitions.length }, (_, index) =>
    state.cluster.placement(name, partitions.length + index, replicationFactor),
  );
}
