/** What your services may use: the events, how to read and write them, the payment provider. No answers in here. */

/** An order as the customer placed it. Every event about it carries it along. */
export type PlaceOrder = {
  /** Chosen by the shop's page, so that a client that tries again names the same order. */
  readonly orderId: string;
  readonly customer: string;
  readonly card: string;
  readonly item: string;
  readonly quantity: number;
  /** In cents, never below 0. */
  readonly amount: number;
};

export type Status = 'PENDING' | 'CONFIRMED' | 'CANCELLED';

export type EventType =
  | 'OrderPlaced'
  | 'OrderCancelled'
  | 'PaymentCompleted'
  | 'PaymentFailed'
  | 'PaymentRefunded'
  | 'InventoryReserved'
  | 'InventoryRejected';

export type SagaEvent = {
  /** Names this event and no other: who meets it twice has met one event. */
  readonly id: string;
  readonly type: EventType;
  /** The same for everything that follows from one order: its id. */
  readonly correlationId: string;
  /** The id of the event that this one answers; null where a customer began. */
  readonly causationId: string | null;
  readonly order: PlaceOrder;
};

/** A record for Kafka. Its key is the order, so that what one service says of it stays in sequence. */
export function writeEvent(event: SagaEvent): { key: string; value: string } {
  return { key: event.order.orderId, value: JSON.stringify(event) };
}

export function readEvent(message: { readonly value: Buffer | null }): SagaEvent {
  if (message.value === null) throw new Error('an event needs a value');
  return JSON.parse(message.value.toString('utf8')) as SagaEvent;
}

/**
 * The payment provider. A call with a key that it has seen answers what it answered then and moves no money; with
 * the same key and something else it throws an error with `code: 'CONFLICT'`. A call that rejects with "timed out"
 * may have moved money, or not. Charges and refunds do not share their keys: one key may stand for one of each. A
 * refund of a charge that it does not know throws an error with `code: 'UNKNOWN_CHARGE'`.
 */
export interface PaymentProvider {
  charge(request: {
    readonly key: string;
    readonly orderId: string;
    readonly card: string;
    readonly amount: number;
  }): Promise<{ readonly status: 'charged' | 'declined'; readonly chargeId: string }>;
  refund(request: {
    readonly key: string;
    readonly orderId: string;
    readonly chargeId: string;
    readonly amount: number;
  }): Promise<{ readonly status: 'refunded' }>;
  lookup(key: string): Promise<'charged' | 'declined' | 'never seen'>;
}
