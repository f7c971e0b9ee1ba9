import { expect, test } from 'vitest';
import { apis, decodeRequest, describe, encodeRequest, type ApiName } from '#protocol';

function summary(api: ApiName, version: number, body: object): object {
  return describe(decodeRequest(encodeRequest(api, version, 1, 'me', body).subarray(4)));
}

test('a transactional Produce names its topics, partitions and transaction', () => {
  const partitionData = [
    { index: 2, records: null },
    { index: 0, records: null },
  ];
  const topicData = [
    { name: 'a', partitionData },
    { name: 'b', partitionData: [{ index: 1 }] },
  ];
  expect(summary('Produce', 7, { transactionalId: 'tx', topicData })).toEqual({
    api: 'Produce',
    topics: ['a', 'b'],
    transactionalId: 'tx',
    partitions: [
      { topic: 'a', partition: 2 },
      { topic: 'a', partition: 0 },
      { topic: 'b', partition: 1 },
    ],
  });
});

test('a Fetch names topics, by id where the version has no names', () => {
  const partitions = [{ partition: 4 }];
  expect(summary('Fetch', 11, { topics: [{ topic: 'a', partitions }] })).toEqual({
    api: 'Fetch',
    topics: ['a'],
    partitions: [{ topic: 'a', partition: 4 }],
  });
  const topicId = '00112233-4455-6677-8899-aabbccddeeff';
  expect(summary('Fetch', 13, { topics: [{ topicId, partitions }] })).toMatchObject({
    topics: [topicId],
    partitions: [{ topic: topicId, partition: 4 }],
  });
});

test.each([
  [
    'OffsetCommit',
    5,
    { groupId: 'g', topics: [{ name: 'a', partitions: [{ partitionIndex: 1 }] }] },
  ],
  ['OffsetFetch', 4, { groupId: 'g', topics: [{ name: 'a', partitionIndexes: [1] }] }],
  [
    'OffsetFetch',
    8,
    { groups: [{ groupId: 'g', topics: [{ name: 'a', partitionIndexes: [1] }] }] },
  ],
] as const)('%s v%i names group and partitions', (api, version, body) => {
  expect(summary(api, version, body)).toEqual({
    api,
    group: 'g',
    topics: ['a'],
    partitions: [{ topic: 'a', partition: 1 }],
  });
});

test.each([
  ['JoinGroup', { groupId: 'g' }],
  ['SyncGroup', { groupId: 'g' }],
  ['Heartbeat', { groupId: 'g' }],
  ['LeaveGroup', { groupId: 'g' }],
  ['DescribeGroups', { groups: ['g', 'h'] }],
  ['DeleteGroups', { groupsNames: ['g'] }],
  ['FindCoordinator', { key: 'g', keyType: 0 }],
] as const)('%s names its group', (api, body) => {
  expect(summary(api, 1, body)).toEqual({ api, group: 'g', topics: [], partitions: [] });
});

test('FindCoordinator tells a transaction from a group, in old and new versions', () => {
  expect(summary('FindCoordinator', 2, { key: 'x', keyType: 1 })).toMatchObject({
    transactionalId: 'x',
  });
  const batched = { keyType: 1, coordinatorKeys: ['x', 'y'] };
  expect(summary('FindCoordinator', 4, batched)).toMatchObject({ transactionalId: 'x' });
  expect(summary('FindCoordinator', 4, { keyType: 0, coordinatorKeys: ['g'] })).toMatchObject({
    group: 'g',
  });
});

test('transaction requests name transaction, group and partitions', () => {
  const topics = [{ name: 'a', partitions: [0, 3] }];
  const old = { v3AndBelowTransactionalId: 'tx', v3AndBelowTopics: topics };
  const batched = { transactions: [{ transactionalId: 'tx', topics }] };
  for (const [version, body] of [
    [1, old],
    [4, batched],
  ] as const) {
    expect(summary('AddPartitionsToTxn', version, body)).toEqual({
      api: 'AddPartitionsToTxn',
      transactionalId: 'tx',
      topics: ['a'],
      partitions: [
        { topic: 'a', partition: 0 },
        { topic: 'a', partition: 3 },
      ],
    });
  }
  const txn = { transactionalId: 'tx', groupId: 'g' };
  for (const api of ['AddOffsetsToTxn', 'TxnOffsetCommit'] as const) {
    expect(summary(api, 1, txn)).toMatchObject({ transactionalId: 'tx', group: 'g' });
  }
  expect(summary('InitProducerId', 1, { transactionalId: null })).toEqual({
    api: 'InitProducerId',
    topics: [],
    partitions: [],
  });
  expect(summary('EndTxn', 1, { transactionalId: 'tx' })).toMatchObject({ transactionalId: 'tx' });
});

test('administration names its topics', () => {
  expect(summary('Metadata', 6, { topics: [{ name: 'a' }] })).toMatchObject({ topics: ['a'] });
  expect(summary('Metadata', 6, { topics: null })).toMatchObject({ topics: [] });
  expect(summary('CreateTopics', 3, { topics: [{ name: 'a' }] })).toMatchObject({ topics: ['a'] });
  expect(summary('DeleteTopics', 1, { topicNames: ['a'] })).toMatchObject({ topics: ['a'] });
  expect(summary('CreatePartitions', 1, { topics: [{ name: 'a', count: 3 }] })).toMatchObject({
    topics: ['a'],
    partitions: [],
  });
  const resources = [
    { resourceType: 2, resourceName: 'a' },
    { resourceType: 4, resourceName: '1' },
  ];
  expect(summary('DescribeConfigs', 2, { resources })).toMatchObject({ topics: ['a'] });
});

test('an empty request of any API and version can be described', () => {
  for (const api of Object.keys(apis) as ApiName[]) {
    const { min, max } = apis[api].versions;
    for (let version = min; version <= max; version++) {
      expect(summary(api, version, {})).toMatchObject({ api, topics: [], partitions: [] });
    }
  }
});
