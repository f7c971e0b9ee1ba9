/** How the live world reads logs: everything that lies there, and who ended what. */
import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, type Transaction } from 'kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKafkaClient } from '#live';
import { startFastBroker, type FastBroker } from './fast-broker.ts';

type Client = Awaited<ReturnType<typeof createKafkaClient>>;

const topic = 'orders';
let broker: FastBroker;
let client: Client;
beforeAll(async () => {
  broker = await startFastBroker({ [topic]: 1 });
  client = await createKafkaClient(broker.address);
});
afterAll(async () => {
  client.close();
  await broker.stop();
});

const read = async (from = 0): Promise<readonly string[]> => {
  const { entries } = await client.read(topic, 0, from);
  return entries.map((entry) => {
    if ('outcome' in entry) return `${entry.offset}:${entry.outcome}`;
    const whose = entry.transactionOf === undefined ? '' : ' in a transaction';
    return `${entry.offset}:${String(entry.value)}${whose}`;
  });
};

test('records of open, aborted and committed transactions, their markers, and plain ones', async () => {
  const kafka = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING });
  const id = { transactionalId: randomUUID(), idempotent: true, maxInFlightRequests: 1 };
  const producer = kafka.producer(id);
  await producer.connect();
  const put = (to: Transaction, value: string) => to.send({ topic, messages: [{ value }] });
  const first = await producer.transaction();
  await put(first, 'a');
  expect(await read()).toEqual(['0:a in a transaction']);
  await client.append(topic, 0, null, 'plain');
  await first.abort();
  const second = await producer.transaction();
  await put(second, 'b');
  await second.commit();
  await expect.poll(() => read(2)).toHaveLength(3);
  await producer.disconnect();
  const whole = ['0:a in a transaction', '1:plain', '2:abort', '3:b in a transaction', '4:commit'];
  expect(await read()).toEqual(whole);
  expect(await read(4)).toEqual(['4:commit']);
  expect((await client.read(topic, 0, 0)).next).toBe(5);
});
