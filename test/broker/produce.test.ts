import { crc32c, encodeBatch, readBatchHeader } from '#protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { batchOf, Desk, tampered } from './desk.ts';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
  desk.broker.createTopic('plain', 2);
});

/** Changes header bytes and makes the CRC fit again. */
function reheaded(batch: Buffer, change: (bytes: Buffer) => void): Buffer {
  const copy = Buffer.from(batch);
  change(copy);
  copy.writeUInt32BE(crc32c(copy, 21), 17);
  return copy;
}

describe('a good batch', () => {
  test.each([3, 5, 7, 8, 9, 11])('Produce v%i is answered NONE with its base offset', (version) => {
    desk.produce('plain', batchOf(['a', 'b']), { version });
    const answer = desk.produce('plain', batchOf(['c']), { version });
    expect(answer).toMatchObject({ error: 'NONE', baseOffset: 2, logAppendTimeMs: -1 });
    expect(answer.logStartOffset).toBe(version >= 5 ? 0 : -1);
  });

  test('is stored as sent, but for base offset and leader epoch', () => {
    const sent = batchOf(['a'], { compression: 'gzip', partitionLeaderEpoch: 7 });
    desk.produce('plain', batchOf(['first']));
    desk.produce('plain', sent);
    const [, stored] = [...readAll('plain')];
    expect(stored!.subarray(16)).toEqual(sent.subarray(16));
    expect(readBatchHeader(stored!)).toMatchObject({ baseOffset: 1, partitionLeaderEpoch: 0 });
  });

  test('does not share memory with what came over the wire', () => {
    const sent = batchOf(['precious']);
    desk.produce('plain', sent);
    sent.fill(0);
    expect(desk.broker.read('plain', 0)[0]!.records[0]!.value!.toString()).toBe('precious');
  });

  test('a wrong maximum timestamp is corrected and the CRC renewed', () => {
    const wrong = reheaded(batchOf(['a']), (bytes) => bytes.writeBigInt64BE(99n, 35));
    expect(desk.produce('plain', wrong).error).toBe('NONE');
    const [batch] = desk.broker.read('plain', 0);
    expect(batch!.maxTimestamp).toBe(500);
    expect(batch!.crc).toBe(readBatchHeader(batchOf(['a'])).crc);
  });

  test("kafkajs's own: producer -1, epoch 0, sequence 0, again and again", () => {
    const sent = () => batchOf(['a'], { producerId: -1, producerEpoch: 0, baseSequence: 0 });
    expect(desk.produce('plain', sent()).baseOffset).toBe(0);
    expect(desk.produce('plain', sent()).baseOffset).toBe(1);
  });

  test('a timestamp below the base timestamp is legal', () => {
    const records = [
      { key: 'a', value: 'a', timestamp: 1000 },
      { key: 'b', value: 'b', timestamp: 400 },
    ];
    expect(desk.produce('plain', encodeBatch({ records })).error).toBe('NONE');
    expect(desk.broker.read('plain', 0)[0]!.maxTimestamp).toBe(1000);
  });

  test.each([5, 70])('%i bytes of garbage behind the batch are dropped', (count) => {
    const sent = batchOf(['a']);
    expect(desk.produce('plain', Buffer.concat([sent, Buffer.alloc(count, 1)])).error).toBe('NONE');
    expect([...readAll('plain')][0]!.length).toBe(sent.length);
  });

  test('the log tells whoever listens, with the connection', () => {
    desk.produce('plain', batchOf(['a']));
    expect(desk.events).toMatchObject([
      { kind: 'appended', topic: 'plain', partition: 0, baseOffset: 0, connection: 1 },
    ]);
  });
});

describe('a batch that Kafka refuses', () => {
  const sequenceAt = 53;
  const cases: [string, string, number, () => Buffer][] = [
    ['bad CRC', 'CORRUPT_MESSAGE', -1, () => tampered(batchOf(['a']), 18, 0x55)],
    ['empty records', 'INVALID_RECORD', -1, () => Buffer.alloc(0)],
    ['two batches', 'INVALID_RECORD', -1, () => Buffer.concat([batchOf(['a']), batchOf(['b'])])],
    ['a truncated batch', 'INVALID_RECORD', -1, () => batchOf(['a']).subarray(0, 65)],
    ['10 bytes', 'INVALID_RECORD', -1, () => batchOf(['a']).subarray(0, 10)],
    ['magic 0', 'INVALID_RECORD', -1, () => tampered(batchOf(['a']), 16, 0)],
    ['magic 1', 'INVALID_RECORD', -1, () => tampered(batchOf(['a']), 16, 1)],
    ['magic 3', 'CORRUPT_MESSAGE', -1, () => tampered(batchOf(['a']), 16, 3)],
    ['magic -1', 'CORRUPT_MESSAGE', -1, () => tampered(batchOf(['a']), 16, 255)],
    ['base offset 7', 'INVALID_RECORD', 0, () => batchOf(['a'], { baseOffset: 7 })],
    ['the control bit', 'INVALID_RECORD', 0, () => batchOf(['a'], { control: true })],
    [
      'a producer without sequence',
      'INVALID_RECORD',
      0,
      () => reheaded(batchOf(['a'], { producerId: 5 }), (b) => b.writeInt32BE(-1, sequenceAt)),
    ],
    [
      'lastOffsetDelta that does not fit the count',
      'INVALID_RECORD',
      0,
      () => batchOf(['a'], { lastOffsetDelta: 5 }),
    ],
    [
      'a count of 0',
      'INVALID_RECORD',
      0,
      () => reheaded(batchOf(['a']), (bytes) => bytes.writeInt32BE(0, 57)),
    ],
    [
      'a count above the real records',
      'INVALID_RECORD',
      0,
      () =>
        reheaded(batchOf(['a']), (bytes) => {
          bytes.writeInt32BE(2, 57);
          bytes.writeInt32BE(1, 23);
        }),
    ],
    [
      'a count below the real records',
      'INVALID_RECORD',
      0,
      () =>
        reheaded(batchOf(['a', 'b']), (bytes) => {
          bytes.writeInt32BE(1, 57);
          bytes.writeInt32BE(0, 23);
        }),
    ],
    [
      'garbage for records',
      'UNKNOWN_SERVER_ERROR',
      0,
      () => reheaded(batchOf(['abcdefgh']), (bytes) => bytes.fill(0xff, 61)),
    ],
    [
      'garbage said to be gzip',
      'UNKNOWN_SERVER_ERROR',
      0,
      () => reheaded(batchOf(['abcdefgh']), (bytes) => bytes.writeInt16BE(1, 21)),
    ],
    [
      'an unknown codec',
      'UNKNOWN_SERVER_ERROR',
      0,
      () => reheaded(batchOf(['a']), (bytes) => bytes.writeInt16BE(6, 21)),
    ],
  ];
  test.each(cases)('%s → %s, log start %i', (_name, error, logStartOffset, make) => {
    const answer = desk.produce('plain', make());
    expect(answer).toMatchObject({ error, logStartOffset, baseOffset: -1, logAppendTimeMs: -1 });
    expect(desk.broker.offsets('plain', 0).highWatermark).toBe(0);
  });

  test('the order of the log checks is base offset, size, CRC', () => {
    desk.broker.createTopic('small', 1, { 'max.message.bytes': '100' });
    const large = 'x'.repeat(200);
    const all = tampered(batchOf([large], { baseOffset: 5 }), 18, 0x55);
    expect(desk.produce('small', all).error).toBe('INVALID_RECORD');
    const two = tampered(batchOf([large]), 18, 0x55);
    expect(desk.produce('small', two).error).toBe('MESSAGE_TOO_LARGE');
  });

  test('max.message.bytes counts the whole batch', () => {
    const size = batchOf(['abc']).length;
    desk.broker.createTopic('fits', 1, { 'max.message.bytes': String(size) });
    expect(desk.produce('fits', batchOf(['abc'])).error).toBe('NONE');
    expect(desk.produce('fits', batchOf(['abcd'])).error).toBe('MESSAGE_TOO_LARGE');
  });

  test('a batch above segment.bytes → RECORD_LIST_TOO_LARGE', () => {
    desk.broker.createTopic('tiny', 1, { 'segment.bytes': '100' });
    expect(desk.produce('tiny', batchOf(['x'.repeat(200)]))).toMatchObject({
      error: 'RECORD_LIST_TOO_LARGE',
      logStartOffset: -1,
    });
  });

  test.each([3, 6])('zstd in v%i → UNSUPPORTED_COMPRESSION_TYPE, from v7 fine', (version) => {
    const zstd = () => batchOf(['a'], { compression: 'zstd' });
    expect(desk.produce('plain', zstd(), { version }).error).toBe('UNSUPPORTED_COMPRESSION_TYPE');
    expect(desk.produce('plain', zstd(), { version: 7 }).error).toBe('NONE');
  });

  test.each(['compact', 'compact,delete'])(
    'a null key on a %s topic, told per record',
    (policy) => {
      desk.broker.createTopic('T', 1, { 'cleanup.policy': policy });
      const records = [{ value: 'a' }, { key: 'k', value: 'b' }, { value: 'c' }];
      const answer = desk.produce('T', encodeBatch({ records }), { version: 8 });
      expect(answer).toMatchObject({ error: 'INVALID_RECORD', logStartOffset: 0 });
      expect(answer.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([0, 2]);
      expect(answer.recordErrors[0]!.batchIndexErrorMessage).toContain('topic partition T-0');
      expect(answer.errorMessage).toContain('due to 2 record errors in total');
      expect(desk.produce('T', encodeBatch({ records: [{ key: '', value: 'a' }] })).error).toBe(
        'NONE',
      );
    },
  );

  test('a timestamp too far ahead → INVALID_TIMESTAMP where the topic sets a limit', () => {
    desk.broker.createTopic('timely', 1, { 'message.timestamp.after.max.ms': '1000' });
    const at = (timestamp: number) =>
      desk.produce('timely', encodeBatch({ records: [{ key: 'k', value: 'v', timestamp }] }));
    expect(at(desk.nowMs + 1000).error).toBe('NONE');
    expect(at(desk.nowMs + 1001)).toMatchObject({ error: 'INVALID_TIMESTAMP', logStartOffset: 0 });
  });
});

describe('a LogAppendTime topic', () => {
  beforeEach(() => {
    desk.broker.createTopic('stamped', 1, { 'message.timestamp.type': 'LogAppendTime' });
  });

  test('stamps the batch with the time of the append and says so', () => {
    expect(desk.produce('stamped', batchOf(['a'])).logAppendTimeMs).toBe(desk.nowMs);
    const [batch] = desk.broker.read('stamped', 0);
    expect(batch).toMatchObject({ logAppendTime: true, maxTimestamp: desk.nowMs });
    expect(batch!.baseTimestamp).toBe(500);
    expect(crc32c([...readAll('stamped')][0]!, 21)).toBe(batch!.crc);
  });

  test('refuses a producer that sets the bit itself; elsewhere the bit is cleared', () => {
    const stamped = () => batchOf(['a'], { logAppendTime: true });
    expect(desk.produce('stamped', stamped())).toMatchObject({
      error: 'INVALID_TIMESTAMP',
      logStartOffset: 0,
    });
    expect(desk.produce('plain', stamped()).error).toBe('NONE');
    expect(desk.broker.read('plain', 0)[0]!.logAppendTime).toBe(false);
  });
});

describe('a request', () => {
  test('unknown partitions are refused and the others proceed', () => {
    const at = (index: number) => ({ index, records: batchOf(['a']) });
    const { responses } = desk.produceAll([
      { name: 'plain', partitionData: [at(1), at(9), at(-1)] },
      { name: 'nope', partitionData: [at(0)] },
    ]);
    const codes = responses.flatMap((topic: any) =>
      topic.partitionResponses.map((one: any) => one.errorCode),
    );
    expect(codes).toEqual([0, 3, 3, 3]);
  });

  test('the same partition twice: only the last entry counts, topics are merged', () => {
    const { responses } = desk.produceAll([
      { name: 'plain', partitionData: [{ index: 0, records: batchOf(['lost']) }] },
      { name: 'plain', partitionData: [{ index: 0, records: batchOf(['kept']) }] },
    ]);
    expect(responses).toHaveLength(1);
    expect(responses[0].partitionResponses).toHaveLength(1);
    const stored = desk.broker.read('plain', 0).flatMap(({ records }) => records);
    expect(stored.map(({ value }) => value!.toString())).toEqual(['kept']);
  });

  test.each([2, -2])('acks %i → INVALID_REQUIRED_ACKS', (acks) => {
    const answer = desk.produce('plain', batchOf(['a']), { acks });
    expect(answer).toMatchObject({ error: 'INVALID_REQUIRED_ACKS', baseOffset: -1 });
  });

  test('acks 0 is not answered, and closes the connection when something failed', () => {
    expect(desk.produce('plain', batchOf(['a']), { acks: 0 }).error).toBe('none');
    expect(desk.broker.offsets('plain', 0).highWatermark).toBe(1);
    expect(desk.produce('nope', batchOf(['a']), { acks: 0 }).error).toBe('close');
    expect(desk.produce('plain', Buffer.alloc(0), { acks: 0 }).error).toBe('close');
  });

  test('null records close the connection (Kafka would never answer)', () => {
    expect(desk.produce('plain', null).error).toBe('close');
  });

  test.each([null, 'some-id'])('a transactional batch with id %s is refused', (transactionalId) => {
    const batch = batchOf(['a'], { transactional: true, producerId: 1, producerEpoch: 0 });
    const { error, logStartOffset } = desk.produce('plain', batch, { transactionalId });
    expect(error).toBe('TRANSACTIONAL_ID_AUTHORIZATION_FAILED');
    expect(logStartOffset).toBe(-1);
  });

  test('a transactional id with a plain batch is a plain append', () => {
    expect(desk.produce('plain', batchOf(['a']), { transactionalId: 'x' }).error).toBe('NONE');
  });
});

function* readAll(topic: string): Generator<Buffer> {
  const { records } = desk.fetch([[topic, 0, 0]])[0]!;
  for (let at = 0; at < records.length; at += 12 + records.readInt32BE(at + 8)) {
    yield records.subarray(at, at + 12 + records.readInt32BE(at + 8));
  }
}
