/** Histories of a service whose own errors, or whose own steps, mislead who reads too fast. */
import { faultAt, Scribe, type Plot } from './scribe.ts';

const topic = 'orders';
const payer = { slot: 'payer-0' };
const reborn = { slot: 'payer-0', incarnation: 2 };
const chapter = {
  chapter: '78-shop',
  title: 'Shop',
  promise: 'Every order is paid once, or not at all.',
};
const taken = 'card/49 was used for something else';

/** The order stands in the log, and the payer has it. */
function placed(scribe: Scribe, ...ids: readonly string[]): number {
  scribe.at(0).table(undefined, { shelf: [{ item: 'lamp', left: 2 }], reserved: [] });
  scribe.at(0).instance('payer-0', 'starts');
  scribe.at(7).assign('payer', 1, topic, { 'payer-0': [0] });
  const [first = 0] = ids.map((id, offset) => {
    const record = scribe.at(9).append(topic, 0, offset, id);
    scribe.at(12).deliver(payer, topic, 0, { [id]: offset });
    return record;
  });
  return first;
}

/** A charge under the same key does no harm when it is asked for again; a refund does. */
export function refundedTwice(): Plot {
  const scribe = new Scribe();
  placed(scribe, 'o1');
  const charged = scribe.at(14).port(payer, 'psp.charge', 'o1');
  const refunded = scribe.at(16).port(payer, 'psp.refund', 'o1');
  scribe.fault(0, 'answer', { file: 'payer.ts', line: 12 });
  scribe.instance('payer-0', 'dies');
  scribe.at(1016).instance('payer-0', 'starts', 2);
  scribe.at(30_020).deliver(reborn, topic, 0, { o1: 0 });
  const again = scribe.at(30_022).port(reborn, 'psp.charge', 'o1');
  const twice = scribe.at(30_024).port(reborn, 'psp.refund', 'o1');
  return {
    ...chapter,
    scribe,
    faults: [faultAt('crash', 'payer-0', 'psp.refund', '', ['o1'], 'after apply')],
    property: 'money',
    says: 'no more is given back than was charged',
    sentence: 'o1 was charged 49 and given back 98.',
    witnesses: [charged, refunded, again, twice],
  };
}

/** What the payer does before it is refused is done again each time, and harms nobody. */
export function refusedAfterCharge(): Plot {
  const scribe = new Scribe();
  const record = placed(scribe, 'o1');
  const calls = [scribe.at(14).port(payer, 'psp.charge', 'o1')];
  scribe.at(16).statement(payer, 'INSERT', 'payments', ['o1']);
  scribe.fault(0, 'answer', { file: 'payer.ts', line: 12 });
  scribe.instance('payer-0', 'dies');
  scribe.at(1016).instance('payer-0', 'starts', 2);
  scribe.at(30_020).deliver(reborn, topic, 0, { o1: 0 });
  for (let round = 0; round < 30; round++) {
    calls.push(scribe.at(30_022 + round * 300).port(reborn, 'psp.charge', 'o1'));
    const error = '23505 duplicate key value violates unique constraint "payments_pkey"';
    scribe.operation(reborn, 'INSERT', 'payments', ['o1'], 'arrived');
    scribe.at(30_023 + round * 300);
    scribe.operation(reborn, 'INSERT', 'payments', ['o1'], 'answered', error);
  }
  return {
    ...chapter,
    scribe,
    faults: [faultAt('crash', 'payer-0', 'INSERT', 'payments', ['o1'], 'after apply')],
    property: 'settled',
    says: 'an order that ended is paid or not',
    sentence: 'o1 is CANCELLED, and yet it is paid.',
    witnesses: [...calls, record],
    ending: { kind: 'horizon', waitsFor: 'payer-0 still calls psp.charge again and again' },
  };
}

/** The error of a second try is taken for the answer to the first. */
export function refusedOnce(): Plot {
  const scribe = new Scribe();
  placed(scribe, 'o1');
  const charged = scribe.at(14).port(payer, 'psp.charge', 'o1');
  scribe.at(16).statement(payer, 'INSERT', 'payments', ['o1']);
  scribe.fault(0, 'answer', { file: 'payer.ts', line: 12 });
  scribe.instance('payer-0', 'dies');
  scribe.at(1016).instance('payer-0', 'starts', 2);
  scribe.at(30_020).deliver(reborn, topic, 0, { o1: 0 });
  const again = scribe.at(30_022).port(reborn, 'psp.charge', 'o1');
  scribe.operation(reborn, 'INSERT', 'payments', ['o1'], 'arrived');
  const error = '23505 duplicate key value violates unique constraint "payments_pkey"';
  scribe.at(30_023).operation(reborn, 'INSERT', 'payments', ['o1'], 'answered', error);
  const failed = scribe.at(30_026).append('payments', 0, 0, 'o1', reborn, 'PaymentFailed');
  return {
    ...chapter,
    scribe,
    faults: [faultAt('crash', 'payer-0', 'INSERT', 'payments', ['o1'], 'after apply')],
    property: 'honest-failure',
    says: 'what is said to have failed was not paid',
    sentence: 'The payment of o1 is said to have failed, and its card was charged.',
    witnesses: [charged, again, failed],
  };
}

/** The order of the sentence only waits behind the one that is refused. */
export function refusedBeforeIt(): Plot {
  const scribe = new Scribe();
  const record = placed(scribe, 'o3', 'o1');
  for (let round = 0; round < 9; round++) {
    scribe.at(14 + round * 300).port(payer, 'psp.charge', 'o3', 'arrived', 'rejected');
    scribe.at(15 + round * 300).operation(payer, 'psp.charge', '', ['o3'], 'answered', taken);
  }
  return {
    ...chapter,
    scribe,
    faults: [],
    property: 'termination',
    says: 'every order ends',
    sentence: 'o1 was accepted, and it stays PENDING.',
    witnesses: [record + 2],
    ending: { kind: 'horizon', waitsFor: 'payer-0 still calls psp.charge again and again' },
  };
}

/** The second half of what belongs together is no second time. */
export function inTwoHalves(): Plot {
  const scribe = new Scribe();
  placed(scribe, 'o1');
  scribe.at(14).statement(payer, 'UPDATE', 'shelf', ['o1']);
  scribe.at(15).statement(payer, 'COMMIT', '', ['o1']);
  const half = scribe.table(payer, { shelf: [{ item: 'lamp', left: 0 }] });
  scribe.at(16).statement(payer, 'INSERT', 'reserved', ['o1']);
  scribe.at(17).statement(payer, 'COMMIT', '', ['o1']);
  const rest = scribe.table(payer, { reserved: [{ order: 'o1', item: 'lamp' }] });
  scribe.at(18).commit(payer, 'payer', topic, 0, 1, ['o1']);
  return {
    ...chapter,
    scribe,
    faults: [],
    property: 'stock',
    says: 'what is left and what is reserved is what there was',
    sentence: 'Of 2 × lamp, 0 are left and 0 reserved.',
    witnesses: [half, rest],
  };
}

/** Several records are about one order: only the same one twice is said to come again. */
export function namedRecords(): Plot {
  const scribe = new Scribe();
  const shop = { slot: 'shop-0' };
  scribe.at(0).instance('payer-0', 'starts');
  scribe.at(9).append(topic, 0, 0, 'o1', shop, 'OrderPlaced');
  scribe.at(12).deliver(payer, topic, 0, { o1: 0 });
  scribe.at(14).append('payments', 0, 0, 'o1', payer, 'PaymentCompleted');
  scribe.fault(0, 'answer', { file: 'payer.ts', line: 12 });
  scribe.instance('payer-0', 'dies');
  const cancel = { id: 'o1-cancel', value: { id: 'o1-cancel', cancel: { orderId: 'o1' } } };
  const asked = {
    kind: 'command',
    ...cancel,
    ...shop,
    call: 'cancelOrder',
    closing: false,
  } as const;
  scribe.at(19).add({ ...asked, state: 'sent' });
  scribe.at(20).append(topic, 0, 1, 'o1', shop, 'OrderCancelled');
  scribe.at(21).add({ ...asked, state: 'acked' });
  scribe.at(1014).instance('payer-0', 'starts', 2);
  const read = { kind: 'deliver', topic, partition: 0, offsets: [0, 1] } as const;
  scribe.at(30_020).add({ ...read, ...reborn, commands: ['o1', 'o1'] });
  scribe.at(30_024).append('payments', 0, 1, 'o1', reborn, 'PaymentCompleted');
  const refunded = scribe.at(30_026).append('payments', 0, 2, 'o1', reborn, 'PaymentRefunded');
  return {
    ...chapter,
    scribe,
    faults: [faultAt('crash', 'payer-0', 'Produce', 'payments', ['o1'], 'after apply')],
    property: 'told-once',
    says: 'what happened is told once',
    sentence: 'o1 was paid once, and told to be paid twice.',
    witnesses: [refunded - 3, refunded],
  };
}
