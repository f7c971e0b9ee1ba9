/** ApiVersions, framing, and when a connection is closed. */
import { crc32 } from 'node:zlib';
import { decodeResponse, encodeRequest, errorName } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { committed } from '../groups.ts';
import { batchOf } from '../scene.ts';

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

connections.holdsOn('3.9', 'ListOffsets 0 is still served: a list of offsets', async (kafka) => {
  const place = await kafka.place();
  const listed = async (timestamp: number): Promise<number[]> => {
    const asked = { partitionIndex: place.partition, timestamp, maxNumOffsets: 9 };
    const topics = [{ name: place.topic, partitions: [asked] }];
    const [topic] = (await kafka.ask('ListOffsets', 0, { replicaId: -1, topics })).topics;
    expect(topic.partitions[0].errorCode).toBe(0);
    return topic.partitions[0].oldStyleOffsets;
  };
  expect(await listed(-1)).toEqual([0]);
  await kafka.produce(place, batchOf(['a', 'b']));
  expect(await listed(-1)).toEqual([2, 0]);
  expect(await listed(-2)).toEqual([0]);
});

connections.holdsOn('3.9', 'OffsetCommit 1 is still served', async (kafka) => {
  const [place, groupId] = [await kafka.place(), kafka.unique('g')];
  const one = { partitionIndex: place.partition, committedOffset: 7, commitTimestamp: -1 };
  const partitions = [{ ...one, committedMetadata: 'm' }];
  const { topics } = await kafka.ask('OffsetCommit', 1, {
    groupId,
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [{ name: place.topic, partitions }],
  });
  expect(topics[0].partitions[0].errorCode).toBe(0);
  expect(await committed(kafka, groupId, place)).toBe(7);
});

/** A message set of one, with the key `k`, as it was before there were batches. */
function message(value: string): Buffer {
  const int = (number: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(number);
    return bytes;
  };
  const text = (string: string): Buffer[] => [int(string.length), Buffer.from(string)];
  // Magic 1, no attributes, a timestamp.
  const rest = Buffer.concat([Buffer.from([1, 0]), Buffer.alloc(8), ...text('k'), ...text(value)]);
  return Buffer.concat([Buffer.alloc(8), int(4 + rest.length), int(crc32(rest)), rest]);
}

connections.exception(
  'Produce 2 and Fetch 3 are still served, in the old format',
  'old formats are closed, as in Kafka 4',
  async (kafka) => {
    const place = await kafka.place();
    const sent = message('v');
    expect((await kafka.produce(place, sent, { version: 2 })).error).toBe('NONE');
    const fetched = await kafka.fetch(place, 0, { version: 3 });
    expect(fetched.error).toBe('NONE');
    // Behind it Kafka fills up to the size of its own format.
    expect(fetched.records.subarray(0, sent.length)).toEqual(sent);
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
