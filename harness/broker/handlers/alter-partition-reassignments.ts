/**
 * AlterPartitionReassignments (45), version 0: other replicas for partitions. Where none is added
 * it is done at once, else when the new ones have caught up: until then the old ones are replicas,
 * too, and alone in sync. A leader that is not among the new ones hands over to the first of them,
 * in a new leader epoch. Null calls off what is under way.
 *
 * In Kafka's order (seen on 3.9.1), for each partition: timeout of 0 or less → REQUEST_TIMED_OUT,
 * at the top too; unknown → UNKNOWN_TOPIC_OR_PARTITION; nothing to call off →
 * NO_REASSIGNMENT_IN_PROGRESS; none, unknown or repeated nodes → INVALID_REPLICA_ASSIGNMENT. The
 * number of replicas may change.
 *
 * Every log is everywhere, so catching up takes 400 ms whatever its size.
 */
import { errorCode, type ErrorName } from '#protocol';
import { handler, type HandlerContext } from '../handler.ts';
import { assignmentProblem } from '../replica-assignment.ts';
import { cancelReassignment, reassign } from '../topic-admin.ts';

interface Asked {
  readonly partitionIndex: number;
  readonly replicas: readonly number[] | null;
}
type Problem = readonly [ErrorName, string | null];

export const alterPartitionReassignments = handler('AlterPartitionReassignments', (context) => {
  const { topics, timeoutMs } = context.request.body;
  const inTime = timeoutMs > 0;
  const responses = topics.map(({ name, partitions }: { name: string; partitions: Asked[] }) => ({
    name,
    partitions: partitions.map((asked) => {
      const problem: Problem | undefined = inTime
        ? change(context, name, asked)
        : ['REQUEST_TIMED_OUT', null];
      const [error, errorMessage] = problem ?? ['NONE', null];
      return {
        partitionIndex: asked.partitionIndex,
        errorCode: errorCode(error),
        errorMessage,
      };
    }),
  }));
  const top = errorCode(inTime ? 'NONE' : 'REQUEST_TIMED_OUT');
  return { throttleTimeMs: 0, errorCode: top, errorMessage: null, responses };
});

function change(
  { state, nowMs }: HandlerContext,
  name: string,
  { partitionIndex, replicas }: Asked,
): Problem | undefined {
  if (!state.topics.has(name)) {
    return ['UNKNOWN_TOPIC_OR_PARTITION', `Unable to find a topic named ${name}.`];
  }
  const partition = state.topics.partition(name, partitionIndex);
  if (partition === undefined) {
    const text = `Unable to find partition ${name}:${partitionIndex}.`;
    return ['UNKNOWN_TOPIC_OR_PARTITION', text];
  }
  if (replicas === null) {
    return cancelReassignment(state, partition, nowMs)
      ? undefined
      : ['NO_REASSIGNMENT_IN_PROGRESS', null];
  }
  const bad = assignmentProblem(state.cluster, replicas);
  if (bad !== undefined) return ['INVALID_REPLICA_ASSIGNMENT', bad];
  reassign(state, partition, replicas, nowMs);
  return undefined;
}
