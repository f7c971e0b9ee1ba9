/** What chapter 23 says of money, stock and events, each beside a world that is right. */
import { describe, expect, test } from 'vitest';
import { judge, type Fact, type Unstamped } from '#check';
import { sagaChoreography } from '#chapters/23-saga-choreography/chapter.ts';
import type { Json } from '#kernel';
import type { EventType, PlaceOrder, Status } from '#chapters/23-saga-choreography/given.ts';

const lamps: PlaceOrder = {
  orderId: 'o1',
  customer: 'ada',
  card: 'visa',
  item: 'lamp',
  quantity: 2,
  amount: 4_900,
};

const topics = { Order: 'order-events', Payment: 'payment-events', Inventory: 'inventory-events' };

/** A history by hand, of one order. */
class Saga {
  readonly facts: Fact[] = [];
  readonly #offsets = new Map<string, number>();
  readonly #changes: { order_id: string; status: string }[] = [];

  add(fact: Unstamped): this {
    this.facts.push({ seq: this.facts.length, atMs: this.facts.length, ...fact });
    return this;
  }

  command(id: string, value: object, result?: object): this {
    const command = { kind: 'command', id, closing: false, value: { id, ...value } } as const;
    const answer = result === undefined ? {} : { result: { ...result } };
    return this.add({ ...command, state: 'sent' }).add({ ...command, state: 'acked', ...answer });
  }

  placed(): this {
    return this.command('o1', { place: { ...lamps } }).tells('OrderPlaced', 'placed', null);
  }

  cancelled(result?: object): this {
    return this.command('o1-cancel', { cancel: { ...lamps } }, result);
  }

  tells(type: EventType, step: string, cause: string | null, correlationId = 'o1'): this {
    const topic = topics[/^[A-Z][a-z]+/.exec(type)?.[0] as keyof typeof topics];
    const offset = this.#offsets.get(topic) ?? 0;
    this.#offsets.set(topic, offset + 1);
    const causationId = cause === null ? null : `o1/${cause}`;
    const event = { id: `o1/${step}`, type, correlationId, causationId, order: lamps };
    const value = JSON.stringify(event);
    return this.add({ kind: 'append', topic, partition: 0, offset, key: 'o1', value });
  }

  call(name: 'charge' | 'refund', key: string, amount = 4_900, chargeKey = 'o1'): this {
    const { orderId, card } = lamps;
    const request =
      name === 'charge'
        ? { key, orderId, card, amount }
        : { key, orderId, chargeId: `charge-of-${chargeKey}`, amount };
    return this.asks(name, request);
  }

  asks(name: 'charge' | 'refund', request: Readonly<Record<string, Json>>): this {
    const who = { slot: 'payment-0', incarnation: 1 };
    return this.add({
      kind: 'port',
      name: `psp.${name}`,
      args: [request],
      outcome: 'applied',
      ...who,
    });
  }

  becomes(status: Status): this {
    this.#changes.push({ order_id: 'o1', status });
    return this.rows({ orders: [{ id: 'o1', status }], status_changes: [...this.#changes] });
  }

  shelf(available: number, held: number): this {
    const reserved = held === 0 ? [] : [{ order_id: 'o1', item: 'lamp', quantity: held }];
    return this.rows({ stock: [{ item: 'lamp', initial: 2, available }], reserved });
  }

  rows(tables: Extract<Fact, { kind: 'table' }>['tables']): this {
    return this.add({ kind: 'table', tables });
  }

  /** Properties that broke, with what they say; nobody reads or commits here. */
  broken(): Readonly<Record<string, string>> {
    const { progress: _progress, ...properties } = sagaChoreography.properties;
    const chapter = { ...sagaChoreography, properties };
    const { findings, unknown } = judge(
      this.facts,
      chapter,
      { kind: 'rest' },
      { everyMoment: true },
    );
    expect(unknown).toBeUndefined();
    return Object.fromEntries(findings.map(({ property, sentence }) => [property, sentence]));
  }
}

const begun = (): Saga => new Saga().shelf(2, 0).placed().becomes('PENDING');
const paid = (): Saga =>
  begun().call('charge', 'o1').tells('PaymentCompleted', 'payment', 'placed');
const reserved = (): Saga => paid().shelf(0, 2).tells('InventoryReserved', 'inventory', 'payment');
const confirmed = (): Saga => reserved().becomes('CONFIRMED');

test('a saga that ends well breaks nothing, and neither does one that is taken back', () => {
  expect(confirmed().broken()).toEqual({});
  const undone = reserved()
    .becomes('CANCELLED')
    .cancelled({ status: 'CANCELLED' })
    .tells('OrderCancelled', 'cancelled', 'inventory')
    .call('refund', 'o1/refund')
    .tells('PaymentRefunded', 'refund', 'cancelled')
    .shelf(2, 0);
  expect(undone.broken()).toEqual({});
});

describe('money', () => {
  test('a second charge under another key', () => {
    expect(confirmed().call('charge', 'again').broken()).toMatchObject({
      money: 'o1 costs 4900; its customer was charged 9800.',
    });
  });

  test('a card that is not the customer’s, and an order that nobody placed', () => {
    const request = { key: 'o1', orderId: 'o1', card: 'mastercard', amount: 4_900 };
    expect(begun().asks('charge', request).broken()).toMatchObject({
      money: 'o1 is paid with visa, and mastercard was charged 4900 for it.',
    });
    const stranger = { ...request, key: 'o9', orderId: 'o9' };
    expect(begun().asks('charge', stranger).broken()).toMatchObject({
      money: 'Nobody ordered o9, and mastercard was charged 4900 for it.',
    });
    const declined = { ...request, card: 'declined-card' };
    expect(begun().asks('charge', declined).broken()).not.toHaveProperty('money');
  });

  test('the same key again moves nothing', () => {
    expect(confirmed().call('charge', 'o1').broken()).toEqual({});
  });

  test('more back than was charged', () => {
    const twice = paid().call('refund', 'o1/refund').call('refund', 'again');
    expect(twice.broken()).toMatchObject({
      money: 'o1 costs 4900; its customer was charged 4900 and given back 9800.',
    });
  });
});

test('stock: a shelf that was emptied for nobody, for a moment only', () => {
  expect(paid().shelf(0, 0).shelf(0, 2).becomes('CONFIRMED').broken()).toEqual({
    stock: 'Of 2 × lamp, 0 are available and 0 reserved.',
  });
});

test('settled: goods and money are where the status says', () => {
  expect(reserved().becomes('CANCELLED').broken()).toEqual({
    settled: 'o1 is CANCELLED: 0 should be paid and 0 reserved; 4900 is paid and 2 reserved.',
  });
});

test('settled: it is the item that was ordered', () => {
  const other = paid().rows({
    stock: [{ item: 'chair', initial: 5, available: 3 }],
    reserved: [{ order_id: 'o1', item: 'chair', quantity: 2 }],
  });
  expect(other.becomes('CONFIRMED').broken()).toEqual({
    settled:
      'o1 is CONFIRMED: 4900 should be paid and 2 × lamp reserved; ' +
      '4900 is paid and 2 × chair reserved.',
  });
});

test('termination: an order that was accepted and does not end', () => {
  expect(paid().broken()).toEqual({ termination: 'o1 was accepted, and it stays PENDING.' });
  expect(new Saga().placed().broken()).toEqual({
    termination: 'o1 was accepted, and the order service knows nothing of it.',
  });
});

test('edges: what has ended becomes nothing else', () => {
  const reopened = confirmed().becomes('PENDING').becomes('CONFIRMED');
  expect(reopened.broken()).toEqual({ edges: 'o1 was CONFIRMED and became PENDING.' });
});

test('kept-word: who cancels is told what it is, and that it has ended', () => {
  expect(confirmed().cancelled({ status: 'CONFIRMED' }).broken()).toEqual({});
  expect(confirmed().cancelled({ status: 'CANCELLED' }).broken()).toEqual({
    'kept-word': 'Who cancelled o1 was told CANCELLED, and it is CONFIRMED.',
  });
  expect(confirmed().cancelled().broken()).toHaveProperty('kept-word');
  expect(begun().cancelled({ status: 'PENDING' }).broken()).toHaveProperty('kept-word');
});

test('one-outcome: copies of one event are one, two ids are two', () => {
  const copy = confirmed().tells('PaymentCompleted', 'payment', 'placed');
  expect(copy.broken()).toEqual({});
  const both = confirmed().tells('PaymentFailed', 'payment', 'placed');
  expect(both.broken()).toMatchObject({
    'one-outcome':
      'o1 has two outcomes of one step: PaymentCompleted (o1/payment) and PaymentFailed (o1/payment).',
    'honest-failure': 'The payment of o1 is said to have failed, and its card was charged 4900.',
  });
});

test('one-outcome: a charge that was given back and made once more is two', () => {
  const anew = begun()
    .call('charge', 'o1')
    .call('refund', 'o1/undo')
    .call('charge', 'o1/anew')
    .tells('PaymentCompleted', 'payment', 'placed')
    .shelf(0, 2)
    .becomes('CONFIRMED');
  expect(anew.broken()).toEqual({ 'one-outcome': 'o1 was charged under 2 keys.' });
});

test('causation: an event of another story, of none, and one that nobody can read', () => {
  const other = confirmed().tells('PaymentCompleted', 'payment', 'placed', 'story-7');
  expect(other.broken()).toHaveProperty('causation');
  const none = confirmed().tells('PaymentCompleted', 'payment', null);
  expect(none.broken()).toEqual({
    causation: 'PaymentCompleted o1/payment says that it follows from nothing.',
  });
  const at = { topic: 'payment-events', partition: 0, offset: 1, key: null };
  const noise = confirmed().add({ kind: 'append', ...at, value: 'paid!' });
  expect(noise.broken()).toEqual({
    causation: 'The record on payment-events/0 (offset 1) is no event about an order.',
  });
});
