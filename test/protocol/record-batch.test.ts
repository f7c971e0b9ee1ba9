import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  batchesIn,
  batchLength,
  batchMagic,
  checkCrc,
  crc32c,
  decodeBatch,
  decodeMarker,
  encodeBatch,
  encodeMarker,
  ProtocolError,
  readBatchHeader,
  rewriteBaseOffset,
  rewriteTimestamp,
  type NewBatch,
} from '#protocol';

const require = createRequire(import.meta.url);
const KafkajsDecoder = require('kafkajs/src/protocol/decoder');
const decodeKafkajsBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder');

const bytes = fc.uint8Array({ maxLength: 30 }).map((content) => Buffer.from(content));
const maybeBytes = fc.option(bytes);
const header = fc.record(
  { key: fc.string({ unit: 'binary' }), value: maybeBytes },
  { noNullPrototype: true },
);
const record = fc.record({
  key: maybeBytes,
  value: maybeBytes,
  headers: fc.array(header, { maxLength: 3 }),
  timestamp: fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
});
const newBatch = fc.record({
  records: fc.array(record, { maxLength: 5 }),
  baseOffset: fc.nat(2 ** 31 - 1),
  partitionLeaderEpoch: fc.integer(),
  producerId: fc.maxSafeNat(),
  producerEpoch: fc.nat(32_767),
  baseSequence: fc.nat(),
  compression: fc.constantFrom('none', 'gzip', 'zstd'),
  transactional: fc.boolean(),
  control: fc.boolean(),
  baseTimestamp: fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
});

describe('a batch', () => {
  test('comes back as it was written', () => {
    fc.assert(
      fc.property(newBatch, (batch: NewBatch) => {
        const encoded = encodeBatch(batch);
        const { records, ...header } = batch;
        const decoded = decodeBatch(encoded);
        expect(decoded).toMatchObject({ ...header, magic: 2, sizeBytes: encoded.length });
        expect(decoded.count).toBe(records.length);
        expect(decoded.maxTimestamp).toBe(
          Math.max(batch.baseTimestamp ?? 0, ...records.map((one) => one.timestamp ?? 0)),
        );
        expect(decoded.records).toStrictEqual(
          records.map((one, index) => ({ ...one, offset: (batch.baseOffset ?? 0) + index })),
        );
        expect(checkCrc(encoded)).toBe(true);
      }),
    );
  });

  test('written by us is read alike by kafkajs, plain and gzipped', async () => {
    const readable = fc.record({
      records: fc.array(record, { minLength: 1, maxLength: 5 }),
      baseOffset: fc.nat(2 ** 31 - 1),
      compression: fc.constantFrom('none', 'gzip'),
      producerId: fc.maxSafeNat(),
    });
    await fc.assert(
      fc.asyncProperty(readable, async (batch: NewBatch) => {
        const encoded = encodeBatch(batch);
        const ours = decodeBatch(encoded).records;
        const theirs = await decodeKafkajsBatch(new KafkajsDecoder(encoded));
        expect(theirs.producerId).toBe(String(batch.producerId));
        expect(theirs.records.map(kafkajsRecord)).toStrictEqual(
          ours.map(({ offset, timestamp, key, value }) => ({
            offset: String(offset),
            timestamp: String(timestamp),
            key,
            value,
          })),
        );
      }),
    );
  });

  test('has the bytes that Kafka documents', () => {
    const encoded = encodeBatch({
      records: [{ key: 'k', value: 'v', timestamp: 1000, headers: [{ key: 'h', value: null }] }],
      baseOffset: 5,
      partitionLeaderEpoch: 3,
      producerId: 9,
      producerEpoch: 1,
      baseSequence: 7,
      transactional: true,
    });
    const body = [
      '0010 00000000 00000000000003e8 00000000000003e8 0000000000000009 0001 00000007 00000001',
      '16 00 00 00 02 6b 02 76 02 02 68 01',
    ];
    const hex = body.join('').replaceAll(' ', '');
    const crc = crc32c(Buffer.from(hex, 'hex')).toString(16).padStart(8, '0');
    expect(encoded.toString('hex')).toBe(`00000000000000050000003d0000000302${crc}${hex}`);
  });

  test('keeps its gaps and its last offset when compaction took records out', () => {
    const encoded = encodeBatch({
      baseOffset: 10,
      records: [
        { value: 'a', offset: 12 },
        { value: 'b', offset: 15 },
      ],
      lastOffsetDelta: 9,
    });
    const batch = decodeBatch(encoded);
    expect(batch.records.map(({ offset }) => offset)).toEqual([12, 15]);
    expect(batch.lastOffsetDelta).toBe(9);
  });

  test('may be empty', () => {
    const batch = decodeBatch(encodeBatch({ records: [], baseOffset: 4, lastOffsetDelta: 1 }));
    expect(batch).toMatchObject({ baseOffset: 4, lastOffsetDelta: 1, count: 0, records: [] });
  });

  test('that is stamped with log append time gives that time to every record', () => {
    const encoded = encodeBatch({ records: [{ timestamp: 5 }, { timestamp: 3 }] });
    rewriteTimestamp(encoded, { maxTimestamp: 99, logAppendTime: true });
    const batch = decodeBatch(encoded);
    expect(batch).toMatchObject({ logAppendTime: true, maxTimestamp: 99, baseTimestamp: 5 });
    expect(batch.records.map(({ timestamp }) => timestamp)).toEqual([99, 99]);
    expect(checkCrc(encoded)).toBe(true);
    rewriteTimestamp(encoded, { maxTimestamp: 5, logAppendTime: false });
    expect(decodeBatch(encoded).records.map(({ timestamp }) => timestamp)).toEqual([5, 3]);
    expect(checkCrc(encoded)).toBe(true);
  });

  test('keeps its checksum when offset and leader epoch are rewritten, wherever it lies', () => {
    const one = encodeBatch({ records: [{ value: 'a' }] });
    const both = Buffer.concat([one, one]);
    rewriteBaseOffset(both, 2 ** 40 + 1, 6, one.length);
    expect(both.subarray(0, one.length)).toStrictEqual(one);
    expect(readBatchHeader(both, one.length)).toMatchObject({
      baseOffset: 2 ** 40 + 1,
      partitionLeaderEpoch: 6,
    });
    expect(decodeBatch(both, one.length).records[0]?.offset).toBe(2 ** 40 + 1);
    expect(checkCrc(both, one.length)).toBe(true);
  });

  test('has another checksum when any bit behind it is another', () => {
    const encoded = encodeBatch({ records: [{ value: 'content' }] });
    fc.assert(
      fc.property(fc.integer({ min: 21, max: encoded.length - 1 }), fc.nat(7), (at, bit) => {
        const changed = Buffer.from(encoded);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        expect(checkCrc(changed)).toBe(false);
      }),
    );
  });
});

function kafkajsRecord({ offset, timestamp, key, value }: any): object {
  return { offset, timestamp, key, value };
}

describe('a buffer of several batches', () => {
  const first = encodeBatch({ records: [{ value: 'a' }, { value: 'b' }] });
  const second = encodeBatch({ records: [{ value: 'c' }], baseOffset: 2 });

  test('is walked batch by batch, without the one cut off at its end', () => {
    const cut = Buffer.concat([first, second, first.subarray(0, 70)]);
    const values = [...batchesIn(cut)].flatMap(({ records }) => records.map(({ value }) => value));
    expect(values.map(String)).toEqual(['a', 'b', 'c']);
    expect([...batchesIn(Buffer.alloc(0))]).toEqual([]);
  });

  test('tells length and magic of each before anything is decoded', () => {
    const both = Buffer.concat([first, second]);
    expect(batchLength(both)).toBe(first.length);
    expect(batchLength(both, first.length)).toBe(second.length);
    expect(batchLength(both, both.length - 11)).toBeUndefined();
    expect(batchMagic(both, first.length)).toBe(2);
    expect(batchMagic(both.subarray(0, 16))).toBeUndefined();
  });
});

describe('a transaction marker', () => {
  test.each(['commit', 'abort'] as const)('to %s comes back as it was written', (type) => {
    const encoded = encodeMarker({
      type,
      coordinatorEpoch: 4,
      producerId: 12,
      producerEpoch: 3,
      timestamp: 1000,
      baseOffset: 8,
    });
    const batch = decodeBatch(encoded);
    expect(batch).toMatchObject({
      baseOffset: 8,
      producerId: 12,
      producerEpoch: 3,
      baseSequence: -1,
      control: true,
      transactional: true,
      maxTimestamp: 1000,
    });
    expect(decodeMarker(batch)).toEqual({ type, coordinatorEpoch: 4 });
    expect(checkCrc(encoded)).toBe(true);
  });

  test('is the one record Kafka writes', () => {
    const marker = { type: 'commit', coordinatorEpoch: 1, timestamp: 0 } as const;
    const batch = decodeBatch(encodeMarker({ ...marker, producerId: 1, producerEpoch: 0 }));
    expect(batch.records).toHaveLength(1);
    expect(batch.records[0]?.key?.toString('hex')).toBe('00000001');
    expect(batch.records[0]?.value?.toString('hex')).toBe('000000000001');
  });

  test('is not seen in data or in other control batches', () => {
    const key = Buffer.from([0, 0, 0, 1]);
    const value = Buffer.alloc(6);
    expect(decodeMarker(decodeBatch(encodeBatch({ records: [{ key, value }] })))).toBeUndefined();
    const leaderChange = Buffer.from([0, 0, 0, 2]);
    const control = encodeBatch({ control: true, records: [{ key: leaderChange, value }] });
    expect(decodeMarker(decodeBatch(control))).toBeUndefined();
  });
});

describe('records that cannot be had', () => {
  const encoded = encodeBatch({ records: [{ value: 'a' }, { value: 'b' }] });
  const changed = (at: number, value: number): Buffer => {
    const copy = Buffer.from(encoded);
    copy[at] = value;
    return copy;
  };

  test.each([
    [2, 'snappy'],
    [3, 'lz4'],
    [5, 'unknown'],
    [7, 'unknown'],
  ])('codec %i is named, and only asking for records throws', (codec, compression) => {
    const batch = decodeBatch(changed(22, codec));
    expect(batch).toHaveProperty('compression', compression);
    expect(kindOf(() => batch.records)).toBe('unsupported-codec');
  });

  test('more or fewer of them than announced is a wrong count', () => {
    for (const count of [0, 1, 3, 200]) {
      expect(kindOf(() => decodeBatch(changed(60, count)).records)).toBe('wrong-count');
    }
    expect(kindOf(() => decodeBatch(changed(57, 0x80)).records)).toBe('wrong-count');
  });

  test('a broken record, or what gzip and zstd cannot open, is malformed', () => {
    expect(kindOf(() => decodeBatch(changed(61, 0x7e)).records)).toBe('malformed');
    expect(kindOf(() => decodeBatch(changed(22, 1)).records)).toBe('malformed');
    expect(kindOf(() => decodeBatch(changed(22, 4)).records)).toBe('malformed');
  });

  test('a batch that is cut, too short or of another magic has not even a header', () => {
    expect(kindOf(() => readBatchHeader(encoded.subarray(0, -1)))).toBe('malformed');
    expect(kindOf(() => readBatchHeader(encoded.subarray(0, 11)))).toBe('malformed');
    expect(kindOf(() => readBatchHeader(changed(11, 20)))).toBe('malformed');
    expect(kindOf(() => readBatchHeader(changed(16, 1)))).toBe('malformed');
  });
});

function kindOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ProtocolError) return error.kind;
    throw error;
  }
  return 'nothing thrown';
}
