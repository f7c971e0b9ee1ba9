import { Kafka, type Producer } from 'kafkajs';
import { Pool, type PoolClient } from 'pg';
import type { Service } from '#kit';
import {
  readEvent,
  writeEvent,
  type EventType,
  type PaymentProvider,
  type SagaEvent,
} from '#chapters/23-saga-choreography/given.ts';

const outcomes = { charged: 'PaymentCompleted', declined: 'PaymentFailed' } as const;

export const payment: Service<unknown, { psp: PaymentProvider }> = async ({
  kafka: config,
  database,
  ports: { psp },
}) => {
  const db = new Pool(database);
  const kafka = new Kafka(config);
  const producer = kafka.producer();
  const consumer = kafka.consumer({ groupId: 'payment' });
  consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topics: ['order-events', 'inventory-events'], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const event = readEvent(message);
      if (event.type === 'OrderPlaced') await charge(event);
      if (event.type === 'InventoryRejected' || event.type === 'OrderCancelled') {
        await refund(event);
      }
    },
  });
  const relay = startRelay(db, producer);

  async function charge(event: SagaEvent): Promise<void> {
    const { orderId, card, amount } = event.order;
    // The key is the order's: however often we ask, one charge. A time-out is no answer: we ask again.
    const { status, chargeId } = await psp.charge({ key: orderId, orderId, card, amount });
    await inTransaction(db, async (tx) => {
      await tx.query(
        `insert into payments (order_id, charge_id, status) values ($1, $2, $3)
         on conflict do nothing`,
        [orderId, chargeId, status],
      );
      await note(tx, event, outcomes[status], 'payment');
    });
  }

  async function refund(event: SagaEvent): Promise<void> {
    const { orderId, amount } = event.order;
    const { rows } = await db.query<{ charge_id: string }>(
      'select charge_id from payments where order_id = $1',
      [orderId],
    );
    const chargeId = rows[0]?.charge_id;
    if (chargeId === undefined) throw new Error(`${orderId} was never charged`);
    await psp.refund({ key: `${orderId}/refund`, orderId, chargeId, amount });
    await note(db, event, 'PaymentRefunded', 'refund');
  }

  return {
    stop: async () => {
      await consumer.disconnect();
      await relay.stop();
      await producer.disconnect();
      await db.end();
    },
  };
};

/**
 * Sends what was not sent yet, again and again. Who dies before the last line sends it once more, and
 * so do two instances that look at the same time: an event's id says that it is the same.
 */
function startRelay(db: Pool, producer: Producer): { stop(): Promise<void> } {
  let relaying = Promise.resolve();
  const timer = setInterval(() => {
    relaying = relaying.then(relay).catch(die);
  }, 1_000);

  async function relay(): Promise<void> {
    const { rows } = await db.query<{ n: string; event: SagaEvent }>(
      'select n, event from outbox where not sent order by n',
    );
    for (const { n, event } of rows) {
      await producer.send({ topic: 'payment-events', messages: [writeEvent(event)] });
      await db.query('update outbox set sent = true where n = $1', [n]);
    }
  }

  /** What the outbox holds then is sent by whoever starts next. */
  function die(error: unknown): void {
    console.error(error);
    process.exit(1);
  }

  return {
    stop: async () => {
      clearInterval(timer);
      await relaying;
    },
  };
}

/** Together with what it tells of: a copy of an event is no new row. */
async function note(
  to: Pool | PoolClient,
  cause: SagaEvent,
  type: EventType,
  step: string,
): Promise<void> {
  const { correlationId, order } = cause;
  const id = `${order.orderId}/${step}`;
  const event = { id, type, correlationId, causationId: cause.id, order };
  await to.query('insert into outbox (id, event) values ($1, $2) on conflict do nothing', [
    id,
    JSON.stringify(event),
  ]);
}

async function inTransaction(db: Pool, work: (tx: PoolClient) => Promise<void>): Promise<void> {
  const tx = await db.connect();
  try {
    await tx.query('begin');
    await work(tx);
    await tx.query('commit');
    tx.release();
  } catch (error) {
    tx.release(true);
    throw error;
  }
}
