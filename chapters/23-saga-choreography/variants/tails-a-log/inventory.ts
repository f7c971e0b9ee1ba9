import { Kafka } from 'kafkajs';
import { Client, Pool, type PoolClient } from 'pg';
import type { Service } from '#kit';
import {
  readEvent,
  writeEvent,
  type EventType,
  type SagaEvent,
} from '#chapters/23-saga-choreography/given.ts';

interface Change {
  readonly n: string;
  readonly after: { readonly state: string; readonly cause: SagaEvent };
}

const eventAfter: Partial<Record<string, EventType>> = {
  reserved: 'InventoryReserved',
  rejected: 'InventoryRejected',
};

export const inventory: Service = async ({ kafka: config, database }) => {
  const db = new Pool(database);
  const log = new Client(database);
  const kafka = new Kafka(config);
  const producer = kafka.producer();
  const consumer = kafka.consumer({ groupId: 'inventory' });
  consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
  await Promise.all([producer.connect(), consumer.connect()]);
  let telling = Promise.resolve();
  log.on('error', die);
  log.on('notification', tell);
  await log.connect();
  await log.query('listen changes');
  tell();
  await consumer.subscribe({ topics: ['payment-events'], fromBeginning: true });
  await consumer.run({
    // Who decides writes tables, and tells nobody.
    eachMessage: async ({ message }) => {
      const cause = readEvent(message);
      if (cause.type === 'PaymentCompleted') await inTransaction(db, (tx) => decide(tx, cause));
      if (cause.type === 'PaymentRefunded') await inTransaction(db, (tx) => release(tx, cause));
    },
  });

  /** Who tells reads what the tables went through. */
  function tell(): void {
    telling = telling.then(tellChanges).catch(die);
  }

  /** What the log holds then is read by whoever starts next. */
  function die(error: unknown): void {
    console.error(error);
    process.exit(1);
  }

  /** In the order of the log, each until Kafka has it. Who dies before the last line sends it again. */
  async function tellChanges(): Promise<void> {
    const { rows } = await db.query<Change>('select n, after from changes order by n');
    for (const { n, after } of rows) {
      const { state, cause } = after;
      const { correlationId, order } = cause;
      const type = eventAfter[state];
      if (type !== undefined) {
        const id = `${order.orderId}/inventory`;
        const event = { id, type, correlationId, causationId: cause.id, order };
        await producer.send({ topic: 'inventory-events', messages: [writeEvent(event)] });
      }
      await db.query('delete from changes where n = $1', [n]);
    }
  }

  return {
    stop: async () => {
      await consumer.disconnect();
      await log.end();
      await telling;
      await producer.disconnect();
      await db.end();
    },
  };
};

/** Once for each order: one row, which is right when it is written, for the log shows every change. */
async function decide(tx: PoolClient, cause: SagaEvent): Promise<void> {
  const { orderId, item, quantity } = cause.order;
  const { rows: shelf } = await tx.query<{ available: number }>(
    'select available from stock where item = $1 for update',
    [item],
  );
  const fits = (shelf[0]?.available ?? -1) >= quantity;
  const { rowCount: isNew } = await tx.query(
    `insert into reservations (order_id, item, quantity, state, cause) values ($1, $2, $3, $4, $5)
     on conflict do nothing`,
    [orderId, item, quantity, fits ? 'reserved' : 'rejected', JSON.stringify(cause)],
  );
  if (isNew !== 1 || !fits) return;
  await tx.query('update stock set available = available - $2 where item = $1', [item, quantity]);
}

/** Only what is reserved goes back to the shelf, and then it is reserved no longer. */
async function release(tx: PoolClient, { order }: SagaEvent): Promise<void> {
  const { orderId, item, quantity } = order;
  const { rowCount: held } = await tx.query(
    `update reservations set state = 'released' where order_id = $1 and state = 'reserved'`,
    [orderId],
  );
  if (held !== 1) return;
  await tx.query('update stock set available = available + $2 where item = $1', [item, quantity]);
}

async function inTransaction(db: Pool, work: (tx: PoolClient) => Promise<void>): Promise<void> {
  const tx = await db.connect();
  try {
    await tx.query('begin');
    await work(tx);
    await tx.query('commit');
    tx.release();
  } catch (error) {
    tx.release(true); // closes the connection, and what was not committed is undone
    throw error; // Kafka delivers it again
  }
}
