/** Histories that end badly in a database; the service of the last one is of no chapter. */
import { faultAt, Scribe, type Plot, type Who } from './scribe.ts';

const topic = 'payments.captured';
const projector = { slot: 'projector-0' };
const reborn = { slot: 'projector-0', incarnation: 2 };
const heir = { slot: 'projector-1' };

const chapter = {
  chapter: '15-idempotent-consumer',
  title: 'Idempotent consumer on a database',
  promise: 'Every payment counts once, however often it arrives and whenever the process dies.',
};

const p1 = { event_source: 'shop', event_id: 'p1', account: 'alice', amount: 30 };
const alice = (balance: string) => [
  { id: 'alice', balance },
  { id: 'bob', balance: '0' },
];

/** shop:p1 stands in the log, and the projector has it. */
function delivered(scribe: Scribe): number {
  scribe.at(0).table(undefined, { accounts: alice('0'), ledger: [] });
  scribe.at(0).instance('projector-0', 'starts');
  scribe.at(1).command('shop:p1', 'sent');
  const record = scribe.append(topic, 0, 0, 'shop:p1');
  scribe.command('shop:p1', 'acked');
  scribe.at(6).instance('projector-0', 'ready');
  scribe.at(7).assign('projector', 1, topic, { 'projector-0': [0, 1, 2] });
  scribe.at(9).deliver(projector, topic, 0, { 'shop:p1': 0 });
  return record;
}

export function countedTwice(): Plot {
  const scribe = new Scribe();
  const record = delivered(scribe);
  const insert = (who: Who, count: number): number => {
    scribe.statement(who, 'INSERT', 'ledger', ['shop:p1']);
    return scribe.table(who, { ledger: Array.from({ length: count }, () => p1) });
  };
  const update = (who: Who, balance: string): number => {
    scribe.statement(who, 'UPDATE', 'accounts', ['shop:p1']);
    return scribe.table(who, { accounts: alice(balance) });
  };
  const first = (scribe.at(12), insert(projector, 1));
  scribe.at(14);
  update(projector, '30');
  scribe.fault(0, 'answer', { file: 'projector.ts', line: 18 });
  scribe.instance('projector-0', 'dies');
  scribe.at(1014).instance('projector-0', 'starts', 2);
  scribe.at(30_016).assign('projector', 2, topic, { 'projector-0': [0, 1, 2] });
  scribe.at(30_018).deliver(reborn, topic, 0, { 'shop:p1': 0 });
  const second = (scribe.at(30_021), insert(reborn, 2));
  const added = (scribe.at(30_023), update(reborn, '60'));
  scribe.at(30_025).commit(reborn, 'projector', topic, 0, 1, ['shop:p1']);
  return {
    ...chapter,
    scribe,
    faults: [faultAt('crash', 'projector-0', 'UPDATE', 'accounts', ['shop:p1'], 'after apply')],
    property: 'counted-once',
    says: 'each balance is the sum of its distinct payments',
    sentence:
      'Account alice holds 60; its distinct payments sum to 30. The ledger has shop:p1 (30) twice.',
    witnesses: [record, first, second, added],
    code: [
      {
        file: 'projector.ts',
        line: 18,
        from: 16,
        text: [
          '      const { source, id, account, amount } = readPayment(message);',
          "      await db.query('insert into ledger values ($1, $2, $3, $4)', […]);",
          "      await db.query('update accounts set balance = balance + $1 where id = $2', […]);",
          '    },',
          '  });',
        ],
      },
    ],
    think: 'When is "this payment was seen" durable, compared with "its amount was added"?',
  };
}

/** Both look, neither sees the other; the frozen one was in the middle of its transaction. */
export function zombieInTransaction(): Plot {
  const scribe = new Scribe();
  const record = delivered(scribe);
  const count = (who: Who, rows: number, balance: string): number => {
    scribe.statement(who, 'INSERT', 'ledger', ['shop:p1']);
    scribe.statement(who, 'UPDATE', 'accounts', ['shop:p1']);
    scribe.statement(who, 'COMMIT', '', ['shop:p1']);
    return scribe.table(who, {
      ledger: Array.from({ length: rows }, () => p1),
      accounts: alice(balance),
    });
  };
  scribe.at(12).operation(projector, 'INSERT', 'ledger', ['shop:p1'], 'arrived');
  scribe.fault(0);
  scribe.instance('projector-0', 'frozen');
  scribe.instance('projector-1', 'starts');
  scribe.at(30_014).assign('projector', 2, topic, { 'projector-1': [0, 1, 2] });
  scribe.at(30_018).deliver(heir, topic, 0, { 'shop:p1': 0 });
  const first = (scribe.at(30_021), count(heir, 1, '30'));
  scribe.at(30_024).commit(heir, 'projector', topic, 0, 1, ['shop:p1']);
  scribe.at(45_012).instance('projector-0', 'thawed');
  scribe.at(45_013).operation(projector, 'UPDATE', 'accounts', ['shop:p1'], 'waits');
  const second = (scribe.at(45_015), count(projector, 2, '60'));
  return {
    ...chapter,
    scribe,
    faults: [
      faultAt('freeze', 'projector-0', 'INSERT', 'ledger', ['shop:p1'], 'before apply', {
        ms: 45_000,
      }),
    ],
    property: 'ledger-agrees',
    says: 'the ledger has each payment once, and each balance is the sum of its rows',
    sentence: 'The ledger has shop:p1 twice.',
    witnesses: [record, first, second],
  };
}

/** A service that no chapter has: a relay that forgets what it sent. */
export function lostCommitAnswer(): Plot {
  const scribe = new Scribe();
  const relay = { slot: 'relay-0' };
  scribe.at(0).table(undefined, { outbox: [{ id: 7, state: 'new', tries: 0 }] });
  scribe.at(3).statement(relay, 'UPDATE', 'outbox', ['o7']);
  scribe.at(5).statement(relay, 'COMMIT', '', ['o7']);
  const sent = scribe.table(relay, { outbox: [{ id: 7, state: 'sent', tries: 1 }] });
  scribe.fault(0, 'answer');
  scribe.at(9).statement(relay, 'DELETE', 'outbox', ['o7']);
  const gone = scribe.table(relay, { outbox: [] });
  return {
    chapter: '17-outbox',
    title: 'Transactional outbox',
    promise: 'Every order that is stored is published.',
    scribe,
    faults: [faultAt('lose-response', 'relay-0', 'COMMIT', '', ['o7'], 'after apply')],
    property: 'no-loss',
    says: 'every command that was acknowledged is done',
    sentence: 'o7 was acknowledged, yet no record of it is visible and it was never done.',
    witnesses: [sent, gone],
  };
}

/** The same payment once more: what the database refuses stays refused. */
export function refusedForEver(): Plot {
  const scribe = new Scribe();
  const first = delivered(scribe);
  scribe.at(12).statement(projector, 'INSERT', 'ledger', ['shop:p1']);
  scribe.at(14).statement(projector, 'COMMIT', '', ['shop:p1']);
  scribe.table(projector, { ledger: [p1], accounts: alice('30') });
  const commit = scribe.at(16).commit(projector, 'projector', topic, 0, 1, ['shop:p1']);
  scribe.at(10_124).fault(0);
  const again = scribe.append(topic, 0, 1, 'shop:p1');
  for (const atMs of [10_126, 10_430, 11_040, 12_200]) {
    scribe.at(atMs).deliver(projector, topic, 0, { 'shop:p1': 1 });
    const refused = (verb: string, table: string, error: string): void => {
      scribe.operation(projector, verb, table, ['shop:p1'], 'arrived');
      scribe.operation(projector, verb, table, ['shop:p1'], 'answered', error);
    };
    refused('INSERT', 'ledger', '23505 duplicate key value violates unique constraint');
    refused('UPDATE', 'accounts', '25P02 current transaction is aborted');
  }
  return {
    ...chapter,
    scribe,
    faults: [{ kind: 'republish', on: 'shop:p1', place: 'at rest' }],
    property: 'progress',
    says: 'everything that was written is read and committed in the end',
    sentence:
      'Group projector stays at 1 on payments.captured/0: shop:p1 (offset 1) is not committed.',
    witnesses: [first, commit, again],
  };
}
