/**
 * The window after EndTxn: its answer is there, the markers are not yet. What is asked at once may
 * hear either; the embedded broker comes to each by the moment in which the markers are written.
 */
import { batchesIn } from '#protocol';
import { Area } from '../area.ts';
import type { Place, Scene } from '../scene.ts';
import { initProducer, newProducer, Producer } from '../transactions.ts';
import { end } from './transactions-v2.ts';

export const transactionRaces = new Area('Transactions, after EndTxn');

async function ended(
  kafka: Scene,
  result: 'commit' | 'abort' = 'commit',
): Promise<{ producer: Producer; places: readonly Place[] }> {
  const places = [await kafka.place(), await kafka.place(), await kafka.place()];
  const producer = await new Producer(kafka).begin(...places);
  for (const place of places) await producer.write(place, 'in');
  await producer.end(result);
  return { producer, places };
}

for (const version of [0, 3]) {
  transactionRaces.races(`AddPartitionsToTxn v${version} at once`, {
    outcomes: ['NONE', 'CONCURRENT_TRANSACTIONS'],
    async play(kafka) {
      const { producer, places } = await ended(kafka);
      return (await producer.addOnce([places[0]!], { version }))[0]!;
    },
  });
}

transactionRaces.races('AddOffsetsToTxn at once', {
  outcomes: ['NONE', 'CONCURRENT_TRANSACTIONS'],
  async play(kafka) {
    const { producer } = await ended(kafka);
    return producer.addOffsetsOnce(kafka.unique('g'));
  },
});

transactionRaces.races('InitProducerId at once', {
  outcomes: ['NONE', 'CONCURRENT_TRANSACTIONS'],
  async play(kafka) {
    const { producer } = await ended(kafka);
    return (await initProducer(kafka, producer.id)).error;
  },
});

for (const [result, opposite] of [
  ['commit', 'abort'],
  ['abort', 'commit'],
] as const) {
  transactionRaces.races(`${result} again, at once`, {
    outcomes: ['NONE', 'CONCURRENT_TRANSACTIONS'],
    async play(kafka) {
      const { producer } = await ended(kafka, result);
      return producer.end(result);
    },
  });

  transactionRaces.races(`${opposite} at once after ${result}`, {
    outcomes: ['INVALID_TXN_STATE', 'CONCURRENT_TRANSACTIONS'],
    async play(kafka) {
      const { producer } = await ended(kafka, result);
      return producer.end(opposite);
    },
  });
}

transactionRaces.races('a read_committed reader at once', {
  outcomes: ['sees it', 'does not see it'],
  async play(kafka) {
    const { places } = await ended(kafka);
    const { lastStableOffset } = await kafka.fetch(places[0]!, 0, { isolationLevel: 1 });
    return lastStableOffset === 0 ? 'does not see it' : 'sees it';
  },
});

transactionRaces.races('OffsetFetch that requires stable offsets, at once', {
  outcomes: ['UNSTABLE_OFFSET_COMMIT', 'NONE'],
  async play(kafka) {
    const { topic, partition } = await kafka.place();
    const group = kafka.unique('g');
    const producer = await new Producer(kafka).init();
    await producer.addOffsets(group);
    await producer.commitOffset(group, { topic, partition }, 5);
    await producer.end('commit');
    const topics = [{ name: topic, partitionIndexes: [partition] }];
    const body = { groupId: group, topics, requireStable: true };
    const answer = await kafka.ask('OffsetFetch', 7, body);
    return answer.topics[0].partitions[0].errorCode === 88 ? 'UNSTABLE_OFFSET_COMMIT' : 'NONE';
  },
});

/** Alone for the reason that transaction-verification.ts gives. */
export const lateRecords = new Area('Transactions, late records', { alone: true });

/** A late record that is taken becomes part of the transaction that has just ended. */
for (const [version, error] of [
  [7, 'INVALID_TXN_STATE'],
  [11, 'TRANSACTION_ABORTABLE'],
] as const) {
  for (const result of ['commit', 'abort'] as const) {
    lateRecords.races(`Produce v${version} at once after ${result}`, {
      outcomes: ['taken, before the marker', error, 'NOT_ENOUGH_REPLICAS'],
      onlyKafka: {
        outcome: 'INVALID_TXN_STATE',
        because: 'the marker came between the question and the append, which are one step here',
      },
      async play(kafka) {
        const { producer, places } = await ended(kafka, result);
        const [place] = places as [Place];
        const late = await producer.write(place, 'late', { version });
        return late.error === 'NONE' ? taken(producer, place, late.baseOffset) : late.error;
      },
    });
  }
}

async function taken(producer: Producer, place: Place, offset: number): Promise<string> {
  await producer.completes();
  const [, next] = [...batchesIn((await producer.kafka.fetch(place, offset)).records)];
  return next?.control === true ? 'taken, before the marker' : 'taken, behind the marker';
}

for (const result of ['commit', 'abort'] as const) {
  lateRecords.races(`Produce v12 with the old epoch at once after ${result}`, {
    line: '4',
    outcomes: ['taken, before the marker', 'INVALID_PRODUCER_EPOCH'],
    async play(kafka) {
      const place = await kafka.place();
      const producer = await newProducer(kafka);
      await producer.write(place, 'in', { version: 12 });
      await end(producer, result);
      const late = await producer.write(place, 'late', { version: 12 });
      return late.error === 'NONE' ? taken(producer, place, late.baseOffset) : late.error;
    },
  });
}
