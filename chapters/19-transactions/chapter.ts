/** Exactly once, Kafka only: outputs and the offset of their input move in one transaction. */
import * as fc from 'fast-check';
import { chapter } from '#kit';
import { readBooking, readTransfer, type Transfer } from './given.ts';
import { effectsOf, exactlyOnce, fencing, group, inputs, order, pairing } from './properties.ts';

const accounts = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank'] as const;

/** Ids unlike the example's; two to six accounts, so that transfers meet each other. */
const manyTransfers = fc.integer({ min: 1, max: accounts.length - 1 }).chain((last) => {
  const account = fc.nat({ max: last }).map((index) => accounts[index] ?? accounts[0]);
  const transfer = fc.record({
    id: fc.nat(0xffffff).map((n) => `x${n.toString(36)}`),
    from: account,
    to: account,
    amount: fc.integer({ min: 1, max: 1_000 }),
  });
  const distinct = { selector: ({ id }: Transfer) => id, minLength: 1, maxLength: 40 } as const;
  return fc.uniqueArray(transfer, { ...distinct, size: '=' });
});

const bookingId = (record: { readonly value: Buffer | null }): string => readBooking(record).ref;

export const transactions = chapter({
  title: 'Exactly-once with transactions',
  promise: 'Every transfer is booked exactly once, as one debit and one credit.',
  minutes: 60,
  needs: ['producer-consumer'],
  pass: 1,
  solution: { level: 2 },
  roles: { transfers: { file: 'transfers.ts', instances: [1, 3] } },
  topics: { [inputs]: { partitions: 3 }, debits: { partitions: 3 }, credits: { partitions: 3 } },
  groups: [group],
  workload: {
    // By kafkajs's and Java's partitioner, alice and bob go to partition 0, carol to 2.
    example: [
      { id: 't1', from: 'alice', to: 'bob', amount: 30 },
      { id: 't2', from: 'carol', to: 'alice', amount: 20 },
      { id: 't3', from: 'alice', to: 'carol', amount: 5 },
    ],
    commands: manyTransfers,
    id: (command: Transfer) => command.id,
    send: (command: Transfer) => ({
      topic: inputs,
      key: command.from,
      value: JSON.stringify(command),
    }),
    closing: (n) => ({ id: `closing-${n}`, from: `payer-${n}`, to: `payee-${n}`, amount: 1 }),
  },
  flow: {
    id: { [inputs]: (record) => readTransfer(record).id, debits: bookingId, credits: bookingId },
    effects: effectsOf,
    value: ({ from, to, amount }) => ({ from, to, amount, credited: amount }),
  },
  // An input is a record here: the same bytes at another offset are another transfer.
  without: ['redeliver', 'republish'],
  sometimes: ['open transactions', 'overtaken zombies'],
  properties: {
    'exactly-once': exactlyOnce,
    fencing,
    pairing,
    'no-loss': 'shared',
    'no-invention': 'shared',
    progress: 'shared',
    'idle-restart': 'shared',
    order,
    'calm-exact': 'shared',
  },
  stub: {
    breaks: 'exactly-once',
    by: 'crash transfers-0 · EndTxn transfers-0 (t1) · #1 · after apply',
  },
  hints: {
    'exactly-once': [
      'Both copies stay. What did Kafka know of the transfer when the first one was there?',
      'Which offset did the next process begin at, and in which write was it meant to move?',
      'Before it was booked again: who had the id last, and what was committed by then? Who asked?',
    ],
    fencing: [
      'Two processes had the same transfer. How could Kafka have told the slower one apart?',
      'A transactional id names a right to write. Does yours name a process, or the work?',
      'The right was taken over at some moment. Did the one who lost it take it back by itself?',
    ],
    pairing: [
      'Debit, credit and offset: which of the three stands alone, and which write was it part of?',
      'Compare the group and the offset in sendOffsets with those of the consumer.',
    ],
    'no-loss': [
      'Follow the transfer: delivered, sent, ended, visible. Which step is the last that happened?',
      'Did the offset move past it although its transaction never committed? Who moved it?',
      'After an error: does your code go on with the next one, and with the same producer?',
    ],
    'no-invention': [
      'Compare the bookings with the transfer: account, amount, sign.',
      'Use what split() gives you as it is, or follow how your own code makes the two values.',
    ],
    progress: [
      'What is missing in the end: a delivery, a transaction that ends, or the offset in it?',
      'A producer whose commit failed is stuck: no new transaction begins on it. Renew it.',
    ],
    'idle-restart': [
      'All was done, then done again. Where does a new process begin to read, and who told it?',
      'A committed offset is the next to read. Which one does sendOffsets get?',
    ],
    order: [
      'In which order do the bookings stand in the log, and in which were they sent?',
      'How many sends are under way at once? kafkajs does not keep the order of those.',
    ],
    'calm-exact': [
      'Nothing failed here. How often was the transfer delivered, and to how many groups?',
      'Every group gets every record. What does the second one do with it?',
    ],
  },
  mutants: {
    'producer-send': {
      breaks: 'exactly-once',
      says: 'sends with producer.send inside the transaction',
    },
    'commit-after': {
      breaks: 'exactly-once',
      says: 'commits the offset by hand after the transaction',
    },
    'two-transactions': {
      breaks: 'exactly-once',
      says: 'one transaction for the debit, one for the credit and the offset',
    },
    'renew-and-repeat': {
      breaks: 'exactly-once',
      level: 2,
      says: 'renews the producer after a failed commit and books again without asking',
    },
    'ask-then-fence': {
      breaks: 'exactly-once',
      level: 2,
      says: 'reads the committed offset first and takes the transactional id then',
    },
    'id-per-instance': {
      breaks: 'fencing',
      level: 2,
      says: 'one transactional id per instance: right as long as there is only one',
    },
    'new-id-per-start': {
      breaks: 'fencing',
      level: 2,
      says: 'a new transactional id at every start',
    },
    'fence-without-asking': {
      breaks: 'fencing',
      level: 2,
      says: 'takes the id of the partition late and does not ask how far others came',
    },
    'other-group': {
      breaks: 'pairing',
      says: 'sends the offsets under a group id that nobody reads with',
    },
    'text-plus-one': { breaks: 'exactly-once', says: 'adds 1 to an offset that is a text: 11' },
    'commit-before': { breaks: 'no-loss', says: 'commits the offset by hand, then books' },
    'commit-every-ten': {
      breaks: 'no-loss',
      says: 'keeps one transaction open over several messages, with autoCommit left on',
    },
    'abort-and-go-on': {
      breaks: 'no-loss',
      level: 2,
      says: 'aborts, logs the error and goes on with the next transfer',
    },
    'fenced-so-return': {
      breaks: 'no-loss',
      level: 2,
      says: 'one id for all instances, and whoever is fenced leaves the transfer to the others',
    },
    'signed-debit': { breaks: 'no-invention', says: 'books a debit as a negative amount' },
    'no-offsets': { breaks: 'progress', says: 'autoCommit: false and no offsets at all' },
    'errors-logged': {
      breaks: 'progress',
      level: 2,
      says: "the documentation's sample, its errors logged: the producer stays stuck for ever",
    },
    'same-offset': {
      breaks: 'idle-restart',
      says: 'sends the offset of the message instead of the next one',
    },
    'in-parallel': { breaks: 'order', says: 'sends the records of a batch all at once' },
    'standby-group': {
      breaks: 'calm-exact',
      says: 'a second consumer with a group of its own "in case the first one dies"',
    },
  },
  variants: {
    'auto-commit-too': { says: 'leaves autoCommit on beside sendOffsets: needless, and no harm' },
    'one-instance': { says: 'one transactional id per instance: enough while there is only one' },
    'claims-at-assignment': {
      says: 'a producer per partition, made when the partition is assigned',
    },
    'crash-on-error': { level: 2, says: 'ends the process at any error and begins anew' },
    'offsets-first': { level: 2, says: 'sendOffsets before send' },
    'send-batch': { level: 2, says: 'both outputs in one sendBatch' },
    'batch-per-transaction': { level: 2, says: 'one transaction for a whole batch' },
  },
});
