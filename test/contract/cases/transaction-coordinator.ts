/** InitProducerId, AddPartitionsToTxn, AddOffsetsToTxn, EndTxn: who may do what in which state. */
import { batchesIn, errorName } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import type { Place } from '../scene.ts';
import { initProducer, newProducer, Producer } from '../transactions.ts';

export const transactionCoordinator = new Area('Transactions, the coordinator');

const { holds, holdsOn } = bound(transactionCoordinator);

function bound(area: Area): Pick<Area, 'holds' | 'holdsOn'> {
  return { holds: area.holds.bind(area), holdsOn: area.holdsOn.bind(area) };
}

/** Versions in which a producer that lost its id hears the older of two errors. */
const stale = (version: number, since: number): string =>
  version < since ? 'INVALID_PRODUCER_EPOCH' : 'PRODUCER_FENCED';

holds('a new id gets a producer id and epoch 0, then one epoch more each time', async (kafka) => {
  const id = kafka.unique('tx');
  const first = await initProducer(kafka, id);
  expect(first).toMatchObject({ error: 'NONE', producerEpoch: 0 });
  const { producerId } = first;
  expect(await initProducer(kafka, id)).toMatchObject({ producerId, producerEpoch: 1 });
  expect(await initProducer(kafka, id)).toMatchObject({ producerId, producerEpoch: 2 });
});

holds('an empty transactional id: INVALID_REQUEST', async (kafka) => {
  expect((await initProducer(kafka, '')).error).toBe('INVALID_REQUEST');
});

for (const [timeoutMs, error] of [
  [0, 'INVALID_TRANSACTION_TIMEOUT'],
  [-1, 'INVALID_TRANSACTION_TIMEOUT'],
  [900_001, 'INVALID_TRANSACTION_TIMEOUT'],
  [900_000, 'NONE'],
] as const) {
  holds(`a transaction timeout of ${timeoutMs}: ${error}`, async (kafka) => {
    expect((await initProducer(kafka, kafka.unique('tx'), { timeoutMs })).error).toBe(error);
  });
}

holds('only one of producer id and epoch: INVALID_REQUEST', async (kafka) => {
  const { id, producerId } = await newProducer(kafka);
  expect((await initProducer(kafka, id, { producerId })).error).toBe('INVALID_REQUEST');
  expect((await initProducer(kafka, id, { epoch: 0 })).error).toBe('INVALID_REQUEST');
});

for (const version of [3, 4, 5]) {
  holds(
    `v${version} with the current epoch: one more, and the same when repeated`,
    async (kafka) => {
      const { id, producerId, epoch } = await newProducer(kafka);
      for (const _time of [1, 2]) {
        const answer = await initProducer(kafka, id, { version, producerId, epoch });
        expect(answer).toMatchObject({ error: 'NONE', producerId, producerEpoch: epoch + 1 });
      }
    },
  );
}

for (const version of [3, 4]) {
  const error = stale(version, 4);
  holds(
    `v${version} with an epoch that is too old or new, or another id: ${error}`,
    async (kafka) => {
      const { id, producerId } = await newProducer(kafka);
      await initProducer(kafka, id);
      const { producerEpoch } = await initProducer(kafka, id);
      const ask = async (given: { producerId: number; epoch: number }) =>
        (await initProducer(kafka, id, { version, ...given })).error;
      expect(await ask({ producerId, epoch: producerEpoch - 2 })).toBe(error);
      expect(await ask({ producerId, epoch: producerEpoch + 5 })).toBe(error);
      expect(await ask({ producerId: producerId + 50, epoch: producerEpoch })).toBe(error);
    },
  );
}

holds('an unknown id with a producer id given gets a new one', async (kafka) => {
  const answer = await initProducer(kafka, kafka.unique('tx'), { producerId: 5, epoch: 3 });
  expect(answer).toMatchObject({ error: 'NONE', producerEpoch: 0 });
  expect(answer.producerId).not.toBe(5);
});

for (const version of [0, 1, 2, 3]) {
  holds(`AddPartitionsToTxn v${version}: one unknown, and none is added`, async (kafka) => {
    const place = await kafka.place();
    const producer = await newProducer(kafka);
    const unknown = { topic: 'nope', partition: 0 };
    expect(await producer.addOnce([place, unknown], { version })).toEqual([
      'OPERATION_NOT_ATTEMPTED',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ]);
    expect(await producer.end('commit')).toBe('INVALID_TXN_STATE');
  });

  const error = stale(version, 2);
  holds(`AddPartitionsToTxn v${version} with another epoch: ${error}`, async (kafka) => {
    const place = await kafka.place();
    const producer = await newProducer(kafka);
    await producer.init();
    for (const epoch of [producer.epoch - 1, producer.epoch + 1]) {
      expect(await producer.addOnce([place], { version, epoch })).toEqual([error]);
    }
  });
}

holds('an unknown partition beside a good one', async (kafka) => {
  const place = await kafka.place();
  const producer = await newProducer(kafka);
  expect(await producer.addOnce([place, { ...place, partition: 999 }])).toEqual([
    'OPERATION_NOT_ATTEMPTED',
    'UNKNOWN_TOPIC_OR_PARTITION',
  ]);
});

holds('AddPartitionsToTxn with an unknown id, an empty id, another producer', async (kafka) => {
  const place = await kafka.place();
  const producer = await newProducer(kafka);
  const mapping = ['INVALID_PRODUCER_ID_MAPPING'];
  expect(await producer.addOnce([place], { id: kafka.unique('zz') })).toEqual(mapping);
  expect(await producer.addOnce([place], { producerId: 999_999 })).toEqual(mapping);
  expect(await producer.addOnce([place], { id: '' })).toEqual(['INVALID_REQUEST']);
});

holds('a partition may be added again', async (kafka) => {
  const place = await kafka.place();
  const producer = await new Producer(kafka).begin(place);
  expect(await producer.addOnce([place])).toEqual(['NONE']);
  await producer.settle('abort');
});

for (const version of [4, 5]) {
  holds(`AddPartitionsToTxn v${version} serves clients, and verifies`, async (kafka) => {
    const { topic, partition } = await kafka.place();
    const producer = await newProducer(kafka);
    await producer.init();
    const ask = async (verifyOnly: boolean, epoch = producer.epoch) => {
      const transaction = {
        transactionalId: producer.id,
        producerId: producer.producerId,
        producerEpoch: epoch,
        verifyOnly,
        topics: [{ name: topic, partitions: [partition] }],
      };
      const answer = await kafka.ask('AddPartitionsToTxn', version, {
        transactions: [transaction],
      });
      expect(answer.errorCode).toBe(0);
      const [{ topicResults }] = answer.resultsByTransaction;
      return errorName(topicResults[0].resultsByPartition[0].partitionErrorCode);
    };
    expect(await ask(true)).toBe('TRANSACTION_ABORTABLE');
    expect(await ask(false, producer.epoch - 1)).toBe('PRODUCER_FENCED');
    expect(await ask(false)).toBe('NONE');
    expect(await ask(true)).toBe('NONE');
    await producer.settle('abort');
  });
}

for (const version of [0, 1, 2, 3, 4]) {
  const error = stale(version, 2);
  holds(`EndTxn v${version}: an empty transaction, another epoch (${error})`, async (kafka) => {
    const producer = await newProducer(kafka);
    await producer.init();
    for (const result of ['commit', 'abort'] as const) {
      expect(await producer.end(result, { version })).toBe('INVALID_TXN_STATE');
      expect(await producer.end(result, { version, epoch: producer.epoch - 1 })).toBe(error);
    }
  });
}

for (const [result, opposite] of [
  ['commit', 'abort'],
  ['abort', 'commit'],
] as const) {
  holds(`after a ${result}: ${result} again is fine, ${opposite} is not`, async (kafka) => {
    const producer = await new Producer(kafka).begin(await kafka.place());
    await producer.settle(result);
    expect(await producer.end(result)).toBe('NONE');
    expect(await producer.end(opposite)).toBe('INVALID_TXN_STATE');
  });
}

holds('EndTxn with an unknown id, an empty id, another producer', async (kafka) => {
  const producer = await newProducer(kafka);
  const end = (as: { id?: string; producerId?: number }) => producer.end('commit', as);
  expect(await end({ id: kafka.unique('zz') })).toBe('INVALID_PRODUCER_ID_MAPPING');
  expect(await end({ producerId: 999_999 })).toBe('INVALID_PRODUCER_ID_MAPPING');
  expect(await end({ id: '' })).toBe('INVALID_REQUEST');
});

/** A producer with an open transaction, and who took its place. */
async function fenced(place: Place, producer: Producer): Promise<Producer> {
  await producer.begin(place);
  await producer.write(place, 'a');
  return newProducer(producer.kafka, producer.id);
}

holds('a second producer: the same id, two epochs on, the rest aborted', async (kafka) => {
  const place = await kafka.place();
  const old = new Producer(kafka);
  const second = await fenced(place, old);
  expect(second).toMatchObject({ producerId: old.producerId, epoch: old.epoch + 2 });
  const { lastStableOffset } = await kafka.fetch(place, 0, { isolationLevel: 1 });
  expect(lastStableOffset).toBe(2);
});

holds('what a fenced producer hears', async (kafka) => {
  const place = await kafka.place();
  const old = new Producer(kafka);
  await fenced(place, old);
  const group = kafka.unique('g');
  for (const version of [0, 1, 2, 3]) {
    expect(await old.addOnce([place], { version })).toEqual([stale(version, 2)]);
    expect(await old.addOffsetsOnce(group, { version })).toBe(stale(version, 2));
    expect(await old.end('commit', { version })).toBe(stale(version, 2));
    expect(await old.end('abort', { version })).toBe(stale(version, 2));
  }
  for (const version of [0, 2, 3, 4]) {
    expect(await old.commitOffset(group, place, 5, { version })).toBe('INVALID_PRODUCER_EPOCH');
  }
  for (const version of [3, 7, 9, 11]) {
    const { error } = await old.write(place, 'late', { version });
    expect(error).toBe('INVALID_PRODUCER_EPOCH');
  }
  for (const version of [3, 4]) {
    const { producerId, epoch } = old;
    const { error } = await initProducer(kafka, old.id, { version, producerId, epoch });
    expect(error).toBe(stale(version, 4));
  }
});

for (const [line, last] of [
  ['3.9', 'PRODUCER_FENCED'],
  ['4', 'NONE'],
] as const) {
  holdsOn(line, `InitProducerId of one's own open transaction ends in ${last}`, async (kafka) => {
    const producer = await new Producer(kafka).begin(await kafka.place());
    const { id, producerId, epoch } = producer;
    const ask = () => initProducer(kafka, id, { producerId, epoch });
    expect((await ask()).error).toBe('CONCURRENT_TRANSACTIONS');
    const answer = await kafka.until(ask, ({ error }) => error !== 'CONCURRENT_TRANSACTIONS');
    expect(answer.error).toBe(last);
    if (last === 'NONE') expect(answer.producerEpoch).toBe(epoch + 1);
  });
}

/** A transaction that took longer than it may. */
async function timedOut(place: Place, producer: Producer): Promise<void> {
  await producer.init(1_000);
  await producer.add(place);
  await producer.write(place, 'a');
  await producer.completes();
}

holds('a transaction that takes too long is aborted, and its producer fenced', async (kafka) => {
  const place = await kafka.place();
  const producer = new Producer(kafka);
  await timedOut(place, producer);
  expect(await producer.state()).toBe('CompleteAbort');
  expect((await kafka.list(place, -1, { isolationLevel: 1 })).offset).toBe(2);
  expect((await producer.write(place, 'b')).error).toBe('INVALID_PRODUCER_EPOCH');
  for (const version of [0, 3]) {
    expect(await producer.addOnce([place], { version })).toEqual([stale(version, 2)]);
    expect(await producer.end('commit', { version })).toBe(stale(version, 2));
  }
});

for (const [line, last] of [
  ['3.9', 'PRODUCER_FENCED'],
  ['4', 'NONE'],
] as const) {
  holdsOn(line, `InitProducerId of one that timed out: ${last}`, async (kafka) => {
    const producer = new Producer(kafka);
    await timedOut(await kafka.place(), producer);
    const { id, producerId, epoch } = producer;
    expect((await initProducer(kafka, id, { producerId, epoch })).error).toBe(last);
  });
}

for (const [what, loses] of [
  ['fenced', fenced],
  ['timed out', timedOut],
] as const) {
  holds(`the abort marker of a producer that was ${what} has the next epoch`, async (kafka) => {
    const place = await kafka.place();
    const producer = new Producer(kafka);
    await loses(place, producer);
    const { producerId, epoch } = producer;
    const [data, marker] = [...batchesIn((await kafka.fetch(place, 0)).records)];
    expect(data).toMatchObject({ producerId, producerEpoch: epoch });
    expect(marker).toMatchObject({ control: true, producerId, producerEpoch: epoch + 1 });
  });
}

holds('an internal topic is not for clients: TOPIC_AUTHORIZATION_FAILED', async (kafka) => {
  const place = await kafka.place();
  const producer = await newProducer(kafka);
  for (const topic of ['__consumer_offsets', '__transaction_state']) {
    expect(await producer.addOnce([place, { topic, partition: 0 }])).toEqual([
      'OPERATION_NOT_ATTEMPTED',
      'TOPIC_AUTHORIZATION_FAILED',
    ]);
  }
  expect(await producer.end('commit')).toBe('INVALID_TXN_STATE');
});

holds('DescribeTransactions knows states, and who it does not know', async (kafka) => {
  const place = await kafka.place();
  const producer = await newProducer(kafka);
  expect(await producer.state()).toBe('Empty');
  await producer.add(place);
  expect(await producer.state()).toBe('Ongoing');
  await producer.settle('commit');
  expect(await producer.state()).toBe('CompleteCommit');
  const { transactionStates } = await kafka.ask('DescribeTransactions', 0, {
    transactionalIds: [kafka.unique('nope')],
  });
  expect(errorName(transactionStates[0].errorCode)).toBe('TRANSACTIONAL_ID_NOT_FOUND');
});
