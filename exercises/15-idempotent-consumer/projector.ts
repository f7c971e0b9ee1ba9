import { Kafka } from 'kafkajs';
import { Pool } from 'pg';
import type { Service } from '#kit';
import { readPayment } from '#chapters/15-idempotent-consumer/given.ts';

export const projector: Service = async ({ kafka, database }) => {
  const db = new Pool(database);
  const consumer = new Kafka(kafka).consumer({ groupId: 'projector' });
  // Chapter 0 says why.
  consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
  await consumer.connect();
  await consumer.subscribe({ topics: ['payments.captured'], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const { source, id, account, amount } = readPayment(message);
      // Right until a payment comes twice, or we die in between. Make it count once.
      await db.query('insert into ledger values ($1, $2, $3, $4)', [source, id, account, amount]);
      await db.query('update accounts set balance = balance + $1 where id = $2', [amount, account]);
    },
  });
  return {
    stop: async () => {
      await consumer.disconnect();
      await db.end();
    },
  };
};
