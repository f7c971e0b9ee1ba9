/**
 * Eight histories that end badly, each for another reason; the last is of a service that no chapter
 * has.
 */
import type { Fact } from '#check';
import { faultAt, Scribe, type Plot } from './scribe.ts';

const topic = 'greetings.v1';
const publisher = { slot: 'publisher-0' };
const greeter = { slot: 'greeter-0' };
const reborn = { slot: 'greeter-0', incarnation: 2 };

const greeterCode = {
  file: 'greetings.ts',
  line: 33,
  from: 31,
  text: [
    '    eachMessage: async ({ topic, partition, message }) => {',
    '      const next = String(Number(message.offset) + 1);',
    '      await consumer.commitOffsets([{ topic, partition, offset: next }]);',
    '      await ports.sink.record(readGreeting(message));',
    '    },',
  ],
};

/** Everybody is up, m1 is published, acknowledged and delivered. */
function published(scribe: Scribe): number {
  for (const slot of ['publisher-0', 'greeter-0']) {
    scribe.at(0).instance(slot, 'starts');
    scribe.at(6).instance(slot, 'ready');
  }
  scribe.at(7).assign('greeter', 1, topic, { 'greeter-0': [0, 1, 2] });
  scribe.at(8).command('m1', 'sent', 'publisher-0');
  scribe.at(9).append(topic, 2, 0, 'm1', publisher);
  scribe.at(10).operation(publisher, 'Produce', topic, ['m1'], 'answered');
  const acked = scribe.at(11).command('m1', 'acked', 'publisher-0');
  scribe.at(12).deliver(greeter, topic, 2, { m1: 0 });
  return acked;
}

/** The harness adds one more command and comes to rest. */
function closing(scribe: Scribe, atMs: number, incarnation: number): void {
  const who = { slot: 'greeter-0', incarnation };
  scribe.at(atMs).command('closing-1', 'sent', 'publisher-0', true);
  scribe.at(atMs + 1).append(topic, 2, 1, 'closing-1', publisher);
  scribe.at(atMs + 2).command('closing-1', 'acked', 'publisher-0', true);
  scribe.at(atMs + 3).deliver(who, topic, 2, { 'closing-1': 1 });
  scribe.at(atMs + 4).port(who, 'sink.record', 'closing-1');
  scribe.at(atMs + 5).commit(who, 'greeter', topic, 2, 2, ['closing-1']);
}

export function crashWindow(): Plot {
  const scribe = new Scribe();
  const acked = published(scribe);
  scribe.at(12).says('greeter-0', 'handling m1\n');
  const commit = scribe.at(13).commit(greeter, 'greeter', topic, 2, 1, ['m1']);
  scribe.at(13).fault(0, 'answer', { file: 'greetings.ts', line: 33 });
  scribe.instance('greeter-0', 'dies');
  scribe.at(1013).instance('greeter-0', 'starts', 2);
  scribe.at(1019).instance('greeter-0', 'ready', 2);
  scribe.at(30_018).assign('greeter', 2, topic, { 'greeter-0': [0, 1, 2] });
  closing(scribe, 30_030, 2);
  return {
    scribe,
    faults: [faultAt('crash', 'greeter-0', 'OffsetCommit', 'greeter', ['m1'], 'after apply')],
    property: 'no-loss',
    says: 'every acknowledged command has its effect',
    sentence: 'm1 was acknowledged and never had its effect.',
    witnesses: [acked, commit],
    code: [greeterCode],
    think: 'Follow the lost greeting from publish to sink.record. Who was the last to know of it?',
  };
}

export function crashTwice(): Plot {
  const scribe = new Scribe();
  published(scribe);
  scribe.at(13).port(greeter, 'sink.record', 'm1');
  scribe.at(13).fault(0, 'answer', { file: 'greetings.ts', line: 34 });
  scribe.instance('greeter-0', 'dies');
  scribe.at(1013).instance('greeter-0', 'starts', 2);
  scribe.at(30_018).assign('greeter', 2, topic, { 'greeter-0': [0, 1, 2] });
  scribe.at(30_021).deliver(reborn, topic, 2, { m1: 0 });
  const second = scribe.at(30_022).port(reborn, 'sink.record', 'm1');
  scribe.at(30_023).operation(reborn, 'sink.record', '', ['m1'], 'answered');
  scribe.at(30_024).commit(reborn, 'greeter', topic, 2, 1, ['m1']);
  closing(scribe, 30_030, 2);
  return {
    scribe,
    faults: [faultAt('crash', 'greeter-0', 'sink.record', '', ['m1'], 'after apply')],
    property: 'recorded-once',
    says: 'each greeting is recorded once',
    sentence: 'm1 was recorded twice.',
    witnesses: [second],
    code: [{ ...greeterCode, line: 34 }],
  };
}

export function rejection(): Plot {
  const scribe = new Scribe();
  published(scribe);
  scribe.at(13).operation(greeter, 'sink.record', '', ['m1'], 'arrived');
  scribe.fault(0, 'request', { file: 'greetings.ts', line: 34 });
  scribe.operation(greeter, 'sink.record', '', ['m1'], 'lost');
  scribe.port(greeter, 'sink.record', 'm1', 'already arrived', 'rejected');
  scribe.at(14).operation(greeter, 'sink.record', '', ['m1'], 'answered', 'REJECTED');
  scribe.at(14).says('greeter-0', 'could not record m1: sink.record is unavailable\u001b[2J');
  const commit = scribe.at(15).commit(greeter, 'greeter', topic, 2, 1, ['m1']);
  closing(scribe, 30, 1);
  return {
    scribe,
    faults: [faultAt('reject', 'greeter-0', 'sink.record', '', ['m1'], 'before apply')],
    property: 'commit-safe',
    says: 'a committed offset promises that every record below it is done',
    sentence: 'greeter-0 committed 1 on greetings.v1/2, yet m1 (offset 0) was not done.',
    witnesses: [commit],
    code: [{ ...greeterCode, line: 34 }],
    think: 'What does your handler promise when it returns?',
    calm: calmFacts(),
  };
}

function calmFacts(): readonly Fact[] {
  const scribe = new Scribe();
  published(scribe);
  scribe.at(13).port(greeter, 'sink.record', 'm1');
  scribe.at(14).operation(greeter, 'sink.record', '', ['m1'], 'answered');
  scribe.at(15).commit(greeter, 'greeter', topic, 2, 1, ['m1']);
  return scribe.facts;
}

export function zombie(): Plot {
  const scribe = new Scribe();
  published(scribe);
  scribe.at(12).instance('greeter-1', 'starts');
  scribe.at(13).operation(greeter, 'sink.record', '', ['m1'], 'arrived');
  scribe.fault(0, undefined, { file: 'greetings.ts', line: 34 });
  scribe.instance('greeter-0', 'frozen');
  scribe.at(30_014).assign('greeter', 2, topic, { 'greeter-1': [0, 1, 2] });
  scribe.at(30_018).deliver({ slot: 'greeter-1' }, topic, 2, { m1: 0 });
  scribe.at(30_020).port({ slot: 'greeter-1' }, 'sink.record', 'm1');
  scribe.at(30_022).commit({ slot: 'greeter-1' }, 'greeter', topic, 2, 1, ['m1']);
  scribe.at(45_013).instance('greeter-0', 'thawed');
  const late = scribe.at(45_014).port(greeter, 'sink.record', 'm1', 'already arrived');
  scribe.at(45_016).operation(greeter, 'OffsetCommit', 'greeter', ['m1'], 'arrived');
  scribe
    .at(45_017)
    .operation(greeter, 'OffsetCommit', 'greeter', ['m1'], 'answered', 'UNKNOWN_MEMBER_ID');
  scribe.at(45_020).assign('greeter', 3, topic, { 'greeter-0': [0], 'greeter-1': [1, 2] });
  return {
    scribe,
    faults: [
      faultAt('freeze', 'greeter-0', 'sink.record', '', ['m1'], 'before apply', { ms: 45_000 }),
    ],
    property: 'one-owner',
    says: 'a greeting is recorded by the instance that owns its partition',
    sentence: 'greeter-0 recorded m1 while greeter-1 owned greetings.v1/2.',
    witnesses: [late],
    code: [{ ...greeterCode, line: 34 }],
  };
}

/** Who only writes has no partition: nobody takes anything over. */
export function writerCutOff(): Plot {
  const scribe = new Scribe();
  for (const slot of ['publisher-0', 'greeter-0']) scribe.instance(slot, 'starts');
  scribe.at(7).assign('greeter', 1, topic, { 'greeter-0': [0, 1, 2] });
  scribe.at(8).command('m1', 'sent', 'publisher-0');
  scribe.at(9).append(topic, 2, 0, 'm1', publisher);
  scribe.fault(0, undefined, { file: 'greetings.ts', line: 12 });
  scribe.instance('publisher-0', 'cut');
  scribe.at(12).deliver(greeter, topic, 2, { m1: 0 });
  scribe.at(13).port(greeter, 'sink.record', 'm1');
  scribe.at(15).commit(greeter, 'greeter', topic, 2, 1, ['m1']);
  scribe.at(30_000).command('m1', 'unknown', 'publisher-0');
  scribe.at(45_009).instance('publisher-0', 'healed');
  scribe.at(45_010).command('m2', 'sent', 'publisher-0');
  scribe.at(45_011).operation(publisher, 'Produce', topic, ['m2'], 'arrived');
  scribe.at(45_012).operation(publisher, 'Produce', topic, ['m2'], 'answered');
  const acked = scribe.at(45_013).command('m2', 'acked', 'publisher-0');
  return {
    scribe,
    faults: [
      faultAt('cut', 'publisher-0', 'Produce', topic, ['m1'], 'after apply', { ms: 45_000 }),
    ],
    property: 'no-loss',
    says: 'every acknowledged command has its effect',
    sentence: 'm2 was acknowledged, yet no record of it is visible and it was never done.',
    witnesses: [acked],
    code: [],
  };
}

export function lostAnswer(): Plot {
  const scribe = new Scribe();
  scribe.at(0).instance('publisher-0', 'starts');
  scribe.at(8).command('m1', 'sent', 'publisher-0');
  const first = scribe.at(9).append(topic, 2, 0, 'm1', publisher);
  scribe.fault(0, 'answer', { file: 'greetings.ts', line: 12 });
  scribe.at(310).operation(publisher, 'Produce', topic, ['m1'], 'arrived');
  const second = scribe.append(topic, 2, 1, 'm1', publisher);
  scribe.at(311).operation(publisher, 'Produce', topic, ['m1'], 'answered');
  scribe.at(312).command('m1', 'acked', 'publisher-0');
  return {
    scribe,
    faults: [faultAt('lose-response', 'publisher-0', 'Produce', topic, ['m1'], 'after apply')],
    property: 'stored-once',
    says: 'one publish makes one record',
    sentence: 'm1 stands twice in greetings.v1/2.',
    witnesses: [first, second],
    code: [],
  };
}

export function restartRepeats(): Plot {
  const scribe = new Scribe();
  published(scribe);
  scribe.at(13).port(greeter, 'sink.record', 'm1');
  scribe.at(14).operation(greeter, 'sink.record', '', ['m1'], 'answered');
  scribe.at(15).commit(greeter, 'greeter', topic, 2, 0, ['m1']);
  scribe.at(40).fault(0);
  scribe.instance('publisher-0', 'stopping');
  scribe.instance('greeter-0', 'stopping');
  scribe.at(42).instance('greeter-0', 'stopped');
  scribe.at(1042).instance('greeter-0', 'starts', 2);
  scribe.at(1050).assign('greeter', 2, topic, { 'greeter-0': [0, 1, 2] });
  scribe.at(1052).deliver(reborn, topic, 2, { m1: 0 });
  const second = scribe.at(1053).port(reborn, 'sink.record', 'm1');
  scribe.at(1055).commit(reborn, 'greeter', topic, 2, 0, ['m1']);
  return {
    scribe,
    faults: [{ kind: 'restart', place: 'at rest', on: 'everything' }],
    property: 'idle-restart',
    says: 'restarting everything when nothing is left to do has no effect',
    sentence: 'm1 had its effect again after everything was restarted.',
    witnesses: [second],
    code: [{ ...greeterCode, line: 32 }],
    think: 'Where did the new process begin to read?',
  };
}

export function neverRests(): Plot {
  const scribe = new Scribe();
  published(scribe);
  for (let round = 0; round < 40; round++) {
    scribe.at(13 + round * 2).deliver(greeter, topic, 2, { m1: 0 });
  }
  return {
    scribe,
    faults: [],
    property: 'comes-to-rest',
    says: 'a service that has nothing to do waits',
    sentence:
      'greeter-0 never comes to rest: greetings.ts:34 sets a timer of 0 ms again and again.',
    witnesses: [],
    ending: {
      kind: 'service',
      property: 'comes-to-rest',
      sentence:
        'greeter-0 never comes to rest: greetings.ts:34 sets a timer of 0 ms again and again.',
      line: { file: 'greetings.ts', line: 34 },
    },
    code: [{ ...greeterCode, line: 34 }],
  };
}

/** Two roles, two topics, a payment provider and a mailer. */
export function payments(): Plot {
  const scribe = new Scribe();
  const charger = { slot: 'charger-1' };
  const reborn = { slot: 'charger-1', incarnation: 2 };
  const mailer = { slot: 'mailer-0' };
  const orders = 'orders.placed';
  const receipts = 'receipts';
  for (const slot of ['charger-0', 'charger-1', 'mailer-0']) scribe.instance(slot, 'starts');
  scribe.at(5).assign('charger', 2, orders, { 'charger-0': [0], 'charger-1': [1] });
  for (const [index, id] of ['pay-6', 'pay-7'].entries()) {
    scribe.at(10).command(id, 'sent');
    scribe.append(orders, index, 0, id);
    scribe.command(id, 'acked');
  }
  scribe.at(12).deliver({ slot: 'charger-0' }, orders, 0, { 'pay-6': 0 });
  scribe.at(12).deliver(charger, orders, 1, { 'pay-7': 0 });
  scribe.at(13).says('charger-1', 'charging pay-7 (会社 ☕, 30 €)');
  scribe.at(14).port({ slot: 'charger-0' }, 'psp.charge', 'pay-6');
  scribe.at(14).port(charger, 'psp.charge', 'pay-7');
  scribe.at(16).append(receipts, 0, 0, 'pay-7', charger);
  scribe.fault(0, 'answer', { file: 'charger.ts', line: 12 });
  scribe.instance('charger-1', 'dies');
  scribe.at(18).deliver(mailer, receipts, 0, { 'pay-7': 0 });
  scribe.at(19).port(mailer, 'mail.send', 'pay-7');
  scribe.at(1016).instance('charger-1', 'starts', 2);
  scribe.at(30_020).assign('charger', 4, orders, { 'charger-0': [0], 'charger-1': [1] });
  scribe.at(30_022).deliver(reborn, orders, 1, { 'pay-7': 0 });
  const second = scribe.at(30_024).port(reborn, 'psp.charge', 'pay-7');
  scribe.at(30_026).append(receipts, 0, 1, 'pay-7', reborn);
  scribe.at(30_030).commit(reborn, 'charger', orders, 1, 1, ['pay-7']);
  scribe.at(30_031).deliver(mailer, receipts, 0, { 'pay-7': 1 });
  scribe.at(30_032).port(mailer, 'mail.send', 'pay-7');
  return {
    scribe,
    chapter: '77-payments',
    title: 'Payments with a provider',
    promise: 'Every order is charged once, whatever happens in between.',
    faults: [faultAt('crash', 'charger-1', 'Produce', receipts, ['pay-7'], 'after apply')],
    property: 'charged-once',
    says: 'each order is charged once',
    sentence: 'The card of pay-7 was charged twice.',
    witnesses: [second],
    code: [
      {
        file: 'charger.ts',
        line: 12,
        from: 10,
        text: [
          '  const order = readOrder(message);',
          '  const { reference } = await ports.psp.charge(order);',
          "  await producer.send({ topic: 'receipts', messages: [receipt(order, reference)] });",
          '},',
          '});',
        ],
      },
    ],
    think: 'How could the provider know that it is the same charge?',
  };
}

/** The payer stands still while it holds m1; the shipper reads the same records in a group of its own. */
export function bystander(): Plot {
  const scribe = new Scribe();
  const [payer, shipper] = [{ slot: 'payer-0' }, { slot: 'shipper-0' }];
  scribe.at(7).assign('payers', 1, 'orders', { 'payer-0': [0] });
  scribe.at(7).assign('shippers', 1, 'orders', { 'shipper-0': [0] });
  scribe.at(9).append('orders', 0, 0, 'm1');
  scribe.at(12).deliver(payer, 'orders', 0, { m1: 0 });
  scribe.at(12).deliver(shipper, 'orders', 0, { m1: 0 });
  const loaded = scribe.at(13).port(shipper, 'van.load', 'm1');
  scribe.at(14).commit(shipper, 'shippers', 'orders', 0, 1, ['m1']);
  scribe.at(15).operation(payer, 'psp.charge', '', ['m1'], 'arrived');
  scribe.fault(0);
  scribe.instance('payer-0', 'frozen');
  scribe.at(16).deliver(shipper, 'orders', 0, { m1: 0 });
  scribe.at(45_015).instance('payer-0', 'thawed');
  const paid = scribe.at(45_016).port(payer, 'psp.charge', 'm1', 'already arrived');
  return {
    scribe,
    faults: [
      faultAt('freeze', 'payer-0', 'psp.charge', '', ['m1'], 'before apply', { ms: 45_000 }),
    ],
    property: 'paid-first',
    says: 'what is loaded is paid',
    sentence: 'm1 was loaded before it was paid.',
    witnesses: [loaded, paid],
  };
}
