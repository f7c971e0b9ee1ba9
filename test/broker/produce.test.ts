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

test.each([null, 'some-id'])('a transactional batch with id %s is refused', (transactionalId) => {
  const batch = batchOf(['a'], { transactional: true, producerId: 1, producerEpoch: 0 });
  const { error, logStartOffset } = desk.produce('plain', batch, { transactionalId });
  expect(error).toBe('TRANSACTIONAL_ID_AUTHORIZATION_FAILED');
  expect(logStartOffset).toBe(-1);
});
