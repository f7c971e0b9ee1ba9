import { Kafka } from 'kafkajs';
import { Pool } from 'pg';
import type { Service } from '#kit';
import { readPayment } from '#chapters/15-idempotent-consumer/given.ts';

export const projector: Service = async ({ kafka, database }) => {
  const db = new Pool(database);
  const consumer = new Kafka(kafka).consumer({ groupId: 'projector' });
  consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
  await consumer.connect();
  await consumer.subscribe({ topics: ['payments.captured'], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const { source, id, account, amount } = readPayment(message);
      await db.query(count, [source, id, account, amount]);
    },
  });
  return {
    stop: async () => {
      await consumer.disconnect();
      await db.end();
    },
  };
};

/** One statement is one transaction. */
const count = `
  with new_event as (
    insert into processed_events values ('projector', $1, $2) on conflict do nothing returning 1
  ), entry as (
    insert into ledger select $1, $2, $3, $4 from new_event
  )
  update accounts set balance = balance + $4 where id = $3 and exists (select from new_event)`;
