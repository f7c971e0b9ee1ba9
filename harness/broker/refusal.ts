/**
 * The answer that carries one error everywhere an error of that API goes, with what Kafka puts
 * beside an error (offsets -1, no members, no records). Nothing is done: this is what fault
 * injection says in the broker's place.
 *
 * Fetch, Produce, ListOffsets, OffsetCommit, Metadata and the topic APIs say it per partition or
 * topic and stay silent at the top, as a Kafka with one bad partition does; OffsetFetch says it at
 * the top from v2 (per group from v8).
 */
import { errorCode, type ApiName, type ErrorName } from '#protocol';
import type { Answer, KafkaRequest } from './handler.ts';
import type { BrokerState } from './state.ts';

type Rows = readonly any[];
type Refuse = (request: KafkaRequest, code: number, state: BrokerState) => Answer;

const noId = '00000000-0000-0000-0000-000000000000';
const nothing = Buffer.alloc(0);

const top: Refuse = (_request, code) => ({ throttleTimeMs: 0, errorCode: code });

const refusals: Partial<Record<ApiName, Refuse>> = {
  Produce: ({ body }, code) => {
    if (body.acks === 0) return 'close';
    const responses = (body.topicData as Rows).map(({ name, partitionData }) => ({
      name,
      partitionResponses: (partitionData as Rows).map(({ index }) => ({
        index,
        errorCode: code,
        baseOffset: -1,
        logAppendTimeMs: -1,
        logStartOffset: -1,
      })),
    }));
    return { throttleTimeMs: 0, responses };
  },
  Fetch: ({ body }, code) => ({
    throttleTimeMs: 0,
    errorCode: 0,
    sessionId: 0,
    responses: (body.topics as Rows).map(({ topic, topicId, partitions }) => ({
      topic,
      topicId,
      partitions: (partitions as Rows).map(({ partition }) => ({
        partitionIndex: partition,
        errorCode: code,
        highWatermark: -1,
        lastStableOffset: -1,
        logStartOffset: -1,
        abortedTransactions: null,
        preferredReadReplica: -1,
        records: nothing,
      })),
    })),
  }),
  ListOffsets: ({ body }, code) =>
    partitions(body, ({ partitionIndex }) => ({
      partitionIndex,
      errorCode: code,
      oldStyleOffsets: [],
      timestamp: -1,
      offset: -1,
      leaderEpoch: -1,
    })),
  OffsetCommit: ({ body }, code) =>
    partitions(body, ({ partitionIndex }) => ({ partitionIndex, errorCode: code })),
  OffsetForLeaderEpoch: ({ body }, code) => ({
    throttleTimeMs: 0,
    topics: (body.topics as Rows).map((topic) => ({
      topic: topic.topic,
      partitions: (topic.partitions as Rows).map(({ partition }) => ({
        partition,
        errorCode: code,
        leaderEpoch: -1,
        endOffset: -1,
      })),
    })),
  }),
  OffsetFetch: ({ body, version }, code) => {
    if (version >= 8) {
      const groups = (body.groups as Rows).map(({ groupId }) => ({
        groupId,
        topics: [],
        errorCode: code,
      }));
      return { throttleTimeMs: 0, groups };
    }
    if (version >= 2) return { throttleTimeMs: 0, errorCode: code, topics: [] };
    const topics = (body.topics as Rows).map(({ name, partitionIndexes }) => ({
      name,
      partitions: (partitionIndexes as number[]).map((partitionIndex) => ({
        partitionIndex,
        errorCode: code,
        committedOffset: -1,
        committedLeaderEpoch: -1,
        metadata: '',
      })),
    }));
    return { throttleTimeMs: 0, topics };
  },
  Metadata: ({ body, version }, code, { config, cluster, topics }) => {
    const asked: Rows = body.topics ?? [...topics.all()].map(({ name }) => ({ name }));
    return {
      throttleTimeMs: 0,
      brokers: cluster.nodes.map((node) => ({ ...node, rack: null })),
      clusterId: config.clusterId,
      controllerId: cluster.controllerId,
      topics: asked.map(({ name, topicId }) => ({
        errorCode: code,
        name: version < 12 ? (name ?? '') : name,
        topicId: topicId ?? noId,
        isInternal: false,
        partitions: [],
      })),
    };
  },
  FindCoordinator: ({ body, version }, code) => {
    const nowhere = { nodeId: -1, host: '', port: -1, errorCode: code, errorMessage: null };
    if (version < 4) return { throttleTimeMs: 0, ...nowhere };
    const coordinators = (body.coordinatorKeys as string[]).map((key) => ({ key, ...nowhere }));
    return { throttleTimeMs: 0, coordinators };
  },
  JoinGroup: ({ body, version }, code) => ({
    throttleTimeMs: 0,
    errorCode: code,
    generationId: -1,
    protocolType: null,
    protocolName: version >= 7 ? null : '',
    leader: '',
    skipAssignment: false,
    memberId: body.memberId,
    members: [],
  }),
  SyncGroup: (_request, code) => ({
    throttleTimeMs: 0,
    errorCode: code,
    protocolType: null,
    protocolName: null,
    assignment: nothing,
  }),
  Heartbeat: top,
  LeaveGroup: (_request, code) => ({ throttleTimeMs: 0, errorCode: code, members: [] }),
  ListGroups: (_request, code) => ({ throttleTimeMs: 0, errorCode: code, groups: [] }),
  DescribeGroups: ({ body }, code) => ({
    throttleTimeMs: 0,
    groups: (body.groups as string[]).map((groupId) => ({
      errorCode: code,
      groupId,
      groupState: '',
      protocolType: '',
      protocolData: '',
      members: [],
    })),
  }),
  DeleteGroups: ({ body }, code) => ({
    throttleTimeMs: 0,
    results: (body.groupsNames as string[]).map((groupId) => ({ groupId, errorCode: code })),
  }),
  CreateTopics: ({ body }, code) => ({
    throttleTimeMs: 0,
    topics: (body.topics as Rows).map(({ name }) => ({
      name,
      topicId: noId,
      errorCode: code,
      errorMessage: null,
      numPartitions: -1,
      replicationFactor: -1,
      configs: [],
    })),
  }),
  DeleteTopics: ({ body, version }, code) => ({
    throttleTimeMs: 0,
    responses: (version >= 6
      ? (body.topics as Rows)
      : (body.topicNames as string[]).map((name) => ({ name, topicId: noId }))
    ).map(({ name, topicId }) => ({ name, topicId, errorCode: code, errorMessage: null })),
  }),
  CreatePartitions: ({ body }, code) => ({
    throttleTimeMs: 0,
    results: (body.topics as Rows).map(({ name }) => ({
      name,
      errorCode: code,
      errorMessage: null,
    })),
  }),
  DeleteRecords: ({ body }, code) =>
    partitions(body, ({ partitionIndex }) => ({
      partitionIndex,
      lowWatermark: -1,
      errorCode: code,
    })),
  DescribeConfigs: ({ body }, code) => ({
    throttleTimeMs: 0,
    results: resources(body, code).map((row) => ({ ...row, configs: [] })),
  }),
  AlterConfigs: ({ body }, code) => ({ throttleTimeMs: 0, responses: resources(body, code) }),
  IncrementalAlterConfigs: ({ body }, code) => ({
    throttleTimeMs: 0,
    responses: resources(body, code),
  }),
  OffsetDelete: (_request, code) => ({ errorCode: code, throttleTimeMs: 0, topics: [] }),
  DescribeCluster: (_request, code) => ({
    throttleTimeMs: 0,
    errorCode: code,
    errorMessage: null,
    clusterId: '',
    controllerId: -1,
    brokers: [],
  }),
  DescribeLogDirs: ({ version }, code) => ({
    throttleTimeMs: 0,
    errorCode: code,
    results: version < 3 ? [{ errorCode: code, logDir: '', topics: [] }] : [],
  }),
  ElectLeaders: ({ body }, code) => ({
    throttleTimeMs: 0,
    errorCode: code,
    replicaElectionResults: ((body.topicPartitions ?? []) as Rows).map((one) => ({
      topic: one.topic,
      partitionResult: (one.partitions as number[]).map((partitionId) => ({
        partitionId,
        errorCode: code,
        errorMessage: null,
      })),
    })),
  }),
  AlterPartitionReassignments: (_request, code) => ({
    throttleTimeMs: 0,
    errorCode: code,
    errorMessage: null,
    responses: [],
  }),
  ListPartitionReassignments: (_request, code) => ({
    throttleTimeMs: 0,
    errorCode: code,
    errorMessage: null,
    topics: [],
  }),
  DescribeAcls: (_request, code) => ({
    throttleTimeMs: 0,
    errorCode: code,
    errorMessage: null,
    resources: [],
  }),
  CreateAcls: ({ body }, code) => ({
    throttleTimeMs: 0,
    results: (body.creations as Rows).map(() => ({ errorCode: code, errorMessage: null })),
  }),
  DeleteAcls: ({ body }, code) => ({
    throttleTimeMs: 0,
    filterResults: (body.filters as Rows).map(() => ({
      errorCode: code,
      errorMessage: null,
      matchingAcls: [],
    })),
  }),
  InitProducerId: (_request, code) => ({
    throttleTimeMs: 0,
    errorCode: code,
    producerId: -1,
    producerEpoch: -1,
  }),
  EndTxn: (_request, code) => ({
    throttleTimeMs: 0,
    errorCode: code,
    producerId: -1,
    producerEpoch: -1,
  }),
  TxnOffsetCommit: ({ body }, code) =>
    partitions(body, ({ partitionIndex }) => ({ partitionIndex, errorCode: code })),
  AddPartitionsToTxn: ({ body, version }, code) => {
    const refuseAll = (topics: Rows): object[] =>
      topics.map(({ name, partitions: indexes }) => ({
        name,
        resultsByPartition: (indexes as number[]).map((partitionIndex) => ({
          partitionIndex,
          partitionErrorCode: code,
        })),
      }));
    return version < 4
      ? { throttleTimeMs: 0, resultsByTopicV3AndBelow: refuseAll(body.v3AndBelowTopics) }
      : {
          throttleTimeMs: 0,
          errorCode: 0,
          resultsByTransaction: (body.transactions as Rows).map(({ transactionalId, topics }) => ({
            transactionalId,
            topicResults: refuseAll(topics),
          })),
        };
  },
  WriteTxnMarkers: ({ body }, code) => ({
    markers: (body.markers as Rows).map(({ producerId, topics }) => ({
      producerId,
      topics: (topics as Rows).map(({ name, partitionIndexes }) => ({
        name,
        partitions: (partitionIndexes as number[]).map((partitionIndex) => ({
          partitionIndex,
          errorCode: code,
        })),
      })),
    })),
  }),
  DescribeProducers: ({ body }, code) => ({
    throttleTimeMs: 0,
    topics: (body.topics as Rows).map(({ name, partitionIndexes }) => ({
      name,
      partitions: (partitionIndexes as number[]).map((partitionIndex) => ({
        partitionIndex,
        errorCode: code,
        errorMessage: null,
        activeProducers: [],
      })),
    })),
  }),
  DescribeTransactions: ({ body }, code) => ({
    throttleTimeMs: 0,
    transactionStates: (body.transactionalIds as string[]).map((transactionalId) => ({
      errorCode: code,
      transactionalId,
      transactionState: '',
      transactionTimeoutMs: 0,
      transactionStartTimeMs: 0,
      producerId: 0,
      producerEpoch: 0,
      topics: [],
    })),
  }),
  ListTransactions: (_request, code) => ({
    throttleTimeMs: 0,
    errorCode: code,
    unknownStateFilters: [],
    transactionStates: [],
  }),
  ApiVersions: (_request, code) => ({ errorCode: code, apiKeys: [], throttleTimeMs: 0 }),
};

/** The shape that ListOffsets and OffsetCommit share: topics by name with partitions. */
function partitions(body: { topics: Rows }, refuse: (partition: any) => object): Answer {
  return {
    throttleTimeMs: 0,
    topics: body.topics.map((topic) => ({
      name: topic.name,
      partitions: (topic.partitions as Rows).map(refuse),
    })),
  };
}

/** The shape that the configuration APIs share. */
function resources(body: { resources: Rows }, errorCode: number) {
  return body.resources.map(({ resourceType, resourceName }) => ({
    errorCode,
    errorMessage: null,
    resourceType,
    resourceName,
  }));
}

export function refusal(state: BrokerState, request: KafkaRequest, error: ErrorName): Answer {
  return (refusals[request.api] ?? top)(request, errorCode(error), state);
}
