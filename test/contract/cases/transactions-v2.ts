/** Transactions of KIP-890's second part: Produce 12, TxnOffsetCommit 5 and EndTxn 5, on Kafka 4. */
import { batchesIn, errorName, type ErrorName } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { committed } from '../groups.ts';
import type { Place, Scene } from '../scene.ts';
import { newProducer, Producer } from '../transactions.ts';

export const transactionsV2 = new Area('Transactions, second version');
/** Alone, for Kafka verifies several producers at a time, in the words of the oldest version. */
export const versionsMixed = new Area('Transactions, versions mixed', { alone: true });

const says = (sentence: string, show: (kafka: Scene) => Promise<void>): void =>
  transactionsV2.holdsOn('4', sentence, show);

const write = (producer: Producer, place: Place, sequence: number) =>
  producer.write(place, 'x', { version: 12, sequence });

interface Ended {
  readonly error: ErrorName;
  readonly producerId: number;
  readonly producerEpoch: number;
}

export async function end(producer: Producer, result: 'commit' | 'abort'): Promise<Ended> {
  const body = await producer.kafka.ask('EndTxn', 5, {
    transactionalId: producer.id,
    producerId: producer.producerId,
    producerEpoch: producer.epoch,
    committed: result === 'commit',
  });
  return { ...body, error: errorName(body.errorCode) };
}

says('Produce 12 adds its partition by itself', async (kafka) => {
  const place = await kafka.place();
  const producer = await newProducer(kafka);
  expect((await write(producer, place, 0)).error).toBe('NONE');
  const { producerId, epoch } = producer;
  expect(await end(producer, 'commit')).toMatchObject({
    error: 'NONE',
    producerId,
    producerEpoch: epoch + 1,
  });
  await producer.completes();
  expect((await kafka.list(place, -1, { isolationLevel: 1 })).offset).toBe(2);
});

says('EndTxn 5 again with the old epoch is told the same, its opposite is not', async (kafka) => {
  const producer = await newProducer(kafka);
  await write(producer, await kafka.place(), 0);
  await end(producer, 'commit');
  await producer.completes();
  expect(await end(producer, 'commit')).toMatchObject({
    error: 'NONE',
    producerEpoch: producer.epoch + 1,
  });
  expect((await end(producer, 'abort')).error).toBe('INVALID_TXN_STATE');
});

says('EndTxn 5 aborts what was never begun, and does not commit it', async (kafka) => {
  const producer = await newProducer(kafka);
  expect((await end(producer, 'commit')).error).toBe('INVALID_TXN_STATE');
  expect(await end(producer, 'abort')).toMatchObject({
    error: 'NONE',
    producerEpoch: producer.epoch + 1,
  });
});

says('a first sequence other than 0 is out of order', async (kafka) => {
  const producer = await newProducer(kafka);
  const { error } = await write(producer, await kafka.place(), 3);
  expect(error).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
  await end(producer, 'abort');
});

/** No client speaks both. */
versionsMixed.holdsOn(
  '4',
  'whether a first sequence has to be 0 depends on the version that came first',
  async (kafka) => {
    const place = await kafka.place();
    const producer = await newProducer(kafka);
    const as = (version: number, sequence: number) => ({ version, sequence });
    for (const first of [as(12, 2), as(11, 2), as(11, 1)]) {
      const { error } = await producer.write(place, 'x', first);
      expect(error).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    }
    expect((await producer.write(place, 'x', as(11, 0))).error).toBe('NONE');
    await end(producer, 'abort');

    const other = await newProducer(kafka);
    const refused = await other.write(place, 'x', as(11, 2));
    expect(refused.error).toBe('TRANSACTION_ABORTABLE');
    for (const [sequence, error] of [
      [3, 'OUT_OF_ORDER_SEQUENCE_NUMBER'],
      [2, 'NONE'],
    ] as const) {
      expect((await other.write(place, 'x', as(12, sequence))).error).toBe(error);
    }
    await end(other, 'abort');
  },
);

says('TxnOffsetCommit 5 adds its group by itself', async (kafka) => {
  const [place, group] = [await kafka.place(), kafka.unique('g')];
  const producer = await newProducer(kafka);
  expect(await producer.commitOffset(group, place, 7, { version: 5 })).toBe('NONE');
  expect((await end(producer, 'commit')).error).toBe('NONE');
  await kafka.until(
    () => committed(kafka, group, place),
    (offset) => offset === 7,
  );
});

says('EndTxn 4 after Produce 12 is fine', async (kafka) => {
  const producer = await newProducer(kafka);
  await write(producer, await kafka.place(), 0);
  expect(await producer.end('commit', { version: 4 })).toBe('NONE');
  await producer.completes();
});

says('the marker has the next epoch, in which sequences begin at 0', async (kafka) => {
  const place = await kafka.place();
  const producer = await newProducer(kafka);
  for (const sequence of [0, 1]) await write(producer, place, sequence);
  const { producerEpoch } = await end(producer, 'commit');
  await producer.completes();
  producer.epoch = producerEpoch;
  expect((await write(producer, place, 2)).error).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
  expect(await write(producer, place, 0)).toMatchObject({ error: 'NONE', baseOffset: 3 });
  const batches = [...batchesIn((await kafka.fetch(place, 0)).records)];
  const told = batches.map(({ control, producerEpoch: epoch, baseSequence }) => ({
    control,
    bumped: epoch === producerEpoch,
    baseSequence,
  }));
  expect(told).toEqual([
    { control: false, bumped: false, baseSequence: 0 },
    { control: false, bumped: false, baseSequence: 1 },
    { control: true, bumped: true, baseSequence: -1 },
    { control: false, bumped: true, baseSequence: 0 },
  ]);
  await end(producer, 'abort');
});

says('Produce 12 of an unknown id, another producer, another epoch', async (kafka) => {
  const place = await kafka.place();
  const producer = await newProducer(kafka);
  await producer.init();
  const error = async (as: { id?: string; producerId?: number; epoch?: number }) =>
    (await producer.write(place, 'x', { version: 12, sequence: 0, ...as })).error;
  expect(await error({ id: kafka.unique('zz') })).toBe('INVALID_PRODUCER_ID_MAPPING');
  expect(await error({ producerId: 999_999 })).toBe('INVALID_PRODUCER_ID_MAPPING');
  for (const epoch of [producer.epoch - 1, producer.epoch + 1]) {
    expect(await error({ epoch })).toBe('INVALID_PRODUCER_EPOCH');
  }
});

says('EndTxn 5 of a fenced producer: PRODUCER_FENCED', async (kafka) => {
  const old = await newProducer(kafka);
  await write(old, await kafka.place(), 0);
  await newProducer(kafka, old.id);
  for (const result of ['commit', 'abort'] as const) {
    expect((await end(old, result)).error).toBe('PRODUCER_FENCED');
  }
});

says('EndTxn 5 after a time-out: no commit, and an abort goes on', async (kafka) => {
  const producer = await new Producer(kafka).init(1_000);
  await write(producer, await kafka.place(), 0);
  await producer.completes();
  expect((await end(producer, 'commit')).error).toBe('INVALID_TXN_STATE');
  const { producerId, epoch } = producer;
  const next = { error: 'NONE', producerId, producerEpoch: epoch + 1 };
  expect(await end(producer, 'abort')).toMatchObject(next);
});
