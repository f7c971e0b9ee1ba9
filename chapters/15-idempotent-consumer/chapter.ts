/**
 * The effect and the memory of it commit together; a payment that comes twice changes nothing.
 *
 * A command is one record. Most are alone about their payment. One with `attempt: 2` is the same
 * event once more, from a publisher that did not know that it had been written: under another key,
 * and so perhaps in another partition and before the first.
 */
import * as fc from 'fast-check';
import { chapter, type Broken, type Moment, type SimpleRecord } from '#kit';
import { readPayment, type Payment } from './given.ts';

const topic = 'payments.captured';

/** Rows of schema.sql. Their partitions, by kafkajs's and Java's partitioner: 0, 0, 2, 1 and 2. */
const accounts = ['alice', 'bob', 'carol', 'dave', 'erin'];

type Attempt = Payment & { readonly attempt: number };

/** `shop:p1`: source and id, because neither is enough. */
function nameOf(source: unknown, id: unknown): string {
  return `${String(source)}:${String(id)}`;
}

/** Every record has a name of its own: `shop:p1`, and `shop:p1.2` when it comes once more. */
function commandOf({ source, id, attempt }: Attempt): string {
  return attempt === 1 ? nameOf(source, id) : `${nameOf(source, id)}.${attempt}`;
}

/** What no account and no amount looks like, so that a statement's values tell what it is about. */
const isId = /^(?:[pc]\d+|g[0-9a-z]+)$/;
const isSource = /^(?:shop|till|closing)$/;

/** Ids hold no dots. */
function paymentOf(command: string): string {
  return command.replace(/\.\d+$/, '');
}

/** A CloudEvent in JSON; `attempt` is an extension attribute, which no service needs. */
function writePayment({ source, id, attempt, account, amount }: Attempt): string {
  const type = 'payment.captured';
  return JSON.stringify({
    specversion: '1.0',
    type,
    source,
    id,
    attempt,
    data: { account, amount },
  });
}

function readAttempt(record: SimpleRecord): string {
  const { attempt = 1 } = JSON.parse(String(record.value)) as Partial<Attempt>;
  return commandOf({ ...readPayment(record), attempt });
}

/** In cents. Some are often equal, some need more than 32 bits. */
const amount = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(5, 30) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 99_999 }) },
  { weight: 1, arbitrary: fc.integer({ min: 2 ** 31, max: 10 ** 11 }) },
);
const event = fc.record({ account: fc.constantFrom(...accounts), amount });

/** One id, used by one or two sources for payments of their own; some are written once more. */
const namesakes = fc.record({
  id: fc.nat(0xffffff).map((n) => `g${n.toString(36)}`),
  payments: fc.dictionary(fc.constantFrom('shop', 'till'), event, {
    minKeys: 1,
    noNullPrototype: true,
  }),
  again: fc.subarray(['shop', 'till']),
});

const commands = fc
  .uniqueArray(namesakes, { selector: ({ id }) => id, minLength: 1, maxLength: 10, size: '=' })
  .map((all) =>
    all.flatMap(({ id, payments, again }) =>
      Object.entries(payments).flatMap(([source, payment]): Attempt[] => {
        const first = { source, id, ...payment, attempt: 1 };
        return again.includes(source) ? [first, { ...first, attempt: 2 }] : [first];
      }),
    ),
  )
  .chain((all) => fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }));

/** What the log asks for: each payment once, however many records are about it. */
function paymentsIn({ topics }: Pick<Moment, 'topics'>) {
  const found = new Map<string, { payment: Payment; seqs: number[] }>();
  for (const record of topics[topic]?.committed ?? []) {
    const payment = readPayment(record);
    const name = nameOf(payment.source, payment.id);
    const known = found.get(name);
    if (known) known.seqs.push(record.seq);
    else found.set(name, { payment, seqs: [record.seq] });
  }
  return found;
}

/** Rows of the ledger by payment. */
function ledgerOf({ tables }: Pick<Moment, 'tables'>) {
  const rows = (tables['ledger'] ?? []).map(({ event_source, event_id, account, amount }) => ({
    name: nameOf(event_source, event_id),
    account: String(account),
    amount: whole(amount),
  }));
  return Map.groupBy(rows, ({ name }) => name);
}

function balancesOf({ tables }: Pick<Moment, 'tables'>): Map<string, bigint> {
  const rows = tables['accounts'] ?? [];
  return new Map(rows.map(({ id, balance }) => [String(id), whole(balance)]));
}

/** A schema of the learner's own may have made it a column of another type. */
function whole(value: unknown): bigint {
  const text = String(value);
  return /^-?\d+$/.test(text) ? BigInt(text) : BigInt(Math.round(Number(text)) || 0);
}

function sums(
  entries: Iterable<{ account: string; amount: bigint | number }>,
): Map<string, bigint> {
  const total = new Map<string, bigint>();
  for (const { account, amount } of entries) {
    total.set(account, (total.get(account) ?? 0n) + BigInt(amount));
  }
  return total;
}

/** The first account that does not hold what it is due; one without a row holds 0. */
function firstWrong(balances: ReadonlyMap<string, bigint>, due: ReadonlyMap<string, bigint>) {
  return [...new Set([...due.keys(), ...balances.keys()])]
    .map((account) => ({
      account,
      holds: balances.get(account) ?? 0n,
      due: due.get(account) ?? 0n,
    }))
    .find(({ holds, due: sum }) => holds !== sum);
}

function countedOnce(moment: Moment): Broken | undefined {
  const payments = paymentsIn(moment);
  const due = sums([...payments.values()].map(({ payment }) => payment));
  const wrong = firstWrong(balancesOf(moment), due);
  if (wrong === undefined) return undefined;
  const mine = [...payments].filter(([, { payment }]) => payment.account === wrong.account);
  const ledger = ledgerOf(moment);
  const odd = mine.filter(([name]) => ledger.get(name)?.length !== 1);
  const named = odd.length > 0 ? odd : mine;
  const reason = odd.map(([name, { payment }]) => {
    const count = ledger.get(name)?.length ?? 0;
    const what = `${name} (${payment.amount})`;
    return count === 0
      ? `${what} is not in the ledger.`
      : `The ledger has ${what} ${times(count)}.`;
  });
  return {
    sentence: [
      `Account ${wrong.account} holds ${wrong.holds}; its distinct payments sum to ${wrong.due}.`,
      reason[0] ?? (mine.length > 0 ? 'The ledger has each of them once.' : undefined),
    ].join(' '),
    witnesses: [
      ...named.flatMap(([, { seqs }]) => seqs),
      ...effectsOf(moment, named),
      ...lastChange(moment, wrong.account),
    ],
  };
}

/** The commit that gave the account the balance it has. */
function lastChange({ tables, since }: Moment, account: string): readonly number[] {
  const at = (tables['accounts'] ?? []).findIndex(({ id }) => id === account);
  return since['accounts']?.slice(at, at + 1) ?? [];
}

function ledgerAgrees(moment: Moment): Broken | undefined {
  const ledger = ledgerOf(moment);
  const twice = [...ledger].find(([, rows]) => rows.length > 1);
  if (twice !== undefined) {
    const [name, rows] = twice;
    return {
      sentence: `The ledger has ${name} ${times(rows.length)}.`,
      witnesses: effectsOf(moment, [twice]),
    };
  }
  const rows = [...ledger.values()].flat();
  const wrong = firstWrong(balancesOf(moment), sums(rows));
  if (wrong === undefined) return undefined;
  const { account, holds, due } = wrong;
  return {
    sentence: `Account ${account} holds ${holds}; its rows in the ledger sum to ${due}.`,
    witnesses: [
      ...effectsOf(
        moment,
        rows.filter((row) => row.account === account).map(({ name }) => [name]),
      ),
      ...lastChange(moment, account),
    ],
  };
}

function effectsOf({ effects }: Moment, payments: readonly (readonly [string, ...unknown[]])[]) {
  const names = new Set(payments.map(([name]) => name));
  return effects.flatMap(({ id, seq }) =>
    names.has(paymentOf(id)) && seq !== undefined ? [seq] : [],
  );
}

function times(count: number): string {
  return count === 2 ? 'twice' : `${count} times`;
}

export const idempotentConsumer = chapter({
  title: 'Idempotent consumer on a database',
  promise: 'Every payment counts once, however often it arrives and whenever the process dies.',
  minutes: 35,
  needs: ['producer-consumer'],
  pass: 2,
  roles: { projector: { file: 'projector.ts', instances: [1, 3] } },
  topics: { [topic]: { partitions: 3 } },
  groups: ['projector'],
  tables: {
    // As text: a sum may need more digits than a number of JavaScript has.
    accounts: 'select id, balance::text as balance from accounts',
    ledger: 'select event_source, event_id, account, amount from ledger',
  },
  workload: {
    // p1 of the till is not p1 of the shop, and carol pays the same twice.
    example: [
      { source: 'shop', id: 'p1', account: 'alice', amount: 30, attempt: 1 },
      { source: 'till', id: 'p1', account: 'carol', amount: 3_000_000_000, attempt: 1 },
      { source: 'shop', id: 'p2', account: 'carol', amount: 3_000_000_000, attempt: 1 },
    ],
    commands,
    id: commandOf,
    send: (command: Attempt) => ({
      topic,
      key: command.attempt === 1 ? command.account : command.id,
      value: writePayment(command),
    }),
    // Of nothing, so that balances on the screen are those of the story.
    closing: (n) => ({
      source: 'closing',
      id: `c${n}`,
      account: accounts[n % accounts.length],
      amount: 0,
      attempt: 1,
    }),
  },
  flow: {
    id: { [topic]: readAttempt },
    // A row stands for every record about its payment.
    effects: ({ topics, tables }) => {
      const records = (topics[topic]?.committed ?? []).flatMap(({ command }) => command ?? []);
      const byPayment = Map.groupBy(new Set(records), paymentOf);
      return (tables['ledger'] ?? []).flatMap(({ event_source, event_id, account, amount }) => {
        const name = nameOf(event_source, event_id);
        return (byPayment.get(name) ?? [name]).map((id) => ({ id, value: { account, amount } }));
      });
    },
    value: ({ account, amount }) => ({ account, amount }),
    statement: (values) => {
      const ids = values.filter((value) => value !== null && isId.test(value));
      const sources = values.filter((value) => value !== null && isSource.test(value));
      return ids.length === sources.length
        ? ids.map((id, index) => nameOf(sources[index], id))
        : [];
    },
  },
  properties: {
    'counted-once': {
      says: 'each balance is the sum of its distinct payments',
      when: 'at rest',
      broken: countedOnce,
    },
    'ledger-agrees': {
      says: 'the ledger has each payment once, and each balance is the sum of its rows',
      when: 'at rest',
      broken: ledgerAgrees,
    },
    'no-loss': 'shared',
    'no-invention': 'shared',
    'commit-safe': 'shared',
    progress: 'shared',
  },
  stub: {
    breaks: 'counted-once',
    by: 'crash projector-0 · UPDATE accounts · #1 · after apply',
  },
  hints: {
    'counted-once': [
      'When is "this payment was seen" durable, compared with "its amount was added"?',
      'What makes two records the same payment: where they lie in the log, or what they say?',
      'Can one of the two be stored alone? If two processes look at once, which one has to wait?',
    ],
    'ledger-agrees': [
      'Which of your statements ran for this payment, and in which transaction was each?',
      'The second time it came, what did the first statement report, and who looked at that?',
    ],
    'no-loss': [
      'Was the payment never delivered, or delivered and taken for one that was seen before?',
      'What does your database take for the same payment? Find two that differ and still collide.',
      'Which unique constraint refused it? Is it about who the payment is, or what it looks like?',
    ],
    'no-invention': [
      'Compare the row in the ledger with the message. Which value changed on its way?',
      'Which type has each value in the message, in your code, in the statement, in the table?',
    ],
    'commit-safe': [
      'A commit speaks for everything below it. What was committed to the database at that moment?',
      'What did your handler wait for before it returned? Is a mark already the payment?',
      'An error ends a handler too. Did anything turn it into a normal return?',
    ],
    progress: [
      'Which statement ran last, and what did PostgreSQL answer? What may follow such an answer?',
      'Does every way out of your handler end its transaction and give the connection back?',
    ],
  },
  mutants: {
    'offset-as-identity': {
      breaks: 'counted-once',
      says: 'marks topic, partition and offset instead of source and id',
    },
    'offset-in-database': {
      breaks: 'counted-once',
      says: 'keeps the next offset of each partition in the database, and no ids',
    },
    'effect-then-mark': { breaks: 'counted-once', says: 'marks in a second transaction' },
    'effect-on-other-connection': {
      breaks: 'counted-once',
      says: 'adds through the pool, beside the transaction',
    },
    memory: { breaks: 'counted-once', says: 'keeps the ids in a Set' },
    'last-payment-only': {
      breaks: 'counted-once',
      says: 'compares with the last payment of the account',
    },
    'mark-per-instance': {
      breaks: 'counted-once',
      says: 'marks under the name of the instance, not of the service',
    },
    'short-memory': { breaks: 'counted-once', says: 'forgets marks after ten seconds' },
    'check-then-act': {
      breaks: 'counted-once',
      level: 2,
      says: 'looks whether the ledger has it, then inserts, without a constraint',
    },
    'adds-anyway': {
      breaks: 'ledger-agrees',
      says: 'ignores that ON CONFLICT DO NOTHING inserted nothing',
    },
    'id-without-source': { breaks: 'no-loss', says: 'marks the id alone' },
    'unique-payload': {
      breaks: 'no-loss',
      says: 'takes equal account and amount for the same payment',
    },
    'thirty-two-bits': { breaks: 'no-invention', says: 'cuts the amount down to 32 bits' },
    'mark-then-effect': {
      breaks: 'commit-safe',
      says: 'marks first, counts in a second transaction',
    },
    'mark-on-other-connection': {
      breaks: 'commit-safe',
      says: 'marks through the pool, beside the transaction',
    },
    'commits-offset-first': {
      breaks: 'commit-safe',
      says: 'commits the offset before the transaction',
    },
    'commit-not-awaited': { breaks: 'commit-safe', level: 2, says: 'does not wait for COMMIT' },
    swallows: {
      breaks: 'commit-safe',
      level: 2,
      says: 'logs an error of the database and returns',
    },
    'goes-on-after-error': {
      breaks: 'progress',
      says: 'catches the unique violation and goes on in the same transaction',
    },
    'no-rollback': {
      breaks: 'progress',
      says: 'takes a unique violation for "done", and keeps its connection as it is',
    },
    'leaks-on-duplicate': {
      breaks: 'progress',
      says: 'returns early on a duplicate, with the only connection still in its transaction',
    },
  },
  variants: {
    'one-statement': { says: 'gate, row and balance in one statement' },
    'balance-as-view': { says: 'a unique ledger; the balance is a view over it' },
    'balance-by-trigger': { says: 'a unique ledger; a trigger adds to the balance' },
    savepoint: { says: 'a unique ledger; a violation goes back to a savepoint' },
    serializable: { says: 'looks, then inserts, in SERIALIZABLE with retries' },
    'account-lock': { says: 'locks the account, looks, then inserts' },
    'batch-transaction': { says: 'one transaction for each fetched batch' },
  },
});
