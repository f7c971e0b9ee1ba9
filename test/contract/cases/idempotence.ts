/** Idempotent producers: what a partition remembers of them and how it judges the next batch. */
import { batchesIn } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { batchOf, type Place, type Produced, type Scene } from '../scene.ts';
import type { Wire } from '../wire.ts';

export const idempotence = new Area('Idempotent producers');

const highest = 0x7fffffff;
const outOfOrder = {
  error: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
  baseOffset: -1,
  logAppendTimeMs: -1,
  logStartOffset: 0,
};

interface Sent {
  readonly count?: number;
  readonly epoch?: number;
  readonly value?: string;
  readonly version?: number;
  readonly wire?: Wire;
}

/** One producer writing to one partition. */
class Writer {
  readonly place: Place;
  readonly id: number;
  readonly #kafka: Scene;

  constructor(kafka: Scene, place: Place, id: number) {
    this.#kafka = kafka;
    this.place = place;
    this.id = id;
  }

  async send(baseSequence: number, sent: Sent = {}): Promise<Omit<Produced, 'records'>> {
    const { count = 1, epoch = 0, value = 'v', version = 7, wire } = sent;
    const values = Array.from({ length: count }, () => value);
    const batch = batchOf(values, {
      producerId: this.id,
      producerEpoch: epoch,
      baseSequence,
      baseTimestamp: 500,
    });
    return this.#kafka.produce(this.place, batch, { version, ...(wire && { wire }) });
  }
}

async function writer(kafka: Scene): Promise<Writer> {
  return new Writer(kafka, await kafka.place(), await kafka.producerId());
}

idempotence.holds(
  'a duplicate of the last five batches: old offset and timestamp',
  async (kafka) => {
    const producer = await writer(kafka);
    for (let sequence = 0; sequence < 6; sequence++) await producer.send(sequence);
    for (let sequence = 5; sequence > 0; sequence--) {
      expect(await producer.send(sequence)).toMatchObject({
        error: 'NONE',
        baseOffset: sequence,
        logAppendTimeMs: 500,
      });
    }
    expect((await kafka.list(producer.place, -1)).offset).toBe(6);
  },
);

for (const version of [3, 7, 9, 11]) {
  idempotence.holds(`the sixth-oldest batch is out of order in v${version}`, async (kafka) => {
    const producer = await writer(kafka);
    for (let sequence = 0; sequence < 6; sequence++) await producer.send(sequence);
    const { error } = await producer.send(0, { version });
    expect(error).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
  });
}

idempotence.holds('a duplicate with other content is acknowledged and lost', async (kafka) => {
  const producer = await writer(kafka);
  await producer.send(0, { value: 'A' });
  expect(await producer.send(0, { value: 'B' })).toMatchObject({ error: 'NONE', baseOffset: 0 });
  const batches = [...batchesIn((await kafka.fetch(producer.place, 0)).records)];
  expect(batches.map(({ records }) => records[0]!.value!.toString())).toEqual(['A']);
});

for (const [what, sequence, count] of [
  ['a gap', 9, 1],
  ['the same start with another end', 3, 2],
  ['an overlap at the start', 2, 4],
  ['an overlap in the middle', 4, 2],
  ['an overlap at the end', 5, 2],
  ['one batch over three remembered ones', 0, 3],
] as const) {
  idempotence.holds(`${what} is out of order`, async (kafka) => {
    const producer = await writer(kafka);
    for (let one = 0; one < 3; one++) await producer.send(one);
    await producer.send(3, { count: 3 });
    expect(await producer.send(sequence, { count })).toMatchObject(outOfOrder);
  });
}

idempotence.holds('a newer epoch starts at 0', async (kafka) => {
  const producer = await writer(kafka);
  await producer.send(0);
  expect(await producer.send(1, { epoch: 1 })).toMatchObject(outOfOrder);
  expect(await producer.send(0, { epoch: 1 })).toMatchObject({ error: 'NONE', baseOffset: 1 });
});

idempotence.holds('an older epoch is invalid, its duplicates too', async (kafka) => {
  const producer = await writer(kafka);
  await producer.send(0);
  await producer.send(0, { epoch: 1 });
  const invalid = { error: 'INVALID_PRODUCER_EPOCH', logStartOffset: 0, baseOffset: -1 };
  expect(await producer.send(1)).toMatchObject(invalid);
  expect(await producer.send(0)).toMatchObject(invalid);
});

idempotence.holds('a producer that nobody knows may start anywhere', async (kafka) => {
  const producer = await writer(kafka);
  expect((await producer.send(5)).error).toBe('NONE');
  expect(await producer.send(7)).toMatchObject(outOfOrder);
  expect((await producer.send(6)).error).toBe('NONE');
});

idempotence.holds('an id that was never handed out is a producer like others', async (kafka) => {
  const producer = new Writer(kafka, await kafka.place(), 999_999);
  expect((await producer.send(3, { epoch: 3 })).error).toBe('NONE');
});

idempotence.holds('sequences go from the highest back to 0', async (kafka) => {
  const producer = await writer(kafka);
  await producer.send(highest - 1, { count: 2 });
  expect((await producer.send(0)).error).toBe('NONE');
});

idempotence.holds('a batch may wrap inside', async (kafka) => {
  const producer = await writer(kafka);
  await producer.send(highest - 1);
  expect((await producer.send(highest, { count: 2 })).error).toBe('NONE');
  expect(await producer.send(highest, { count: 2 })).toMatchObject({
    error: 'NONE',
    baseOffset: 1,
  });
  expect((await producer.send(1)).error).toBe('NONE');
});

idempotence.holds('producers do not disturb one another', async (kafka) => {
  const one = await writer(kafka);
  const other = new Writer(kafka, one.place, await kafka.producerId());
  await one.send(0);
  expect(await other.send(0)).toMatchObject({ error: 'NONE', baseOffset: 1 });
});

idempotence.holds('the same batch at once on two connections is stored once', async (kafka) => {
  const producer = await writer(kafka);
  const wires = [await kafka.open(), await kafka.open()];
  const answers = await Promise.all(wires.map((wire) => producer.send(0, { wire })));
  expect(answers.map(({ error, baseOffset }) => [error, baseOffset])).toEqual([
    ['NONE', 0],
    ['NONE', 0],
  ]);
  expect((await kafka.list(producer.place, -1)).offset).toBe(1);
});

idempotence.holds(
  'InitProducerId without an id gives a fresh one, whatever it is told',
  async (kafka) => {
    const first = await kafka.producerId();
    const answer = await kafka.ask('InitProducerId', 4, {
      transactionalId: null,
      transactionTimeoutMs: -1,
      producerId: 77,
      producerEpoch: 3,
    });
    expect(answer).toMatchObject({ errorCode: 0, producerEpoch: 0 });
    expect(answer.producerId).toBeGreaterThan(first);
  },
);
