import { Kafka, type Producer } from 'kafkajs';
import type { Service } from '#kit';
import { split } from '#chapters/19-transactions/given.ts';

const groupId = 'transfers';
const input = 'transfers';

export const transfers: Service = async ({ kafka: config }) => {
  const kafka = new Kafka(config);
  const consumer = kafka.consumer({ groupId });
  const producers = new Map<number, Producer>();
  const ready = new Map<number, Promise<void>>();
  consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
  const take = async (partitions: readonly number[]) => {
    const former = [...producers.values()];
    producers.clear();
    ready.clear();
    for (const partition of partitions) {
      const transactionalId = `${groupId}-${input}-${partition}`;
      const producer = kafka.producer({
        transactionalId,
        idempotent: true,
        maxInFlightRequests: 1,
      });
      const fence = async () => {
        await producer.connect();
        await (await producer.transaction()).abort();
      };
      producers.set(partition, producer);
      ready.set(partition, fence());
    }
    await Promise.all(former.map((producer) => producer.disconnect()));
    await Promise.all(ready.values()).catch(() => process.exit(1));
  };
  consumer.on('consumer.group_join', ({ payload }) => {
    void take(payload.memberAssignment[input] ?? []);
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [input], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message }) => {
      const { debit, credit } = split(message);
      const offset = (BigInt(message.offset) + 1n).toString();
      const topics = [{ topic, partitions: [{ partition, offset }] }];
      try {
        await ready.get(partition);
        const producer = producers.get(partition);
        if (producer === undefined) throw new Error(`partition ${partition} is not ours`);
        const tx = await producer.transaction();
        await tx.send({ topic: 'debits', messages: [debit] });
        await tx.send({ topic: 'credits', messages: [credit] });
        await tx.sendOffsets({ consumerGroupId: groupId, topics });
        await tx.commit();
      } catch (error) {
        console.error(error);
        process.exit(1);
      }
    },
  });
  return {
    stop: async () => {
      await consumer.disconnect();
      await Promise.all([...producers.values()].map((producer) => producer.disconnect()));
    },
  };
};
