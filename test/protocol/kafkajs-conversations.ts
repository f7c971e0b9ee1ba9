/** Arguments that kafkajs's own callers pass to its request encoders, and what Kafka calls them. */
import type { ApiName } from '#protocol';

export const conversations: { api: ApiName; args: any; body: (version: number) => object }[] = [
  {
    api: 'ListOffsets',
    args: {
      replicaId: -1,
      isolationLevel: 1,
      topics: [{ topic: 't', partitions: [{ partition: 3, timestamp: -2, maxNumOffsets: 1 }] }],
    },
    body: (version) => ({
      replicaId: -1,
      isolationLevel: version < 2 ? 0 : 1,
      topics: [{ name: 't', partitions: [{ partitionIndex: 3, timestamp: -2 }] }],
    }),
  },
  {
    api: 'Metadata',
    args: { topics: ['a', 'b'], allowAutoTopicCreation: false },
    body: (version) => ({
      topics: [{ name: 'a' }, { name: 'b' }],
      allowAutoTopicCreation: version < 4,
    }),
  },
  {
    api: 'OffsetCommit',
    args: {
      groupId: 'g',
      groupGenerationId: 4,
      memberId: 'm',
      retentionTime: -1,
      topics: [
        { topic: 't', partitions: [{ partition: 1, offset: '9', timestamp: -1, metadata: 'x' }] },
      ],
    },
    body: (version) => ({
      groupId: 'g',
      ...(version >= 1 && { generationIdOrMemberEpoch: 4, memberId: 'm' }),
      topics: [
        {
          name: 't',
          partitions: [{ partitionIndex: 1, committedOffset: 9, committedMetadata: 'x' }],
        },
      ],
    }),
  },
  {
    api: 'OffsetFetch',
    args: { groupId: 'g', topics: [{ topic: 't', partitions: [{ partition: 1 }] }] },
    body: () => ({ groupId: 'g', topics: [{ name: 't', partitionIndexes: [1] }] }),
  },
  {
    api: 'FindCoordinator',
    args: { groupId: 'x', coordinatorType: 1 },
    body: (version) => ({ key: 'x', keyType: version < 1 ? 0 : 1 }),
  },
  {
    api: 'JoinGroup',
    args: {
      groupId: 'g',
      sessionTimeout: 10,
      rebalanceTimeout: 20,
      memberId: '',
      protocolType: 'consumer',
      groupProtocols: [{ name: 'RoundRobin', metadata: Buffer.from([1, 2]) }],
    },
    body: (version) => ({
      groupId: 'g',
      sessionTimeoutMs: 10,
      rebalanceTimeoutMs: version < 1 ? -1 : 20,
      memberId: '',
      groupInstanceId: null,
      protocolType: 'consumer',
      protocols: [{ name: 'RoundRobin', metadata: Buffer.from([1, 2]) }],
    }),
  },
  {
    api: 'Heartbeat',
    args: { groupId: 'g', groupGenerationId: 2, memberId: 'm', groupInstanceId: 'i' },
    body: (version) => ({
      groupId: 'g',
      generationId: 2,
      memberId: 'm',
      groupInstanceId: version < 3 ? null : 'i',
    }),
  },
  {
    api: 'LeaveGroup',
    args: { groupId: 'g', memberId: 'm' },
    body: (version) => ({
      groupId: 'g',
      ...(version < 3
        ? { memberId: 'm' }
        : { members: [{ memberId: 'm', groupInstanceId: null, reason: null }] }),
    }),
  },
  {
    api: 'SyncGroup',
    args: {
      groupId: 'g',
      generationId: 2,
      memberId: 'm',
      groupAssignment: [{ memberId: 'm', memberAssignment: Buffer.from([5]) }],
    },
    body: () => ({
      groupId: 'g',
      generationId: 2,
      memberId: 'm',
      assignments: [{ memberId: 'm', assignment: Buffer.from([5]) }],
    }),
  },
  { api: 'DescribeGroups', args: { groupIds: ['a', 'b'] }, body: () => ({ groups: ['a', 'b'] }) },
  { api: 'ListGroups', args: undefined, body: () => ({ statesFilter: [] }) },
  { api: 'ApiVersions', args: undefined, body: () => ({}) },
  { api: 'SaslHandshake', args: { mechanism: 'PLAIN' }, body: () => ({ mechanism: 'PLAIN' }) },
  {
    api: 'CreateTopics',
    args: {
      topics: [
        {
          topic: 't',
          numPartitions: 2,
          replicationFactor: 1,
          configEntries: [{ name: 'cleanup.policy', value: 'compact' }],
        },
        { topic: 'u', replicaAssignment: [{ partition: 0, replicas: [1, 2] }] },
      ],
      timeout: 70,
      validateOnly: true,
    },
    body: (version) => ({
      topics: [
        {
          name: 't',
          numPartitions: 2,
          replicationFactor: 1,
          assignments: [],
          configs: [{ name: 'cleanup.policy', value: 'compact' }],
        },
        { name: 'u', assignments: [{ partitionIndex: 0, brokerIds: [1, 2] }] },
      ],
      timeoutMs: 70,
      validateOnly: version >= 1,
    }),
  },
  {
    api: 'DeleteTopics',
    args: { topics: ['t'], timeout: 6 },
    body: () => ({ topicNames: ['t'], timeoutMs: 6 }),
  },
  {
    api: 'DeleteRecords',
    args: { topics: [{ topic: 't', partitions: [{ partition: 1, offset: '7' }] }], timeout: 6 },
    body: () => ({
      topics: [{ name: 't', partitions: [{ partitionIndex: 1, offset: 7 }] }],
      timeoutMs: 6,
    }),
  },
  {
    api: 'InitProducerId',
    args: { transactionalId: 'x', transactionTimeout: 6 },
    body: () => ({ transactionalId: 'x', transactionTimeoutMs: 6, producerId: -1 }),
  },
  {
    api: 'AddPartitionsToTxn',
    args: {
      transactionalId: 'x',
      producerId: '5',
      producerEpoch: 1,
      topics: [{ topic: 't', partitions: [1, 2] }],
    },
    body: () => ({
      v3AndBelowTransactionalId: 'x',
      v3AndBelowProducerId: 5,
      v3AndBelowProducerEpoch: 1,
      v3AndBelowTopics: [{ name: 't', partitions: [1, 2] }],
    }),
  },
  {
    api: 'AddOffsetsToTxn',
    args: { transactionalId: 'x', producerId: '5', producerEpoch: 1, groupId: 'g' },
    body: () => ({ transactionalId: 'x', producerId: 5, producerEpoch: 1, groupId: 'g' }),
  },
  {
    api: 'EndTxn',
    args: { transactionalId: 'x', producerId: '5', producerEpoch: 1, transactionResult: true },
    body: () => ({ transactionalId: 'x', producerId: 5, producerEpoch: 1, committed: true }),
  },
  {
    api: 'TxnOffsetCommit',
    args: {
      transactionalId: 'x',
      groupId: 'g',
      producerId: '5',
      producerEpoch: 1,
      topics: [{ topic: 't', partitions: [{ partition: 1, offset: '9', metadata: null }] }],
    },
    body: () => ({
      transactionalId: 'x',
      groupId: 'g',
      producerId: 5,
      producerEpoch: 1,
      topics: [
        {
          name: 't',
          partitions: [{ partitionIndex: 1, committedOffset: 9, committedMetadata: null }],
        },
      ],
    }),
  },
  {
    api: 'DescribeConfigs',
    args: { resources: [{ type: 2, name: 't' }], includeSynonyms: true },
    body: (version) => ({
      resources: [{ resourceType: 2, resourceName: 't', configurationKeys: null }],
      includeSynonyms: version >= 1,
    }),
  },
  {
    api: 'AlterConfigs',
    args: {
      resources: [{ type: 2, name: 't', configEntries: [{ name: 'a', value: 'b' }] }],
      validateOnly: false,
    },
    body: () => ({
      resources: [{ resourceType: 2, resourceName: 't', configs: [{ name: 'a', value: 'b' }] }],
      validateOnly: false,
    }),
  },
  {
    api: 'CreatePartitions',
    args: { topicPartitions: [{ topic: 't', count: 3, assignments: [[1], [2]] }], timeout: 4 },
    body: () => ({
      topics: [{ name: 't', count: 3, assignments: [{ brokerIds: [1] }, { brokerIds: [2] }] }],
      timeoutMs: 4,
      validateOnly: false,
    }),
  },
  { api: 'DeleteGroups', args: ['a', 'b'], body: () => ({ groupsNames: ['a', 'b'] }) },
  {
    api: 'Fetch',
    args: {
      replicaId: -1,
      isolationLevel: 1,
      maxWaitTime: 50,
      minBytes: 1,
      maxBytes: 1000,
      rackId: 'r',
      topics: [{ topic: 't', partitions: [{ partition: 1, fetchOffset: '8', maxBytes: 900 }] }],
    },
    body: (version) => ({
      replicaId: -1,
      maxWaitMs: 50,
      minBytes: 1,
      maxBytes: version < 3 ? 0x7fffffff : 1000,
      isolationLevel: version < 4 ? 0 : 1,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [
        { topic: 't', partitions: [{ partition: 1, fetchOffset: 8, partitionMaxBytes: 900 }] },
      ],
      rackId: version < 11 ? '' : 'r',
    }),
  },
];
