/** A cluster in one process, as clients find their way in it from any of its nodes. */
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBroker, type GuestBroker } from './guest-broker.ts';
import { kcat, kcatIsMissing } from './kcat.ts';

const nodeIds = [1, 2, 3];
const values = Array.from({ length: 30 }, (_, index) => `v${index}`);

let cluster: GuestBroker;
let kafka: Kafka;
let admin: Admin;
beforeAll(async () => {
  cluster = await startBroker({
    nodeIds,
    defaultReplicationFactor: 3,
    topics: { kcats: 6, kafkajses: 6, waiters: 3, committed: 3 },
  });
  const brokers = [cluster.addresses[1]!];
  kafka = new Kafka({ brokers, clientId: 'guest', logLevel: logLevel.NOTHING });
  admin = kafka.admin();
  await admin.connect();
});
afterAll(async () => {
  await admin.disconnect();
  await cluster.stop();
});

test('an admin sees the nodes, their leaders and all replicas in sync', async () => {
  const { brokers, controller } = await admin.describeCluster();
  expect(brokers.map(({ nodeId }) => nodeId)).toEqual(nodeIds);
  expect(brokers.map(({ host, port }) => `${host}:${port}`)).toEqual(cluster.addresses);
  expect(nodeIds).toContain(controller);
  const { topics } = await admin.fetchTopicMetadata({ topics: ['kafkajses'] });
  const { partitions } = topics[0]!;
  expect(new Set(partitions.map(({ leader }) => leader))).toEqual(new Set(nodeIds));
  for (const { replicas, isr } of partitions) {
    expect(replicas.toSorted((a, b) => a - b)).toEqual(nodeIds);
    expect(isr).toEqual(replicas);
  }
});

test('groups with coordinators on every node read what leaders on every node took', async () => {
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const messages = values.map((value) => ({ key: value, value }));
  await producer.send({ topic: 'kafkajses', messages });
  await producer.disconnect();
  const coordinators = new Set<number>();
  for (const groupId of ['a', 'b', 'c']) {
    const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topics: ['kafkajses'], fromBeginning: true });
    const seen = new Set<string>();
    await new Promise<void>((done, fail) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => fail(payload.error));
      consumer.on(consumer.events.REQUEST, ({ payload }) => {
        if (payload.apiName === 'JoinGroup') coordinators.add(Number(payload.broker.split(':')[1]));
      });
      const eachMessage = async ({ message }: { message: { value: Buffer | null } }) => {
        seen.add(String(message.value));
        if (seen.size === values.length) done();
      };
      void consumer.run({ eachMessage });
    });
    await consumer.disconnect();
    expect(await admin.fetchOffsets({ groupId, topics: ['kafkajses'] })).toHaveLength(1);
  }
  expect(coordinators.size).toBe(3);
  const { groups } = await admin.listGroups();
  expect(groups.map(({ groupId }) => groupId).toSorted()).toEqual(['a', 'b', 'c']);
});

test('transactions of every node commit together with the offsets they consumed', async () => {
  for (const id of ['a', 'b', 'c']) {
    const producer = kafka.producer({
      transactionalId: id,
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await producer.connect();
    const transaction = await producer.transaction();
    const messages = [0, 1, 2].map((partition) => ({ partition, value: id }));
    await transaction.send({ topic: 'committed', messages });
    const topics = [{ topic: 'kafkajses', partitions: [{ partition: 0, offset: '1' }] }];
    await transaction.sendOffsets({ consumerGroupId: `of-${id}`, topics });
    await transaction.commit();
    await producer.disconnect();
    const committed = async () => {
      const asked = { groupId: `of-${id}`, topics: ['kafkajses'] };
      const [told] = await admin.fetchOffsets(asked);
      return told?.partitions.find(({ partition }) => partition === 0)?.offset;
    };
    await expect.poll(committed).toBe('1');
  }
  const ends = await admin.fetchTopicOffsets('committed');
  // Three records and the marker of each of the three.
  expect(ends.map(({ high }) => high)).toEqual(['6', '6', '6']);
}, 30_000);

test('a consumer follows a leader that moves', async () => {
  const consumer = kafka.consumer({ groupId: 'followers', maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topics: ['waiters'], fromBeginning: true });
  const seen = new Set<string>();
  const waiting = new Map<string, () => void>();
  const hasSeen = (value: string): Promise<void> =>
    new Promise((done) => (seen.has(value) ? done() : waiting.set(value, done)));
  await consumer.run({
    eachMessage: async ({ message }) => {
      const value = String(message.value);
      seen.add(value);
      waiting.get(value)?.();
    },
  });
  const producer = kafka.producer();
  await producer.connect();
  const send = (value: string) =>
    producer.send({ topic: 'waiters', messages: [{ partition: 0, value }] });
  await send('before');
  await hasSeen('before');
  const { topics } = await admin.fetchTopicMetadata({ topics: ['waiters'] });
  const { leader } = topics[0]!.partitions.find(({ partitionId }) => partitionId === 0)!;
  const replicas = [(leader % nodeIds.length) + 1];
  await admin.alterPartitionReassignments({
    topics: [{ topic: 'waiters', partitionAssignment: [{ partition: 0, replicas }] }],
  });
  await send('after');
  await hasSeen('after');
  expect(await admin.fetchTopicOffsets('waiters')).toContainEqual(
    expect.objectContaining({ partition: 0, offset: '2' }),
  );
  await producer.disconnect();
  await consumer.disconnect();
}, 30_000);

describe.skipIf(kcatIsMissing)('kcat', () => {
  test('finds leaders and coordinators from any node', async () => {
    const lines = values.map((value) => `${value}:${value}\n`).join('');
    const [first, second, third] = cluster.addresses as [string, string, string];
    await kcat(first, ['-P', '-t', 'kcats', '-K', ':'], lines);
    const metadata: {
      brokers: { name: string }[];
      topics: { partitions: { leader: number }[] }[];
    } = JSON.parse(await kcat(second, ['-L', '-J', '-t', 'kcats']));
    expect(new Set(metadata.brokers.map(({ name }) => name))).toEqual(new Set(cluster.addresses));
    const leaders = metadata.topics[0]!.partitions.map(({ leader }) => leader);
    expect(new Set(leaders)).toEqual(new Set(nodeIds));
    const read = await kcat(third, ['-C', '-t', 'kcats', '-e', '-q', '-f', '%s\n']);
    expect(new Set(read.trim().split('\n'))).toEqual(new Set(values));
    const options = ['-X', 'auto.offset.reset=earliest'];
    for (const group of ['x', 'y', 'z']) {
      const text = await kcat(first, ['-G', group, '-q', '-e', '-f', '%s\n', ...options, 'kcats']);
      expect(new Set(text.trim().split('\n'))).toEqual(new Set(values));
    }
  }, 60_000);
});
