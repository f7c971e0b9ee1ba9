/**
 * What must hold of orders, money and stock, as pure functions of a moment. The provider's books and the services'
 * tables say what was done, the topics what was told of it. In the middle of a saga both may be ahead of each other;
 * what they may never be is wrong by themselves.
 */
import type { Broken, Moment, PropertyDefinition, RecordView, SimpleRecord } from '#kit';
import { readEvent, type PlaceOrder, type SagaEvent } from './given.ts';
import { accountsAfter, type Accounts } from './ports.ts';

export const topics = ['order-events', 'payment-events', 'inventory-events'] as const;

/** What a customer does: place an order, place it once more because nobody answered, or cancel it. */
export type ShopCommand =
  | { readonly id: string; readonly place: PlaceOrder }
  | { readonly id: string; readonly cancel: PlaceOrder };

export function orderOf(command: ShopCommand): PlaceOrder {
  return 'place' in command ? command.place : command.cancel;
}

/** Every order that somebody asked for, once. */
function ordersIn({ sent }: Pick<Moment, 'sent'>): readonly PlaceOrder[] {
  const orders = sent.map(({ value }) => orderOf(value as ShopCommand));
  return [...new Map(orders.map((order) => [order.orderId, order])).values()];
}

function statusesIn({ tables }: Pick<Moment, 'tables'>): ReadonlyMap<string, string> {
  return new Map((tables['orders'] ?? []).map(({ id, status }) => [String(id), String(status)]));
}

function hasEnded(status: string | undefined): boolean {
  return status === 'CONFIRMED' || status === 'CANCELLED';
}

interface Held {
  readonly order: string;
  readonly item: string;
  readonly quantity: number;
}

function reservedIn({ tables }: Pick<Moment, 'tables'>): readonly Held[] {
  return (tables['reserved'] ?? []).map(({ order_id, item, quantity }) => ({
    order: String(order_id),
    item: String(item),
    quantity: Number(quantity),
  }));
}

function quantityOf(held: readonly Held[]): number {
  return held.reduce((total, { quantity }) => total + quantity, 0);
}

interface Told {
  readonly event: SagaEvent;
  readonly record: RecordView;
}

/** A record never changes, and is looked at after every step of a run. */
const known = new WeakMap<SimpleRecord, SagaEvent | null>();

/** `undefined` = nobody could read it. */
export function eventOf(record: SimpleRecord): SagaEvent | undefined {
  let event = known.get(record);
  if (event === undefined) {
    event = tryToRead(record);
    known.set(record, event);
  }
  return event ?? undefined;
}

function tryToRead(record: SimpleRecord): SagaEvent | null {
  try {
    const event = readEvent(record) as Partial<SagaEvent> | null;
    const { id, type, correlationId, order } = event ?? {};
    const names: readonly unknown[] = [id, type, correlationId, order?.orderId];
    return names.every((name) => typeof name === 'string') ? (event as SagaEvent) : null;
  } catch {
    return null;
  }
}

function recordsIn({ topics: all }: Pick<Moment, 'topics'>): readonly RecordView[] {
  return topics.flatMap((topic) => all[topic]?.committed ?? []);
}

function eventsIn(moment: Pick<Moment, 'topics'>): readonly Told[] {
  return recordsIn(moment).flatMap((record) => {
    const event = eventOf(record);
    return event === undefined ? [] : [{ event, record }];
  });
}

function seqsAbout(moment: Moment, orderId: string): readonly number[] {
  return eventsIn(moment)
    .filter(({ event }) => event.order.orderId === orderId)
    .map(({ record }) => record.seq);
}

export const money: PropertyDefinition = {
  says: 'each order is charged to its card, never more than it costs, and no more is given back',
  when: 'always',
  broken(moment) {
    const accounts = accountsAfter(moment.calls);
    const orders = ordersIn(moment);
    const wrong = wrongCard(accounts, orders);
    if (wrong !== undefined) return wrong;
    for (const { orderId, amount } of orders) {
      const { charged, refunded, calls } = accounts.of(orderId);
      if (refunded <= charged && charged - refunded <= amount) continue;
      const back = refunded === 0 ? '' : ` and given back ${refunded}`;
      return {
        sentence: `${orderId} costs ${amount}; its customer was charged ${charged}${back}.`,
        witnesses: calls,
      };
    }
    return undefined;
  },
};

function wrongCard(accounts: Accounts, orders: readonly PlaceOrder[]): Broken | undefined {
  for (const { orderId, card, amount } of accounts.charges) {
    const order = orders.find((each) => each.orderId === orderId);
    if (order?.card === card) continue;
    const wanted =
      order === undefined ? `Nobody ordered ${orderId}` : `${orderId} is paid with ${order.card}`;
    return {
      sentence: `${wanted}, and ${card} was charged ${amount} for it.`,
      witnesses: accounts.of(orderId).calls,
    };
  }
  return undefined;
}

export const stock: PropertyDefinition = {
  says: 'of each item, what is available and what is reserved is what there was',
  when: 'always',
  broken(moment) {
    const reserved = reservedIn(moment);
    for (const row of moment.tables['stock'] ?? []) {
      const [item, initial, available] = [String(row['item']), row['initial'], row['available']];
      const held = quantityOf(reserved.filter((each) => each.item === item));
      if (Number(available) >= 0 && Number(available) + held === Number(initial)) continue;
      return {
        sentence:
          `Of ${String(initial)} × ${item}, ${String(available)} are available ` +
          `and ${held} reserved.`,
        witnesses: lastChanges(moment, 'stock', 'reserved'),
      };
    }
    return undefined;
  },
};

/** The commits that changed one of these tables last. */
function lastChanges({ since }: Moment, ...names: readonly string[]): readonly number[] {
  return names.flatMap((name) => {
    const seqs = since[name] ?? [];
    return seqs.length === 0 ? [] : [Math.max(...seqs)];
  });
}

export const settled: PropertyDefinition = {
  says: 'a confirmed order is paid and reserved, a cancelled one neither',
  when: 'at rest',
  broken(moment) {
    const accounts = accountsAfter(moment.calls);
    const statuses = statusesIn(moment);
    const reserved = reservedIn(moment);
    for (const { orderId, item, amount, quantity } of ordersIn(moment)) {
      const status = statuses.get(orderId);
      if (!hasEnded(status)) continue;
      const { charged, refunded, calls } = accounts.of(orderId);
      const paid = charged - refunded;
      const mine = reserved.filter(({ order }) => order === orderId);
      const held = quantityOf(mine);
      const due = status === 'CONFIRMED' ? { paid: amount, held: quantity } : { paid: 0, held: 0 };
      const others = mine.filter((each) => each.item !== item && each.quantity !== 0);
      if (paid === due.paid && held === due.held && others.length === 0) continue;
      const [other] = others;
      return {
        sentence:
          `${orderId} is ${String(status)}: ${due.paid} should be paid and ` +
          `${goods(due.held, other && item)} reserved; ` +
          `${paid} is paid and ${goods(held, other?.item)} reserved.`,
        witnesses: [...calls, ...seqsAbout(moment, orderId)],
      };
    }
    return undefined;
  },
};

/** `2`, or `2 × lamp` where it matters what they are. */
function goods(quantity: number, item: string | undefined): string {
  return item === undefined ? String(quantity) : `${quantity} × ${item}`;
}

export const termination: PropertyDefinition = {
  says: 'each accepted order becomes CONFIRMED or CANCELLED',
  when: 'at rest',
  broken(moment) {
    const statuses = statusesIn(moment);
    for (const { seq, value } of moment.done) {
      const { orderId } = orderOf(value as ShopCommand);
      const status = statuses.get(orderId);
      if (hasEnded(status)) continue;
      const state =
        status === undefined ? 'the order service knows nothing of it' : `it stays ${status}`;
      return {
        sentence: `${orderId} was accepted, and ${state}.`,
        witnesses: [seq, ...seqsAbout(moment, orderId)],
      };
    }
    return undefined;
  },
};

export const edges: PropertyDefinition = {
  says: 'what was confirmed or cancelled stays so',
  when: 'always',
  broken(moment) {
    const ended = new Map<string, string>();
    for (const [index, row] of (moment.tables['status_changes'] ?? []).entries()) {
      const [id, status] = [String(row['order_id']), String(row['status'])];
      const before = ended.get(id);
      if (before !== undefined) {
        const witnesses = moment.since['status_changes']?.slice(index, index + 1) ?? [];
        return { sentence: `${id} was ${before} and became ${status}.`, witnesses };
      }
      if (hasEnded(status)) ended.set(id, status);
    }
    return undefined;
  },
};

export const keptWord: PropertyDefinition = {
  says: 'who cancels an order is told what it is from then on',
  when: 'always',
  broken(moment) {
    const statuses = statusesIn(moment);
    for (const { value, result, seq } of moment.done) {
      if (!('cancel' in value)) continue;
      const { orderId } = orderOf(value as ShopCommand);
      const answer = (result as { readonly status?: unknown } | undefined)?.status;
      const status = statuses.get(orderId) ?? 'unknown to the order service';
      if (answer === status && hasEnded(status)) continue;
      const told = typeof answer === 'string' ? `was told ${answer}` : 'was told nothing';
      return {
        sentence: `Who cancelled ${orderId} ${told}, and it is ${status}.`,
        witnesses: [seq],
      };
    }
    return undefined;
  },
};

const steps: readonly (readonly string[])[] = [
  ['OrderPlaced'],
  ['OrderCancelled'],
  ['PaymentCompleted', 'PaymentFailed'],
  ['InventoryReserved', 'InventoryRejected'],
  ['PaymentRefunded'],
];

export const oneOutcome: PropertyDefinition = {
  says: 'each step of an order has one outcome, told by one event, and no card is charged twice',
  when: 'at rest',
  broken(moment) {
    const accounts = accountsAfter(moment.calls);
    for (const [orderId, charges] of Map.groupBy(accounts.charges, (each) => each.orderId)) {
      if (charges.length < 2) continue;
      const sentence = `${orderId} was charged under ${charges.length} keys.`;
      return { sentence, witnesses: accounts.of(orderId).calls };
    }
    const byOrder = Map.groupBy(eventsIn(moment), ({ event }) => event.order.orderId);
    for (const [orderId, all] of byOrder) {
      for (const step of steps) {
        const mine = all.filter(({ event }) => step.includes(event.type));
        const outcomes = new Set(mine.map(({ event }) => `${event.type} (${event.id})`));
        const [one, other] = outcomes;
        if (one === undefined || other === undefined) continue;
        return {
          sentence: `${orderId} has two outcomes of one step: ${one} and ${other}.`,
          witnesses: mine.map(({ record }) => record.seq),
        };
      }
    }
    return undefined;
  },
};

export const honestFailure: PropertyDefinition = {
  says: 'a payment is said to have failed only if the card was not charged',
  when: 'at rest',
  broken(moment) {
    const accounts = accountsAfter(moment.calls);
    for (const { event, record } of eventsIn(moment)) {
      const { orderId } = event.order;
      if (event.type !== 'PaymentFailed') continue;
      const { charged, calls } = accounts.of(orderId);
      if (charged === 0) continue;
      return {
        sentence:
          `The payment of ${orderId} is said to have failed, ` +
          `and its card was charged ${charged}.`,
        witnesses: [...calls, record.seq],
      };
    }
    return undefined;
  },
};

/** What a customer began answers no event; every other one answers an event of the same story. */
export const causation: PropertyDefinition = {
  says: 'each event names its order and the event that it answers',
  when: 'always',
  broken(moment) {
    const ids = new Map(eventsIn(moment).map(({ event }) => [event.id, event.order.orderId]));
    for (const record of recordsIn(moment)) {
      const broken = wrongWith(record, ids);
      if (broken !== undefined) return broken;
    }
    return undefined;
  },
};

function wrongWith(record: RecordView, ids: ReadonlyMap<string, string>): Broken | undefined {
  const witnesses = [record.seq];
  const event = eventOf(record);
  if (event === undefined) {
    const where = `${record.topic}/${record.partition} (offset ${record.offset})`;
    return { sentence: `The record on ${where} is no event about an order.`, witnesses };
  }
  const { id, type, correlationId, causationId, order } = event;
  const { orderId } = order;
  const name = `${type} ${id}`;
  if (correlationId !== orderId) {
    const sentence = `${name} is about ${orderId}, and its correlation id is ${correlationId}.`;
    return { sentence, witnesses };
  }
  const follows = causationId ?? 'nothing';
  // A customer may begin with either.
  const begins = causationId === null && (type === 'OrderPlaced' || type === 'OrderCancelled');
  if (begins || (type !== 'OrderPlaced' && ids.get(follows) === orderId)) return undefined;
  return { sentence: `${name} says that it follows from ${follows}.`, witnesses };
}
