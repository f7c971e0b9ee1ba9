/** What transactions leave in a partition: markers, the last stable offset, the aborted list. */
import { batchesIn, decodeMarker, errorName, type RecordBatch } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { batchOf, type Place, type Scene } from '../scene.ts';
import { newProducer, Producer } from '../transactions.ts';

export const transactionLog = new Area('Transactions, the log');

const readCommitted = { isolationLevel: 1 };

/** `a` for data, `<COMMIT>` and `<ABORT>` for markers. */
function shown(records: Buffer): string[] {
  return [...batchesIn(records)].flatMap((batch) =>
    batch.control
      ? [`<${decodeMarker(batch)!.type.toUpperCase()}>`]
      : batch.records.map(({ value }) => value!.toString()),
  );
}
const log = async (kafka: Scene, place: Place): Promise<string[]> =>
  shown((await kafka.fetch(place, 0)).records);

transactionLog.holds('a marker is a batch of one record and takes one offset', async (kafka) => {
  const place = await kafka.place();
  const producer = await newProducer(kafka);
  await producer.add(place);
  await producer.write(place, 'a');
  await producer.settle('commit');
  const { records, highWatermark } = await kafka.fetch(place, 0);
  expect(highWatermark).toBe(2);
  const [, marker] = [...batchesIn(records)] as [RecordBatch, RecordBatch];
  expect(marker).toMatchObject({
    baseOffset: 1,
    sizeBytes: 78,
    lastOffsetDelta: 0,
    producerId: producer.producerId,
    producerEpoch: producer.epoch,
    baseSequence: -1,
    control: true,
    transactional: true,
  });
  expect(marker.records[0]!.key!.toString('hex')).toBe('00000001');
  expect(marker.records[0]!.value!.toString('hex')).toBe('000000000000');
});

transactionLog.holds('a partition that was added and never written gets one too', async (kafka) => {
  const [place, other] = (await kafka.topic({}, 2)) as [Place, Place];
  const producer = await new Producer(kafka).begin(place, other);
  await producer.write(place, 'a');
  await producer.settle('commit');
  expect(await log(kafka, other)).toEqual(['<COMMIT>']);
  expect((await kafka.list(other, -1)).offset).toBe(1);
});

/** A, B, C, D write 0 to 3, A again 4; then abort C, abort A, commit D, abort B: 5 to 8. */
async function four(kafka: Scene, place: Place): Promise<Producer[]> {
  const producers: Producer[] = [];
  for (const value of ['a', 'b', 'c', 'd']) {
    const producer = await new Producer(kafka).begin(place);
    await producer.write(place, value);
    producers.push(producer);
  }
  await producers[0]!.write(place, 'a again');
  return producers;
}

async function endFour([a, b, c, d]: Producer[]): Promise<void> {
  await c!.settle('abort');
  await a!.settle('abort');
  await d!.settle('commit');
  await b!.settle('abort');
}

for (const version of [4, 11]) {
  transactionLog.holds(`the aborted list of v${version} is in marker order`, async (kafka) => {
    const place = await kafka.place();
    const producers = await four(kafka, place);
    await endFour(producers);
    const [a, b, c] = producers.map(({ producerId }) => producerId);
    const listed = async (offset: number) =>
      (await kafka.fetch(place, offset, { ...readCommitted, version })).abortedTransactions;
    const rows = {
      a: { producerId: a, firstOffset: 0 },
      b: { producerId: b, firstOffset: 1 },
      c: { producerId: c, firstOffset: 2 },
    };
    expect(await listed(0)).toEqual([rows.c, rows.a, rows.b]);
    expect(await listed(6)).toEqual([rows.a, rows.b]);
    expect(await listed(7)).toEqual([rows.b]);
    // A fetch exactly at an abort marker still lists it.
    expect(await listed(8)).toEqual([rows.b]);
    expect(await listed(9)).toEqual([]);
    const uncommitted = await kafka.fetch(place, 0, { version });
    expect(uncommitted.abortedTransactions).toBeNull();
  });
}

transactionLog.holds('while one is open the list has those that ended', async (kafka) => {
  const place = await kafka.place();
  const producers = await four(kafka, place);
  const [a, b, c, d] = producers as [Producer, Producer, Producer, Producer];
  await c.settle('abort');
  await a.settle('abort');
  await d.settle('commit');
  const fetched = await kafka.fetch(place, 0, readCommitted);
  expect(fetched.lastStableOffset).toBe(1);
  expect(shown(fetched.records)).toEqual(['a']);
  expect(fetched.abortedTransactions).toEqual([
    { producerId: c.producerId, firstOffset: 2 },
    { producerId: a.producerId, firstOffset: 0 },
  ]);
  await b.settle('abort');
});

transactionLog.holds('a fetch of one batch lists more than it brings', async (kafka) => {
  const place = await kafka.place();
  await endFour(await four(kafka, place));
  const limits = { maxBytes: 1, partitionMaxBytes: 1 };
  const fetched = await kafka.fetch(place, 0, { ...readCommitted, ...limits });
  expect(shown(fetched.records)).toEqual(['a']);
  expect(fetched.abortedTransactions!.map(({ firstOffset }) => firstOffset)).toEqual([2, 0, 1]);
});

transactionLog.holds('read_committed ends at the first open transaction', async (kafka) => {
  const place = await kafka.place();
  await kafka.produce(place, batchOf(['n0']));
  const producer = await new Producer(kafka).begin(place);
  await producer.write(place, 'x1');
  await kafka.produce(place, batchOf(['n2']));
  const committed = await kafka.fetch(place, 0, readCommitted);
  expect(committed).toMatchObject({ highWatermark: 3, lastStableOffset: 1, logStartOffset: 0 });
  expect(shown(committed.records)).toEqual(['n0']);
  const above = await kafka.fetch(place, 2, readCommitted);
  expect(above).toMatchObject({ error: 'NONE', highWatermark: 3, lastStableOffset: 1 });
  expect(above.records).toHaveLength(0);
  expect(shown((await kafka.fetch(place, 0)).records)).toEqual(['n0', 'x1', 'n2']);
  expect((await kafka.list(place, -1, { isolationLevel: 1 })).offset).toBe(1);
  expect((await kafka.list(place, -1)).offset).toBe(3);
  await producer.settle('commit');
  expect((await kafka.list(place, -1, { isolationLevel: 1 })).offset).toBe(4);
});

transactionLog.holds('-3 with read_committed looks below the last stable offset', async (kafka) => {
  const place = await kafka.place();
  const producer = await new Producer(kafka).begin(place);
  await producer.write(place, 'x');
  const latest = () => kafka.list(place, -3, { isolationLevel: 1 });
  expect(await latest()).toMatchObject({ error: 'NONE', timestamp: -1, offset: -1 });
  await producer.settle('abort');
});

transactionLog.holds('a fetch above the last stable offset waits for the commit', async (kafka) => {
  const place = await kafka.place();
  const producer = await new Producer(kafka).begin(place);
  await producer.write(place, 'x');
  const wire = await kafka.open();
  const answer = kafka.fetch(place, 0, { ...readCommitted, maxWaitMs: 20_000, wire });
  expect(await kafka.within(200, answer)).toBe('waits');
  await producer.end('commit');
  expect(shown((await answer).records)[0]).toBe('x');
});

transactionLog.holds(
  'a record that repeats a sequence of an aborted one is lost',
  async (kafka) => {
    const place = await kafka.place();
    const producer = await new Producer(kafka).begin(place);
    await producer.write(place, 'A', { sequence: 0 });
    await producer.settle('abort');
    await producer.add(place);
    expect(await producer.write(place, 'B', { sequence: 0 })).toMatchObject({
      error: 'NONE',
      baseOffset: 0,
    });
    await producer.settle('commit');
    expect(await log(kafka, place)).toEqual(['A', '<ABORT>', '<COMMIT>']);
    await producer.add(place);
    expect((await producer.write(place, 'C', { sequence: 1 })).error).toBe('NONE');
    await producer.settle('commit');
  },
);

transactionLog.holds('a plain batch inside an open transaction: error 48', async (kafka) => {
  const place = await kafka.place();
  const producer = await new Producer(kafka).begin(place);
  await producer.write(place, 'a', { sequence: 0 });
  const plain = (sequence: number) =>
    producer.write(place, 'b', { sequence, transactional: false, transactionalId: null });
  expect((await plain(1)).error).toBe('INVALID_TXN_STATE');
  await producer.settle('commit');
  expect((await plain(1)).error).toBe('NONE');
});

transactionLog.holds(
  'who waits in several partitions is answered once for all markers',
  async (kafka) => {
    const places = await kafka.topic({}, 2);
    const producer = await new Producer(kafka).begin(...places);
    for (const place of places) await producer.write(place, 'a');
    const wire = await kafka.open();
    const spots = places.map((place) => [place, 0] as const);
    const answer = kafka.fetchAll(spots, { ...readCommitted, maxWaitMs: 20_000, wire });
    expect(await kafka.within(50, answer)).toBe('waits');
    await producer.settle('commit');
    expect((await answer).map(({ records }) => shown(records))).toEqual([
      ['a', '<COMMIT>'],
      ['a', '<COMMIT>'],
    ]);
  },
);

/** What coordinators say to partitions, said by a client. */
async function mark(
  kafka: Scene,
  { topic, partition }: Place,
  { producerId, epoch }: { readonly producerId: number; readonly epoch: number },
): Promise<string> {
  const topics = [{ name: topic, partitionIndexes: [partition] }];
  const who = { producerId, producerEpoch: epoch, coordinatorEpoch: 0 };
  const body = { markers: [{ ...who, transactionResult: false, topics }] };
  const { markers } = await kafka.ask('WriteTxnMarkers', 1, body);
  expect(markers).toMatchObject([{ producerId, topics: [{ name: topic }] }]);
  const [one] = markers[0].topics[0].partitions;
  expect(one.partitionIndex).toBe(partition);
  return errorName(one.errorCode);
}

transactionLog.holds('WriteTxnMarkers ends what hangs in a partition', async (kafka) => {
  const place = await kafka.place();
  const producer = await new Producer(kafka).begin(place);
  await producer.write(place, 'a');
  expect(await mark(kafka, place, producer)).toBe('NONE');
  expect((await kafka.list(place, -1, { isolationLevel: 1 })).offset).toBe(2);
  expect(await producer.state()).toBe('Ongoing');
  await producer.settle('commit');
  // The coordinator knows nothing of it.
  expect(await log(kafka, place)).toEqual(['a', '<ABORT>', '<COMMIT>']);
});

transactionLog.holds('WriteTxnMarkers asks nobody whether there is a producer', async (kafka) => {
  const place = await kafka.place();
  const producerId = await kafka.producerId();
  expect(await mark(kafka, place, { producerId, epoch: 3 })).toBe('NONE');
  expect(await mark(kafka, place, { producerId, epoch: 3 })).toBe('NONE');
  expect(await mark(kafka, place, { producerId, epoch: 2 })).toBe('INVALID_PRODUCER_EPOCH');
  expect(await mark(kafka, place, { producerId, epoch: -1 })).toBe('UNKNOWN_SERVER_ERROR');
  expect(await log(kafka, place)).toEqual(['<ABORT>', '<ABORT>']);
});

transactionLog.holds('WriteTxnMarkers to what is not there', async (kafka) => {
  const unknown = { topic: kafka.unique('nope'), partition: 0 };
  const strange = { ...(await kafka.place()), partition: 999 };
  for (const place of [unknown, strange]) {
    const error = await mark(kafka, place, { producerId: 999_999, epoch: 0 });
    expect(error).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  }
});

transactionLog.exception(
  'WriteTxnMarkers with a partition twice writes and never answers',
  'it writes and answers twice',
  async (kafka) => {
    const place = await kafka.place();
    const topics = [{ name: place.topic, partitionIndexes: [place.partition, place.partition] }];
    const producerId = await kafka.producerId();
    const who = { producerId, producerEpoch: 0, transactionResult: false, coordinatorEpoch: 0 };
    const wire = await kafka.open();
    const answer = wire.ask('WriteTxnMarkers', 1, { markers: [{ ...who, topics }] });
    await kafka.until(
      () => log(kafka, place),
      (records) => records.length > 0,
    );
    expect(await log(kafka, place)).toEqual(['<ABORT>']);
    expect(await kafka.within(1_500, Promise.race([answer, wire.closed]))).toBe('waits');
  },
);
