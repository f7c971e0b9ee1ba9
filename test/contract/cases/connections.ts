/** ApiVersions, framing, and when a connection is closed. */
import { decodeResponse, encodeRequest, errorName } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';

export const connections = new Area('Connections');

/** A frame whose header is well formed, whatever it asks for. */
function frame(key: number, version: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(14);
  head.writeInt32BE(10 + body.length, 0);
  head.writeInt16BE(key, 4);
  head.writeInt16BE(version, 6);
  head.writeInt32BE(7, 8);
  head.writeInt16BE(-1, 12);
  return Buffer.concat([head, body]);
}

const name = { clientSoftwareName: 'contract', clientSoftwareVersion: '1.0-x' };

for (const version of [0, 3, 4]) {
  connections.holds(`ApiVersions v${version} lists what is served, by key`, async (kafka) => {
    const { errorCode, apiKeys } = await kafka.ask('ApiVersions', version, name);
    expect(errorName(errorCode)).toBe('NONE');
    const keys: number[] = apiKeys.map(({ apiKey }: any) => apiKey);
    expect(keys).toEqual(keys.toSorted((a, b) => a - b));
    // The wire compatibility of old librdkafka hangs on this 0.
    expect(apiKeys[0]).toMatchObject({ apiKey: 0, minVersion: 0 });
  });
}

for (const version of [5, 6, 99, -1]) {
  connections.holds(`ApiVersions v${version}: error 35 in v0, and it goes on`, async (kafka) => {
    const wire = await kafka.open();
    const answer = await wire.raw(frame(18, version, Buffer.from([0, 2, 120, 2, 49, 0])));
    expect(decodeResponse('ApiVersions', 0, answer)).toMatchObject({
      correlationId: 7,
      body: { errorCode: 35, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] },
    });
    expect((await wire.ask('ApiVersions', 0, {})).errorCode).toBe(0);
  });
}

for (const [client, version] of [
  ['', ''],
  ['a b', '1'],
  ['-x', '1'],
] as const) {
  connections.holds(`a client called "${client}" "${version}" is refused`, async (kafka) => {
    const body = { clientSoftwareName: client, clientSoftwareVersion: version };
    const answer = await kafka.ask('ApiVersions', 3, body);
    expect(answer).toMatchObject({ apiKeys: [] });
    expect(errorName(answer.errorCode)).toBe('INVALID_REQUEST');
  });
}

const closing: [string, Buffer, ('3.9' | '4')?][] = [
  ['an unknown key', frame(999, 0)],
  ['key -1', frame(-1, 0)],
  ["a broker's own key 4", frame(4, 0)],
  ["a broker's own key 52", frame(52, 0)],
  ["a broker's own key 56", frame(56, 0)],
  ['a version too new', frame(3, 99)],
  ['version -1', frame(3, -1)],
  ['length 0', Buffer.alloc(4)],
  ['length -1', Buffer.alloc(4, 255)],
  ['length 1', Buffer.from([0, 0, 0, 1, 0])],
  ['length 4', Buffer.from([0, 0, 0, 4, 0, 18, 0, 0])],
  ['a header without client id', Buffer.from([0, 0, 0, 8, 0, 18, 0, 0, 0, 0, 0, 5])],
  ['more than 100 MiB', Buffer.from([0x06, 0x40, 0x00, 0x01])],
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['a truncated body', frame(3, 5, Buffer.from([0, 0, 0, 3]))],
  ['an array of 2^31-1', frame(3, 5, Buffer.from([0x7f, 255, 255, 255, 0]))],
  ['Fetch 3', frame(1, 3, Buffer.alloc(64)), '4'],
  ['ListOffsets 0', frame(2, 0, Buffer.alloc(64)), '4'],
  ['OffsetCommit 1', frame(8, 1, Buffer.alloc(64)), '4'],
  ['Produce 0, though it is advertised', frame(0, 0, Buffer.alloc(64)), '4'],
  ['Produce 2', frame(0, 2, Buffer.alloc(64)), '4'],
];
for (const [what, bytes, line] of closing) {
  const closes = async (kafka: Parameters<Parameters<Area['holds']>[1]>[0]): Promise<void> => {
    const wire = await kafka.open();
    wire.raw(bytes).catch(() => {});
    expect(await wire.closed).toBe('closed');
  };
  if (line === undefined) connections.holds(`${what} closes the connection`, closes);
  else connections.holdsOn(line, `${what} closes the connection`, closes);
}

connections.exception(
  'Fetch 3, ListOffsets 0 and Produce 2 are still served',
  'old formats are closed, as in Kafka 4',
  async (kafka) => {
    const { topic, partition } = await kafka.place();
    const topics = [{ topic, partitions: [{ partition, fetchOffset: 0, partitionMaxBytes: 99 }] }];
    const { responses } = await kafka.ask('Fetch', 3, {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: 99,
      topics,
    });
    expect(responses[0].partitions[0].errorCode).toBe(0);
    const asked = { partitionIndex: partition, timestamp: -1, maxNumOffsets: 1 };
    const listed = await kafka.ask('ListOffsets', 0, {
      replicaId: -1,
      topics: [{ name: topic, partitions: [asked] }],
    });
    expect(listed.topics[0].partitions[0].oldStyleOffsets).toEqual([0]);
  },
  '3.9',
);

connections.holds('100 MiB announced: it waits for the bytes', async (kafka) => {
  const wire = await kafka.open();
  wire.raw(Buffer.from([0x06, 0x40, 0x00, 0x00])).catch(() => {});
  expect(await kafka.within(500, wire.closed)).toBe('waits');
});

connections.holds('bytes behind a complete request are ignored', async (kafka) => {
  const wire = await kafka.open();
  const answer = await wire.raw(frame(18, 0, Buffer.alloc(9, 7)));
  expect(decodeResponse('ApiVersions', 0, answer).body.errorCode).toBe(0);
  expect((await wire.ask('ApiVersions', 0, {})).errorCode).toBe(0);
});

connections.holds('unknown tagged fields in header and body are skipped', async (kafka) => {
  const wire = await kafka.open();
  const plain = encodeRequest('ApiVersions', 3, 7, null, name).subarray(4);
  // Header: key, version, correlation id, client id -1, tags. Body: two strings, tags.
  const tag = Buffer.from([1, 99, 2, 1, 2]);
  const tagged = Buffer.concat([
    plain.subarray(0, 10),
    tag,
    plain.subarray(11, plain.length - 1),
    tag,
  ]);
  const length = Buffer.alloc(4);
  length.writeInt32BE(tagged.length);
  const answer = await wire.raw(Buffer.concat([length, tagged]));
  expect(decodeResponse('ApiVersions', 3, answer).body.errorCode).toBe(0);
});

connections.holds('a request may come byte by byte', async (kafka) => {
  const wire = await kafka.open();
  const bytes = encodeRequest('Metadata', 9, 3, 'contract', { topics: [] });
  const answer = wire.raw(bytes.subarray(0, 1));
  for (const byte of bytes.subarray(1)) wire.send(Buffer.from([byte]));
  expect(decodeResponse('Metadata', 9, await answer).correlationId).toBe(3);
});

for (const [api, version, body] of [
  ['SaslHandshake', 1, { mechanism: 'PLAIN' }],
  ['SaslAuthenticate', 2, { authBytes: Buffer.from('me') }],
] as const) {
  connections.holds(`${api} on a plain listener: ILLEGAL_SASL_STATE`, async (kafka) => {
    const { errorCode } = await kafka.ask(api, version, body);
    expect(errorName(errorCode)).toBe('ILLEGAL_SASL_STATE');
  });
}
