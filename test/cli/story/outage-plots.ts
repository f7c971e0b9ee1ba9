/** Histories in which the database, or an outside system, was the one that failed. */
import { faultAt, Scribe, type Plot } from './scribe.ts';

const topic = 'meters.read';
const biller = { slot: 'biller-0' };
const chapter = {
  chapter: '42-billing',
  title: 'Billing',
  promise: 'Every reading is on the bill once.',
  property: 'billed-once',
  says: 'each bill is the sum of its readings',
};
const bill = (...readings: readonly string[]) => readings.map((reading) => ({ reading, units: 7 }));
const house = (total: number) => [{ house: 'h9', total }];

/** r1 stands in the log, and the biller has it. */
function read(scribe: Scribe): number {
  scribe.at(0).table(undefined, { readings: [], bills: house(0) });
  scribe.at(0).instance('biller-0', 'starts');
  const record = scribe.at(1).append(topic, 0, 0, 'r1');
  scribe.at(6).instance('biller-0', 'ready');
  scribe.at(7).assign('billers', 1, topic, { 'biller-0': [0] });
  scribe.at(9).deliver(biller, topic, 0, { r1: 0 });
  return record;
}

/** Two statements without a transaction, and the database goes down between them. */
export function databaseDown(): Plot {
  const scribe = new Scribe();
  const record = read(scribe);
  scribe.at(12).statement(biller, 'INSERT', 'readings', ['r1']);
  const first = scribe.table(biller, { readings: bill('r1') });
  scribe.at(14).operation(biller, 'UPDATE', 'bills', ['r1'], 'arrived');
  scribe.fault(0, 'request', { file: 'biller.ts', line: 21 });
  scribe.operation(biller, 'UPDATE', 'bills', ['r1'], 'lost');
  scribe.at(5_320).deliver(biller, topic, 0, { r1: 0 });
  scribe.at(5_323).statement(biller, 'INSERT', 'readings', ['r1']);
  const second = scribe.table(biller, { readings: bill('r1', 'r1') });
  scribe.at(5_325).statement(biller, 'UPDATE', 'bills', ['r1']);
  scribe.table(biller, { bills: house(7) });
  scribe.at(5_327).commit(biller, 'billers', topic, 0, 1, ['r1']);
  return {
    ...chapter,
    scribe,
    faults: [
      faultAt('outage', 'biller-0', 'UPDATE', 'bills', ['r1'], 'before apply', { ms: 5_000 }),
    ],
    sentence: 'Reading r1 is noted twice, and billed once.',
    witnesses: [record, first, second],
    think: 'Which of the two statements had the database kept when it went down?',
  };
}

/** The COMMIT was kept, nobody was told, and the biller has no memory of its own. */
export function databaseDownAfterCommit(): Plot {
  const scribe = new Scribe();
  const record = read(scribe);
  const add = (count: number): number => {
    scribe.statement(biller, 'UPDATE', 'bills', ['r1']);
    scribe.statement(biller, 'COMMIT', '', ['r1']);
    return scribe.table(biller, { bills: house(7 * count) });
  };
  const first = (scribe.at(14), add(1));
  scribe.fault(0, 'answer', { file: 'biller.ts', line: 24 });
  scribe.at(5_320).deliver(biller, topic, 0, { r1: 0 });
  const second = (scribe.at(5_323), add(2));
  scribe.at(5_327).commit(biller, 'billers', topic, 0, 1, ['r1']);
  return {
    ...chapter,
    scribe,
    faults: [faultAt('outage', 'biller-0', 'COMMIT', '', ['r1'], 'after apply', { ms: 5_000 })],
    sentence: 'House h9 is billed 14; its readings sum to 7.',
    witnesses: [record, first, second],
  };
}

/** Who catches every error tells Kafka that the work is done. */
export function serializationSwallowed(): Plot {
  const scribe = new Scribe();
  const record = read(scribe);
  scribe.at(12).statement(biller, 'UPDATE', 'bills', ['r1']);
  scribe.at(14).operation(biller, 'COMMIT', '', ['r1'], 'arrived');
  scribe.fault(0, 'request', { file: 'biller.ts', line: 24 });
  scribe.operation(biller, 'COMMIT', '', ['r1'], 'lost');
  const error = '40001 could not serialize access due to concurrent update';
  scribe.at(15).operation(biller, 'COMMIT', '', ['r1'], 'answered', error);
  const told = scribe.at(17).commit(biller, 'billers', topic, 0, 1, ['r1']);
  return {
    ...chapter,
    scribe,
    faults: [faultAt('error', 'biller-0', 'COMMIT', '', ['r1'], 'before apply', { code: '40001' })],
    sentence: 'r1 was read and never billed.',
    witnesses: [record, told],
  };
}

/** A time-out of its own, and nobody who tries again. */
export function tableLocked(): Plot {
  const scribe = new Scribe();
  const record = read(scribe);
  scribe.at(12).operation(biller, 'UPDATE', 'bills', ['r1'], 'arrived');
  scribe.fault(0, undefined, { file: 'biller.ts', line: 21 });
  scribe.operation(biller, 'UPDATE', 'bills', ['r1'], 'waits');
  const error = '55P03 canceling statement due to lock timeout';
  scribe.at(412).operation(biller, 'UPDATE', 'bills', ['r1'], 'applied', error);
  scribe.at(413).operation(biller, 'UPDATE', 'bills', ['r1'], 'answered', error);
  const told = scribe.at(415).commit(biller, 'billers', topic, 0, 1, ['r1']);
  return {
    ...chapter,
    scribe,
    faults: [faultAt('lock', 'biller-0', 'UPDATE', 'bills', ['r1'], 'before apply', { ms: 1_500 })],
    sentence: 'r1 was read and never billed.',
    witnesses: [record, told],
  };
}

/** The one that skips what is locked takes what comes after it. */
export function rowsLocked(): Plot {
  const scribe = new Scribe();
  const record = read(scribe);
  const select = (step: 'arrived' | 'applied'): number =>
    scribe.operation(biller, 'SELECT', 'outbox', ['r1'], step);
  scribe.at(12);
  select('arrived');
  scribe.fault(0, undefined, { file: 'biller.ts', line: 17 });
  select('applied');
  scribe.at(14).statement(biller, 'UPDATE', 'bills', ['r2']);
  const second = scribe.table(biller, { bills: house(9) });
  scribe.at(1_530).statement(biller, 'UPDATE', 'bills', ['r1']);
  scribe.table(biller, { bills: house(16) });
  scribe.at(1_532).commit(biller, 'billers', topic, 0, 1, ['r1']);
  return {
    ...chapter,
    property: 'key-order',
    says: 'readings are billed in their order',
    scribe,
    faults: [
      faultAt('lock-rows', 'biller-0', 'SELECT', 'outbox', ['r1'], 'before apply', { ms: 1_500 }),
    ],
    sentence: 'r2 is billed before r1.',
    witnesses: [record, second],
  };
}

/** Two that want each other's bill, and the one that PostgreSQL undoes believes that all is well. */
export function deadlockVictim(): Plot {
  const scribe = new Scribe();
  const other = { slot: 'biller-1' };
  const record = read(scribe);
  scribe.at(12).statement(biller, 'UPDATE', 'bills', ['r1']);
  scribe.at(12).statement(other, 'UPDATE', 'bills', ['r2']);
  scribe.at(19).operation(biller, 'UPDATE', 'totals', ['r1'], 'arrived');
  scribe.operation(biller, 'UPDATE', 'totals', ['r1'], 'waits');
  scribe.at(20).operation(other, 'UPDATE', 'totals', ['r2'], 'arrived');
  scribe.fault(0, undefined, { file: 'biller.ts', line: 26 });
  const error = '40P01 deadlock detected';
  scribe.operation(biller, 'UPDATE', 'totals', ['r1'], 'applied', error);
  scribe.operation(other, 'UPDATE', 'totals', ['r2'], 'waits');
  scribe.operation(other, 'UPDATE', 'totals', ['r2'], 'applied');
  scribe.at(21).operation(biller, 'UPDATE', 'totals', ['r1'], 'answered', error);
  const told = scribe.at(23).commit(biller, 'billers', topic, 0, 1, ['r1']);
  return {
    ...chapter,
    scribe,
    faults: [faultAt('victim', 'biller-0', 'UPDATE', 'totals', ['r1'], 'before apply')],
    sentence: 'r1 was read and never billed.',
    witnesses: [record, told],
  };
}

/** Three attempts are not enough for an outage. */
export function printerOut(): Plot {
  const scribe = new Scribe();
  const record = read(scribe);
  for (const [attempt, atMs] of [13, 115, 217].entries()) {
    scribe.at(atMs).operation(biller, 'printer.print', '', ['r1'], 'arrived');
    if (attempt === 0) scribe.fault(0, 'request', { file: 'biller.ts', line: 30 });
    scribe.port(biller, 'printer.print', 'r1', 'already arrived', 'rejected');
  }
  const told = scribe.at(320).commit(biller, 'billers', topic, 0, 1, ['r1']);
  return {
    ...chapter,
    property: 'no-loss',
    says: 'every reading is printed',
    scribe,
    faults: [
      faultAt('outage', 'biller-0', 'printer.print', '', ['r1'], 'before apply', { ms: 5_000 }),
    ],
    sentence: 'r1 was read and never printed.',
    witnesses: [record, told],
  };
}
