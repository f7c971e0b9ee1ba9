import { beforeEach, expect, test } from 'vitest';
import { batchOf, Desk } from './desk.ts';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
  desk.broker.createTopic('t', 1);
});

const highest = 0x7fffffff;

function send(baseSequence: number, count = 1, { epoch = 0, producer = 5, value = 'v' } = {}) {
  const values = Array.from({ length: count }, () => value);
  const batch = batchOf(values, { producerId: producer, producerEpoch: epoch, baseSequence });
  const { error, baseOffset, logAppendTimeMs, logStartOffset } = desk.produce('t', batch);
  return { error, baseOffset, logAppendTimeMs, logStartOffset };
}
const outOfOrder = {
  error: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
  baseOffset: -1,
  logAppendTimeMs: -1,
  logStartOffset: 0,
};

test('a duplicate of the last five batches is told its old offset and old timestamp', () => {
  for (let sequence = 0; sequence < 6; sequence++) send(sequence);
  for (let sequence = 1; sequence < 6; sequence++) {
    expect(send(sequence)).toMatchObject({
      error: 'NONE',
      baseOffset: sequence,
      logAppendTimeMs: 500,
    });
  }
  expect(desk.broker.offsets('t', 0).highWatermark).toBe(6);
});

test('the sixth-oldest batch is out of order, not a duplicate', () => {
  for (let sequence = 0; sequence < 6; sequence++) send(sequence);
  expect(send(0)).toEqual(outOfOrder);
});

test('a duplicate with other content is acknowledged and lost', () => {
  send(0, 1, { value: 'A' });
  expect(send(0, 1, { value: 'B' })).toMatchObject({ error: 'NONE', baseOffset: 0 });
  expect(desk.broker.read('t', 0)).toHaveLength(1);
});

test.each([
  ['a gap', 6, 1],
  ['the same start with another end', 3, 1],
  ['an overlap', 4, 3],
  ['one batch over two remembered ones', 0, 5],
])('%s is out of order', (_name, sequence, count) => {
  send(0, 3);
  send(3, 2);
  expect(send(sequence, count)).toEqual(outOfOrder);
});

test('a newer epoch starts at 0 and makes the older one invalid, its duplicates too', () => {
  send(0);
  expect(send(1, 1, { epoch: 1 })).toEqual(outOfOrder);
  expect(send(0, 1, { epoch: 1 })).toMatchObject({ error: 'NONE', baseOffset: 1 });
  expect(send(0)).toMatchObject({ error: 'INVALID_PRODUCER_EPOCH', logStartOffset: 0 });
});

test('a producer that nobody knows may start anywhere, and then has to go on from there', () => {
  expect(send(5).error).toBe('NONE');
  expect(send(7)).toEqual(outOfOrder);
  expect(send(6).error).toBe('NONE');
});

test('sequences go from the highest back to 0, inside a batch too', () => {
  send(highest);
  expect(send(0).error).toBe('NONE');
  const other = { producer: 6 };
  expect(send(highest, 2, other).error).toBe('NONE');
  expect(send(highest, 2, other)).toMatchObject({ error: 'NONE', baseOffset: 2 });
  expect(send(1, 1, other).error).toBe('NONE');
});

test('producers do not disturb one another', () => {
  send(0);
  expect(send(0, 1, { producer: 6 })).toMatchObject({ error: 'NONE', baseOffset: 1 });
});

test('a topic made again knows no producers', () => {
  send(0);
  desk.ask('DeleteTopics', 1, { topicNames: ['t'], timeoutMs: 1000 });
  desk.broker.createTopic('t', 1);
  expect(send(3)).toMatchObject({ error: 'NONE', baseOffset: 0 });
});

test('InitProducerId gives a fresh id with epoch 0, whatever it is given', () => {
  const ask = (version: number, extra: object = {}) =>
    desk.ask('InitProducerId', version, {
      transactionalId: null,
      transactionTimeoutMs: 0,
      ...extra,
    });
  expect(ask(1)).toMatchObject({ errorCode: 0, producerId: 0, producerEpoch: 0 });
  const given = { producerId: 77, producerEpoch: 3 };
  expect(ask(4, given)).toMatchObject({ errorCode: 0, producerId: 1, producerEpoch: 0 });
});

test('InitProducerId refuses transactional ids plainly, and "" as invalid', () => {
  const ask = (transactionalId: string) =>
    desk.ask('InitProducerId', 4, { transactionalId, transactionTimeoutMs: 1000 });
  expect(ask('tx')).toMatchObject({ errorCode: 53, producerId: -1 });
  expect(ask('').errorCode).toBe(42);
});
