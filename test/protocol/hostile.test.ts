/**
 * Whatever comes in, only ProtocolError comes out, and nothing is allocated by an announced size.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  apis,
  batchesIn,
  checkCrc,
  decodeBatch,
  decodeRequest,
  decodeResponse,
  describe as describeRequest,
  encodeBatch,
  encodeRequest,
  encodeResponse,
  FrameReader,
  ProtocolError,
  rewriteTimestamp,
} from '#protocol';
import { messageKinds, type MessageKind } from './bodies.ts';
import { specimen } from './specimens.ts';

function isRead(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return false;
  }
}

function frameOf({ api, version, direction }: MessageKind): Buffer {
  const body = specimen(apis[api][direction], version, 'filled');
  const bytes =
    direction === 'request'
      ? encodeRequest(api, version, 1, 'me', body)
      : encodeResponse(api, version, 1, body);
  return bytes.subarray(4);
}

function read({ api, version, direction }: MessageKind, frame: Buffer): void {
  if (direction === 'request') describeRequest(decodeRequest(frame));
  else decodeResponse(api, version, frame);
}

describe('a valid frame', () => {
  test('cut anywhere is malformed, in every version of every API', () => {
    const readDespiteCut = messageKinds.flatMap((kind) => {
      const frame = frameOf(kind);
      return Array.from({ length: frame.length }, (_, length) => length)
        .filter((length) => isRead(() => read(kind, frame.subarray(0, length))))
        .map((length) => `${kind.api} v${kind.version} ${kind.direction} at ${length}`);
    });
    expect(readDespiteCut).toEqual([]);
  });

  test('with bytes overwritten is read or refused', () => {
    const kind = fc.constantFrom(...messageKinds);
    const extreme = fc.constantFrom(0x00, 0x7f, 0x80, 0xff);
    const edit = fc.tuple(fc.nat(), fc.oneof(extreme, fc.nat(255)), fc.integer({ min: 1, max: 5 }));
    fc.assert(
      fc.property(kind, fc.array(edit, { minLength: 1, maxLength: 4 }), (message, edits) => {
        const frame = Buffer.from(frameOf(message));
        for (const [at, value, count] of edits) {
          const start = at % frame.length;
          frame.fill(value, start, Math.min(start + count, frame.length));
        }
        isRead(() => read(message, frame));
      }),
      { numRuns: 5000 },
    );
  });
});

test('random bytes are read or refused, as any message', () => {
  const content = fc.uint8Array({ maxLength: 120 });
  fc.assert(
    fc.property(fc.constantFrom(...messageKinds), content, ({ api, version, direction }, bytes) => {
      const header = Buffer.alloc(8);
      header.writeInt16BE(apis[api].key);
      header.writeInt16BE(version, 2);
      const frame = Buffer.concat([header, bytes]);
      isRead(() => read({ api, version, direction }, frame));
      isRead(() => decodeRequest(Buffer.from(bytes)));
      isRead(() => new FrameReader().push(bytes));
    }),
    { numRuns: 5000 },
  );
});

test('an announced size buys no memory', () => {
  const start = Buffer.from('0003 0001 00000001 ffff'.replaceAll(' ', ''), 'hex');
  const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
  for (const count of [2 ** 31 - 1, 2 ** 30, 100_000_000, -2, -(2 ** 31)]) {
    const length = Buffer.alloc(4);
    length.writeInt32BE(count);
    const frame = Buffer.concat([start, length, Buffer.alloc(40)]);
    expect(() => decodeRequest(frame)).toThrow('elements announced');
  }
  const compact = Buffer.from(
    '0003 0009 00000001 ffff 00 ffffffff0f 00 00'.replaceAll(' ', ''),
    'hex',
  );
  expect(() => decodeRequest(compact)).toThrow('elements announced');
  const after = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
  expect(after - before).toBeLessThan(20_000_000);
});

test('arrays of 200,000 elements in all are read, one more is malformed', () => {
  const request = (partitions: number) => {
    const topics = [
      { name: 'a', partitionIndexes: Array.from({ length: 100_000 }, () => 0) },
      { name: 'b', partitionIndexes: Array.from({ length: partitions }, () => 0) },
    ];
    return encodeRequest('OffsetFetch', 5, 1, null, { groupId: 'g', topics }).subarray(4);
  };
  expect(decodeRequest(request(99_998)).body.topics).toHaveLength(2);
  expect(() => decodeRequest(request(99_999))).toThrow('too many');
});

test('an answer is written up to the bytes it may have', () => {
  const body = { topics: Array.from({ length: 5_000 }, () => ({ name: 'topic', partitions: [] })) };
  const { length } = encodeResponse('Metadata', 9, 1, body);
  expect(encodeResponse('Metadata', 9, 1, body, length * 2)).toHaveLength(length);
  expect(() => encodeResponse('Metadata', 9, 1, body, length / 2)).toThrow(ProtocolError);
});

describe('a record batch', () => {
  const whole = encodeBatch({
    baseOffset: 3,
    records: [
      { key: 'k', value: 'v', headers: [{ key: 'h', value: 'x' }], timestamp: 1000 },
      { key: null, value: null, timestamp: -1000 },
    ],
  });
  const zipped = encodeBatch({ records: [{ value: 'v'.repeat(100) }], compression: 'gzip' });
  const zstd = encodeBatch({ records: [{ value: 'v'.repeat(100) }], compression: 'zstd' });

  function look(bytes: Buffer): void {
    isRead(() => decodeBatch(bytes).records);
    isRead(() => [...batchesIn(bytes)].map((batch) => batch.records));
    isRead(() => rewriteTimestamp(bytes, { maxTimestamp: 1, logAppendTime: true }));
    checkCrc(bytes);
  }

  test('cut anywhere is malformed', () => {
    for (let length = 0; length < whole.length; length++) {
      const cut = whole.subarray(0, length);
      expect(() => decodeBatch(cut).records).toThrow(ProtocolError);
      expect([...batchesIn(cut)]).toEqual([]);
    }
  });

  test('with bytes overwritten is read or refused', () => {
    const edit = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(
        fc.constantFrom(whole, zipped, zstd),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        (batch, edits) => {
          const bytes = Buffer.from(batch);
          for (const [at, value] of edits) bytes[at % bytes.length] = value;
          look(bytes);
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('of random bytes is read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => look(Buffer.from(bytes))),
      { numRuns: 2000 },
    );
  });

  test('whose length says nothing does not hold up the walk', () => {
    for (const length of [-12, -13, 0, -(2 ** 31), 2 ** 31 - 1]) {
      const bytes = Buffer.from(whole);
      bytes.writeInt32BE(length, 8);
      isRead(() => expect([...batchesIn(bytes)].length).toBeLessThan(2));
    }
  });
});
