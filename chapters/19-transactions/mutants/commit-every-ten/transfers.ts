import { Kafka, type Transaction } from 'kafkajs';
import type { Service } from '#kit';
import { split } from '#chapters/19-transactions/given.ts';

const most = 10;
const longestMs = 500;

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
  let tx: Transaction | undefined;
  let count = 0;
  const commit = async () => {
    const full = tx;
    tx = undefined;
    count = 0;
    await full?.commit();
  };
  await consumer.run({
    eachMessage: async ({ message }) => {
      const { debit, credit } = split(message);
      if (tx === undefined) setTimeout(() => void commit(), longestMs);
      tx ??= await producer.transaction();
      await tx.send({ topic: 'debits', messages: [debit] });
      await tx.send({ topic: 'credits', messages: [credit] });
      count += 1;
      if (count >= most) await commit();
    },
  });
  return {
    stop: async () => {
      await consumer.disconnect();
      await commit();
      await producer.disconnect();
    },
  };
};
