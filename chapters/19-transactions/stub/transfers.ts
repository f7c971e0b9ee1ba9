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
  consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1)); // chapter 0
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topics: ['transfers'], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const { debit, credit } = split(message);
      // Both bookings or none, whenever we die. But what does Kafka know of the transfer itself?
      const tx = await producer.transaction();
      await tx.send({ topic: 'debits', messages: [debit] });
      await tx.send({ topic: 'credits', messages: [credit] });
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
