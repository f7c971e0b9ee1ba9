/**
 * Metadata (3), versions 0–12: the nodes and the topics. v0: no topics asked for = all; v1+: null =
 * all, none = none. A topic asked for twice is told once.
 *
 * Unknown name → UNKNOWN_TOPIC_OR_PARTITION, a bad one INVALID_TOPIC_EXCEPTION, an unknown id
 * (v12) UNKNOWN_TOPIC_ID; an id or no name in v10 and v11 INVALID_REQUEST, for all of them. With
 * auto-creation on (and allowed by the request, v4+) it goes as with KRaft: error 3 now, the topic
 * is there a little later.
 * Authorised operations are told where asked for: everything, as in a Kafka without authorizer.
 */
import { errorCode, type ErrorName } from '#protocol';
import { handler, type HandlerContext, type KafkaRequest } from '../handler.ts';
import { operations } from '../operations.ts';
import { addTopic, placementOf, roomProblem } from '../topic-admin.ts';
import { topicNameProblem } from '../topic-names.ts';
import { inSync, type Topic } from '../topics.ts';

interface Asked {
  readonly name: string | null;
  readonly topicId?: string;
}

const noId = '00000000-0000-0000-0000-000000000000';
/** Kafka needs 40–230 ms from the question to the topic. */
const autoCreationMs = 50;

export const metadata = handler('Metadata', (context) => {
  const { state, request } = context;
  const { body, version } = request;
  const { cluster } = state;
  const all = body.topics === null || (version === 0 && body.topics.length === 0);
  const absent: string[] = [];
  const told = namesNothing(request)
    ? body.topics.map((one: Asked) => missing('INVALID_REQUEST', one.name ?? '', noId))
    : all
      ? [...state.topics.all()].map((topic) => tell(context, topic))
      : eachOnce(body.topics).map((one) => tellOne(context, one, absent));
  if (body.allowAutoTopicCreation !== false) createSoon(context, absent);
  return {
    throttleTimeMs: 0,
    brokers: cluster.nodes.map((node) => ({ ...node, rack: null })),
    clusterId: state.config.clusterId,
    controllerId: cluster.controllerId,
    topics: told,
    clusterAuthorizedOperations: body.includeClusterAuthorizedOperations
      ? operations.ofCluster
      : operations.notAsked,
  };
});

/** v10 and v11 carry ids already, which nobody may use yet. */
function namesNothing({ body, version }: KafkaRequest): boolean {
  if (body.topics === null || version < 10 || version > 11) return false;
  return body.topics.some(({ name, topicId }: Asked) => name === null || topicId !== noId);
}

function eachOnce(asked: readonly Asked[]): readonly Asked[] {
  return [...new Map(asked.map((one) => [one.name ?? one.topicId, one])).values()];
}

function tellOne(context: HandlerContext, { name, topicId }: Asked, absent: string[]): object {
  if (name === null) {
    const topic = topicId === undefined ? undefined : context.state.topics.byId(topicId);
    return topic === undefined
      ? missing('UNKNOWN_TOPIC_ID', null, topicId ?? noId)
      : tell(context, topic);
  }
  const topic = context.state.topics.get(name);
  if (topic !== undefined) return tell(context, topic);
  if (topicNameProblem(name) !== undefined) return missing('INVALID_TOPIC_EXCEPTION', name, noId);
  absent.push(name);
  return missing('UNKNOWN_TOPIC_OR_PARTITION', name, noId);
}

/** One timer for all of them; who asks again meanwhile finds them made when its own comes. */
function createSoon({ state, request, nowMs }: HandlerContext, names: readonly string[]): void {
  if (!state.config.autoCreateTopics || names.length === 0) return;
  state.timers.set(`create topics of request ${request.id}`, nowMs + autoCreationMs, () => {
    const { defaultPartitions, defaultReplicationFactor } = state.config;
    for (const name of names) {
      if (state.topics.has(name)) continue;
      if (roomProblem(state, defaultPartitions) !== undefined) return;
      const placement = placementOf(state, name, defaultPartitions, defaultReplicationFactor);
      addTopic(state, name, placement, {});
    }
  });
}

function tell({ request }: HandlerContext, topic: Topic): object {
  return {
    errorCode: 0,
    name: topic.name,
    topicId: topic.id,
    isInternal: false,
    partitions: topic.partitions.map((partition) => ({
      errorCode: 0,
      partitionIndex: partition.index,
      leaderId: partition.leader,
      leaderEpoch: partition.leaderEpoch,
      replicaNodes: partition.replicas,
      isrNodes: inSync(partition),
      offlineReplicas: [],
    })),
    topicAuthorizedOperations: request.body.includeTopicAuthorizedOperations
      ? operations.ofTopic
      : operations.notAsked,
  };
}

function missing(error: ErrorName, name: string | null, topicId: string): object {
  return {
    errorCode: errorCode(error),
    name,
    topicId,
    isInternal: false,
    partitions: [],
    topicAuthorizedOperations: operations.notAsked,
  };
}
