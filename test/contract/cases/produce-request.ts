/** Produce: the request as a whole, acknowledgements, and the settings of a topic. */
import { batchesIn, encodeBatch, readBatchHeader } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { badCrc, reheaded } from '../batches.ts';
import { batchOf, type Place, type Scene } from '../scene.ts';
import type { Wire } from '../wire.ts';

export const produceRequest = new Area('Produce, the request');

const timed = (timestamp: number): Buffer =>
  encodeBatch({ records: [{ key: 'k', value: 'v', timestamp }] });
const values = async (kafka: Scene, place: Place): Promise<string[]> =>
  [...batchesIn((await kafka.fetch(place, 0)).records)].flatMap(({ records }) =>
    records.map(({ value }) => value!.toString()),
  );

produceRequest.holds('unknown partitions are refused and the others proceed', async (kafka) => {
  const { topic, partition } = await kafka.place();
  const at = (index: number) => ({ index, records: batchOf(['a']) });
  const { responses } = await kafka.produceAll([
    { name: topic, partitionData: [at(partition), at(999), at(-1)] },
    { name: kafka.unique('nope'), partitionData: [at(0)] },
  ]);
  const codes = responses.map((one: any) =>
    one.partitionResponses.map(({ index, errorCode, baseOffset, logStartOffset }: any) => [
      index,
      errorCode,
      baseOffset,
      logStartOffset,
    ]),
  );
  expect(codes.flat().toSorted((a: any, b: any) => a[0] - b[0])).toEqual(
    [
      [-1, 3, -1, -1],
      [0, 3, -1, -1],
      [partition, 0, 0, 0],
      [999, 3, -1, -1],
    ].toSorted((a, b) => a[0]! - b[0]!),
  );
});

produceRequest.holds('the same partition twice: only the last entry counts', async (kafka) => {
  const place = await kafka.place();
  const entry = (value: string) => ({
    name: place.topic,
    partitionData: [{ index: place.partition, records: batchOf([value]) }],
  });
  const { responses } = await kafka.produceAll([entry('lost'), entry('kept')]);
  expect(responses).toHaveLength(1);
  expect(responses[0].partitionResponses).toHaveLength(1);
  expect(await values(kafka, place)).toEqual(['kept']);
});

for (const acks of [2, -2]) {
  produceRequest.holds(`acks ${acks}: INVALID_REQUIRED_ACKS`, async (kafka) => {
    const answer = await kafka.produce(await kafka.place(), batchOf(['a']), { acks });
    expect(answer).toMatchObject({
      error: 'INVALID_REQUIRED_ACKS',
      baseOffset: -1,
      logStartOffset: -1,
    });
  });
}

function tellProduce(wire: Wire, { topic, partition }: Place, records: Buffer): void {
  const topicData = [{ name: topic, partitionData: [{ index: partition, records }] }];
  wire.tell('Produce', 7, { transactionalId: null, acks: 0, timeoutMs: 5_000, topicData });
}

produceRequest.holds('acks 0 is not answered, and the connection goes on', async (kafka) => {
  const place = await kafka.place();
  const wire = await kafka.open();
  tellProduce(wire, place, batchOf(['a']));
  const answer = await kafka.produce(place, batchOf(['b']), { wire });
  expect(answer).toMatchObject({ error: 'NONE', baseOffset: 1 });
});

for (const [what, topic, make] of [
  ['an unknown topic', 'nope', () => batchOf(['a'])],
  ['a bad CRC', undefined, () => badCrc(batchOf(['a']))],
  ['two batches', undefined, () => Buffer.concat([batchOf(['a']), batchOf(['b'])])],
  ['empty records', undefined, () => Buffer.alloc(0)],
] as const) {
  produceRequest.holds(`acks 0 with ${what} closes the connection`, async (kafka) => {
    const place = await kafka.place();
    const wire = await kafka.open();
    tellProduce(wire, topic === undefined ? place : { topic, partition: 0 }, make());
    expect(await wire.closed).toBe('closed');
  });
}

produceRequest.exception(
  'null records are never answered, and the connection stays open',
  'it closes the connection, so that a client notices',
  async (kafka) => {
    const wire = await kafka.open();
    const answer = kafka.produce(await kafka.place(), null, { wire });
    expect(await kafka.within(1_500, Promise.race([answer, wire.closed]))).toBe('waits');
  },
);

for (const [what, batch] of [
  ['with a producer', { producerId: 1, producerEpoch: 0, baseSequence: 0 }],
  ['without a producer', {}],
  ['with the control bit', { control: true }],
] as const) {
  produceRequest.holds(
    `a transactional batch ${what} in a request without id: error 53`,
    async (kafka) => {
      const records = batchOf(['a'], { transactional: true, ...batch });
      const answer = await kafka.produce(await kafka.place(), records);
      expect(answer).toMatchObject({
        error: 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
        logStartOffset: -1,
      });
    },
  );
}

produceRequest.holds('error 53 comes before the rules of a compacted topic', async (kafka) => {
  const [place] = await kafka.topic({ 'cleanup.policy': 'compact' });
  const records = [{ value: 'without key' }];
  const batch = encodeBatch({ records, transactional: true, producerId: 1, producerEpoch: 0 });
  expect((await kafka.produce(place!, batch)).error).toBe('TRANSACTIONAL_ID_AUTHORIZATION_FAILED');
});

produceRequest.holds('a transactional id with a plain batch is a plain append', async (kafka) => {
  const transactionalId = kafka.unique('tx');
  const answer = await kafka.produce(await kafka.place(), batchOf(['a']), { transactionalId });
  expect(answer.error).toBe('NONE');
});

produceRequest.holds('min.insync.replicas 2 with one replica accepts acks -1', async (kafka) => {
  const [place] = await kafka.topic({ 'min.insync.replicas': '2' });
  expect((await kafka.produce(place!, batchOf(['a']), { acks: -1 })).error).toBe('NONE');
});

produceRequest.holds('a topic may limit how far ahead a timestamp is', async (kafka) => {
  const [place] = await kafka.topic({ 'message.timestamp.after.max.ms': '60000' });
  expect((await kafka.produce(place!, timed(kafka.nowMs()))).error).toBe('NONE');
  const late = await kafka.produce(place!, timed(kafka.nowMs() + 120_000), { version: 8 });
  expect(late).toMatchObject({ error: 'INVALID_TIMESTAMP', logStartOffset: 0 });
  expect(late.recordErrors[0]!.batchIndexErrorMessage).toMatch(
    /^Timestamp \d+ of message with offset 0 is out of range\. The timestamp should be within \[/,
  );
});

for (const [what, aheadMs] of [
  ['61 minutes', 61 * 60_000],
  ['10 years', 315_360_000_000],
] as const) {
  const ahead = async (kafka: Scene) =>
    (await kafka.produce(await kafka.place(), timed(kafka.nowMs() + aheadMs))).error;
  produceRequest.holdsOn('3.9', `a timestamp ${what} ahead is accepted`, async (kafka) => {
    expect(await ahead(kafka)).toBe('NONE');
  });
  produceRequest.holdsOn('4', `a timestamp ${what} ahead: INVALID_TIMESTAMP`, async (kafka) => {
    expect(await ahead(kafka)).toBe('INVALID_TIMESTAMP');
  });
}

produceRequest.holds('a timestamp 59 minutes ahead is accepted', async (kafka) => {
  const batch = timed(kafka.nowMs() + 59 * 60_000);
  expect((await kafka.produce(await kafka.place(), batch)).error).toBe('NONE');
});

produceRequest.holdsOn('4', 'a topic may allow more than the hour ahead', async (kafka) => {
  const [place] = await kafka.topic({ 'message.timestamp.after.max.ms': String(2 * 3_600_000) });
  const batch = timed(kafka.nowMs() + 61 * 60_000);
  expect((await kafka.produce(place!, batch)).error).toBe('NONE');
});

for (const timestamp of [0, -1, -5]) {
  produceRequest.holds(`a timestamp of ${timestamp} is accepted`, async (kafka) => {
    expect((await kafka.produce(await kafka.place(), timed(timestamp))).error).toBe('NONE');
  });
}

produceRequest.holds('a LogAppendTime topic stamps the batch and says so', async (kafka) => {
  const [place] = await kafka.topic({ 'message.timestamp.type': 'LogAppendTime' });
  const beforeMs = kafka.nowMs();
  const { error, logAppendTimeMs } = await kafka.produce(
    place!,
    batchOf(['a', 'b'], { baseTimestamp: 500 }),
  );
  expect(error).toBe('NONE');
  expect(logAppendTimeMs).toBeGreaterThanOrEqual(beforeMs);
  expect(logAppendTimeMs).toBeLessThanOrEqual(kafka.nowMs());
  const { records } = await kafka.fetch(place!, 0);
  expect(readBatchHeader(records)).toMatchObject({
    logAppendTime: true,
    baseTimestamp: 500,
    maxTimestamp: logAppendTimeMs,
  });
  expect(reheaded(records, () => {})).toEqual(records);
});

produceRequest.holds(
  'a LogAppendTime topic refuses a producer that sets the bit',
  async (kafka) => {
    const [place] = await kafka.topic({ 'message.timestamp.type': 'LogAppendTime' });
    const answer = await kafka.produce(place!, batchOf(['a'], { logAppendTime: true }));
    expect(answer).toMatchObject({ error: 'INVALID_TIMESTAMP', logStartOffset: 0 });
  },
);

produceRequest.holds('on any other topic the bit is cleared', async (kafka) => {
  const place = await kafka.place();
  const answer = await kafka.produce(place, batchOf(['a'], { logAppendTime: true }));
  expect(answer).toMatchObject({ error: 'NONE', logAppendTimeMs: -1 });
  const { records } = await kafka.fetch(place, 0);
  expect(readBatchHeader(records).logAppendTime).toBe(false);
});

for (const [wanted, sent] of [
  ['gzip', 'none'],
  ['zstd', 'gzip'],
  ['uncompressed', 'gzip'],
] as const) {
  produceRequest.exception(
    `compression.type ${wanted}: a batch in ${sent} is compressed anew`,
    'batches are stored as they come; it refuses the setting',
    async (kafka) => {
      const [place] = await kafka.topic({ 'compression.type': wanted });
      await kafka.produce(place!, batchOf(['a', 'b'], { compression: sent }));
      const { records } = await kafka.fetch(place!, 0);
      const compression = wanted === 'uncompressed' ? 'none' : wanted;
      expect(readBatchHeader(records).compression).toBe(compression);
    },
  );
}
