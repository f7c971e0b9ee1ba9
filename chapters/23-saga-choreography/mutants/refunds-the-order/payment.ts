import { Kafka } from 'kafkajs';
import { Pool } from 'pg';
import type { Service } from '#kit';
import {
  readEvent,
  writeEvent,
  type EventType,
  type PaymentProvider,
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
    // The key is the order's: however often we ask, one charge. A time-out is no answer: we ask again.
    const { status, chargeId } = await psp.charge({ key: orderId, orderId, card, amount });
    await db.query(
      `insert into payments (order_id, charge_id, status) values ($1, $2, $3)
       on conflict do nothing`,
      [orderId, chargeId, status],
    );
    await publish(event, status === 'charged' ? 'PaymentCompleted' : 'PaymentFailed', 'payment');
  }

  async function refund(event: SagaEvent): Promise<void> {
    const { orderId, amount } = event.order;
    await psp.refund({ key: `${orderId}/refund`, orderId, chargeId: orderId, amount });
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
