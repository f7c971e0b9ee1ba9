/**
 * kafkajs's own encoders and decoders on one side, ours on the other, in every version kafkajs has.
 * Its decoders give fields other names, so answers are compared by their values, which a specimen
 * makes all different.
 */
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import {
  apis,
  decodeBatch,
  decodeRequest,
  encodeBatch,
  encodeRequest,
  encodeResponse,
  type ApiName,
} from '#protocol';
import { conversations } from './kafkajs-conversations.ts';
import { specimen } from './specimens.ts';

const require = createRequire(import.meta.url);
const kafkajsRequests: Record<string, any> = require('kafkajs/src/protocol/requests').requests;
const encodeKafkajs = require('kafkajs/src/protocol/request');

function definitionOf(api: ApiName): any {
  return kafkajsRequests[api === 'FindCoordinator' ? 'GroupCoordinator' : api];
}

const requests = conversations.flatMap(({ api, args, body }) =>
  definitionOf(api).versions.map((version: string) => ({
    api,
    version: Number(version),
    args,
    body: body(Number(version)),
  })),
);

describe('what kafkajs asks', () => {
  test.each(requests)('$api v$version is read, and written alike', async (row) => {
    const { request } = definitionOf(row.api).protocol({ version: row.version })(row.args);
    const { buffer } = await encodeKafkajs({ correlationId: 3, clientId: 'me', request });
    const decoded = decodeRequest(buffer.subarray(4));
    expect(decoded).toMatchObject({
      api: row.api,
      version: row.version,
      correlationId: 3,
      clientId: 'me',
      body: row.body,
    });
    const written = encodeRequest(row.api, row.version, 3, 'me', decoded.body);
    expect(written.toString('hex')).toBe(buffer.toString('hex'));
  });
});

const answers = (Object.keys(apis) as ApiName[])
  .filter((api) => definitionOf(api)?.versions.length > 0)
  .filter((api) => !['Fetch', 'DeleteRecords', 'SaslAuthenticate'].includes(api))
  .flatMap((api) =>
    (definitionOf(api).versions as string[]).map((version) => ({ api, version: Number(version) })),
  );

describe('what kafkajs is answered', () => {
  test.each(answers)('$api v$version reaches it with every value', async ({ api, version }) => {
    const body = specimen(apis[api].response, version, 'filled');
    const { response } = definitionOf(api).protocol({ version })({ topics: [] });
    const seen = leaves(await response.decode(encodeResponse(api, version, 3, body).subarray(8)));
    const lost = leaves(body, droppedBy(api)).filter((leaf) => !seen.includes(leaf));
    expect(lost).toEqual([]);
  });

  test.each([0, 1])('DeleteRecords v%i reaches it with every value', async (version) => {
    const body = {
      throttleTimeMs: 1,
      topics: [{ name: 't', partitions: [{ partitionIndex: 2, lowWatermark: 3, errorCode: 4 }] }],
    };
    const { response } = definitionOf('DeleteRecords').protocol({ version })({ topics: [] });
    const bytes = encodeResponse('DeleteRecords', version, 3, body).subarray(8);
    expect(leaves(await response.decode(bytes))).toEqual(expect.arrayContaining(leaves(body)));
  });

  test.each([4, 5, 6, 7, 8, 9, 10, 11])('Fetch v%i with two batches', async (version) => {
    const records = Buffer.concat([
      encodeBatch({ records: [{ key: 'k', value: 'v', timestamp: 5 }], baseOffset: 40 }),
      encodeBatch({ records: [{ value: 'w', timestamp: 6 }], baseOffset: 41 }),
    ]);
    const abortedTransactions = [{ producerId: 77, firstOffset: 39 }];
    const partition = { partitionIndex: 2, highWatermark: 42, lastStableOffset: 43 };
    const { request, response } = definitionOf('Fetch').protocol({ version })({ topics: [] });
    expect(request.apiVersion).toBe(version);
    const bytes = encodeResponse('Fetch', version, 3, {
      responses: [{ topic: 't', partitions: [{ ...partition, abortedTransactions, records }] }],
    });
    const decoded = await response.decode(bytes.subarray(8));
    expect(decoded.responses[0]).toMatchObject({
      topicName: 't',
      partitions: [
        {
          partition: 2,
          highWatermark: '42',
          lastStableOffset: '43',
          abortedTransactions: [{ producerId: '77', firstOffset: '39' }],
          messages: [
            { offset: '40', timestamp: '5', key: Buffer.from('k'), value: Buffer.from('v') },
            { offset: '41', timestamp: '6', key: null, value: Buffer.from('w') },
          ],
        },
      ],
    });
  });
});

describe('what kafkajs produces', () => {
  const messages = [
    { key: 'k', value: 'first', timestamp: 1000, headers: { h: 'x', many: ['1', '2'] } },
    { key: null, value: null, timestamp: 900, headers: {} },
    { key: Buffer.from([0]), value: 'é', timestamp: 1100, headers: { empty: '' } },
  ];

  for (const compression of [0, 1]) {
    test.each([3, 4, 5, 6, 7])(`Produce v%i, codec ${compression}`, async (version) => {
      const { request } = definitionOf('Produce').protocol({ version })({
        acks: -1,
        timeout: 50,
        transactionalId: 'tx',
        producerId: 12,
        producerEpoch: 2,
        compression,
        topicData: [{ topic: 't', partitions: [{ partition: 1, firstSequence: 8, messages }] }],
      });
      const { buffer } = await encodeKafkajs({ correlationId: 1, clientId: 'me', request });
      const { body } = decodeRequest(buffer.subarray(4));
      expect(body).toMatchObject({ transactionalId: 'tx', acks: -1, timeoutMs: 50 });
      const [partition] = body.topicData[0].partitionData;
      expect(partition.index).toBe(1);
      const batch = decodeBatch(partition.records);
      expect(batch).toMatchObject({
        producerId: 12,
        producerEpoch: 2,
        baseSequence: 8,
        count: 3,
        lastOffsetDelta: 2,
        transactional: true,
        compression: compression === 0 ? 'none' : 'gzip',
      });
      expect(batch.records.map(({ offset, timestamp }) => [offset, timestamp])).toEqual([
        [0, 1000],
        [1, 900],
        [2, 1100],
      ]);
      expect(batch.records.map(({ key, value }) => [key?.toString(), value?.toString()])).toEqual([
        ['k', 'first'],
        [undefined, undefined],
        ['\0', 'é'],
      ]);
      expect(batch.records[0]?.headers.map(({ key, value }) => `${key}=${String(value)}`)).toEqual([
        'h=x',
        'many=1',
        'many=2',
      ]);
      expect(encodeRequest('Produce', version, 1, 'me', body)).toStrictEqual(buffer);
    });
  }
});

/** kafkajs reads the messages of these answers and throws them away. */
function droppedBy(api: ApiName): string | undefined {
  return api.endsWith('PartitionReassignments') ? 'errorMessage' : undefined;
}

/**
 * Numbers and texts of a body; kafkajs has 64-bit numbers as text or bigint. Bytes are compared as
 * hex.
 */
function leaves(value: unknown, without?: string): string[] {
  if (['number', 'string', 'bigint'].includes(typeof value)) return [String(value)];
  if (Buffer.isBuffer(value)) return [value.toString('hex')];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value)
    .filter(([name]) => name !== without)
    .flatMap(([, inner]) => leaves(inner, without));
}
