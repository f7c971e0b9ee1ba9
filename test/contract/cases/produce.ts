/** Produce: what a partition accepts, what it stores, and what it refuses in which words. */
import { batchesIn, batchLength, encodeBatch, readBatchHeader } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { badCrc, header, reheaded, tampered } from '../batches.ts';
import { batchOf, type Place, type Scene } from '../scene.ts';

export const produce = new Area('Produce');

async function stored(kafka: Scene, place: Place): Promise<Buffer[]> {
  const { records } = await kafka.fetch(place, 0);
  const batches: Buffer[] = [];
  for (let at = 0; at < records.length; at += batchLength(records, at)!) {
    batches.push(records.subarray(at, at + batchLength(records, at)!));
  }
  return batches;
}

for (const version of [3, 5, 7, 8, 9, 11]) {
  produce.holds(`v${version} is answered NONE with its base offset`, async (kafka) => {
    const place = await kafka.place();
    await kafka.produce(place, batchOf(['a', 'b']), { version });
    const answer = await kafka.produce(place, batchOf(['c']), { version });
    expect(answer).toMatchObject({ error: 'NONE', baseOffset: 2, logAppendTimeMs: -1 });
    expect(answer.logStartOffset).toBe(version >= 5 ? 0 : -1);
  });
}

produce.holds('a batch is stored as sent, but for base offset and epoch', async (kafka) => {
  const place = await kafka.place();
  const sent = batchOf(['a'], { compression: 'gzip', partitionLeaderEpoch: 7 });
  await kafka.produce(place, batchOf(['first']));
  await kafka.produce(place, sent);
  const [, second] = await stored(kafka, place);
  expect(second!.subarray(16)).toEqual(sent.subarray(16));
  expect(readBatchHeader(second!)).toMatchObject({ baseOffset: 1, partitionLeaderEpoch: 0 });
});

produce.holds('a wrong maximum timestamp is corrected and the CRC renewed', async (kafka) => {
  const place = await kafka.place();
  const right = batchOf(['a'], { baseTimestamp: 500 });
  const wrong = reheaded(right, (bytes) => bytes.writeBigInt64BE(99n, header.maxTimestamp));
  expect((await kafka.produce(place, wrong)).error).toBe('NONE');
  const [batch] = await stored(kafka, place);
  expect(readBatchHeader(batch!)).toMatchObject({
    maxTimestamp: 500,
    crc: readBatchHeader(right).crc,
  });
});

for (const baseSequence of [0, 5]) {
  produce.holds(
    `producer -1, epoch 0, sequence ${baseSequence}, again and again`,
    async (kafka) => {
      const place = await kafka.place();
      const sent = () => batchOf(['a'], { producerId: -1, producerEpoch: 0, baseSequence });
      expect(await kafka.produce(place, sent())).toMatchObject({ error: 'NONE', baseOffset: 0 });
      expect(await kafka.produce(place, sent())).toMatchObject({ error: 'NONE', baseOffset: 1 });
    },
  );
}

produce.holds('an epoch of -1 with a producer id is legal', async (kafka) => {
  const place = await kafka.place();
  const batch = batchOf(['a'], { producerId: 5, producerEpoch: -1, baseSequence: 0 });
  expect((await kafka.produce(place, batch)).error).toBe('NONE');
});

produce.holds('a timestamp below the base timestamp is legal', async (kafka) => {
  const place = await kafka.place();
  const record = (timestamp: number) => ({ key: 'k', value: 'v', timestamp });
  const batch = encodeBatch({ records: [record(1000), record(400)] });
  expect((await kafka.produce(place, batch)).error).toBe('NONE');
  const [read] = [...batchesIn((await kafka.fetch(place, 0)).records)];
  expect(read!.maxTimestamp).toBe(1000);
  expect(read!.records.map(({ timestamp }) => timestamp)).toEqual([1000, 400]);
});

for (const count of [5, 70]) {
  produce.holds(`${count} bytes of garbage behind the batch are dropped`, async (kafka) => {
    const place = await kafka.place();
    const sent = batchOf(['a']);
    const answer = await kafka.produce(place, Buffer.concat([sent, Buffer.alloc(count, 1)]));
    expect(answer.error).toBe('NONE');
    expect((await stored(kafka, place)).map(({ length }) => length)).toEqual([sent.length]);
  });
}

for (const bits of [0x80, 0x40]) {
  produce.holds(`attribute bit ${bits} of a producer is stored as sent`, async (kafka) => {
    const place = await kafka.place();
    const batch = reheaded(batchOf(['a']), (bytes) => bytes.writeInt16BE(bits, header.attributes));
    expect((await kafka.produce(place, batch)).error).toBe('NONE');
    const [kept] = await stored(kafka, place);
    expect(kept!.readInt16BE(header.attributes)).toBe(bits);
  });
}

for (const deltas of [
  [0, 0],
  [0, 5],
]) {
  produce.holds(
    `offset deltas ${deltas.join()} of a plain batch are not looked at`,
    async (kafka) => {
      const place = await kafka.place();
      const records = deltas.map((offset) => ({ key: 'k', value: 'v', offset }));
      const batch = encodeBatch({ records, lastOffsetDelta: 1, baseTimestamp: 500 });
      expect((await kafka.produce(place, batch)).error).toBe('NONE');
      const [kept] = await stored(kafka, place);
      expect(kept!.subarray(16)).toEqual(batch.subarray(16));
    },
  );
}

const gzipped = { compression: 'gzip' } as const;
const int32 =
  (at: number, value: number) =>
  (bytes: Buffer): number =>
    bytes.writeInt32BE(value, at);

/** What is sent, the error, and the log start that stands in the answer. */
const refused: [string, string, number, () => Buffer][] = [
  ['a bad CRC', 'CORRUPT_MESSAGE', -1, () => badCrc(batchOf(['a']))],
  ['empty records', 'INVALID_RECORD', -1, () => Buffer.alloc(0)],
  ['two batches', 'INVALID_RECORD', -1, () => Buffer.concat([batchOf(['a']), batchOf(['b'])])],
  ['a truncated batch', 'INVALID_RECORD', -1, () => batchOf(['abcdef']).subarray(0, 70)],
  ['10 bytes', 'INVALID_RECORD', -1, () => Buffer.alloc(10)],
  ['magic 0', 'INVALID_RECORD', -1, () => tampered(batchOf(['a']), header.magic, 0)],
  ['magic 1', 'INVALID_RECORD', -1, () => tampered(batchOf(['a']), header.magic, 1)],
  ['magic 3', 'CORRUPT_MESSAGE', -1, () => tampered(batchOf(['a']), header.magic, 3)],
  ['magic -1', 'CORRUPT_MESSAGE', -1, () => tampered(batchOf(['a']), header.magic, 255)],
  ['base offset 7', 'INVALID_RECORD', 0, () => batchOf(['a'], { baseOffset: 7 })],
  ['the control bit', 'INVALID_RECORD', 0, () => batchOf(['a'], { control: true })],
  [
    'a producer without sequence',
    'INVALID_RECORD',
    0,
    () => batchOf(['a'], { producerId: 5, producerEpoch: 0, baseSequence: -1 }),
  ],
  [
    'a lastOffsetDelta that does not fit the count',
    'INVALID_RECORD',
    0,
    () => batchOf(['a'], { lastOffsetDelta: 5 }),
  ],
  ['a count of 0', 'INVALID_RECORD', 0, () => reheaded(batchOf(['a']), int32(header.count, 0))],
  [
    'a count above the records',
    'INVALID_RECORD',
    0,
    () => reheaded(batchOf(['a'], { lastOffsetDelta: 1 }), int32(header.count, 2)),
  ],
  [
    'a count below the records',
    'INVALID_RECORD',
    0,
    () => reheaded(batchOf(['a', 'b'], { lastOffsetDelta: 0 }), int32(header.count, 1)),
  ],
  [
    'a count below the records, compressed',
    'INVALID_RECORD',
    0,
    () => reheaded(batchOf(['a', 'b'], { ...gzipped, lastOffsetDelta: 0 }), int32(header.count, 1)),
  ],
  [
    'garbage for records',
    'UNKNOWN_SERVER_ERROR',
    0,
    () => reheaded(batchOf(['abcdefgh']), (bytes) => bytes.fill(0xff, header.records)),
  ],
  [
    'garbage said to be gzip',
    'UNKNOWN_SERVER_ERROR',
    0,
    () => reheaded(batchOf(['abcdefgh']), (bytes) => bytes.writeInt16BE(1, header.attributes)),
  ],
  [
    'codec 5',
    'UNKNOWN_SERVER_ERROR',
    0,
    () => reheaded(batchOf(['a']), (bytes) => bytes.writeInt16BE(5, header.attributes)),
  ],
  [
    'codec 7',
    'UNKNOWN_SERVER_ERROR',
    0,
    () => reheaded(batchOf(['a']), (bytes) => bytes.writeInt16BE(7, header.attributes)),
  ],
  [
    'wrong offset deltas in a compressed batch',
    'UNKNOWN_SERVER_ERROR',
    0,
    () => {
      const records = [0, 5].map((offset) => ({ key: 'k', value: 'v', offset }));
      return encodeBatch({ records, ...gzipped, lastOffsetDelta: 1, baseTimestamp: 500 });
    },
  ],
];
for (const [what, error, logStartOffset, make] of refused) {
  produce.holds(`${what}: ${error}, log start ${logStartOffset}`, async (kafka) => {
    const place = await kafka.place();
    const answer = await kafka.produce(place, make());
    const nothing = { baseOffset: -1, logAppendTimeMs: -1, logStartOffset };
    expect(answer).toMatchObject({ error, ...nothing });
    expect((await kafka.list(place, -1)).offset).toBe(0);
  });
}

produce.holds('the order of the log checks is base offset, size, CRC', async (kafka) => {
  const [place] = await kafka.topic({ 'max.message.bytes': '1000' });
  const large = 'x'.repeat(2000);
  const all = badCrc(batchOf([large], { baseOffset: 5 }));
  expect((await kafka.produce(place!, all)).error).toBe('INVALID_RECORD');
  expect((await kafka.produce(place!, badCrc(batchOf([large])))).error).toBe('MESSAGE_TOO_LARGE');
  const small = badCrc(batchOf(['a'], { baseOffset: 5 }));
  expect((await kafka.produce(place!, small)).error).toBe('INVALID_RECORD');
});

produce.holds('max.message.bytes counts the batch as compressed', async (kafka) => {
  const size = batchOf(['x'.repeat(900)]).length;
  const [place] = await kafka.topic({ 'max.message.bytes': String(size) });
  expect((await kafka.produce(place!, batchOf(['x'.repeat(900)]))).error).toBe('NONE');
  const above = await kafka.produce(place!, batchOf(['x'.repeat(901)]));
  expect(above).toMatchObject({ error: 'MESSAGE_TOO_LARGE', logStartOffset: -1 });
  const zeros = batchOf([Buffer.alloc(5000)], gzipped);
  expect((await kafka.produce(place!, zeros)).error).toBe('NONE');
});

produce.holds('the default limit is 1,048,588 bytes', async (kafka) => {
  const place = await kafka.place();
  const sized = (bytes: number): Buffer => {
    const rest = batchOf([Buffer.alloc(1_000_000)]).length - 1_000_000;
    return batchOf([Buffer.alloc(bytes - rest)]);
  };
  expect(sized(1_048_588)).toHaveLength(1_048_588);
  expect((await kafka.produce(place, sized(1_048_588))).error).toBe('NONE');
  expect((await kafka.produce(place, sized(1_048_589))).error).toBe('MESSAGE_TOO_LARGE');
});

produce.holds('a batch above segment.bytes: RECORD_LIST_TOO_LARGE', async (kafka) => {
  const [place] = await kafka.topic({ 'segment.bytes': '1048576', 'max.message.bytes': '3000000' });
  const answer = await kafka.produce(place!, batchOf([Buffer.alloc(2_000_000)]));
  expect(answer).toMatchObject({ error: 'RECORD_LIST_TOO_LARGE', logStartOffset: -1 });
});

for (const version of [3, 6]) {
  produce.holds(
    `zstd in v${version}: UNSUPPORTED_COMPRESSION_TYPE, from v7 fine`,
    async (kafka) => {
      const place = await kafka.place();
      const zstd = () => batchOf(['a'], { compression: 'zstd' });
      const answer = await kafka.produce(place, zstd(), { version });
      const refusal = { error: 'UNSUPPORTED_COMPRESSION_TYPE', logStartOffset: -1 };
      expect(answer).toMatchObject(refusal);
      expect((await kafka.produce(place, zstd(), { version: 7 })).error).toBe('NONE');
    },
  );
}

for (const policy of ['compact', 'compact,delete']) {
  produce.holds(`null keys on a ${policy} topic are told one by one`, async (kafka) => {
    const [place] = await kafka.topic({ 'cleanup.policy': policy });
    const records = [{ value: 'a' }, { key: 'k', value: 'b' }, { value: 'c' }];
    const answer = await kafka.produce(place!, encodeBatch({ records }), { version: 8 });
    expect(answer).toMatchObject({ error: 'INVALID_RECORD', logStartOffset: 0 });
    const where = `in topic partition ${place!.topic}-0`;
    const text = `Compacted topic cannot accept message without key ${where}`;
    expect(answer.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([0, 2]);
    for (const { batchIndexErrorMessage } of answer.recordErrors) {
      expect(batchIndexErrorMessage).toContain(text);
    }
    expect(answer.errorMessage).toContain(
      'One or more records have been rejected due to 2 record errors in total, ' +
        'and only showing the first three errors at most: [',
    );
  });
}

produce.holds(
  'on a compacted topic an empty key is fine, and the CRC comes first',
  async (kafka) => {
    const [place] = await kafka.topic({ 'cleanup.policy': 'compact' });
    const keyless = encodeBatch({ records: [{ value: 'b' }] });
    expect((await kafka.produce(place!, badCrc(keyless))).error).toBe('CORRUPT_MESSAGE');
    const empty = encodeBatch({ records: [{ key: '', value: 'a' }] });
    expect((await kafka.produce(place!, empty)).error).toBe('NONE');
  },
);
