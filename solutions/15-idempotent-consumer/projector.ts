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
    // region: transaction
    eachMessage: async ({ message }) => {
      const payment = readPayment(message);
      const client = await db.connect(); // one connection, for a transaction lives in one
      try {
        await client.query('begin');
        if (await isNew(client, payment)) await count(client, payment);
        await client.query('commit'); // the payment and the memory of it, together
      } catch (error) {
        client.release(true); // closes the connection, and what was not committed is undone
        throw error; // Kafka delivers it again
      }
      client.release();
    },
    // endregion
  });
  return {
    stop: async () => {
      await consumer.disconnect();
      await db.end();
    },
  };
};

// region: gate
/** True for whoever marks the payment first. */
async function isNew(client: PoolClient, { source, id }: Payment): Promise<boolean> {
  const { rowCount } = await client.query(
    `insert into processed_events (consumer, source, event_id) values ('projector', $1, $2)
     on conflict do nothing`,
    [source, id],
  );
  return rowCount === 1;
}
// endregion

async function count(client: PoolClient, { source, id, account, amount }: Payment): Promise<void> {
  await client.query('insert into ledger values ($1, $2, $3, $4)', [source, id, account, amount]);
  await client.query('update accounts set balance = balance + $1 where id = $2', [amount, account]);
}
