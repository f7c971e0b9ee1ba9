import { Kafka } from 'kafkajs';
import { Pool, type PoolClient } from 'pg';
import type { Service } from '#kit';
import { readPayment, type Payment } from '#chapters/15-idempotent-consumer/given.ts';

export const projector: Service = async ({ kafka, database }) => {
  const db = new Pool({ ...database, max: 1, idleTimeoutMillis: 0 });
  const consumer = new Kafka(kafka).consumer({ groupId: 'projector' });
  consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
  await consumer.connect();
  await consumer.subscribe({ topics: ['payments.captured'], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const payment = readPayment(message);
      const client = await db.connect();
      try {
        await client.query('begin');
        await client.query("insert into processed_events values ('projector', $1, $2)", [
          payment.source,
          payment.id,
        ]);
        await count(client, payment);
        await client.query('commit');
      } catch (error) {
        if ((error as { code?: string }).code !== '23505') throw error; // it was counted before
      } finally {
        client.release();
      }
    },
  });
  return {
    stop: async () => {
      await consumer.disconnect();
      await db.end();
    },
  };
};

async function count(client: PoolClient, { source, id, account, amount }: Payment): Promise<void> {
  await client.query('insert into ledger values ($1, $2, $3, $4)', [source, id, account, amount]);
  await client.query('update accounts set balance = balance + $1 where id = $2', [amount, account]);
}
