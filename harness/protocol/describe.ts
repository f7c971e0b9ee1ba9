/**
 * What a request is about, in words that every API shares: used to name operations, so it neither
 * throws nor judges.
 *
 * Topics are in the order of the request, each once. Where the request names topics by id only
 * (Fetch 13+, Metadata 10+), the id stands in place of the name. Group names inside opaque member
 * metadata are not looked for.
 */
import type { ApiName } from './apis.ts';
import type { DecodedRequest } from './messages.ts';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface RequestSummary {
  readonly api: ApiName;
  readonly topics: string[];
  /** The first, where a request is about several. */
  readonly group?: string;
  readonly transactionalId?: string;
  readonly partitions: TopicPartition[];
}

const groupKey = 0;
const transactionKey = 1;
const topicResource = 2;

export function describe(request: DecodedRequest): RequestSummary {
  const { api, body } = request;
  const partitions: TopicPartition[] = [];
  const topics = new Set<string>();
  for (const entry of topicEntries(body)) {
    const topic = typeof entry === 'string' ? entry : topicOf(entry);
    topics.add(topic);
    for (const partition of partitionsOf(entry)) partitions.push({ topic, partition });
  }
  const group = groupOf(api, body);
  const transactionalId = transactionOf(api, body);
  return {
    api,
    topics: [...topics],
    partitions,
    ...(typeof group === 'string' && { group }),
    ...(typeof transactionalId === 'string' && { transactionalId }),
  };
}

/** Wherever an API keeps its topics; a field that a version lacks is empty there. */
function topicEntries(body: any): any[] {
  const lists = [
    body.topics,
    body.topicData,
    body.topicNames,
    body.topicPartitions,
    body.v3AndBelowTopics,
    manyOf(body.resources).filter((of) => of.resourceType === topicResource),
    ...[body.groups, body.transactions].map((list) =>
      manyOf(list).flatMap((of) => of.topics ?? []),
    ),
  ];
  return lists.flatMap(manyOf);
}

function manyOf(value: any): any[] {
  return Array.isArray(value) ? value : [];
}

function topicOf(entry: any): string {
  return entry.name || entry.topic || entry.resourceName || entry.topicId || '';
}

function partitionsOf(entry: any): number[] {
  const listed = entry.partitions ?? entry.partitionData ?? entry.partitionIndexes;
  return manyOf(listed).map((one) =>
    typeof one === 'number' ? one : (one.partitionIndex ?? one.index ?? one.partition),
  );
}

function groupOf(api: ApiName, body: any): unknown {
  if (api === 'FindCoordinator')
    return body.keyType === groupKey ? coordinatorKey(body) : undefined;
  if (typeof body.groupId === 'string' && body.groupId !== '') return body.groupId;
  const first = manyOf(body.groups ?? body.groupsNames)[0];
  return typeof first === 'string' ? first : first?.groupId;
}

function transactionOf(api: ApiName, body: any): unknown {
  if (api === 'FindCoordinator') {
    return body.keyType === transactionKey ? coordinatorKey(body) : undefined;
  }
  return (
    body.transactionalId ||
    body.v3AndBelowTransactionalId ||
    body.transactions?.[0]?.transactionalId ||
    body.transactionalIds?.[0]
  );
}

function coordinatorKey(body: any): unknown {
  return body.key || body.coordinatorKeys[0];
}
