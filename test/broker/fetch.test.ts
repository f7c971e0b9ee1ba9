/** What cannot be seen on the wire of a real Kafka; the rest is in test/contract. */
import { beforeEach, expect, test } from 'vitest';
import { batchOf, Desk, type Place } from './desk.ts';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
  desk.broker.createTopic('t', 1);
});

const at = (partition: number, offset = 0): Place => ['t', partition, offset];

test('a fetch that waits is a timer, which goes with its answer', () => {
  const id = desk.sendFetch([at(0)], { maxWaitMs: 400 });
  expect(desk.broker.nextTimer()!.atMs).toBe(desk.nowMs + 400);
  desk.pass(399);
  expect(desk.fetched(id)).toBeUndefined();
  desk.pass(1);
  expect(desk.fetched(id)![0]).toMatchObject({ error: 'NONE', records: Buffer.alloc(0) });
  expect(desk.broker.nextTimer()).toBeUndefined();
});

test('of a closed connection it is forgotten, and its timer with it', () => {
  const id = desk.sendFetch([at(0)], { maxWaitMs: 400, connection: 2 });
  desk.broker.disconnect(2);
  expect(desk.broker.nextTimer()).toBeUndefined();
  desk.produce('t', batchOf(['a']));
  expect(desk.fetched(id)).toBeUndefined();
});

test.each([
  [0, 0],
  [0, -1],
  [17, -1],
])('session (%i, %i) is answered in full with session id 0', (sessionId, sessionEpoch) => {
  const body = { maxWaitMs: 0, minBytes: 0, sessionId, sessionEpoch, topics: [] };
  expect(desk.ask('Fetch', 11, body)).toMatchObject({ errorCode: 0, sessionId: 0 });
});
