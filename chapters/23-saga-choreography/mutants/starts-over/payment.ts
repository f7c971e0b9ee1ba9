import { Kafka } from 'kafkajs';
import { Pool } from 'pg';
import type { Service } from '#kit';
import {
  readEvent,
  writeEvent,
  type EventType,
  type PaymentProvider,
  type PlaceOrder,
  type SagaEvent,
} from '#chapters/23-saga-choreography/given.ts';

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

  async function charge(event: SagaEvent): Promise<void> {
    const { orderId, card, amount } = event.order;
    const key = await undone(event.order, db, psp);
    const { status, chargeId } = await psp.charge({ key, orderId, card, amount });
    await db.query(
      `insert into payments (order_id, charge_id, status) values ($1, $2, $3)
       on conflict do nothing`,
      [orderId, chargeId, status],
    );
    await publish(event, status === 'charged' ? 'PaymentCompleted' : 'PaymentFailed', 'payment');
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
    await publish(event, 'PaymentRefunded', 'refund');
  }

  /** The same answer to the same event, whenever it is given: others can tell that they know it. */
  async function publish(cause: SagaEvent, type: EventType, step: string): Promise<void> {
    const { correlationId, order } = cause;
    const id = `${order.orderId}/${step}`;
    const event = { id, type, correlationId, causationId: cause.id, order };
    await producer.send({ topic: 'payment-events', messages: [writeEvent(event)] });
  }

  return {
    stop: async () => {
      await consumer.disconnect();
      await producer.disconnect();
      await db.end();
    },
  };
};

/** Charged, and nobody noted it: better to take it back and to begin anew. */
async function undone(
  { orderId, card, amount }: PlaceOrder,
  db: Pool,
  psp: PaymentProvider,
): Promise<string> {
  const { rowCount: isNoted } = await db.query('select from payments where order_id = $1', [
    orderId,
  ]);
  if (isNoted !== 0 || (await psp.lookup(orderId)) !== 'charged') return orderId;
  const { chargeId } = await psp.charge({ key: orderId, orderId, card, amount });
  await psp.refund({ key: `${orderId}/undo`, orderId, chargeId, amount });
  return `${orderId}/anew`;
}
