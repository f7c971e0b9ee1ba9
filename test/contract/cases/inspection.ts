/** What a broker tells of itself: versions, features, producers, transactions, bytes on disk. */
import { errorName } from '#protocol';
import { expect } from 'vitest';
import { offeredBy } from '../advertised.ts';
import { Area } from '../area.ts';
import { batchOf, type Place, type Scene } from '../scene.ts';
import { newProducer } from '../transactions.ts';
import type { Body } from '../wire.ts';

export const inspection = new Area('Inspection');

const client = { clientSoftwareName: 'contract', clientSoftwareVersion: '1.0' };

interface Range {
  readonly key: number;
  readonly min: number;
  readonly max: number;
}

async function offered(kafka: Scene): Promise<Range[]> {
  const { apiKeys } = await kafka.ask('ApiVersions', 3, client);
  return apiKeys.map(({ apiKey, minVersion, maxVersion }: Body) => ({
    key: apiKey,
    min: minVersion,
    max: maxVersion,
  }));
}

for (const line of ['3.9', '4'] as const) {
  inspection.exception(
    'ApiVersions offers every API of this Kafka in every version',
    'some APIs and versions are not served: advertised.ts says which',
    async (kafka) => {
      const all = offeredBy(line).map(({ key, min, max }) => ({ key, min, max }));
      expect(await offered(kafka)).toEqual(all);
    },
    line,
  );

  inspection.holdsOn(
    line,
    'ApiVersions offers no version that this Kafka does not',
    async (kafka) => {
      const known = new Map(offeredBy(line).map((one) => [one.key, one]));
      for (const { key, min, max } of await offered(kafka)) {
        const { min: lowest, max: highest } = known.get(key)!;
        // The old formats of Fetch are served by 3.9 only, and listed so.
        expect(min).toBeGreaterThanOrEqual(lowest);
        expect(max).toBeLessThanOrEqual(highest);
      }
    },
  );
}

async function features(kafka: Scene, version: number): Promise<Record<string, number[]>> {
  const { supportedFeatures } = await kafka.ask('ApiVersions', version, client);
  return Object.fromEntries(
    supportedFeatures.map((one: Body) => [one.name, [one.minVersion, one.maxVersion]]),
  );
}

inspection.holdsOn('4', 'ApiVersions v4 tells of features that v3 hides', async (kafka) => {
  expect(await features(kafka, 3)).not.toHaveProperty('transaction.version');
  expect(await features(kafka, 4)).toMatchObject({ 'transaction.version': [0, 2] });
  const { finalizedFeatures } = await kafka.ask('ApiVersions', 3, client);
  const found = finalizedFeatures.find(({ name }: Body) => name === 'transaction.version');
  expect(found).toMatchObject({ maxVersionLevel: 2, minVersionLevel: 2 });
});

inspection.holdsOn('3.9', 'ApiVersions knows no transaction.version', async (kafka) => {
  expect(await features(kafka, 4)).not.toHaveProperty('transaction.version');
});

async function producersOf(kafka: Scene, { topic, partition }: Place): Promise<Body> {
  const topics = [{ name: topic, partitionIndexes: [partition] }];
  const answer = await kafka.ask('DescribeProducers', 0, { topics });
  const [one] = answer.topics[0].partitions;
  return { ...one, error: errorName(one.errorCode) };
}

inspection.holds('DescribeProducers: epoch, sequence, no transaction', async (kafka) => {
  const place = await kafka.place();
  const producerId = await kafka.producerId();
  const baseTimestamp = Date.now() - 1_000;
  const who = { producerId, producerEpoch: 0, baseTimestamp };
  await kafka.produce(place, batchOf(['a', 'b'], { ...who, baseSequence: 0 }));
  await kafka.produce(place, batchOf(['c'], { ...who, baseSequence: 2 }));
  const { error, activeProducers } = await producersOf(kafka, place);
  expect(error).toBe('NONE');
  expect(activeProducers).toEqual([
    {
      producerId,
      producerEpoch: 0,
      lastSequence: 2,
      lastTimestamp: baseTimestamp,
      coordinatorEpoch: -1,
      currentTxnStartOffset: -1,
    },
  ]);
});

inspection.holds('DescribeProducers: where a transaction began, until it ends', async (kafka) => {
  const place = await kafka.place();
  await kafka.produce(place, batchOf(['before']));
  const producer = await newProducer(kafka);
  await producer.add(place);
  await producer.write(place, 'a');
  const during = (await producersOf(kafka, place)).activeProducers;
  expect(during).toMatchObject([
    { producerId: producer.producerId, lastSequence: 0, currentTxnStartOffset: 1 },
  ]);
  await producer.settle('commit');
  const after = (await producersOf(kafka, place)).activeProducers;
  expect(after).toMatchObject([{ coordinatorEpoch: 0, currentTxnStartOffset: -1 }]);
});

inspection.holds('DescribeProducers of what is not there', async (kafka) => {
  const unknown = { topic: kafka.unique('nope'), partition: 0 };
  const strange = { ...(await kafka.place()), partition: 999 };
  for (const place of [unknown, strange]) {
    const told = await producersOf(kafka, place);
    expect(told).toMatchObject({ error: 'UNKNOWN_TOPIC_OR_PARTITION', activeProducers: [] });
  }
});

async function transactions(kafka: Scene, filters: object, version = 1): Promise<Body> {
  const body = { stateFilters: [], producerIdFilters: [], durationFilter: -1, ...filters };
  return kafka.ask('ListTransactions', version, body);
}

inspection.holds('ListTransactions: by state, by producer, by both, by duration', async (kafka) => {
  const producer = await newProducer(kafka);
  await producer.add(await kafka.place());
  const producerIdFilters = [producer.producerId];
  const found = [
    {
      transactionalId: producer.id,
      producerId: producer.producerId,
      transactionState: 'Ongoing',
    },
  ];
  const ask = async (filters: object, version?: number) =>
    (await transactions(kafka, { producerIdFilters, ...filters }, version)).transactionStates;
  for (const version of [0, 1]) expect(await ask({}, version)).toEqual(found);
  expect(await ask({ stateFilters: ['Ongoing'] })).toEqual(found);
  expect(await ask({ stateFilters: ['Empty', 'CompleteCommit'] })).toEqual([]);
  expect(await ask({ durationFilter: 3_600_000 })).toEqual([]);
  await kafka.pass(20);
  expect(await ask({ durationFilter: 0 })).toEqual(found);
  await producer.settle('abort');
  expect(await ask({ stateFilters: ['CompleteAbort'] })).toHaveLength(1);
});

inspection.holds('ListTransactions tells states that it does not know', async (kafka) => {
  const stateFilters = ['Nonsense', 'ongoing', 'PrepareEpochFence'];
  const { errorCode, unknownStateFilters, transactionStates } = await transactions(kafka, {
    stateFilters,
    producerIdFilters: [999_999],
  });
  expect(errorName(errorCode)).toBe('NONE');
  expect(unknownStateFilters.toSorted()).toEqual(['Nonsense', 'ongoing']);
  expect(transactionStates).toEqual([]);
});

async function sizes(kafka: Scene, topics: object[], version: number): Promise<Body[]> {
  const { results } = await kafka.ask('DescribeLogDirs', version, { topics });
  expect(results).toHaveLength(1);
  expect(errorName(results[0].errorCode)).toBe('NONE');
  return results[0].topics;
}

for (const version of [1, 4]) {
  inspection.holds(`DescribeLogDirs v${version} tells bytes, of what there is`, async (kafka) => {
    const [place] = (await kafka.topic()) as [Place];
    const batch = batchOf(['a', 'b']);
    await kafka.produce(place, batch);
    const asked = [
      { topic: place.topic, partitions: [0, 999] },
      { topic: kafka.unique('nope'), partitions: [0] },
    ];
    const told = await sizes(kafka, asked, version);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      name: place.topic,
      partitions: [
        { partitionIndex: 0, partitionSize: batch.length, offsetLag: 0, isFutureKey: false },
      ],
    });
  });
}

for (const version of [0, 1]) {
  inspection.holds(
    `DescribeCluster v${version} tells the nodes that Metadata tells`,
    async (kafka) => {
      const known = await kafka.ask('Metadata', 9, { topics: [] });
      const ask = (includeClusterAuthorizedOperations: boolean): Promise<Body> =>
        kafka.ask('DescribeCluster', version, { includeClusterAuthorizedOperations });
      const { brokers, ...told } = await ask(false);
      expect(told).toMatchObject({
        errorCode: 0,
        errorMessage: null,
        clusterId: known.clusterId,
        controllerId: known.controllerId,
        clusterAuthorizedOperations: -2_147_483_648,
      });
      const nodes = known.brokers.map(({ nodeId, ...one }: Body) => ({ brokerId: nodeId, ...one }));
      expect(brokers).toEqual(nodes);
      expect((await ask(true)).clusterAuthorizedOperations).toBe(8096);
    },
  );
}

for (const [what, endpointType, error] of [
  ['controllers', 2, 'MISMATCHED_ENDPOINT_TYPE'],
  ['nodes of a kind that nobody knows', 3, 'UNSUPPORTED_ENDPOINT_TYPE'],
] as const) {
  inspection.holds(`DescribeCluster v1 of ${what}: ${error}`, async (kafka) => {
    const told = await kafka.ask('DescribeCluster', 1, { endpointType });
    expect(errorName(told.errorCode)).toBe(error);
    expect(told).toMatchObject({ clusterId: '', controllerId: -1, brokers: [] });
  });
}

inspection.holds('ListPartitionReassignments where nothing is moved', async (kafka) => {
  const { topic, partition } = await kafka.place();
  const asked = { name: topic, partitionIndexes: [partition, 999] };
  const unknown = { name: kafka.unique('nope'), partitionIndexes: [0] };
  for (const topics of [null, [], [asked, unknown]]) {
    const told = await kafka.ask('ListPartitionReassignments', 0, { timeoutMs: 5_000, topics });
    expect(told).toMatchObject({ errorCode: 0, errorMessage: null, topics: [] });
  }
});

/** A string of fewer than 128 bytes as flexible versions have it; null is nothing. */
const compact = (text: string | null): Buffer =>
  text === null ? Buffer.from([0]) : Buffer.from([text.length + 1, ...Buffer.from(text)]);

/** ConsumerGroupHeartbeat v0 of a new member without subscription. */
function heartbeatOfKip848(group: string): Buffer {
  const int = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  const frame = Buffer.concat([
    // Key, version, correlation id, no client id, no tags.
    Buffer.from([0, 68, 0, 0, 0, 0, 0, 7, 255, 255, 0]),
    compact(group),
    compact(''),
    int(0),
    compact(null),
    compact(null),
    int(60_000),
    // Subscribed to no topic, any assignor, no partitions, no tags.
    Buffer.from([1, 0, 1, 0]),
  ]);
  return Buffer.concat([int(frame.length), frame]);
}

for (const [line, error] of [
  ['3.9', 'UNSUPPORTED_VERSION'],
  ['4', 'NONE'],
] as const) {
  inspection.exception(
    `a group of KIP-848: ${error}`,
    'ConsumerGroupHeartbeat is not listed, and closes the connection',
    async (kafka) => {
      const wire = await kafka.open();
      const answer = await wire.raw(heartbeatOfKip848(kafka.unique('g')));
      // Behind the correlation id, the tags and the throttle time.
      expect(errorName(answer.readInt16BE(9))).toBe(error);
    },
    line,
  );
}
