import { Kafka } from 'kafkajs';
import { Pool, type PoolClient } from 'pg';
import type { Service } from '#kit';
import { readPayment, type Payment } from '#chapters/15-idempotent-consumer/given.ts';

export const projector: Service = async ({ kafka, database }) => {
  const db = new Pool(database);
  const consumer = new Kafka(kafka).consumer({ groupId: 'projector' });
  consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
  await consumer.connect();
  await consumer.subscribe({ topics: ['payments.captured'], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ topic, partition, message }) => {
      const payment = readPayment(message);
      await within(db, async (client) => {
        if (await isNew(client, `${topic}/${partition}`, message.offset))
          await count(client, payment);
      });
    },
  });
  return {
    stop: async () => {
      await consumer.disconnect();
      await db.end();
    },
  };
};

async function within(db: Pool, work: (client: PoolClient) => Promise<void>): Promise<void> {
  const client = await db.connect();
  try {
    await client.query('begin');
    await work(client);
    await client.query('commit');
  } catch (error) {
    client.release(true);
    throw error;
  }
  client.release();
}

async function isNew(client: PoolClient, source: string, id: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `insert into processed_events (consumer, source, event_id) values ('projector', $1, $2)
     on conflict do nothing`,
    [source, id],
  );
  return rowCount === 1;
}

async function count(client: PoolClient, { source, id, account, amount }: Payment): Promise<void> {
  await client.query('insert into ledger values ($1, $2, $3, $4)', [source, id, account, amount]);
  await client.query('update accounts set balance = balance + $1 where id = $2', [amount, account]);
}
