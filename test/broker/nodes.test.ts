/** Three nodes in one process: whom to ask, and what the others say. As seen on Kafka 3.9.1. */
import { errorName } from '#protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { batchOf, Desk } from './desk.ts';

const nodes = [0, 1, 2].map((nodeId) => ({ nodeId, host: 'kafka', port: 9092 + nodeId }));
const noId = '00000000-0000-0000-0000-000000000000';

let desk: Desk;
/** Connection 10 + n is to node n. */
beforeEach(() => {
  desk = new Desk({
    nodes,
    defaultReplicationFactor: 2,
    defaultPartitions: 2,
    groupInitialRebalanceDelayMs: 0,
  });
  for (const { nodeId } of nodes) desk.broker.connect(10 + nodeId, nodeId);
  desk.broker.createTopic('t', 3);
});

interface Told {
  readonly leaderId: number;
  readonly leaderEpoch: number;
  readonly replicaNodes: readonly number[];
  readonly isrNodes: readonly number[];
}

function partitionsOf(topic: string, node = 0): readonly Told[] {
  return desk.ask('Metadata', 8, { topics: [{ name: topic }] }, 10 + node).topics[0].partitions;
}

/** The node that leads partition 0, one that follows, and one without a replica. */
function roles(topic = 't') {
  const [{ leaderId, replicaNodes }] = partitionsOf(topic) as [Told];
  const follower = replicaNodes.find((id) => id !== leaderId)!;
  const stranger = nodes.find(({ nodeId }) => !replicaNodes.includes(nodeId))!.nodeId;
  return { leader: leaderId, follower, stranger };
}

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
    const leaders = partitionsOf('t').map(({ leaderId }) => leaderId);
    expect(new Set(leaders)).toEqual(new Set([0, 1, 2]));
    for (const { leaderId, replicaNodes, isrNodes } of partitionsOf('t')) {
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
    expect(partitionsOf('by-hand').map(({ replicaNodes }) => replicaNodes)).toEqual([
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
    expect(partitionsOf('new', 0)).toEqual(partitionsOf('new', 1));
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
    const { leader, follower, stranger } = roles();
    const error = (answer: any) => errorName(answer.responses[0].partitionResponses[0].errorCode);
    expect(error(produce(leader))).toBe('NONE');
    expect(error(produce(follower))).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(error(produce(stranger))).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(produce(stranger, 7, 0)).toBe('close');
    expect(desk.broker.offsets('t', 0).highWatermark).toBe(1);
  });

  test('from v10 the answer says where to go', () => {
    const { leader, stranger } = roles();
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
    const { leader, follower, stranger } = roles();
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
    const { leader, stranger } = roles();
    const answer = fetch(stranger, 16, 5000)();
    expect(answer.responses[0].partitions[0]).toMatchObject({
      errorCode: 6,
      currentLeader: { leaderId: leader, leaderEpoch: 0 },
    });
    expect(answer.nodeEndpoints).toEqual([{ ...nodes[leader]!, rack: null }]);
  });

  test('a fetch that waits hears at once that the leader has moved', () => {
    const { leader, follower, stranger } = roles();
    const waiting = fetch(leader, 10, 5000);
    const elsewhere = [{ partitionIndex: 0, replicas: [stranger, follower] }];
    desk.ask('AlterPartitionReassignments', 0, {
      timeoutMs: 1000,
      topics: [{ name: 't', partitions: elsewhere }],
    });
    expect(waiting()).toBeUndefined();
    desk.pass(100);
    expect(waiting().responses[0].partitions[0].errorCode).toBe(6);
  });

  test.each([
    ['ListOffsets', 5, { timestamp: -1 }],
    ['DeleteRecords', 1, { offset: 0 }],
  ] as const)('%s is the leader’s', (api, version, rest) => {
    const { leader, follower } = roles();
    const error = (node: number) => {
      const partitions = [{ partitionIndex: 0, currentLeaderEpoch: -1, ...rest }];
      const topics = [{ name: 't', partitions }];
      const body = { replicaId: -1, isolationLevel: 0, timeoutMs: 1000, topics };
      const answer = desk.ask(api, version, body, 10 + node);
      return errorName(answer.topics[0].partitions[0].errorCode);
    };
    expect([error(leader), error(follower)]).toEqual(['NONE', 'NOT_LEADER_OR_FOLLOWER']);
  });

  test('a node tells the bytes of its replicas only', () => {
    const { stranger } = roles();
    const { results } = desk.ask('DescribeLogDirs', 4, { topics: null }, 10 + stranger);
    const told = results[0].topics[0].partitions.map((one: any) => one.partitionIndex);
    expect(told).toEqual([1, 2]);
  });
});

describe('other replicas', () => {
  function reassign(partitionIndex: number, replicas: readonly number[] | null, topic = 't') {
    const partitions = [{ partitionIndex, replicas }];
    const topics = [{ name: topic, partitions }];
    const body = { timeoutMs: 1000, topics };
    const [told] = desk.ask('AlterPartitionReassignments', 0, body, 11).responses[0].partitions;
    return errorName(told.errorCode);
  }
  const first = () => partitionsOf('t')[0]!;

  function underWay(): object[] {
    const body = { timeoutMs: 1000, topics: null };
    return desk
      .ask('ListPartitionReassignments', 0, body)
      .topics.flatMap((topic: any) => topic.partitions);
  }

  test('a leader that stays keeps leading until its preferred one is elected', () => {
    const { leader, follower } = roles();
    expect(reassign(0, [follower, leader])).toBe('NONE');
    expect(first()).toMatchObject({
      leaderId: leader,
      leaderEpoch: 0,
      replicaNodes: [follower, leader],
    });
    const body = { timeoutMs: 1000, topicPartitions: null };
    const { replicaElectionResults } = desk.ask('ElectLeaders', 2, body);
    expect(replicaElectionResults).toEqual([
      { topic: 't', partitionResult: [{ partitionId: 0, errorCode: 0, errorMessage: null }] },
    ]);
    expect(first()).toMatchObject({ leaderId: follower, leaderEpoch: 1 });
  });

  test('a leader that goes hands over in a new epoch, when the new replicas have caught up', () => {
    const { leader, stranger } = roles();
    const place = { topic: 't', partition: 0 };
    desk.broker.append(place.topic, place.partition, [{ value: 'before' }], 0);
    const { replicaNodes: before } = first();
    expect(reassign(0, [stranger])).toBe('NONE');
    expect(first()).toMatchObject({ leaderId: leader, leaderEpoch: 0, isrNodes: before });
    expect(underWay()).toEqual([
      {
        partitionIndex: 0,
        replicas: [stranger, ...before],
        addingReplicas: [stranger],
        removingReplicas: before,
      },
    ]);
    desk.pass(100);
    expect(underWay()).toEqual([]);
    expect(first()).toMatchObject({ leaderId: stranger, leaderEpoch: 1, isrNodes: [stranger] });

    desk.broker.append(place.topic, place.partition, [{ value: 'after' }], 0);
    const end = (leaderEpoch: number, node: number, currentLeaderEpoch = -1) => {
      const partitions = [{ partition: 0, currentLeaderEpoch, leaderEpoch }];
      const topics = [{ topic: 't', partitions }];
      const answer = desk.ask('OffsetForLeaderEpoch', 3, { replicaId: -1, topics }, 10 + node);
      const [{ errorCode, leaderEpoch: epoch, endOffset }] = answer.topics[0].partitions;
      return [errorName(errorCode), epoch, endOffset];
    };
    expect(end(0, stranger)).toEqual(['NONE', 0, 1]);
    expect(end(1, stranger)).toEqual(['NONE', 1, 2]);
    expect(end(2, stranger)).toEqual(['NONE', -1, -1]);
    expect(end(0, stranger, 0)[0]).toBe('FENCED_LEADER_EPOCH');
    expect(end(0, leader)[0]).toBe('NOT_LEADER_OR_FOLLOWER');
  });

  test('one that is under way can be called off, or replaced', () => {
    const { stranger } = roles();
    const before = first();
    reassign(0, [stranger]);
    expect(reassign(0, null)).toBe('NONE');
    desk.pass(1000);
    expect(first()).toEqual(before);
    reassign(0, [stranger]);
    reassign(0, [...before.replicaNodes, stranger]);
    desk.pass(1000);
    expect(first()).toMatchObject({
      leaderId: before.leaderId,
      leaderEpoch: 0,
      replicaNodes: [...before.replicaNodes, stranger],
    });
  });

  test('one that is under way ends with its topic', () => {
    reassign(0, [roles().stranger]);
    desk.ask('DeleteTopics', 4, { topicNames: ['t'], timeoutMs: 1000 });
    desk.broker.createTopic('t', 3);
    const before = first();
    desk.pass(1000);
    expect(first()).toEqual(before);
  });

  test.each([
    ['t', 0, [9], 'INVALID_REPLICA_ASSIGNMENT'],
    ['t', 0, [], 'INVALID_REPLICA_ASSIGNMENT'],
    ['t', 0, [1, 1], 'INVALID_REPLICA_ASSIGNMENT'],
    ['t', 0, null, 'NO_REASSIGNMENT_IN_PROGRESS'],
    ['t', 9, [1], 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['nope', 0, null, 'UNKNOWN_TOPIC_OR_PARTITION'],
  ] as const)('%s/%i %j → %s', (topic, partition, replicas, error) => {
    const before = first();
    expect(reassign(partition, replicas, topic)).toBe(error);
    expect(first()).toEqual(before);
  });
});

describe('groups', () => {
  const identity = { groupId: 'g', generationId: 1, memberId: 'm' };
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

  const misdirected: [string, number, object, (answer: any) => number][] = [
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
  ];
  test.each(misdirected)('%s v%i elsewhere → NOT_COORDINATOR', (api, version, body, code) => {
    const answer = desk.ask(api as 'Heartbeat', version, body, 10 + other());
    expect(errorName(code(answer))).toBe('NOT_COORDINATOR');
    const right = desk.ask(api as 'Heartbeat', version, body, 10 + coordinator());
    expect(errorName(code(right))).not.toBe('NOT_COORDINATOR');
  });

  test('a partition that is not there is told first', () => {
    const answer = desk.ask(
      'OffsetCommit',
      5,
      { ...identity, topics: [{ name: 'nope', partitions: committed }] },
      10 + other(),
    );
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
