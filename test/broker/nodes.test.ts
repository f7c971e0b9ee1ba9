/** Three nodes in one process: whom to ask, and what the others say. As seen on Kafka 3.9.1. */
import { errorName } from '#protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { ClusterDesk, nodes } from './cluster-desk.ts';
import { batchOf } from './desk.ts';

const noId = '00000000-0000-0000-0000-000000000000';

let desk: ClusterDesk;
beforeEach(() => {
  desk = new ClusterDesk();
});

function create(topic: object, node = 1) {
  const asked = {
    numPartitions: -1,
    replicationFactor: -1,
    assignments: [],
    configs: [],
    ...topic,
  };
  const answer = desk.ask('CreateTopics', 5, { topics: [asked], timeoutMs: 1000 }, 10 + node);
  const [{ errorCode, errorMessage, numPartitions, replicationFactor }] = answer.topics;
  return { error: errorName(errorCode), errorMessage, numPartitions, replicationFactor };
}

describe('topics', () => {
  test('every node tells the same nodes and leaders, and leaders are spread', () => {
    const told = nodes.map(({ nodeId }) => {
      const { brokers, controllerId, topics } = desk.ask(
        'Metadata',
        8,
        { topics: null },
        10 + nodeId,
      );
      return { brokers, controllerId, topics };
    });
    expect(told[1]).toEqual(told[0]);
    expect(told[2]).toEqual(told[0]);
    expect(told[0]!.brokers).toEqual(nodes.map((node) => ({ ...node, rack: null })));
    const leaders = desk.partitionsOf('t').map(({ leaderId }) => leaderId);
    expect(new Set(leaders)).toEqual(new Set([0, 1, 2]));
    for (const { leaderId, replicaNodes, isrNodes } of desk.partitionsOf('t')) {
      expect(replicaNodes).toHaveLength(2);
      expect([replicaNodes[0], isrNodes]).toEqual([leaderId, replicaNodes]);
    }
    const cluster = desk.ask('DescribeCluster', 1, {}, 12);
    expect(cluster.brokers.map(({ brokerId }: any) => brokerId)).toEqual([0, 1, 2]);
  });

  test('any node creates them, with defaults, by hand, and with as many replicas as nodes', () => {
    const good = { error: 'NONE', errorMessage: null };
    expect(create({ name: 'default' })).toEqual({
      ...good,
      numPartitions: 2,
      replicationFactor: 2,
    });
    expect(create({ name: 'all', numPartitions: 1, replicationFactor: 3 })).toMatchObject(good);
    expect(create({ name: 'more', numPartitions: 1, replicationFactor: 4 })).toMatchObject({
      error: 'INVALID_REPLICATION_FACTOR',
      errorMessage: expect.stringContaining('only 3 broker(s) are registered'),
    });
    const byHand = [
      { partitionIndex: 1, brokerIds: [1, 2] },
      { partitionIndex: 0, brokerIds: [2, 0] },
    ];
    expect(create({ name: 'by-hand', assignments: byHand })).toMatchObject(good);
    expect(desk.partitionsOf('by-hand').map(({ replicaNodes }) => replicaNodes)).toEqual([
      [2, 0],
      [1, 2],
    ]);
    const uneven = [
      { partitionIndex: 0, brokerIds: [2, 0] },
      { partitionIndex: 1, brokerIds: [1] },
    ];
    expect(create({ name: 'uneven', assignments: uneven })).toMatchObject({
      error: 'INVALID_REPLICA_ASSIGNMENT',
      errorMessage: expect.stringContaining('not consistent with previous partitions'),
    });
  });

  test('what one node was told, the others know', () => {
    create({ name: 'new' }, 2);
    expect(desk.partitionsOf('new', 0)).toEqual(desk.partitionsOf('new', 1));
    desk.ask('DeleteTopics', 4, { topicNames: ['new'], timeoutMs: 1000 }, 11);
    const { topics } = desk.ask('Metadata', 8, { topics: [{ name: 'new' }] }, 12);
    expect(errorName(topics[0].errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });
});

describe('records', () => {
  function produce(node: number, version = 7, acks = -1) {
    const partitionData = [{ index: 0, records: batchOf(['v']) }];
    const topicData = [{ name: 't', partitionData }];
    const body = { transactionalId: null, acks, timeoutMs: 1000, topicData };
    return desk.ask('Produce', version, body, 10 + node);
  }

  test('only the leader takes them', () => {
    const { leader, follower, stranger } = desk.roles();
    const error = (answer: any) => errorName(answer.responses[0].partitionResponses[0].errorCode);
    expect(error(produce(leader))).toBe('NONE');
    expect(error(produce(follower))).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(error(produce(stranger))).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(produce(stranger, 7, 0)).toBe('close');
    expect(desk.broker.offsets('t', 0).highWatermark).toBe(1);
  });

  test('from v10 the answer says where to go', () => {
    const { leader, stranger } = desk.roles();
    const answer = produce(stranger, 10);
    expect(answer.responses[0].partitionResponses[0].currentLeader).toEqual({
      leaderId: leader,
      leaderEpoch: 0,
    });
    expect(answer.nodeEndpoints).toEqual([{ ...nodes[leader]!, rack: null }]);
    expect(produce(stranger, 9).nodeEndpoints).toEqual([]);
  });

  function fetch(node: number, version: number, maxWaitMs = 0) {
    const { topicId } = desk.ask('Metadata', 12, { topics: [{ name: 't', topicId: noId }] })
      .topics[0];
    const partition = {
      partition: 0,
      fetchOffset: 0,
      currentLeaderEpoch: -1,
      partitionMaxBytes: 1000,
    };
    const topics = [{ topic: 't', topicId, partitions: [partition] }];
    const body = { maxWaitMs, minBytes: 1, maxBytes: 1000, isolationLevel: 0, topics };
    const id = desk.send('Fetch', version, { ...body, sessionEpoch: -1 }, 10 + node);
    return () => desk.answerTo(id);
  }

  test('the leader gives them, followers from v11, others never', () => {
    const { leader, follower, stranger } = desk.roles();
    produce(leader);
    const told = [
      [leader, 4],
      [follower, 10],
      [follower, 11],
      [stranger, 11],
    ].map(([node, version]) => {
      const [{ errorCode, records }] = fetch(node!, version!)().responses[0].partitions;
      return [errorName(errorCode), records.length > 0];
    });
    expect(told).toEqual([
      ['NONE', true],
      ['NOT_LEADER_OR_FOLLOWER', false],
      ['NONE', true],
      ['NOT_LEADER_OR_FOLLOWER', false],
    ]);
  });

  test('a fetch at the wrong node does not wait, and from v16 hears where to go', () => {
    const { leader, stranger } = desk.roles();
    const answer = fetch(stranger, 16, 5000)();
    expect(answer.responses[0].partitions[0]).toMatchObject({
      errorCode: 6,
      currentLeader: { leaderId: leader, leaderEpoch: 0 },
    });
    expect(answer.nodeEndpoints).toEqual([{ ...nodes[leader]!, rack: null }]);
  });

  test('a fetch that waits hears at once that the leader has moved', () => {
    const { leader, follower, stranger } = desk.roles();
    const waiting = fetch(leader, 10, 5000);
    const elsewhere = [{ partitionIndex: 0, replicas: [stranger, follower] }];
    desk.ask('AlterPartitionReassignments', 0, {
      timeoutMs: 1000,
      topics: [{ name: 't', partitions: elsewhere }],
    });
    expect(waiting()).toBeUndefined();
    desk.pass(400);
    expect(waiting().responses[0].partitions[0].errorCode).toBe(6);
  });

  test.each([
    ['ListOffsets', 5, { timestamp: -1 }],
    ['DeleteRecords', 1, { offset: 0 }],
  ] as const)('%s is the leader’s', (api, version, rest) => {
    const { leader, follower } = desk.roles();
    const error = (node: number) => {
      const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, ...rest }];
      const topics = [{ name: 't', partitions }];
      const body = { replicaId: -1, isolationLevel: 0, timeoutMs: 1000, topics };
      const answer = desk.ask(api, version, body, 10 + node);
      return errorName(answer.topics[0].partitions[0].errorCode);
    };
    expect([error(leader), error(follower)]).toEqual(['NONE', 'NOT_LEADER_OR_FOLLOWER']);
  });

  test('DescribeProducers is answered by replicas', () => {
    const { leader, follower, stranger } = desk.roles();
    const topics = [{ name: 't', partitionIndexes: [0] }];
    const error = (node: number) => {
      const answer = desk.ask('DescribeProducers', 0, { topics }, 10 + node);
      return errorName(answer.topics[0].partitions[0].errorCode);
    };
    expect([leader, follower, stranger].map(error)).toEqual([
      'NONE',
      'NONE',
      'NOT_LEADER_OR_FOLLOWER',
    ]);
  });

  test('markers are written by the leader only', () => {
    const { leader, follower, stranger } = desk.roles();
    const topics = [{ name: 't', partitionIndexes: [0] }];
    const who = { producerId: 1, producerEpoch: 0, transactionResult: false, coordinatorEpoch: 0 };
    const mark = (node: number) => {
      const answer = desk.ask('WriteTxnMarkers', 1, { markers: [{ ...who, topics }] }, 10 + node);
      const [{ errorCode }] = answer.markers[0].topics[0].partitions;
      return [errorName(errorCode), desk.broker.offsets('t', 0).highWatermark];
    };
    expect([stranger, follower, leader].map(mark)).toEqual([
      ['UNKNOWN_TOPIC_OR_PARTITION', 0],
      ['NOT_LEADER_OR_FOLLOWER', 0],
      ['NONE', 1],
    ]);
  });

  test('a node tells the bytes of its replicas only', () => {
    const { stranger } = desk.roles();
    const { results } = desk.ask('DescribeLogDirs', 4, { topics: null }, 10 + stranger);
    const told = results[0].topics[0].partitions.map((one: any) => one.partitionIndex);
    expect(told).toEqual([1, 2]);
  });
});

describe('groups and transactions', () => {
  const identity = { groupId: 'g', generationId: 1, memberId: 'm' };
  const transaction = { transactionalId: 'g', producerId: -1, producerEpoch: -1 };
  const committed = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }];

  function coordinator(key = 'g', node = 0): number {
    const body = { keyType: 0, coordinatorKeys: [key] };
    return desk.ask('FindCoordinator', 4, body, 10 + node).coordinators[0].nodeId;
  }
  const other = () => (coordinator() + 1) % 3;

  test('every node names the same coordinator, and coordinators are spread', () => {
    for (const key of ['a', 'b', 'c']) expect(coordinator(key, 1)).toBe(coordinator(key, 2));
    expect(new Set(['a', 'b', 'c', 'd'].map((key) => coordinator(key)))).toEqual(
      new Set([0, 1, 2]),
    );
    const { nodeId, port } = desk.ask('FindCoordinator', 2, { key: 'g', keyType: 0 }, 12);
    expect([nodeId, port]).toEqual([coordinator(), 9092 + coordinator()]);
  });

  type Misdirected = [string, number, object, (answer: any) => number];
  const misdirected: Misdirected[] = [
    [
      'JoinGroup',
      5,
      {
        groupId: 'g',
        memberId: '',
        sessionTimeoutMs: 1,
        rebalanceTimeoutMs: 1,
        protocolType: 'consumer',
        protocols: [],
      },
      (answer) => answer.errorCode,
    ],
    ['SyncGroup', 3, { ...identity, assignments: [] }, (answer) => answer.errorCode],
    ['Heartbeat', 3, identity, (answer) => answer.errorCode],
    ['LeaveGroup', 3, { groupId: 'g', members: [] }, (answer) => answer.errorCode],
    ['OffsetDelete', 0, { groupId: 'g', topics: [] }, (answer) => answer.errorCode],
    [
      'InitProducerId',
      3,
      { ...transaction, transactionTimeoutMs: 1 },
      (answer) => answer.errorCode,
    ],
    ['EndTxn', 3, { ...transaction, committed: true }, (answer) => answer.errorCode],
    ['AddOffsetsToTxn', 3, { ...transaction, groupId: 'g' }, (answer) => answer.errorCode],
    ['OffsetFetch', 5, { groupId: 'g', topics: null }, (answer) => answer.errorCode],
    [
      'OffsetFetch',
      8,
      { groups: [{ groupId: 'g', topics: null }] },
      (answer) => answer.groups[0].errorCode,
    ],
    ['DescribeGroups', 5, { groups: ['g'] }, (answer) => answer.groups[0].errorCode],
    ['DeleteGroups', 1, { groupsNames: ['g'] }, (answer) => answer.results[0].errorCode],
    [
      'OffsetCommit',
      5,
      {
        groupId: 'g',
        generationIdOrMemberEpoch: -1,
        memberId: '',
        topics: [{ name: 't', partitions: committed }],
      },
      (answer) => answer.topics[0].partitions[0].errorCode,
    ],
    [
      'TxnOffsetCommit',
      2,
      { ...transaction, groupId: 'g', topics: [{ name: 't', partitions: committed }] },
      (answer) => answer.topics[0].partitions[0].errorCode,
    ],
    [
      'AddPartitionsToTxn',
      3,
      {
        v3AndBelowTransactionalId: 'g',
        v3AndBelowProducerId: -1,
        v3AndBelowProducerEpoch: -1,
        v3AndBelowTopics: [{ name: 't', partitions: [0] }],
      },
      (answer) => answer.resultsByTopicV3AndBelow[0].resultsByPartition[0].partitionErrorCode,
    ],
    ...[false, true].map((verifyOnly): Misdirected => {
      const topics = [{ name: 't', partitions: [0] }];
      return [
        'AddPartitionsToTxn',
        4,
        { transactions: [{ ...transaction, verifyOnly, topics }] },
        ({ resultsByTransaction: [{ topicResults }] }) =>
          topicResults[0].resultsByPartition[0].partitionErrorCode,
      ];
    }),
    [
      'DescribeTransactions',
      0,
      { transactionalIds: ['g'] },
      (answer) => answer.transactionStates[0].errorCode,
    ],
  ];
  test.each(misdirected)('%s v%i elsewhere → NOT_COORDINATOR', (api, version, body, code) => {
    const answer = desk.ask(api as 'Heartbeat', version, body, 10 + other());
    expect(errorName(code(answer))).toBe('NOT_COORDINATOR');
    const right = desk.ask(api as 'Heartbeat', version, body, 10 + coordinator());
    expect(errorName(code(right))).not.toBe('NOT_COORDINATOR');
  });

  test.each([
    ['OffsetCommit', 5],
    ['TxnOffsetCommit', 2],
  ] as const)('%s v%i: a partition that is not there is told first', (api, version) => {
    const topics = [{ name: 'nope', partitions: committed }];
    const answer = desk.ask(api, version, { ...transaction, ...identity, topics }, 10 + other());
    expect(errorName(answer.topics[0].partitions[0].errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });

  test('a node lists the groups it coordinates', () => {
    for (const key of ['a', 'b', 'c', 'd']) desk.broker.setCommitted(key, 't', 0, 1);
    for (const { nodeId } of nodes) {
      const { groups } = desk.ask('ListGroups', 4, { statesFilter: [] }, 10 + nodeId);
      const own = ['a', 'b', 'c', 'd'].filter((key) => coordinator(key) === nodeId);
      expect(groups.map(({ groupId }: any) => groupId)).toEqual(own);
    }
  });

  test('a node lists the transactional ids it coordinates', () => {
    const ids = ['a', 'b', 'c', 'd'];
    for (const transactionalId of ids) {
      const body = { transactionalId, transactionTimeoutMs: 1000 };
      desk.ask('InitProducerId', 2, body, 10 + coordinator(transactionalId));
    }
    for (const { nodeId } of nodes) {
      const filters = { stateFilters: [], producerIdFilters: [], durationFilter: -1 };
      const { transactionStates } = desk.ask('ListTransactions', 1, filters, 10 + nodeId);
      const own = ids.filter((key) => coordinator(key) === nodeId);
      expect(transactionStates.map((one: any) => one.transactionalId)).toEqual(own);
    }
  });

  test('a node tells its own settings only', () => {
    const ask = (node: number, resourceName: string) => {
      const resources = [{ resourceType: 4, resourceName, configurationKeys: ['node.id'] }];
      const [{ errorCode, configs }] = desk.ask('DescribeConfigs', 2, { resources }, 10 + node)
        .results as [any];
      return [errorName(errorCode), configs[0]?.value];
    };
    expect(ask(2, '2')).toEqual(['NONE', '2']);
    expect(ask(1, '2')).toEqual(['INVALID_REQUEST', undefined]);
  });
});
