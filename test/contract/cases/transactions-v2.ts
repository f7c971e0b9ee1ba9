/** Transactions of KIP-890's second part: Produce 12, TxnOffsetCommit 5 and EndTxn 5, on Kafka 4. */
import { errorName, type ErrorName } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { committed } from '../groups.ts';
import type { Place, Scene } from '../scene.ts';
import { newProducer, type Producer } from '../transactions.ts';

export const transactionsV2 = new Area('Transactions, second version');

const says = (sentence: string, show: (kafka: Scene) => Promise<void>): void =>
  transactionsV2.holdsOn('4', sentence, show);

const write = (producer: Producer, place: Place, sequence: number) =>
  producer.write(place, 'x', { version: 12, sequence });

interface Ended {
  readonly error: ErrorName;
  readonly producerId: number;
  readonly producerEpoch: number;
}

async function end(producer: Producer, result: 'commit' | 'abort'): Promise<Ended> {
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
