import { expect, test } from 'vitest';
import { batchOf, Desk } from './desk.ts';

test('InitProducerId wants both or none of producer id and epoch', () => {
  const desk = new Desk();
  const ask = (given: object) =>
    desk.ask('InitProducerId', 4, { transactionalId: null, transactionTimeoutMs: 1, ...given });
  expect(ask({ producerId: 7 })).toMatchObject({ errorCode: 42, producerId: -1 });
  expect(ask({ producerEpoch: 7 })).toMatchObject({ errorCode: 42, producerEpoch: -1 });
});

test('a producer is forgotten a day after the time of its last batch, at the next look', () => {
  const desk = new Desk();
  desk.broker.createTopic('t', 1);
  const dayMs = 24 * 60 * 60 * 1000;
  const producer = { producerId: 5, producerEpoch: 0, baseSequence: 0 };
  const batch = batchOf(['v'], { ...producer, baseTimestamp: desk.nowMs });
  const again = () => desk.produce('t', batch).baseOffset;
  expect(again()).toBe(0);
  desk.pass(dayMs - 500_000);
  expect(again()).toBe(0);
  desk.pass(1_000_000);
  expect(again()).toBe(1);
});
