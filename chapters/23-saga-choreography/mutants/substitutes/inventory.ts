import { Kafka } from 'kafkajs';
import { Pool, type PoolClient } from 'pg';
import type { Service } from '#kit';
import { readEvent, writeEvent, type PlaceOrder } from '#chapters/23-saga-choreography/given.ts';

export const inventory: Service = async ({ kafka: config, database }) => {
  const db = new Pool(database);
  const kafka = new Kafka(config);
  const producer = kafka.producer();
  const consumer = kafka.consumer({ groupId: 'inventory' });
  consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topics: ['payment-events'], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const cause = readEvent(message);
      const { correlationId, order } = cause;
      if (cause.type === 'PaymentRefunded') await inTransaction(db, (tx) => release(tx, order));
      if (cause.type !== 'PaymentCompleted') return;
      const isReserved = await inTransaction(db, (tx) => reserve(tx, order));
      const type = isReserved ? 'InventoryReserved' : 'InventoryRejected';
      const id = `${order.orderId}/inventory`;
      const event = { id, type, correlationId, causationId: cause.id, order } as const;
      await producer.send({ topic: 'inventory-events', messages: [writeEvent(event)] });
    },
  });
  return {
    stop: async () => {
      await consumer.disconnect();
      await producer.disconnect();
      await db.end();
    },
  };
};

/** Decided once for each order, together with the stock; asked again, the decision is the same. */
async function reserve(tx: PoolClient, { orderId, item, quantity }: PlaceOrder): Promise<boolean> {
  const { rowCount: isNew } = await tx.query(
    `insert into reservations (order_id, item, quantity, state) values ($1, $2, $3, 'reserved')
     on conflict do nothing`,
    [orderId, item, quantity],
  );
  if (isNew === 1) {
    const { rowCount: fits } = await tx.query(
      'update stock set available = available - $2 where item = $1 and available >= $2',
      [item, quantity],
    );
    if (fits === 1) return true;
    const { rows: others } = await tx.query<{ item: string }>(
      `update stock set available = available - $1 where item =
         (select item from stock where available >= $1 order by item limit 1) returning item`,
      [quantity],
    );
    const [other] = others;
    if (other !== undefined) {
      await tx.query('update reservations set item = $2 where order_id = $1', [
        orderId,
        other.item,
      ]);
      return true;
    }
    await tx.query(`update reservations set state = 'rejected' where order_id = $1`, [orderId]);
    return false;
  }
  const { rows } = await tx.query<{ state: string }>(
    'select state from reservations where order_id = $1',
    [orderId],
  );
  return rows[0]?.state !== 'rejected';
}

/** Only what is reserved goes back to the shelf, and then it is reserved no longer. */
async function release(tx: PoolClient, { orderId, quantity }: PlaceOrder): Promise<void> {
  const { rows: held } = await tx.query<{ item: string }>(
    `update reservations set state = 'released' where order_id = $1 and state = 'reserved'
     returning item`,
    [orderId],
  );
  for (const { item } of held) {
    await tx.query('update stock set available = available + $2 where item = $1', [item, quantity]);
  }
}

async function inTransaction<T>(db: Pool, work: (tx: PoolClient) => Promise<T>): Promise<T> {
  const tx = await db.connect();
  try {
    await tx.query('begin');
    const result = await work(tx);
    await tx.query('commit');
    tx.release();
    return result;
  } catch (error) {
    tx.release(true); // closes the connection, and what was not committed is undone
    throw error; // Kafka delivers it again
  }
}
