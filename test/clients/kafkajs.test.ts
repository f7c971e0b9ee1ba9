/** What kafkajs, the learners' client, makes of the broker over TCP. */
import { Kafka, logLevel, type Admin, type Consumer, type EachMessagePayload } from 'kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBroker, type GuestBroker } from './guest-broker.ts';

let broker: GuestBroker;
let kafka: Kafka;
let admin: Admin;
beforeAll(async () => {
  broker = await startBroker();
  kafka = new Kafka({ brokers: [broker.address], clientId: 'guest', logLevel: logLevel.NOTHING });
  admin = kafka.admin();
  await admin.connect();
});
afterAll(async () => {
  await admin.disconnect();
  await broker.stop();
});

async function produce(topic: string, count: number, idempotent = false): Promise<void> {
  const producer = kafka.producer({ idempotent, ...(idempotent && { maxInFlightRequests: 1 }) });
  await producer.connect();
  const messages = Array.from({ length: count }, (_, index) => ({
    key: `k${index}`,
    value: `v${index}`,
    headers: { index: String(index) },
  }));
  const [sent] = await producer.send({ topic, messages });
  expect(sent).toMatchObject({ topicName: topic, errorCode: 0 });
  await producer.disconnect();
}

/** Runs a consumer until it has seen so many messages. */
async function consume(
  groupId: string,
  topic: string,
  count: number,
): Promise<EachMessagePayload[]> {
  const consumer: Consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const seen: EachMessagePayload[] = [];
  await new Promise<void>((done, fail) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => fail(payload.error));
    const eachMessage = async (payload: EachMessagePayload): Promise<void> => {
      seen.push(payload);
      if (seen.length === count) done();
    };
    void consumer.run({ eachMessage });
  });
  await consumer.disconnect();
  return seen;
}

test('an admin creates, lists, describes and deletes topics', async () => {
  const topics = [{ topic: 'made', numPartitions: 3 }];
  expect(await admin.createTopics({ topics })).toBe(true);
  expect(await admin.createTopics({ topics })).toBe(false);
  expect(await admin.listTopics()).toContain('made');
  const { topics: told } = await admin.fetchTopicMetadata({ topics: ['made'] });
  expect(told[0]!.partitions.map(({ leader }) => leader)).toEqual([1, 1, 1]);
  await admin.deleteTopics({ topics: ['made'] });
  expect(await admin.listTopics()).not.toContain('made');
});

test.each([false, true])('a group reads what was produced (idempotent: %s)', async (idempotent) => {
  const topic = `topic-${idempotent}`;
  await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] });
  await produce(topic, 20, idempotent);
  const seen = await consume(`group-${idempotent}`, topic, 20);
  const values = seen.map(({ message }) => String(message.value));
  expect(new Set(values)).toEqual(new Set(Array.from({ length: 20 }, (_, index) => `v${index}`)));
  expect(
    seen.every(({ message }) => `v${String(message.headers!['index'])}` === String(message.value)),
  ).toBe(true);
});

test('a group goes on after what it committed', async () => {
  await admin.createTopics({ topics: [{ topic: 'resumed', numPartitions: 1 }] });
  await produce('resumed', 5);
  await consume('resumers', 'resumed', 5);
  const asked = { groupId: 'resumers', topics: ['resumed'] };
  expect(await admin.fetchOffsets(asked)).toMatchObject([{ partitions: [{ offset: '5' }] }]);
  await produce('resumed', 2);
  const seen = await consume('resumers', 'resumed', 2);
  expect(seen.map(({ message }) => message.offset)).toEqual(['5', '6']);
});

test('offsets are found by time and by name', async () => {
  await admin.createTopics({ topics: [{ topic: 'found', numPartitions: 1 }] });
  const beforeMs = Date.now();
  await produce('found', 3);
  expect(await admin.fetchTopicOffsets('found')).toMatchObject([{ offset: '3', low: '0' }]);
  expect(await admin.fetchTopicOffsetsByTimestamp('found', beforeMs)).toMatchObject([
    { partition: 0, offset: '0' },
  ]);
});

test('groups can be listed, described and deleted', async () => {
  await admin.createTopics({ topics: [{ topic: 'described', numPartitions: 1 }] });
  await produce('described', 1);
  await consume('known', 'described', 1);
  const { groups } = await admin.listGroups();
  expect(groups).toContainEqual({ groupId: 'known', protocolType: 'consumer' });
  const described = await admin.describeGroups(['known', 'unknown']);
  expect(described.groups.map(({ state }) => state)).toEqual(['Empty', 'Dead']);
  await admin.deleteGroups(['known']);
  expect((await admin.listGroups()).groups.map(({ groupId }) => groupId)).not.toContain('known');
});

test('a first send to a topic that does not exist makes it, as with KRaft', async () => {
  await produce('made-by-asking', 1);
  expect(await admin.fetchTopicOffsets('made-by-asking')).toMatchObject([{ offset: '1' }]);
});
