/**
 * Which partitions and producers a batch or an offset may name.
 *
 * Alone, because Kafka asks its coordinator for several at a time, and then answers all of them in
 * the words of the oldest version among them.
 */
import { expect } from 'vitest';
import { Area } from '../area.ts';
import type { Place } from '../scene.ts';
import { newProducer, Producer } from '../transactions.ts';

export const transactionVerification = new Area('Transactions, verification', { alone: true });

for (const version of [3, 5, 7, 8, 9, 10, 11]) {
  const error = version < 11 ? 'INVALID_TXN_STATE' : 'TRANSACTION_ABORTABLE';
  const says = `Produce v${version} to a partition that was not added: ${error}`;
  transactionVerification.holds(says, async (kafka) => {
    const [added, other] = (await kafka.topic({}, 2)) as [Place, Place];
    const producer = await newProducer(kafka);
    const write = (place: Place) => producer.write(place, 'x', { version });
    // Empty, Ongoing elsewhere, Complete.
    const first = await write(other);
    expect(first).toMatchObject({ error, logStartOffset: -1 });
    if (version >= 8 && version <= 10) {
      expect(first.errorMessage).toContain('Partition was not added to the transaction');
    }
    await producer.add(added);
    expect((await write(other)).error).toBe(error);
    expect((await write(added)).error).toBe('NONE');
    await producer.settle('commit');
    expect((await write(added)).error).toBe(error);
  });
}

for (const version of [7, 11]) {
  transactionVerification.holds(
    `Produce v${version} of ids nobody knows: error 49`,
    async (kafka) => {
      const place = await kafka.place();
      const producer = await new Producer(kafka).begin(place);
      const write = (as: { id?: string; producerId?: number }) =>
        producer.write(place, 'x', { version, sequence: 0, ...as });
      expect((await write({ id: kafka.unique('never') })).error).toBe(
        'INVALID_PRODUCER_ID_MAPPING',
      );
      expect((await write({ producerId: 999_999 })).error).toBe('INVALID_PRODUCER_ID_MAPPING');
      await producer.settle('abort');
    },
  );

  transactionVerification.holds(`Produce v${version} of another epoch: error 47`, async (kafka) => {
    const place = await kafka.place();
    const producer = await newProducer(kafka);
    await producer.init();
    await producer.add(place);
    for (const epoch of [producer.epoch - 1, producer.epoch + 3]) {
      const { error } = await producer.write(place, 'x', { version, sequence: 0, epoch });
      expect(error).toBe('INVALID_PRODUCER_EPOCH');
    }
    await producer.settle('abort');
  });
}

for (const [version, error] of [
  [0, 'INVALID_TXN_STATE'],
  [2, 'INVALID_TXN_STATE'],
  [3, 'INVALID_TXN_STATE'],
  [4, 'TRANSACTION_ABORTABLE'],
] as const) {
  const says = `TxnOffsetCommit v${version} without AddOffsetsToTxn: ${error}`;
  transactionVerification.holds(says, async (kafka) => {
    const producer = await newProducer(kafka);
    const as = { version };
    const answer = await producer.commitOffset(kafka.unique('g'), await kafka.place(), 5, as);
    expect(answer).toBe(error);
  });
}
