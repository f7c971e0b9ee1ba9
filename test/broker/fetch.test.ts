import { batchesIn, errorCode } from '#protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { batchOf, Desk, type Place } from './desk.ts';

let desk: Desk;
let size: number;
beforeEach(() => {
  desk = new Desk();
  desk.broker.createTopic('t', 3);
  size = batchOf(['x'.repeat(500)]).length;
});

function fill(partition: number, count: number): void {
  for (let index = 0; index < count; index++) {
    desk.produce('t', batchOf(['x'.repeat(500)]), { index: partition });
  }
}
const at = (partition: number, offset = 0): Place => ['t', partition, offset];
const bytes = (places: Place[], options: object) =>
  desk.fetch(places, options).map(({ records }) => records.length);

describe('offsets', () => {
  test('an offset inside a batch gives the whole batch', () => {
    desk.produce('t', batchOf(['a', 'b', 'c']));
    const { records } = desk.fetch([at(0, 2)])[0]!;
    const [batch] = [...batchesIn(records)];
    expect(batch!.records.map(({ offset }) => offset)).toEqual([0, 1, 2]);
  });

  test('the end is empty and tells the offsets; records are 0 bytes, not null', () => {
    desk.produce('t', batchOf(['a', 'b']));
    expect(desk.fetch([at(0, 2)])[0]).toMatchObject({
      error: 'NONE',
      highWatermark: 2,
      lastStableOffset: 2,
      logStartOffset: 0,
      records: Buffer.alloc(0),
    });
  });

  test.each([3, -1, -2, 100])('offset %i is out of range and tells -1 for all', (offset) => {
    desk.produce('t', batchOf(['a', 'b']));
    expect(desk.fetch([at(0, offset)])[0]).toMatchObject({
      error: 'OFFSET_OUT_OF_RANGE',
      highWatermark: -1,
      lastStableOffset: -1,
      logStartOffset: -1,
      records: Buffer.alloc(0),
    });
  });

  test('a leader epoch that is newer than ours is unknown', () => {
    const ask = (currentLeaderEpoch: number) => desk.fetch([at(0)], { currentLeaderEpoch })[0]!;
    expect(ask(1).error).toBe('UNKNOWN_LEADER_EPOCH');
    expect(ask(0).error).toBe('NONE');
  });

  test('an isolation level of 7 fails each partition', () => {
    expect(desk.fetch([at(0)], { isolationLevel: 7 })[0]!.error).toBe('UNKNOWN_SERVER_ERROR');
  });
});

describe('limits', () => {
  test.each([
    ['partition limit 1', { partitionMaxBytes: 1 }],
    ['limits of 0', { partitionMaxBytes: 0, maxBytes: 0 }],
    ['request limit 1', { maxBytes: 1 }],
  ])('%s still gives the first batch whole', (_name, options) => {
    fill(0, 3);
    expect(bytes([at(0)], options)).toEqual([size]);
  });

  test('the last batch is cut where the limit is', () => {
    fill(0, 3);
    expect(bytes([at(0)], { partitionMaxBytes: size + 1 })).toEqual([size + 1]);
    expect(bytes([at(0)], { partitionMaxBytes: 2 * size - 1 })).toEqual([2 * size - 1]);
    expect(bytes([at(0)], { maxBytes: size + 100 })).toEqual([size + 100]);
  });

  test('only the first partition that has anything may exceed the limit', () => {
    fill(0, 1);
    fill(1, 1);
    expect(bytes([at(0), at(1)], { maxBytes: 1 })).toEqual([size, 0]);
    expect(bytes([at(1), at(0)], { maxBytes: 1 })).toEqual([size, 0]);
    expect(bytes([at(2), at(1), at(0)], { maxBytes: 1 })).toEqual([0, size, 0]);
    expect(bytes([at(0), at(1)], { partitionMaxBytes: 1 })).toEqual([size, 0]);
  });

  test('a later partition gets what is left, never less than its first batch', () => {
    fill(0, 1);
    fill(1, 2);
    expect(bytes([at(0), at(1)], { maxBytes: size + 100 })).toEqual([size, 0]);
    expect(bytes([at(0), at(1)], { maxBytes: 2 * size + 9 })).toEqual([size, size + 9]);
  });
});

describe('waiting', () => {
  const waitsFor = (id: number): number => {
    const startMs = desk.nowMs;
    while (desk.fetched(id) === undefined) desk.pass(1);
    return desk.nowMs - startMs;
  };

  test('nothing there: the answer comes, empty, after maxWait', () => {
    const id = desk.sendFetch([at(0)], { maxWaitMs: 400 });
    expect(desk.broker.nextTimer()!.atMs).toBe(desk.nowMs + 400);
    expect(waitsFor(id)).toBe(400);
    expect(desk.fetched(id)![0]).toMatchObject({ error: 'NONE', records: Buffer.alloc(0) });
    expect(desk.broker.nextTimer()).toBeUndefined();
  });

  test.each([
    ['minBytes 0', [at(0)], { minBytes: 0 }],
    ['no topics', [], {}],
    ['only an unknown partition', [at(9)], {}],
    ['a partition out of range', [at(0), at(1, 99)], {}],
  ] as [string, Place[], object][])('%s is answered at once', (_name, places, options) => {
    const id = desk.sendFetch(places, { maxWaitMs: 400, ...options });
    expect(desk.fetched(id)).toHaveLength(places.length);
  });

  test('minBytes above maxBytes is capped by it', () => {
    fill(0, 1);
    const id = desk.sendFetch([at(0)], { maxWaitMs: 400, minBytes: 10_000, maxBytes: 50 });
    expect(desk.fetched(id)![0]!.records).toHaveLength(size);
  });

  test('an unknown partition beside a good one waits all the same', () => {
    const id = desk.sendFetch([at(0), at(9)], { maxWaitMs: 400 });
    expect(waitsFor(id)).toBe(400);
    expect(desk.fetched(id)!.map(({ error }) => error)).toEqual([
      'NONE',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ]);
  });

  test('an append answers it with the record', () => {
    const id = desk.sendFetch([at(0), at(1)], { maxWaitMs: 400, connection: 2 });
    desk.pass(200);
    desk.produce('t', batchOf(['a']), { index: 1 });
    expect(desk.fetched(id)!.map(({ highWatermark }) => highWatermark)).toEqual([0, 1]);
    expect(desk.broker.nextTimer()).toBeUndefined();
  });

  test('it waits for minBytes over all its partitions', () => {
    const id = desk.sendFetch([at(0), at(1)], {
      maxWaitMs: 400,
      minBytes: size + 1,
      connection: 2,
    });
    fill(0, 1);
    expect(desk.fetched(id)).toBeUndefined();
    fill(1, 1);
    expect(desk.fetched(id)!.map(({ records }) => records.length)).toEqual([size, size]);
  });

  test('the deletion of its topic answers it with error 3', () => {
    const id = desk.sendFetch([at(0)], { maxWaitMs: 3000, connection: 2 });
    desk.ask('DeleteTopics', 5, { topicNames: ['t'], timeoutMs: 1000 });
    expect(desk.fetched(id)![0]!.error).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  });

  test('of a closed connection it is forgotten, and its timer with it', () => {
    const id = desk.sendFetch([at(0)], { maxWaitMs: 400, connection: 2 });
    desk.broker.disconnect(2);
    expect(desk.broker.nextTimer()).toBeUndefined();
    fill(0, 1);
    expect(desk.fetched(id)).toBeUndefined();
  });
});

describe('sessions and topic ids', () => {
  const ask = (sessionId: number, sessionEpoch: number) =>
    desk.ask('Fetch', 11, { maxWaitMs: 0, minBytes: 0, sessionId, sessionEpoch, topics: [] });

  test.each([
    [0, 0],
    [0, -1],
    [17, -1],
  ])('session (%i, %i) is answered in full with session id 0', (id, epoch) => {
    expect(ask(id, epoch)).toMatchObject({ errorCode: 0, sessionId: 0 });
  });

  test.each([
    [17, 1],
    [0, 5],
  ])('session (%i, %i) does not exist', (id, epoch) => {
    expect(ask(id, epoch).errorCode).toBe(errorCode('FETCH_SESSION_ID_NOT_FOUND'));
  });

  test('from v13 topics go by id, and an unknown id is told per partition', () => {
    const [{ topicId }] = desk.ask('Metadata', 12, { topics: [{ name: 't' }] }).topics;
    const strange = '00112233-4455-6677-8899-aabbccddeeff';
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }];
    const topics = [topicId, strange].map((one) => ({ topicId: one, partitions }));
    fill(0, 1);
    const { errorCode: top, responses } = desk.ask('Fetch', 16, { maxWaitMs: 0, topics });
    expect(top).toBe(0);
    expect(responses.map((one: any) => [one.topicId, one.partitions[0].errorCode])).toEqual([
      [topicId, 0],
      [strange, errorCode('UNKNOWN_TOPIC_ID')],
    ]);
  });
});
