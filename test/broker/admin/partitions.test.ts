/** More partitions, fewer records, other leaders, and what lies where. As seen on Kafka 3.9.1. */
import { errorName } from '#protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { batchOf, Desk } from '../desk.ts';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
  desk.broker.createTopic('t', 2);
});

function partitionCount(topic = 't'): number {
  return desk.ask('Metadata', 4, { topics: [{ name: topic }] }).topics[0].partitions.length;
}

describe('CreatePartitions', () => {
  function ask(topics: object[], rest: object = {}, version = 1) {
    const asked = topics.map((one) => ({ assignments: null, ...one }));
    const { results } = desk.ask('CreatePartitions', version, {
      topics: asked,
      timeoutMs: 1000,
      ...rest,
    });
    return results.map((one: any) => [one.name, errorName(one.errorCode), one.errorMessage]);
  }

  test.each([0, 1, 2, 3])('v%i adds empty partitions', (version) => {
    desk.produce('t', batchOf(['old']));
    expect(ask([{ name: 't', count: 4 }], {}, version)).toEqual([['t', 'NONE', null]]);
    expect(partitionCount()).toBe(4);
    expect(desk.broker.offsets('t', 3)).toMatchObject({ logStart: 0, highWatermark: 0 });
    expect(desk.broker.offsets('t', 0).highWatermark).toBe(1);
    expect(desk.produce('t', batchOf(['new']), { index: 3 }).error).toBe('NONE');
  });

  test.each([
    [{ count: 2 }, 'INVALID_PARTITIONS', 'Topic already has 2 partition(s).'],
    [
      { count: 1 },
      'INVALID_PARTITIONS',
      'The topic t currently has 2 partition(s); 1 would not be an increase.',
    ],
    [{ count: 10_001 }, 'INVALID_PARTITIONS', 'A topic has at most 10000 partitions here.'],
    [{ name: 'nope', count: 3 }, 'UNKNOWN_TOPIC_OR_PARTITION', null],
    [{ name: 'a b', count: 3 }, 'UNKNOWN_TOPIC_OR_PARTITION', null],
    [
      { count: 4, assignments: [{ brokerIds: [1] }] },
      'INVALID_REPLICA_ASSIGNMENT',
      'Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.',
    ],
    [
      { count: 3, assignments: [{ brokerIds: [9] }] },
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes broker 9, but no such broker is registered.',
    ],
    [
      { count: 3, assignments: [{ brokerIds: [] }] },
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes an empty replica list.',
    ],
    [
      { count: 3, assignments: [{ brokerIds: [1, 1] }] },
      'INVALID_REPLICA_ASSIGNMENT',
      'The manual partition assignment includes the broker 1 more than once.',
    ],
  ])('%j → %s', (topic, error, text) => {
    const [[, code, message]] = ask([{ name: 't', ...topic }]);
    expect([code, message]).toEqual([error, text]);
    expect(partitionCount()).toBe(2);
  });

  test('validateOnly and a timeout of 0 change nothing; a name twice is told once', () => {
    expect(ask([{ name: 't', count: 4 }], { validateOnly: true })).toEqual([['t', 'NONE', null]]);
    expect(ask([{ name: 't', count: 4 }], { timeoutMs: 0 })[0][1]).toBe('REQUEST_TIMED_OUT');
    const twice = [
      { name: 't', count: 4 },
      { name: 't', count: 5 },
    ];
    expect(ask(twice)).toEqual([['t', 'INVALID_REQUEST', 'Duplicate topic name.']]);
    expect(partitionCount()).toBe(2);
  });
});

describe('DeleteRecords', () => {
  beforeEach(() => {
    desk.produce('t', batchOf(['a', 'b', 'c', 'd']));
    desk.produce('t', batchOf(['e', 'f', 'g']));
  });

  function ask(offset: number, { topic = 't', index = 0, version = 1 } = {}) {
    const topics = [{ name: topic, partitions: [{ partitionIndex: index, offset }] }];
    const answer = desk.ask('DeleteRecords', version, { topics, timeoutMs: 0 });
    const [{ lowWatermark, errorCode }] = answer.topics[0].partitions;
    return [errorName(errorCode), lowWatermark];
  }

  test.each([0, 1, 2])('v%i moves the start of the log, never back', (version) => {
    expect(ask(2, { version })).toEqual(['NONE', 2]);
    expect(ask(1, { version })).toEqual(['NONE', 2]);
    expect(ask(-1, { version })).toEqual(['NONE', 7]);
    expect(desk.broker.read('t', 0)).toEqual([]);
    expect(desk.produce('t', batchOf(['h'])).baseOffset).toBe(7);
  });

  test('a batch that the start cuts is read whole, what is before it not at all', () => {
    ask(2);
    const [cut] = desk.fetch([['t', 0, 2]]);
    expect(cut).toMatchObject({ error: 'NONE', logStartOffset: 2, highWatermark: 7 });
    expect(desk.broker.read('t', 0).map(({ baseOffset }) => baseOffset)).toEqual([0, 4]);
    expect(desk.fetch([['t', 0, 1]])[0]!.error).toBe('OFFSET_OUT_OF_RANGE');
    ask(5);
    expect(desk.broker.read('t', 0).map(({ baseOffset }) => baseOffset)).toEqual([4]);
    const [rest] = desk.fetch([['t', 0, 5]]);
    expect(rest!.records.length).toBe(batchOf(['e', 'f', 'g']).length);
  });

  test('earliest and a search by time begin at the start', () => {
    ask(2);
    const look = (timestamp: number) =>
      desk.ask('ListOffsets', 5, {
        replicaId: -1,
        isolationLevel: 0,
        topics: [
          { name: 't', partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp }] },
        ],
      }).topics[0].partitions[0].offset;
    expect([look(-2), look(0)]).toEqual([2, 2]);
  });

  test('beyond the end, below -1, unknown, compacted', () => {
    expect(ask(8)).toEqual(['OFFSET_OUT_OF_RANGE', -1]);
    expect(ask(-2)).toEqual(['OFFSET_OUT_OF_RANGE', -1]);
    expect(ask(0, { index: 9 })).toEqual(['UNKNOWN_TOPIC_OR_PARTITION', -1]);
    desk.broker.createTopic('compacted', 1, { 'cleanup.policy': 'compact' });
    desk.broker.createTopic('both', 1, { 'cleanup.policy': 'compact,delete' });
    expect(ask(0, { topic: 'compacted' })).toEqual(['POLICY_VIOLATION', -1]);
    expect(ask(0, { topic: 'both' })).toEqual(['NONE', 0]);
  });

  test('unknown topics come first, a topic in two entries is one', () => {
    const part = (partitionIndex: number) => ({ partitionIndex, offset: 0 });
    const topics = [
      { name: 't', partitions: [part(0)] },
      { name: 'nope', partitions: [part(0)] },
      { name: 't', partitions: [part(1), part(0)] },
      { name: 'empty', partitions: [] },
    ];
    const answer = desk.ask('DeleteRecords', 2, { topics, timeoutMs: 1000 });
    expect(answer.topics.map((one: any) => [one.name, one.partitions.length])).toEqual([
      ['nope', 1],
      ['t', 2],
    ]);
  });

  test('producers are remembered although their records are gone', () => {
    const batch = (values: string[], baseSequence: number) =>
      batchOf(values, { producerId: 1, producerEpoch: 0, baseSequence });
    const { baseOffset } = desk.produce('t', batch(['x'], 0));
    ask(-1);
    expect(desk.produce('t', batch(['x'], 0))).toMatchObject({ error: 'NONE', baseOffset });
    expect(desk.produce('t', batch(['z'], 5)).error).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
  });
});

test('DescribeLogDirs counts the bytes of what is there, and leaves out what is not', () => {
  const batch = batchOf(['a']);
  desk.produce('t', batch);
  const ask = (topics: object[] | null, version = 4) => {
    const { results } = desk.ask('DescribeLogDirs', version, { topics });
    return results[0].topics.map(({ name, partitions }: any) => [
      name,
      partitions.map((one: any) => [one.partitionIndex, one.partitionSize]),
    ]);
  };
  const all = [
    [0, batch.length],
    [1, 0],
  ];
  expect(ask(null)).toEqual([['t', all]]);
  expect(ask(null, 0)).toEqual([['t', all]]);
  const asked = [
    { topic: 'nope', partitions: [0] },
    { topic: 't', partitions: [1, 9] },
  ];
  expect(ask(asked)).toEqual([['t', [[1, 0]]]]);
  expect(ask([])).toEqual([]);
});

test('ElectLeaders has nothing to do where the preferred leader leads', () => {
  const ask = (body: object, version = 2) => {
    const answer = desk.ask('ElectLeaders', version, { timeoutMs: 1000, ...body });
    return [
      errorName(answer.errorCode),
      answer.replicaElectionResults.flatMap(({ topic, partitionResult }: any) =>
        partitionResult.map((one: any) => [topic, one.partitionId, errorName(one.errorCode)]),
      ),
    ];
  };
  const topicPartitions = [
    { topic: 't', partitions: [0, 9] },
    { topic: 'nope', partitions: [0] },
  ];
  const each = [
    ['t', 0, 'ELECTION_NOT_NEEDED'],
    ['t', 9, 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['nope', 0, 'UNKNOWN_TOPIC_OR_PARTITION'],
  ];
  for (const version of [0, 1, 2])
    expect(ask({ topicPartitions }, version)).toEqual(['NONE', each]);
  expect(ask({ topicPartitions, electionType: 1 })).toEqual(['NONE', each]);
  expect(ask({ topicPartitions: null })).toEqual(['NONE', []]);
  expect(ask({ topicPartitions, electionType: 9 })[0]).toBe('INVALID_REQUEST');
  expect(ask({ topicPartitions, timeoutMs: 0 })[0]).toBe('REQUEST_TIMED_OUT');
});

test('ACLs are answered as by a Kafka without an authorizer', () => {
  const filter = {
    resourceTypeFilter: 1,
    resourceNameFilter: null,
    principalFilter: null,
    hostFilter: null,
    operation: 1,
    permissionType: 1,
  };
  const acl = {
    resourceType: 2,
    resourceName: 't',
    principal: 'User:a',
    host: '*',
    operation: 3,
    permissionType: 3,
  };
  for (const version of [0, 1, 2, 3]) {
    const told = desk.ask('DescribeAcls', version, filter);
    expect(errorName(told.errorCode)).toBe('SECURITY_DISABLED');
    const { results } = desk.ask('CreateAcls', version, { creations: [acl, acl] });
    const { filterResults } = desk.ask('DeleteAcls', version, { filters: [filter] });
    const codes = [...results, ...filterResults].map((one: any) => errorName(one.errorCode));
    expect(codes).toEqual(['SECURITY_DISABLED', 'SECURITY_DISABLED', 'SECURITY_DISABLED']);
  }
});

test('DescribeCluster names the nodes, to those who ask for brokers', () => {
  const ask = (body: object, version = 1) => desk.ask('DescribeCluster', version, body);
  expect(ask({ includeClusterAuthorizedOperations: true }, 0)).toMatchObject({
    errorCode: 0,
    clusterId: 'crashproof-cluster',
    controllerId: 1,
    brokers: [{ brokerId: 1, host: '127.0.0.1', port: 9092, rack: null }],
    clusterAuthorizedOperations: 8096,
  });
  expect(errorName(ask({ endpointType: 2 }).errorCode)).toBe('MISMATCHED_ENDPOINT_TYPE');
  const other = ask({ endpointType: 7 });
  expect(errorName(other.errorCode)).toBe('UNSUPPORTED_ENDPOINT_TYPE');
  expect(other).toMatchObject({ clusterId: '', controllerId: -1, brokers: [] });
});
