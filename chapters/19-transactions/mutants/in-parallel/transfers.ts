import { Kafka } from 'kafkajs';
import type { Service } from '#kit';
import { split } from '#chapters/19-transactions/given.ts';

export const transfers: Service = async ({ kafka: config, slot }) => {
  const kafka = new Kafka(config);
  const consumer = kafka.consumer({ groupId: 'transfers' });
  const producer = kafka.producer({
    transactionalId: slot,
    idempotent: true,
    maxInFlightRequests: 1,
  });
  consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topics: ['transfers'], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch: { topic, partition, messages } }) => {
      const offset = (BigInt(messages.at(-1)?.offset ?? 0) + 1n).toString();
      const topics = [{ topic, partitions: [{ partition, offset }] }];
      const tx = await producer.transaction();
      await Promise.all(
        messages.map(async (message) => {
          const { debit, credit } = split(message);
          await tx.send({ topic: 'debits', messages: [debit] });
          await tx.send({ topic: 'credits', messages: [credit] });
        }),
      );
      await tx.sendOffsets({ consumerGroupId: 'transfers', topics });
      await tx.commit();
    },
  });
  return {
    stop: async () => {
      await consumer.disconnect();
      await producer.disconnect();
    },
  };
};
