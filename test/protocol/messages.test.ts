import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  apis,
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  ProtocolError,
  type ApiName,
} from '#protocol';
import { bodyOf, completed, messageKinds, type MessageKind } from './bodies.ts';

function encode({ api, version, direction }: MessageKind, body: object): Buffer {
  return direction === 'request'
    ? encodeRequest(api, version, 7, 'client', body)
    : encodeResponse(api, version, 7, body);
}

function decode({ api, version, direction }: MessageKind, frame: Buffer): object {
  return direction === 'request'
    ? decodeRequest(frame).body
    : decodeResponse(api, version, frame).body;
}

describe('every message of every version', () => {
  test.each(messageKinds)('$api v$version $direction comes back as it was written', (kind) => {
    const fields = apis[kind.api][kind.direction];
    fc.assert(
      fc.property(bodyOf(fields, kind.version), (body) => {
        const frame = encode(kind, body);
        expect(frame.readInt32BE(0)).toBe(frame.length - 4);
        const read = decode(kind, frame.subarray(4));
        expect(read).toStrictEqual(completed(fields, kind.version, body));
        expect(encode(kind, read)).toStrictEqual(frame);
      }),
      { numRuns: 25 },
    );
  });

  test.each(messageKinds)('$api v$version $direction left empty is all defaults', (kind) => {
    const fields = apis[kind.api][kind.direction];
    const read = decode(kind, encode(kind, {}).subarray(4));
    expect(read).toStrictEqual(completed(fields, kind.version, {}));
  });
});

test('the codec covers what Kafka 3.9 serves, and of 4 what changes transactions', () => {
  const highest = Object.fromEntries(
    (Object.keys(apis) as ApiName[]).map((api) => [api, apis[api].versions.max]),
  );
  expect(highest).toMatchObject({
    Produce: 12,
    Fetch: 17,
    ListOffsets: 9,
    Metadata: 12,
    OffsetCommit: 9,
    OffsetFetch: 9,
    FindCoordinator: 6,
    JoinGroup: 9,
    InitProducerId: 5,
    AddPartitionsToTxn: 5,
    AddOffsetsToTxn: 4,
    EndTxn: 5,
    TxnOffsetCommit: 5,
  });
});

test('a request without any tagged field is the bytes Kafka documents', () => {
  const frame = encodeRequest('Heartbeat', 3, 5, 'me', {
    groupId: 'g',
    generationId: 2,
    memberId: 'm',
    groupInstanceId: null,
  });
  const expected = '00000018 000c 0003 00000005 00026d65 000167 00000002 00016d ffff';
  expect(frame.toString('hex')).toBe(expected.replaceAll(' ', ''));
});

test('a flexible request keeps its client id a plain string and compacts the rest', () => {
  const frame = encodeRequest('Heartbeat', 4, 5, 'me', {
    groupId: 'g',
    generationId: 2,
    memberId: 'm',
    groupInstanceId: null,
  });
  const expected = '00000017 000c 0004 00000005 00026d65 00 0267 00000002 026d 00 00';
  expect(frame.toString('hex')).toBe(expected.replaceAll(' ', ''));
});

test('an ApiVersions answer has the old header in every version, others do not', () => {
  const versions = encodeResponse('ApiVersions', 3, 1, { errorCode: 0, apiKeys: [] });
  expect(versions.subarray(4).toString('hex')).toBe('00000001000001' + '00000000' + '00');
  const heartbeat = encodeResponse('Heartbeat', 4, 1, { throttleTimeMs: 0, errorCode: 0 });
  expect(heartbeat.subarray(4).toString('hex')).toBe(
    '00000001' + '00' + '00000000' + '0000' + '00',
  );
});

test('unknown tagged fields in header and body are skipped', () => {
  const known = encodeRequest('Heartbeat', 4, 5, '', { groupId: 'g' }).subarray(4);
  const header = known.subarray(0, 10);
  const body = known.subarray(11, -1);
  const tags = Buffer.from([2, 9, 3, 1, 2, 3, 200, 1, 0]);
  const frame = Buffer.concat([header, tags, body, tags]);
  expect(decodeRequest(frame).body).toStrictEqual(decodeRequest(known).body);
});

test('bytes behind a complete request are ignored', () => {
  const frame = encodeRequest('Heartbeat', 3, 5, null, { groupId: 'g' }).subarray(4);
  const longer = Buffer.concat([frame, Buffer.from('more')]);
  expect(decodeRequest(longer)).toStrictEqual(decodeRequest(frame));
});

test('records are a view of the frame, not a copy', () => {
  const records = Buffer.from('not really records');
  const frame = encodeRequest('Produce', 7, 1, null, {
    topicData: [{ name: 't', partitionData: [{ index: 0, records }] }],
  });
  const [topic] = decodeRequest(frame.subarray(4)).body.topicData;
  expect(topic.partitionData[0].records).toStrictEqual(records);
  expect(topic.partitionData[0].records.buffer).toBe(frame.buffer);
});

test('the highest and lowest 64-bit numbers come back as they came', () => {
  const frame = encodeResponse('EndTxn', 0, 0, {});
  expect(frame.length).toBe(14);
  for (const offset of [2 ** 63, -(2 ** 63), 2 ** 53, -(2 ** 53), -1, 4294967296, -4294967297]) {
    const bytes = encodeResponse('Produce', 0, 0, {
      responses: [{ name: '', partitionResponses: [{ baseOffset: offset }] }],
    });
    const { responses } = decodeResponse('Produce', 0, bytes.subarray(4)).body;
    expect(responses[0].partitionResponses[0].baseOffset).toBe(offset);
  }
  const longMax = encodeResponse('InitProducerId', 0, 0, { producerId: 2 ** 63 });
  expect(longMax.subarray(14, 22).toString('hex')).toBe('7fffffffffffffff');
});

test('long and many-byte texts survive in plain and compact form', () => {
  for (const groupId of ['é'.repeat(100), '€', 'a'.repeat(126), 'a'.repeat(127), '😀'.repeat(40)]) {
    for (const version of [3, 4]) {
      const frame = encodeRequest('Heartbeat', version, 1, groupId, { groupId });
      expect(decodeRequest(frame.subarray(4))).toMatchObject({
        clientId: groupId,
        body: { groupId },
      });
    }
  }
});

describe('a request that cannot be read says why, with the header as far as it is known', () => {
  const good = encodeRequest('Heartbeat', 3, 5, 'me', { groupId: 'g' }).subarray(4);

  test('an unknown API', () => {
    const frame = Buffer.from(good);
    frame.writeInt16BE(9999, 0);
    expect(refusal(frame)).toMatchObject({
      kind: 'unknown-api',
      header: { apiKey: 9999, version: 3, correlationId: 5, clientId: 'me' },
    });
  });

  test('a version of the future, and one below zero', () => {
    for (const version of [5, 99, -1]) {
      const frame = Buffer.from(good);
      frame.writeInt16BE(version, 2);
      expect(refusal(frame)).toMatchObject({
        kind: 'unsupported-version',
        header: { api: 'Heartbeat', version, correlationId: 5, clientId: 'me' },
      });
    }
  });

  test('a body that ends early', () => {
    expect(refusal(good.subarray(0, -3))).toMatchObject({
      kind: 'malformed',
      header: { api: 'Heartbeat', clientId: 'me' },
    });
  });

  test('no client id, or not even a header', () => {
    expect(refusal(good.subarray(0, 8))).toMatchObject({ kind: 'malformed' });
    expect(refusal(good.subarray(0, 4))).toMatchObject({ kind: 'malformed', header: {} });
  });
});

function refusal(frame: Buffer): ProtocolError {
  try {
    decodeRequest(frame);
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
  throw new Error('the frame was read');
}

test('a value that does not fit its field is our bug, named by its field', () => {
  const write = (body: object) => () => encodeRequest('Heartbeat', 3, 1, null, body);
  expect(write({ generationId: 2 ** 31 })).toThrow(
    'generationId cannot be 2147483648: it is int32',
  );
  expect(write({ generationId: '1' })).toThrow('generationId');
  expect(write({ memberId: null })).toThrow('memberId cannot be null');
  expect(write({ memberId: 'm'.repeat(40_000) })).toThrow('memberId');
  expect(() => encodeRequest('Heartbeat', 99, 1, null, {})).toThrow('Heartbeat has no version 99');
  expect(() => encodeResponse('Fetch', 4, 1, { responses: [null] })).toThrow('responses');
});
