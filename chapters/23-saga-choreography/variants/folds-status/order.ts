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
  OrderCancelled: 'CANCELLED',
  PaymentFailed: 'CANCELLED',
  PaymentRefunded: 'CANCELLED',
  InventoryReserved: 'CONFIRMED',
};

/** The first that ends it counts. */
function fold(history: readonly EventType[]): Status {
  return history.reduce<Status>(
    (status, type) => (status === 'PENDING' ? (statusAfter[type] ?? status) : status),
    'PENDING',
  );
}

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
      if (statusAfter[event.type] === undefined) return;
      const now = await after(event.order.orderId, event.type);
      // It was cancelled meanwhile. Whoever did something for it hears so, and takes it back.
      if (now === 'CANCELLED' && event.type === 'InventoryReserved') {
        await publish('OrderCancelled', event.order, 'cancelled', event);
      }
    },
  });

  /** Adds this to what happened, unless it has happened. Of two that add at a time, one looks again. */
  async function after(orderId: string, type: EventType): Promise<Status> {
    for (;;) {
      const { rows } = await db.query<{ type: EventType }>(
        'select type from history where order_id = $1 order by version',
        [orderId],
      );
      const history = rows.map((row) => row.type);
      if (history.includes(type)) return fold(history);
      const { rowCount } = await db.query(
        `insert into history (order_id, version, type) values ($1, $2, $3)
         on conflict (order_id, version) do nothing`,
        [orderId, history.length, type],
      );
      if (rowCount === 1) return fold([...history, type]);
    }
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
    cancelOrder: async ({ orderId }) => ({ status: await after(orderId, 'OrderCancelled') }),
    stop: async () => {
      await consumer.disconnect();
      await producer.disconnect();
      await db.end();
    },
  };
};
