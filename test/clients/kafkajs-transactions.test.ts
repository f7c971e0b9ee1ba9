/** What kafkajs, the learners' client, makes of transactions over TCP; held against real Kafka. */
import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, type Admin, type Producer, type Transaction } from 'kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBroker, type GuestBroker } from './guest-broker.ts';

let broker: GuestBroker;
let kafka: Kafka;
let admin: Admin;
const producers: Producer[] = [];
beforeAll(async () => {
  broker = await startBroker({ transactionTimeoutCheckIntervalMs: 100 });
  const retry = { initialRetryTime: 20, maxRetryTime: 100, retries: 10 };
  const brokers = [broker.address];
  kafka = new Kafka({ brokers, clientId: 'guest', logLevel: logLevel.NOTHING, retry });
  admin = kafka.admin();
  await admin.connect();
});
afterAll(async () => {
  await Promise.all(producers.map((producer) => producer.disconnect()));
  await admin.disconnect();
  await broker.stop();
});

async function newTopic(): Promise<string> {
  const topic = `t-${randomUUID()}`;
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] });
  return topic;
}

async function producerOf(transactionalId: string, options: object = {}): Promise<Producer> {
  const exact = { transactionalId, idempotent: true, maxInFlightRequests: 1 };
  const producer = kafka.producer({ ...exact, ...options });
  await producer.connect();
  producers.push(producer);
  return producer;
}

const put = (
  to: Transaction | Producer,
  topic: string,
  value: string,
  key: string | Buffer = 'k',
) => to.send({ topic, messages: [{ key, value, partition: 0 }] });

/** Reads until the value `end` comes, which is written for that. */
async function read(topic: string, readUncommitted = false): Promise<string[]> {
  const plain = kafka.producer();
  await plain.connect();
  await put(plain, topic, 'end');
  await plain.disconnect();
  const group = { groupId: randomUUID(), maxWaitTimeInMs: 50, readUncommitted };
  const consumer = kafka.consumer(group);
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const seen: string[] = [];
  await new Promise<void>((done, fail) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => fail(payload.error));
    const eachMessage = async ({ message }: { message: { value: Buffer | null } }) => {
      const value = String(message.value);
      if (value === 'end') done();
      else seen.push(value);
    };
    void consumer.run({ eachMessage });
  });
  await consumer.disconnect();
  return seen;
}

const committed = async (groupId: string, topic: string): Promise<string | undefined> => {
  const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
  return found?.partitions[0]?.offset;
};

const offsetsOf = (topic: string, groupId: string, offset: number) => ({
  consumerGroupId: groupId,
  topics: [{ topic, partitions: [{ partition: 0, offset: String(offset) }] }],
});

test('committed messages are read, aborted ones by read_uncommitted readers only', async () => {
  const topic = await newTopic();
  const producer = await producerOf(randomUUID());
  const first = await producer.transaction();
  await put(first, topic, 'a0');
  await put(first, topic, 'a1');
  await first.abort();
  const second = await producer.transaction();
  await put(second, topic, 'c');
  await second.commit();
  expect(await read(topic)).toEqual(['c']);
  expect(await read(topic, true)).toEqual(['a0', 'a1', 'c']);
});

test('many transactions back to back: 51 between them, and none is lost', async () => {
  const topic = await newTopic();
  const producer = await producerOf(randomUUID());
  const values = Array.from({ length: 12 }, (_, index) => `m${index}`);
  for (const value of values) {
    const transaction = await producer.transaction();
    await put(transaction, topic, value);
    await transaction.commit();
  }
  expect(await read(topic)).toEqual(values);
});

test('offsets are committed with the records, and are the old ones while they are pending', async () => {
  const topic = await newTopic();
  const groupId = randomUUID();
  const producer = await producerOf(randomUUID());
  const first = await producer.transaction();
  await put(first, topic, 'a');
  await first.sendOffsets(offsetsOf(topic, groupId, 7));
  expect(await committed(groupId, topic)).toBe('-1');
  await first.commit();
  await expect.poll(() => committed(groupId, topic)).toBe('7');
  const second = await producer.transaction();
  await put(second, topic, 'b');
  await second.sendOffsets(offsetsOf(topic, groupId, 8));
  await second.abort();
  const third = await producer.transaction();
  await put(third, topic, 'c');
  await third.commit();
  expect(await read(topic)).toEqual(['a', 'c']);
  expect(await committed(groupId, topic)).toBe('7');
});

test('consume, transform, produce: each input becomes one output, and the offset follows', async () => {
  const [input, output] = [await newTopic(), await newTopic()];
  const groupId = randomUUID();
  const plain = kafka.producer();
  await plain.connect();
  for (const value of ['1', '2', '3']) await put(plain, input, value);
  await plain.disconnect();
  const producer = await producerOf(randomUUID());
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topic: input, fromBeginning: true });
  await new Promise<void>((done, fail) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => fail(payload.error));
    void consumer.run({
      autoCommit: false,
      async eachMessage({ message }) {
        const transaction = await producer.transaction();
        await put(transaction, output, `got ${String(message.value)}`);
        const next = Number(message.offset) + 1;
        await transaction.sendOffsets(offsetsOf(input, groupId, next));
        await transaction.commit();
        if (next === 3) done();
      },
    });
  });
  await consumer.disconnect();
  expect(await read(output)).toEqual(['got 1', 'got 2', 'got 3']);
  await expect.poll(() => committed(groupId, input)).toBe('3');
});

test('a second producer with the same id fences the first', async () => {
  const topic = await newTopic();
  const id = randomUUID();
  const [zombie, owner] = [await producerOf(id), await producerOf(id)];
  const old = await zombie.transaction();
  await put(old, topic, 'A1');
  const current = await owner.transaction();
  await expect(put(old, topic, 'A2')).rejects.toMatchObject({ type: 'INVALID_PRODUCER_EPOCH' });
  await expect(old.commit()).rejects.toMatchObject({ type: 'INVALID_PRODUCER_EPOCH' });
  await put(current, topic, 'B1');
  await current.commit();
  expect(await read(topic)).toEqual(['B1']);
  expect(await read(topic, true)).toEqual(['A1', 'B1']);
});

test('a transaction that takes too long is aborted, and its producer is told', async () => {
  const topic = await newTopic();
  const producer = await producerOf(randomUUID(), { transactionTimeout: 300 });
  const transaction = await producer.transaction();
  await put(transaction, topic, 'A1');
  await expect
    .poll(async () => (await admin.fetchTopicOffsets(topic))[0]?.high, { timeout: 10_000 })
    .toBe('2');
  await expect(put(transaction, topic, 'A2')).rejects.toMatchObject({
    type: 'INVALID_PRODUCER_EPOCH',
  });
  expect(await read(topic)).toEqual([]);
});

test('known defect: overlapping aborts leak, because the aborted list is in the order of markers', async () => {
  const topic = await newTopic();
  const [A, B] = [await producerOf(randomUUID()), await producerOf(randomUUID())];
  const a = await A.transaction();
  const b = await B.transaction();
  await put(a, topic, 'a0');
  await put(b, topic, 'b1');
  await b.abort();
  await put(a, topic, 'a3');
  await a.abort();
  await expect.poll(async () => (await admin.fetchTopicOffsets(topic))[0]?.high).toBe('5');
  expect(await read(topic)).toEqual(['a0']);
});

test('known defect: a user key of four zero bytes is taken for an abort marker', async () => {
  const topic = await newTopic();
  const producer = await producerOf(randomUUID());
  const transaction = await producer.transaction();
  await put(transaction, topic, 'a0', Buffer.alloc(4));
  await put(transaction, topic, 'a1');
  await transaction.abort();
  expect(await read(topic)).toEqual(['a0', 'a1']);
});
