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
    eachMessage: async ({ partition, message }) => {
      const payment = readPayment(message);
      await within(db, async (client) => {
        const { rows } = await client.query('select next from positions where partition = $1', [
          partition,
        ]);
        if (BigInt(message.offset) < BigInt(rows[0]?.next ?? 0)) return;
        await count(client, payment);
        await client.query(
          `insert into positions values ($1, $2)
           on conflict (partition) do update set next = excluded.next`,
          [partition, (BigInt(message.offset) + 1n).toString()],
        );
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

async function count(client: PoolClient, { source, id, account, amount }: Payment): Promise<void> {
  await client.query('insert into ledger values ($1, $2, $3, $4)', [source, id, account, amount]);
  await client.query('update accounts set balance = balance + $1 where id = $2', [amount, account]);
}
