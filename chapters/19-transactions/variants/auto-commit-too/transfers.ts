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
    eachMessage: async ({ topic, partition, message }) => {
      const { debit, credit } = split(message);
      const offset = (BigInt(message.offset) + 1n).toString();
      const topics = [{ topic, partitions: [{ partition, offset }] }];
      const tx = await producer.transaction();
      await tx.send({ topic: 'debits', messages: [debit] });
      await tx.send({ topic: 'credits', messages: [credit] });
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
