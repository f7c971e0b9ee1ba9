/** This one is right, and stays as it is: read it first, for the other two can learn from it. */
import { Kafka } from 'kafkajs';
import { Pool } from 'pg';
import type { Service } from '#kit';
import {
  readEvent,
  writeEvent,
  type EventType,
  type PlaceOrder,
  type SagaEvent,
  type Status,
} from '#chapters/23-saga-choreography/given.ts';

interface Orders {
  placeOrder(order: PlaceOrder): Promise<void>;
  /** Resolves with what the order is now, and stays: cancelled, or confirmed before anybody asked. */
  cancelOrder(order: PlaceOrder): Promise<{ status: Status }>;
}

const statusAfter: Partial<Record<EventType, Status>> = {
  OrderPlaced: 'PENDING',
  PaymentFailed: 'CANCELLED',
  PaymentRefunded: 'CANCELLED',
  InventoryReserved: 'CONFIRMED',
};

export const order: Service<Orders> = async ({ kafka: config, database }) => {
  const db = new Pool(database);
  const kafka = new Kafka(config);
  const producer = kafka.producer();
  const consumer = kafka.consumer({ groupId: 'order' });
  consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({
    topics: ['order-events', 'payment-events', 'inventory-events'],
    fromBeginning: true,
  });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const event = readEvent(message);
      const status = statusAfter[event.type];
      if (status === undefined) return;
      const now = await becomes(event.order.orderId, status);
      // It was cancelled meanwhile. Whoever did something for it hears so, and takes it back.
      if (now === 'CANCELLED' && event.type === 'InventoryReserved') {
        await publish('OrderCancelled', event.order, 'cancelled', event);
      }
    },
  });

  /** Whichever event comes first makes the row; what has ended stays as it ended. */
  async function becomes(orderId: string, status: Status): Promise<Status | undefined> {
    const { rows } = await db.query<{ status: Status }>(
      `insert into orders (id, status) values ($1, $2)
       on conflict (id) do update set status =
         case orders.status when 'PENDING' then excluded.status else orders.status end
       returning status`,
      [orderId, status],
    );
    return rows[0]?.status;
  }

  async function publish(type: EventType, about: PlaceOrder, step: string, cause?: SagaEvent) {
    const { orderId } = about;
    const event: SagaEvent = {
      id: `${orderId}/${step}`,
      type,
      correlationId: orderId,
      causationId: cause?.id ?? null,
      order: about,
    };
    await producer.send({ topic: 'order-events', messages: [writeEvent(event)] });
  }

  return {
    // One write, to Kafka. We hear of it as everybody does.
    placeOrder: (placed) => publish('OrderPlaced', placed, 'placed'),
    // One write, to the database. The next event about this order finds it there.
    cancelOrder: async ({ orderId }) => {
      await db.query(
        `insert into orders (id, status) values ($1, 'CANCELLED')
         on conflict (id) do update set status = 'CANCELLED'`,
        [orderId],
      );
      return { status: 'CANCELLED' };
    },
    stop: async () => {
      await consumer.disconnect();
      await producer.disconnect();
      await db.end();
    },
  };
};
