/** What cannot be seen on the wire of a real Kafka; the rest is in test/contract. */
import { beforeEach, expect, test } from 'vitest';
import { batchOf, Desk } from './desk.ts';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
  desk.broker.createTopic('plain', 2);
});

test('does not share memory with what came over the wire', () => {
  const sent = batchOf(['precious']);
  desk.produce('plain', sent);
  sent.fill(0);
  expect(desk.broker.read('plain', 0)[0]!.records[0]!.value!.toString()).toBe('precious');
});

test('the log tells whoever listens, with the connection', () => {
  desk.produce('plain', batchOf(['a']));
  expect(desk.events).toMatchObject([
    { kind: 'appended', topic: 'plain', partition: 0, baseOffset: 0, connection: 1 },
  ]);
});

test('null records close the connection (Kafka would never answer)', () => {
  expect(desk.produce('plain', null).error).toBe('close');
});

test('a transactional batch without transactional id is refused, and all beside it', () => {
  const batch = batchOf(['a'], { transactional: true, producerId: 1, producerEpoch: 0 });
  const { responses } = desk.produceAll([
    { name: 'plain', partitionData: [{ index: 0, records: batchOf(['a']) }] },
    { name: 'nope', partitionData: [{ index: 0, records: batch }] },
  ]);
  const told = responses.map(({ partitionResponses: [one] }: any) => one);
  expect(told).toMatchObject([
    { errorCode: 53, logStartOffset: -1 },
    { errorCode: 53, logStartOffset: -1 },
  ]);
});
