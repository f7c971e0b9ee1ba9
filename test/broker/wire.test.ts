import {
  apis,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  errorCode,
  type ApiName,
} from '#protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { batchOf, Desk } from './desk.ts';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
  desk.broker.createTopic('t', 1);
});

const receive = (bytes: Buffer) => desk.broker.receive(1, bytes);

test('every version listed can be decoded, and what kafkajs 2.2.4 sends is among them', () => {
  const newestOfKafkajs: Partial<Record<ApiName, number>> = {
    Produce: 7,
    Fetch: 11,
    ListOffsets: 3,
    Metadata: 6,
    OffsetCommit: 5,
    OffsetFetch: 4,
    FindCoordinator: 2,
    JoinGroup: 5,
    Heartbeat: 3,
    LeaveGroup: 3,
    SyncGroup: 3,
    DescribeGroups: 2,
    ListGroups: 2,
    CreateTopics: 3,
    DeleteTopics: 1,
    InitProducerId: 1,
  };
  const listed = new Map<number, any>(
    desk.ask('ApiVersions', 0, {}).apiKeys.map((one: any) => [one.apiKey, one]),
  );
  for (const [api, newest] of Object.entries(newestOfKafkajs)) {
    const { minVersion, maxVersion } = listed.get(apis[api as ApiName].key);
    expect(minVersion).toBeLessThanOrEqual(newest);
    expect(maxVersion).toBeGreaterThanOrEqual(newest);
    expect(maxVersion).toBeLessThanOrEqual(apis[api as ApiName].versions.max);
  }
});

test('groups of KIP-848 are not listed, and close the connection', () => {
  const heartbeat = Buffer.from([0, 0, 0, 11, 0, 68, 0, 0, 0, 0, 0, 7, 255, 255, 0]);
  expect(receive(heartbeat)).toEqual(['close']);
});

test('random bytes never do more than close', () => {
  let seed = 1;
  const next = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const produce = encodeRequest('Produce', 9, 1, 'desk', {
    acks: -1,
    topicData: [{ name: 't', partitionData: [{ index: 0, records: batchOf(['a', 'b']) }] }],
  });
  const join = encodeRequest('JoinGroup', 7, 1, 'desk', {
    groupId: 'g',
    sessionTimeoutMs: 6000,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.from([1, 2]) }],
  });
  let applied = 0;
  for (let round = 0; round < 20_000; round++) {
    const bytes = Buffer.from(round % 2 === 0 ? produce : join);
    for (let change = next(4); change >= 0; change--) bytes[4 + next(bytes.length - 4)] = next(256);
    desk.broker.connect(9);
    for (const request of desk.broker.receive(9, bytes)) {
      if (request === 'close') continue;
      desk.broker.apply(request, 0);
      applied++;
    }
    desk.broker.take();
    desk.broker.disconnect(9);
  }
  expect(applied).toBeGreaterThan(1000);
  expect(desk.ask('Metadata', 1, { topics: null }).topics[0].errorCode).toBe(0);
});

describe('a refused request', () => {
  const partition = { index: 0, partition: 0, partitionIndex: 0, fetchOffset: 0, timestamp: -1 };
  const cases: [ApiName, number, object, (body: any) => number[]][] = [
    [
      'Produce',
      7,
      { acks: -1, topicData: [{ name: 't', partitionData: [{ ...partition, records: null }] }] },
      (body) => body.responses[0].partitionResponses.map((one: any) => one.errorCode),
    ],
    [
      'Fetch',
      11,
      { topics: [{ topic: 't', partitions: [partition] }] },
      (body) => body.responses[0].partitions.map((one: any) => one.errorCode),
    ],
    [
      'ListOffsets',
      3,
      { topics: [{ name: 't', partitions: [partition] }] },
      (body) => body.topics[0].partitions.map((one: any) => one.errorCode),
    ],
    [
      'OffsetCommit',
      5,
      { groupId: 'g', topics: [{ name: 't', partitions: [{ ...partition, committedOffset: 1 }] }] },
      (body) => body.topics[0].partitions.map((one: any) => one.errorCode),
    ],
    ['OffsetFetch', 4, { groupId: 'g', topics: [] }, (body) => [body.errorCode]],
    ['OffsetFetch', 8, { groups: [{ groupId: 'g' }] }, (body) => [body.groups[0].errorCode]],
    ['Metadata', 6, { topics: [{ name: 't' }] }, (body) => [body.topics[0].errorCode]],
    ['Metadata', 6, { topics: null }, (body) => [body.topics[0].errorCode]],
    ['FindCoordinator', 2, { key: 'g' }, (body) => [body.errorCode]],
    ['FindCoordinator', 4, { coordinatorKeys: ['g'] }, (body) => [body.coordinators[0].errorCode]],
    ['JoinGroup', 5, { groupId: 'g' }, (body) => [body.errorCode]],
    ['SyncGroup', 3, { groupId: 'g' }, (body) => [body.errorCode]],
    ['Heartbeat', 3, { groupId: 'g' }, (body) => [body.errorCode]],
    ['LeaveGroup', 3, { groupId: 'g', members: [] }, (body) => [body.errorCode]],
    ['DescribeGroups', 2, { groups: ['g'] }, (body) => [body.groups[0].errorCode]],
    ['ListGroups', 2, {}, (body) => [body.errorCode]],
    ['DeleteGroups', 1, { groupsNames: ['g'] }, (body) => [body.results[0].errorCode]],
    ['CreateTopics', 3, { topics: [{ name: 'n' }] }, (body) => [body.topics[0].errorCode]],
    ['DeleteTopics', 1, { topicNames: ['t'] }, (body) => [body.responses[0].errorCode]],
    ['InitProducerId', 1, { transactionalId: null }, (body) => [body.errorCode]],
    [
      'OffsetForLeaderEpoch',
      3,
      { topics: [{ topic: 't', partitions: [partition] }] },
      (body) => body.topics[0].partitions.map((one: any) => one.errorCode),
    ],
    ['ApiVersions', 2, {}, (body) => [body.errorCode]],
  ];
  test.each(cases)(
    '%s v%i says the error wherever one goes and does nothing',
    (api, v, body, of) => {
      const request = desk.receive(api, v, body);
      if (request === 'close') throw new Error('closed');
      const bytes = desk.broker.refuse(request, 'NOT_COORDINATOR');
      const { correlationId, body: answer } = decodeResponse(api, v, bytes.subarray(4));
      expect(correlationId).toBe(request.correlationId);
      expect(of(answer)).toEqual([errorCode('NOT_COORDINATOR')]);
      expect(desk.broker.take()).toEqual({ answers: [], events: [] });
      expect(desk.broker.nextTimer()).toBeUndefined();
    },
  );
});

test('a refused Produce with acks 0 has no bytes, since nobody waits for them', () => {
  const request = desk.receive('Produce', 7, { acks: 0, topicData: [] });
  if (request === 'close') throw new Error('closed');
  expect(desk.broker.refuse(request, 'NOT_LEADER_OR_FOLLOWER')).toHaveLength(0);
});

test('equal histories have equal answers, byte for byte', () => {
  const history = (): string => {
    const one = new Desk({ idSeed: 7, groupInitialRebalanceDelayMs: 0 });
    const frames = [
      encodeRequest('CreateTopics', 5, 1, 'x', {
        topics: [{ name: 't', numPartitions: 2, replicationFactor: 1 }],
      }),
      encodeRequest('Metadata', 12, 2, 'x', { topics: null }),
      encodeRequest('JoinGroup', 5, 3, 'x', {
        groupId: 'g',
        sessionTimeoutMs: 6000,
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
      }),
    ];
    for (const bytes of frames) {
      for (const request of one.broker.receive(1, bytes)) {
        if (request !== 'close') one.broker.apply(request, 5);
      }
    }
    return Buffer.concat(one.broker.take().answers.map(({ bytes }) => bytes!)).toString('hex');
  };
  expect(history()).toBe(history());
  expect(history().length).toBeGreaterThan(200);
});

test('a request tells its size without the length prefix', () => {
  const bytes = encodeRequest('Metadata', 6, 1, 'desk', { topics: null });
  expect(receive(bytes)).toMatchObject([{ size: bytes.length - 4, clientId: 'desk' }]);
  expect(decodeRequest(bytes.subarray(4)).api).toBe('Metadata');
});
