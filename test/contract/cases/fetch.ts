/** Fetch: which bytes come for an offset, within which limits, and how long it waits for them. */
import { batchesIn, errorCode } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { batchOf, type FetchOptions, type Place, type Scene, type Spot } from '../scene.ts';

export const fetch = new Area('Fetch');

const strangeId = '00112233-4455-6677-8899-aabbccddeeff';
const filling = (): Buffer => batchOf(['x'.repeat(500)]);
const size = filling().length;

async function fill(kafka: Scene, place: Place, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await kafka.produce(place, filling());
}

const lengths = async (kafka: Scene, places: readonly Place[], options: FetchOptions) =>
  (
    await kafka.fetchAll(
      places.map((place) => [place, 0]),
      options,
    )
  ).map(({ records }) => records.length);

fetch.holds('an offset inside a batch gives the whole batch', async (kafka) => {
  const place = await kafka.place();
  await kafka.produce(place, batchOf(['a', 'b', 'c']));
  const [batch] = [...batchesIn((await kafka.fetch(place, 2)).records)];
  expect(batch!.records.map(({ offset }) => offset)).toEqual([0, 1, 2]);
});

fetch.holds('the end is empty and tells the offsets; records are 0 bytes', async (kafka) => {
  const place = await kafka.place();
  await kafka.produce(place, batchOf(['a', 'b']));
  expect(await kafka.fetch(place, 2)).toMatchObject({
    error: 'NONE',
    highWatermark: 2,
    lastStableOffset: 2,
    logStartOffset: 0,
    abortedTransactions: null,
    records: Buffer.alloc(0),
  });
});

for (const offset of [3, -1, -2, 100]) {
  fetch.holds(`offset ${offset} is out of range and tells -1 for all`, async (kafka) => {
    const place = await kafka.place();
    await kafka.produce(place, batchOf(['a', 'b']));
    expect(await kafka.fetch(place, offset)).toMatchObject({
      error: 'OFFSET_OUT_OF_RANGE',
      highWatermark: -1,
      lastStableOffset: -1,
      logStartOffset: -1,
      records: Buffer.alloc(0),
    });
  });
}

fetch.holds('a leader epoch that is newer than the broker is unknown', async (kafka) => {
  const place = await kafka.place();
  expect((await kafka.fetch(place, 0, { currentLeaderEpoch: 9 })).error).toBe(
    'UNKNOWN_LEADER_EPOCH',
  );
  expect((await kafka.fetch(place, 0, { currentLeaderEpoch: 0 })).error).toBe('NONE');
});

fetch.holds('an isolation level of 7 fails each partition', async (kafka) => {
  const { error } = await kafka.fetch(await kafka.place(), 0, { isolationLevel: 7 });
  expect(error).toBe('UNKNOWN_SERVER_ERROR');
});

fetch.holds('read_committed without transactions tells an empty list', async (kafka) => {
  const fetched = await kafka.fetch(await kafka.place(), 0, { isolationLevel: 1 });
  expect(fetched.abortedTransactions).toEqual([]);
});

for (const [what, options] of [
  ['a partition limit of 1', { partitionMaxBytes: 1 }],
  ['a partition limit of 0', { partitionMaxBytes: 0 }],
  ['limits of 0', { partitionMaxBytes: 0, maxBytes: 0 }],
  ['a request limit of 1', { maxBytes: 1 }],
] as const) {
  fetch.holds(`${what} still gives the first batch whole`, async (kafka) => {
    const place = await kafka.place();
    await fill(kafka, place, 3);
    expect(await lengths(kafka, [place], options)).toEqual([size]);
  });
}

fetch.holds('the last batch is cut where the limit is', async (kafka) => {
  const place = await kafka.place();
  await fill(kafka, place, 3);
  for (const [options, bytes] of [
    [{ partitionMaxBytes: size + 1 }, size + 1],
    [{ partitionMaxBytes: 2 * size - 1 }, 2 * size - 1],
    [{ maxBytes: size + 100 }, size + 100],
  ] as const) {
    expect(await lengths(kafka, [place], options)).toEqual([bytes]);
  }
});

fetch.holds('only the first partition that has anything may exceed the limit', async (kafka) => {
  const places = await kafka.topic({}, 3);
  const [a, b, empty] = places as [Place, Place, Place];
  await fill(kafka, a, 1);
  await fill(kafka, b, 1);
  expect(await lengths(kafka, [a, b], { maxBytes: 1 })).toEqual([size, 0]);
  expect(await lengths(kafka, [b, a], { maxBytes: 1 })).toEqual([size, 0]);
  expect(await lengths(kafka, [empty, b, a], { maxBytes: 1 })).toEqual([0, size, 0]);
  expect(await lengths(kafka, [a, b], { partitionMaxBytes: 1 })).toEqual([size, 0]);
});

fetch.holds('a later partition gets what is left, never less than a batch', async (kafka) => {
  const [a, b] = (await kafka.topic({}, 2)) as [Place, Place];
  await fill(kafka, a, 1);
  await fill(kafka, b, 2);
  expect(await lengths(kafka, [a, b], { maxBytes: size + 100 })).toEqual([size, 0]);
  expect(await lengths(kafka, [a, b], { maxBytes: 2 * size + 9 })).toEqual([size, size + 9]);
});

fetch.holds('nothing there: the answer comes, empty, after maxWait', async (kafka) => {
  const place = await kafka.place();
  const ms = await kafka.milliseconds(async () => {
    const fetched = await kafka.fetch(place, 0, { maxWaitMs: 400 });
    expect(fetched).toMatchObject({ error: 'NONE', records: Buffer.alloc(0) });
  });
  expect(ms).toBeGreaterThanOrEqual(395);
});

const longMs = 20_000;
for (const [what, spots, options] of [
  ['minBytes 0', (place: Place) => [[place, 0]], { minBytes: 0 }],
  ['no topics', () => [], {}],
  ['only an unknown partition', ({ topic }: Place) => [[{ topic, partition: 999 }, 0]], {}],
  ['a partition out of range', (place: Place) => [[place, 99]], {}],
  ['a maxWait of 0', (place: Place) => [[place, 0]], { maxWaitMs: 0 }],
] as [string, (place: Place) => Spot[], FetchOptions][]) {
  fetch.holds(`${what} is answered at once`, async (kafka) => {
    const place = await kafka.place();
    const answer = kafka.fetchAll(spots(place), { maxWaitMs: longMs, ...options });
    expect(await kafka.within(longMs / 2, answer)).not.toBe('waits');
  });
}

fetch.holds('minBytes above maxBytes is capped by it', async (kafka) => {
  const place = await kafka.place();
  await fill(kafka, place, 1);
  const options = { maxWaitMs: longMs, minBytes: 10_000, maxBytes: 50 };
  const answer = await kafka.within(longMs / 2, kafka.fetch(place, 0, options));
  expect(answer).toMatchObject({ error: 'NONE' });
});

fetch.holds('an unknown partition beside a good one waits all the same', async (kafka) => {
  const place = await kafka.place();
  const ms = await kafka.milliseconds(async () => {
    const spots: Spot[] = [
      [place, 0],
      [{ topic: place.topic, partition: 999 }, 0],
    ];
    const fetched = await kafka.fetchAll(spots, { maxWaitMs: 400 });
    expect(fetched.map(({ error }) => error)).toEqual(['NONE', 'UNKNOWN_TOPIC_OR_PARTITION']);
  });
  expect(ms).toBeGreaterThanOrEqual(395);
});

fetch.holds('a partition out of range beside a good one is answered at once', async (kafka) => {
  const [place, other] = (await kafka.topic({}, 2)) as [Place, Place];
  const spots: Spot[] = [
    [place, 0],
    [other, 99],
  ];
  const answer = kafka.fetchAll(spots, { maxWaitMs: longMs });
  expect(await kafka.within(longMs / 2, answer)).toMatchObject([
    { error: 'NONE' },
    { error: 'OFFSET_OUT_OF_RANGE' },
  ]);
});

fetch.holds('an unknown leader epoch beside a good one is answered at once', async (kafka) => {
  const [place, other] = (await kafka.topic({}, 2)) as [Place, Place];
  const spots: Spot[] = [
    [place, 0],
    [other, 0, 9],
  ];
  const answer = kafka.fetchAll(spots, { maxWaitMs: longMs });
  expect(await kafka.within(longMs / 2, answer)).toMatchObject([
    { error: 'NONE' },
    { error: 'UNKNOWN_LEADER_EPOCH' },
  ]);
});

fetch.holds('an append answers a fetch that waits', async (kafka) => {
  const [a, b] = (await kafka.topic({}, 2)) as [Place, Place];
  const wire = await kafka.open();
  const spots: Spot[] = [
    [a, 0],
    [b, 0],
  ];
  const answer = kafka.fetchAll(spots, { maxWaitMs: longMs, wire });
  expect(await kafka.within(200, answer)).toBe('waits');
  await kafka.produce(b, filling());
  expect((await answer).map(({ highWatermark }) => highWatermark)).toEqual([0, 1]);
});

fetch.holds('it waits for minBytes over all its partitions', async (kafka) => {
  const [a, b] = (await kafka.topic({}, 2)) as [Place, Place];
  const wire = await kafka.open();
  const spots: Spot[] = [
    [a, 0],
    [b, 0],
  ];
  const answer = kafka.fetchAll(spots, { maxWaitMs: longMs, minBytes: size + 1, wire });
  await fill(kafka, a, 1);
  expect(await kafka.within(200, answer)).toBe('waits');
  await fill(kafka, b, 1);
  expect((await answer).map(({ records }) => records.length)).toEqual([size, size]);
});

fetch.holds('what comes behind a waiting fetch is answered after it', async (kafka) => {
  const wire = await kafka.open();
  const { topic, partition } = await kafka.place();
  const partitions = [{ partition, fetchOffset: 0, partitionMaxBytes: 99 }];
  const limits = { maxWaitMs: 300, minBytes: 1, maxBytes: 99 };
  const order: string[] = [];
  const fetched = wire.ask('Fetch', 11, { ...limits, topics: [{ topic, partitions }] });
  const versions = wire.ask('ApiVersions', 0, {});
  await Promise.all([
    fetched.then(() => order.push('Fetch')),
    versions.then(() => order.push('ApiVersions')),
  ]);
  expect(order).toEqual(['Fetch', 'ApiVersions']);
});

fetch.holds('from v13 topics go by id, and an unknown id is told per partition', async (kafka) => {
  const place = await kafka.place();
  await fill(kafka, place, 1);
  const partitions = [{ partition: place.partition, fetchOffset: 0, partitionMaxBytes: 1000 }];
  const topicId = await kafka.topicId(place.topic);
  const topics = [topicId, strangeId].map((one) => ({ topicId: one, partitions }));
  const body = { maxWaitMs: 0, minBytes: 0, maxBytes: 1 << 20, topics };
  const { errorCode: top, responses } = await kafka.ask('Fetch', 16, body);
  expect(top).toBe(0);
  const told = responses.map((one: any) => [one.topicId, one.partitions[0].errorCode]);
  expect(Object.fromEntries(told)).toEqual({
    [topicId]: 0,
    [strangeId]: errorCode('UNKNOWN_TOPIC_ID'),
  });
});

fetch.exception(
  'a topic with compression.type zstd is UNSUPPORTED_COMPRESSION_TYPE below v10',
  'it refuses the setting',
  async (kafka) => {
    const [place] = await kafka.topic({ 'compression.type': 'zstd' });
    await kafka.produce(place!, batchOf(['a']));
    for (const version of [4, 9]) {
      const { error } = await kafka.fetch(place!, 0, { version });
      expect(error).toBe('UNSUPPORTED_COMPRESSION_TYPE');
    }
  },
  '3.9',
);

fetch.exception(
  'a topic with compression.type zstd can be fetched in every version',
  'it refuses the setting',
  async (kafka) => {
    const [place] = await kafka.topic({ 'compression.type': 'zstd' });
    await kafka.produce(place!, batchOf(['a']));
    for (const version of [4, 9]) {
      expect((await kafka.fetch(place!, 0, { version })).error).toBe('NONE');
    }
  },
  '4',
);

fetch.holds(
  'who asks for everything is told null as aborted, of nothing an empty list',
  async (kafka) => {
    const place = await kafka.place();
    const unknown = { topic: kafka.unique('t'), partition: 0 };
    const aborted = async (where: Place, isolationLevel: number) =>
      (await kafka.fetch(where, 0, { isolationLevel })).abortedTransactions;
    expect(await aborted(place, 0)).toBe(null);
    expect(await aborted(place, 1)).toEqual([]);
    expect(await aborted(unknown, 0)).toEqual([]);
    expect(await aborted(unknown, 1)).toEqual([]);
  },
);

fetch.holds('who waits is answered once for all that one request brings', async (kafka) => {
  const [one, other] = await kafka.topic({}, 2);
  const spots: Spot[] = [
    [one!, 0],
    [other!, 0],
  ];
  const wire = await kafka.open();
  const answer = kafka.fetchAll(spots, { maxWaitMs: 20_000, wire });
  expect(await kafka.within(50, answer)).toBe('waits');
  const partitionData = [one!, other!].map(({ partition }) => ({
    index: partition,
    records: batchOf(['a']),
  }));
  await kafka.produceAll([{ name: one!.topic, partitionData }]);
  expect((await answer).map(({ highWatermark }) => highWatermark)).toEqual([1, 1]);
});
