/** What compaction and retention leave of a log. The embedded broker does neither. */
import { batchesIn, encodeBatch } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { batchOf, type Place, type Scene } from '../scene.ts';
import { strict } from '../settings.ts';
import { newProducer, Producer } from '../transactions.ts';

export const cleaning = new Area('Cleaning', { settings: strict });

const keepsAll = 'only DeleteRecords deletes: there is neither compaction nor retention';

const compacted = {
  'cleanup.policy': 'compact',
  'segment.ms': '300',
  'min.cleanable.dirty.ratio': '0.01',
  'delete.retention.ms': '3000',
};

/** `a=1` is a record, `a` a tombstone. */
function keyed(records: readonly string[]): Buffer {
  return encodeBatch({
    baseTimestamp: Date.now(),
    records: records.map((text) => {
      const [key = '', value] = text.split('=');
      return { key, value: value ?? null };
    }),
  });
}

interface Seen {
  readonly batches: readonly string[];
  readonly logStart: number;
}

/** Each batch as `first..last offset[key=value …]`. */
async function seen(kafka: Scene, place: Place): Promise<Seen> {
  const { records, logStartOffset } = await kafka.fetch(place, 0);
  const batches = [...batchesIn(records)].map((batch) => {
    const last = batch.baseOffset + batch.lastOffsetDelta;
    const told = batch.control
      ? ['marker']
      : batch.records.map(({ key, value, offset }) =>
          [`${offset}:${key?.toString()}`, ...(value === null ? [] : [value.toString()])].join('='),
        );
    return `${batch.baseOffset}..${last}[${told.join(' ')}]`;
  });
  return { batches, logStart: logStartOffset };
}

/** A segment is closed when something comes after its time. */
async function roll(kafka: Scene, place: Place): Promise<void> {
  await kafka.pass(400);
  await kafka.produce(place, keyed(['roll=1']));
}

cleaning.exception(
  'compaction keeps the last of each key at its offset, and the header of a thinned batch',
  keepsAll,
  async (kafka) => {
    const [place] = (await kafka.topic(compacted)) as [Place];
    for (const batch of [['a=1', 'b=1', 'c=1'], ['a=2', 'd=1'], ['b=2', 'a=3'], ['c']]) {
      await kafka.produce(place, keyed(batch));
    }
    await roll(kafka, place);
    const left = await kafka.until(
      () => seen(kafka, place),
      ({ batches }) => batches[0] !== '0..2[0:a=1 1:b=1 2:c=1]',
    );
    expect(left.batches.slice(0, 3)).toEqual(['3..4[4:d=1]', '5..6[5:b=2 6:a=3]', '7..7[7:c]']);
    expect(left.logStart).toBe(0);
    expect((await kafka.list(place, -2)).offset).toBe(0);
  },
);

cleaning.exception(
  'a tombstone outlives its first pass by delete.retention.ms, and goes in the pass after',
  keepsAll,
  async (kafka) => {
    const [place] = (await kafka.topic(compacted)) as [Place];
    await kafka.produce(place, keyed(['a=1']));
    await kafka.produce(place, keyed(['a']));
    await roll(kafka, place);
    await kafka.until(
      () => seen(kafka, place),
      ({ batches }) => batches[0] === '1..1[1:a]',
    );
    // No pass without new data in a closed segment.
    await kafka.until(
      async () => {
        await roll(kafka, place);
        return seen(kafka, place);
      },
      ({ batches }) => !batches.includes('1..1[1:a]'),
    );
  },
);

cleaning.exception(
  "a producer's last batch stays when it is empty, and goes when the producer is forgotten",
  keepsAll,
  async (kafka) => {
    let emptied: Place | undefined;
    // A pass that comes when the producer is forgotten already finds nothing to keep.
    while (emptied === undefined) {
      const [place] = (await kafka.topic(compacted)) as [Place];
      const producerId = await kafka.producerId();
      const records = [{ key: 'a', value: '1' }];
      const own = { producerId, producerEpoch: 0, baseSequence: 0, baseTimestamp: Date.now() };
      await kafka.produce(place, encodeBatch({ records, ...own }));
      await kafka.produce(place, keyed(['a=2']));
      await roll(kafka, place);
      const { batches } = await kafka.until(
        () => seen(kafka, place),
        (left) => left.batches[0] !== '0..0[0:a=1]',
      );
      if (batches[0] === '0..0[]') emptied = place;
    }
    const place = emptied;
    await kafka.until(
      async () => {
        await roll(kafka, place);
        return seen(kafka, place);
      },
      ({ batches }) => !batches.includes('0..0[]'),
    );
  },
);

cleaning.exception(
  'compaction takes aborted records, then their batch, then its entry in the aborted list',
  keepsAll,
  async (kafka) => {
    const [place] = (await kafka.topic(compacted)) as [Place];
    const producer = await newProducer(kafka);
    await producer.add(place);
    await producer.write(place, 'aborted');
    await producer.settle('abort');
    await roll(kafka, place);
    await kafka.until(
      () => seen(kafka, place),
      ({ batches }) => batches[0] !== '0..0[0:k=aborted]',
    );
    // Their batch stays, empty, as the last of its producer. The pass that takes it still reads it,
    // so the list loses the entry in one to come.
    await kafka.until(
      async () => {
        await roll(kafka, place);
        return kafka.fetch(place, 0, { isolationLevel: 1 });
      },
      ({ abortedTransactions }) => abortedTransactions!.length === 0,
    );
    expect((await seen(kafka, place)).batches[0]).not.toContain('0..0[');
  },
);

cleaning.exception(
  'nothing is cleaned behind an open transaction, nor in the segment where it began',
  keepsAll,
  async (kafka) => {
    const [place] = (await kafka.topic(compacted)) as [Place];
    await kafka.produce(place, keyed(['a=1']));
    await kafka.produce(place, keyed(['a=2']));
    const producer = await new Producer(kafka).begin(place);
    await producer.write(place, 'open');
    await roll(kafka, place);
    await kafka.pass(2_000);
    const { batches } = await seen(kafka, place);
    expect(batches.slice(0, 2)).toEqual(['0..0[0:a=1]', '1..1[1:a=2]']);
    await producer.settle('commit');
    await roll(kafka, place);
    await kafka.until(
      () => seen(kafka, place),
      (left) => left.batches[0] === '1..1[1:a=2]',
    );
  },
);

cleaning.exception(
  "retention counts a record's own time, and takes the newest segment too",
  keepsAll,
  async (kafka) => {
    const [place] = (await kafka.topic({ 'retention.ms': '60000' })) as [Place];
    await kafka.produce(place, batchOf(['old', 'old'], { baseTimestamp: Date.now() - 3_600_000 }));
    await kafka.until(
      () => kafka.list(place, -2),
      ({ offset }) => offset === 2,
    );
    expect((await kafka.fetch(place, 0)).error).toBe('OFFSET_OUT_OF_RANGE');
    expect((await kafka.produce(place, batchOf(['new']))).baseOffset).toBe(2);
  },
);

cleaning.exception('what is known of a producer survives retention', keepsAll, async (kafka) => {
  for (;;) {
    const [place] = (await kafka.topic({ 'retention.ms': '500' })) as [Place];
    const producerId = await kafka.producerId();
    const send = (baseSequence: number) =>
      kafka.produce(place, batchOf(['a'], { producerId, producerEpoch: 0, baseSequence }));
    const startMs = kafka.nowMs();
    await send(0);
    await kafka.until(
      () => kafka.list(place, -2),
      ({ offset }) => offset === 1,
    );
    const [gap, duplicate] = [await send(5), await send(0)];
    // On a machine that stood still the producer has expired meanwhile.
    if (kafka.nowMs() - startMs > 3_500) continue;
    expect(gap.error).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    return expect(duplicate).toMatchObject({ error: 'NONE', baseOffset: 0 });
  }
});
