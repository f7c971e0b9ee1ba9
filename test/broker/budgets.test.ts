/**
 * Requests that are well formed and ask for too much: a few kilobytes must not buy gigabytes or
 * minutes. What the memory of one request grows by is measured where it is held at once.
 */
import { encodeBatch, encodeRequest, errorName } from '#protocol';
import { beforeEach, expect, test } from 'vitest';
import { batchOf, Desk } from './desk.ts';
import { packed } from './packed.ts';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
  desk.broker.createTopic('here', 1_000);
});

const times = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);
const partitionsOf = (name: string) =>
  desk.ask('Metadata', 9, { topics: [{ name }] }).topics[0].partitions.length;

function heapOf(act: () => void): number {
  const before = process.memoryUsage().heapUsed;
  act();
  return process.memoryUsage().heapUsed - before;
}

test('200 topics of 10,000 partitions are refused, each of them, and none is made', () => {
  const topics = Array.from({ length: 200 }, (_, index) => ({
    name: `t${index}`,
    numPartitions: 10_000,
    replicationFactor: 1,
    assignments: [],
    configs: [],
  }));
  const answer = desk.ask('CreateTopics', 4, { topics, timeoutMs: 1_000, validateOnly: false });
  expect(answer.topics.map(({ errorCode }: any) => errorName(errorCode))).toEqual(
    times(200, 'POLICY_VIOLATION'),
  );
  expect(partitionsOf('t0')).toBe(0);
});

test('a topic named 20,000 times in Metadata is told once', () => {
  const { topics } = desk.ask('Metadata', 9, { topics: times(20_000, { name: 'here' }) });
  expect(topics).toHaveLength(1);
  expect(topics[0].partitions).toHaveLength(1_000);
});

test('100,000 names in Metadata are one thing to do later, as far as there is room', () => {
  desk = new Desk({ autoCreateTopics: true });
  const names = Array.from({ length: 100_000 }, (_, index) => ({ name: `t${index}` }));
  desk.ask('Metadata', 4, { topics: names, allowAutoTopicCreation: true });
  desk.broker.runTimer(desk.nowMs + 50);
  expect(desk.broker.nextTimer()).toBeUndefined();
  expect(desk.ask('Metadata', 4, { topics: null }).topics).toHaveLength(50_000);
});

test('an answer of more than 64 MiB closes the connection, a smaller one is told whole', () => {
  const topic = { resourceType: 2, resourceName: 'here', configurationKeys: null };
  const ask = (count: number) =>
    desk.ask('DescribeConfigs', 4, { resources: times(count, topic), includeSynonyms: true });
  expect(ask(100).results).toHaveLength(100);
  expect(ask(100_000)).toBe('close');
  expect(partitionsOf('here')).toBe(1_000);
});

test('a request of 200,000 elements is read, one more closes the connection', () => {
  const partitions = (count: number) => ({
    groupId: 'g',
    topics: [{ name: 'here', partitionIndexes: times(count, 0) }],
  });
  expect(desk.receive('OffsetFetch', 5, partitions(199_999))).toMatchObject({
    api: 'OffsetFetch',
  });
  expect(desk.receive('OffsetFetch', 5, partitions(200_000))).toBe('close');
});

test('millions of topics without a name or a partition close the connection', () => {
  const head = encodeRequest('TxnOffsetCommit', 3, 1, null, {
    transactionalId: '',
    groupId: '',
    producerId: 0,
    producerEpoch: 0,
    memberId: '',
    groupInstanceId: null,
    topics: [],
  });
  // The last two bytes are an array of none and no tagged fields.
  const count = 0x3f_ffff;
  const announced = Buffer.of(0x80, 0x80, 0x80, 0x02);
  const frame = Buffer.concat([
    head.subarray(0, -2),
    announced,
    Buffer.alloc(3 * count, Buffer.of(1, 1, 0)),
    Buffer.alloc(1),
  ]);
  frame.writeInt32BE(frame.length - 4, 0);
  const grown = heapOf(() => expect(desk.broker.receive(1, frame)).toEqual(['close']));
  expect(grown).toBeLessThan(50_000_000);
});

test('5 million records in some kilobytes of zstd make no object each', () => {
  const batch = packed(5_000_000, false);
  expect(batch.length).toBeLessThan(10_000);
  const grown = heapOf(() => {
    expect(desk.produce('here', batch).error).toBe('UNKNOWN_SERVER_ERROR');
  });
  expect(grown).toBeLessThan(50_000_000);
});

test('a million records that are in order are taken, and found by their time', () => {
  const batch = packed(1_000_000, true);
  const asked = { partitionIndex: 0, currentLeaderEpoch: -1, timestamp: 0 };
  const topics = [{ name: 'here', partitions: [asked] }];
  const grown = heapOf(() => {
    expect(desk.produce('here', batch).error).toBe('NONE');
    const found = desk.ask('ListOffsets', 5, { replicaId: -1, isolationLevel: 0, topics });
    expect(found.topics[0].partitions[0]).toMatchObject({ errorCode: 0, offset: 0 });
  });
  expect(grown).toBeLessThan(50_000_000);
});

test('a batch of more than 64 MiB unpacked is refused', () => {
  const large = encodeBatch({
    records: [{ value: Buffer.alloc(67_108_864) }],
    compression: 'zstd',
  });
  expect(desk.produce('here', large)).toMatchObject({ error: 'UNKNOWN_SERVER_ERROR' });
  const most = encodeBatch({ records: [{ value: Buffer.alloc(60_000_000) }], compression: 'zstd' });
  expect(desk.produce('here', most)).toMatchObject({ error: 'NONE' });
});

test('of records that are refused 10,000 are named', () => {
  desk.broker.createTopic('compact', 1, { 'cleanup.policy': 'compact' });
  const records = times(12_000, { value: 'v' });
  const { error, errorMessage, recordErrors } = desk.produce(
    'compact',
    encodeBatch({ records, baseTimestamp: desk.nowMs }),
    { version: 8 },
  );
  expect(error).toBe('INVALID_RECORD');
  expect(errorMessage).toContain('due to 12000 record errors');
  expect(recordErrors).toHaveLength(10_000);
});

test('a consumer of 10,000 partitions and a batch of 1 MB are served', () => {
  desk.broker.createTopic('wide', 10_000);
  const batch = batchOf([Buffer.alloc(1_000_000)]);
  expect(desk.produce('wide', batch, { index: 9_999 }).error).toBe('NONE');
  const places = Array.from({ length: 10_000 }, (_, partition) => ['wide', partition, 0] as const);
  const fetched = desk.fetch(places, { minBytes: 0 });
  expect(fetched).toHaveLength(10_000);
  expect(fetched.at(-1)!.records).toHaveLength(batch.length);
});
