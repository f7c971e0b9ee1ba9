/**
 * Three services, each with a schema of its own, and a payment provider. Nobody leads: each hears what happened and
 * does its part, or takes it back.
 */
import * as fc from 'fast-check';
import { chapter } from '#kit';
import type { PlaceOrder } from './given.ts';
import {
  causation,
  edges,
  eventOf,
  honestFailure,
  keptWord,
  money,
  oneOutcome,
  settled,
  stock,
  termination,
  topics,
  type ShopCommand,
} from './properties.ts';
import { psp } from './ports.ts';

const wish = fc.record({
  customer: fc.constantFrom('ada', 'bela', 'cleo'),
  card: fc.constantFrom('visa', 'visa', 'visa', 'declined-card'),
  item: fc.constantFrom('lamp', 'chair'),
  quantity: fc.integer({ min: 1, max: 3 }),
  // Equal amounts on purpose: what an order costs does not say which order it is.
  amount: fc.constantFrom(1_200, 1_200, 4_900),
  /** The client was not answered in time and tries once more. */
  again: fc.boolean(),
  cancelled: fc.constantFrom('never', 'never', 'at once', 'later'),
});

const orders = fc
  .uniqueArray(fc.nat(0xffff), { minLength: 1, maxLength: 8 })
  .chain((numbers) =>
    fc.tuple(...numbers.map((number) => wish.map((each) => ({ orderId: `n${number}`, ...each })))),
  );

const commands = orders.map((all): readonly ShopCommand[] => {
  const now = all.flatMap(({ again, cancelled, ...order }) => [
    place(order),
    ...(again ? [{ id: `${order.orderId}-again`, place: order }] : []),
    ...(cancelled === 'at once' ? [cancel(order)] : []),
  ]);
  const later = all.filter(({ cancelled }) => cancelled === 'later');
  return [
    ...now,
    ...later.map(({ again: _again, cancelled: _cancelled, ...order }) => cancel(order)),
  ];
});

function place(order: PlaceOrder): ShopCommand {
  return { id: order.orderId, place: order };
}

function cancel(order: PlaceOrder): ShopCommand {
  return { id: `${order.orderId}-cancel`, cancel: order };
}

function ada(orderId: string, card: string, item: string): PlaceOrder {
  return { orderId, customer: 'ada', card, item, quantity: 2, amount: 4_900 };
}

const twin = ada('o1', 'visa', 'lamp');

export const sagaChoreography = chapter({
  title: 'Saga by choreography',
  promise: 'Every order ends, and at every moment money and stock add up.',
  minutes: 60,
  needs: ['idempotent-consumer'],
  pass: 2,
  roles: {
    order: { file: 'order.ts', instances: [1, 2] },
    payment: { file: 'payment.ts', instances: [1, 2] },
    inventory: { file: 'inventory.ts', instances: [1, 2] },
  },
  topics: {
    'order-events': { partitions: 2 },
    'payment-events': { partitions: 2 },
    'inventory-events': { partitions: 2 },
  },
  groups: ['order', 'payment', 'inventory'],
  schemas: 'by role',
  tables: {
    orders: 'select id, status from "order".orders',
    status_changes: 'select order_id, status from "order".status_changes order by n',
    stock: 'select item, initial, available from inventory.stock',
    reserved:
      'select order_id, item, quantity from inventory.reservations ' + `where state = 'reserved'`,
  },
  ports: { psp },
  workload: {
    // Two that look alike but for their names, and lamps for one of them only; the customer cancels the one that got
    // them. The third has no money.
    example: [
      place(twin),
      place({ ...twin, orderId: 'o2' }),
      cancel(twin),
      place(ada('o3', 'declined-card', 'chair')),
    ],
    commands,
    id: ({ id }: ShopCommand) => id,
    send: (command: ShopCommand) =>
      'place' in command
        ? { role: 'order', call: 'placeOrder', with: [command.place] }
        : { role: 'order', call: 'cancelOrder', with: [command.cancel] },
    closing: (n) =>
      place({
        orderId: `closing-${n}`,
        customer: 'closing',
        card: 'visa',
        item: 'voucher',
        quantity: 0,
        amount: 0,
      }),
  },
  flow: {
    id: Object.fromEntries(
      topics.map((topic) => [topic, (record) => eventOf(record)?.order.orderId]),
    ),
    name: Object.fromEntries(topics.map((topic) => [topic, (record) => eventOf(record)?.type])),
    effects: ({ tables }) =>
      (tables['orders'] ?? [])
        .filter(({ status }) => status !== 'PENDING')
        .map(({ id }) => ({ id: String(id) })),
  },
  // Where one mistake breaks several, the first is told: what somebody did comes before what came of it.
  properties: {
    money,
    stock,
    edges,
    'kept-word': keptWord,
    causation,
    'honest-failure': honestFailure,
    'one-outcome': oneOutcome,
    progress: 'shared',
    settled,
    termination,
  },
  stub: { breaks: 'money', by: 'crash payment-0 · psp.charge (o1) · #1 · after apply' },
  hints: {
    money: [
      'The money had moved, and you died before you noted it. What if the event comes again?',
      'By what does the provider tell that you ask again, and not for one more charge?',
      'Which name is the same on every attempt for this order, and different for every other?',
    ],
    stock: [
      'Which statements say that an item is reserved, and which that it is no longer available?',
      'Can one of them be stored alone, or one of them twice?',
    ],
    settled: [
      'Which event made the status, and what had really happened when it was written?',
      'Who has to take back what was done for this order, and which event tells them?',
      'When is a charge this order’s charge? Look at what its key is made of.',
    ],
    termination: [
      'Which was the last event about this order, and who should have answered it?',
      'May an event about an order come before you have heard of the order?',
    ],
    edges: [
      'What do you do with an event that comes a second time, long after the order ended?',
      'In which states may this event change anything?',
    ],
    'kept-word': [
      'What did you tell the customer, and which statement made it true?',
      'Who else may change the status between the two?',
    ],
    'one-outcome': [
      'You handled this event twice. Would anybody know that your two answers are one?',
      'What can an event’s id be made of, so that it is the same the next time?',
    ],
    'honest-failure': [
      'What exactly does a time-out of the provider tell you?',
      'What else can throw inside this try, after the money has moved?',
    ],
    causation: [
      'Which of these ids stays the same through the whole story, and which changes at each step?',
      'Of which event is yours the answer?',
    ],
    progress: [
      'Which event is delivered again and again, and why does handling it end in an error?',
      'What does the database say to a row that is there already, and what did that row mean?',
    ],
  },
  mutants: {
    'fresh-key': { breaks: 'money', says: 'asks the provider under a new key each time' },
    'charges-card-on-file': {
      breaks: 'money',
      says: 'charges the card that the customer used first',
    },
    'refund-on-each-copy': { breaks: 'money', says: 'refunds under a new key each time' },
    'reserves-in-two-steps': {
      breaks: 'stock',
      says: 'reserves and takes from the shelf in two transactions',
    },
    'puts-back-each-copy': { breaks: 'stock', says: 'puts goods back whenever a refund is told' },
    'looks-then-releases': {
      breaks: 'stock',
      level: 2,
      says: 'looks whether goods are reserved, and puts them back without looking again',
    },
    'guesses-the-kind': {
      breaks: 'money',
      says: 'takes what payment answers to an order for a payment, whatever its type',
    },
    'key-of-customer': {
      breaks: 'settled',
      says: 'makes the key of customer and amount, and takes a conflict for done',
    },
    substitutes: { breaks: 'settled', says: 'reserves something else where there is too little' },
    'keeps-the-money': { breaks: 'settled', says: 'pays nothing back when an order is cancelled' },
    'keeps-the-goods': { breaks: 'settled', says: 'keeps goods reserved that nobody will fetch' },
    'cancels-silently': { breaks: 'settled', says: 'cancels an order and tells nobody' },
    'tells-at-once': {
      breaks: 'settled',
      says: 'tells of a cancellation before the others have done what they must take back',
    },
    'no-compensation': { breaks: 'termination', says: 'logs that an order finds no stock' },
    'marks-then-sends': {
      breaks: 'termination',
      says: 'marks what its outbox holds as sent, and then sends it',
    },
    'drops-unknown': { breaks: 'termination', says: 'drops events about orders it does not know' },
    'cancels-anyway': {
      breaks: 'edges',
      level: 2,
      says: 'cancels an order without looking whether it has ended',
    },
    'last-one-wins': { breaks: 'edges', says: 'sets the status that the latest event says' },
    'promises-too-early': {
      breaks: 'kept-word',
      says: 'says that an order is cancelled before it is',
    },
    'random-event-id': { breaks: 'one-outcome', says: 'gives each event a random id' },
    'starts-over': {
      breaks: 'one-outcome',
      says: 'gives back a charge that it has not noted, and charges once more',
    },
    'decides-again': {
      breaks: 'one-outcome',
      says: 'remembers nothing of an order that it has rejected, and decides anew',
    },
    'timeout-is-declined': {
      breaks: 'honest-failure',
      level: 2,
      says: 'takes a time-out for a declined card',
    },
    'one-try': {
      breaks: 'honest-failure',
      level: 2,
      says: 'has charge and publish in one try, whose catch publishes PaymentFailed',
    },
    'own-correlation': { breaks: 'causation', says: 'starts a correlation of its own' },
    'refunds-the-order': {
      breaks: 'progress',
      says: 'names the order to the provider where it asks for the charge',
    },
    'gives-up': { breaks: 'progress', says: 'throws when a card is declined' },
  },
  variants: {
    'looks-up-first': { says: 'asks the provider first whether it knows the key' },
    'charges-again-to-refund': { says: 'learns the charge from the provider, and has no table' },
    outbox: { says: 'payment writes its events into its database, and sends them from there' },
    'polls-its-outbox': { says: 'payment writes its events down, and a timer sends them' },
    'in-transactions': { says: 'inventory answers in a Kafka transaction, offset and all' },
    'locks-the-shelf': { says: 'inventory locks the shelf, looks, and then decides' },
    'tails-a-log': { says: 'inventory only writes tables, and tells what their log shows' },
    'row-then-event': { says: 'order writes its row itself, and tells of it then' },
    'folds-status': { says: 'order keeps what happened, and no status' },
  },
});
