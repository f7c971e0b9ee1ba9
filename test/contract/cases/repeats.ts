/** Requests that name the same thing more than once, or ask for too much at once. */
import { errorName } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { committed } from '../groups.ts';
import type { Place, Scene } from '../scene.ts';
import { newProducer } from '../transactions.ts';

export const repeats = new Area('Repeated entries');

const one = (partitionIndex: number, committedOffset: number) => ({
  partitionIndex,
  committedOffset,
  committedLeaderEpoch: -1,
  committedMetadata: '',
});
const offsetsOf = ({ topic, partition }: Place) => [
  { name: topic, partitions: [one(partition, 5), one(9999, 1), one(partition, 6)] },
  { name: 'nope', partitions: [one(0, 1), one(0, 1)] },
  { name: topic, partitions: [one(9998, 1), one(partition, 7), one(9999, 1)] },
];
const toldOf = (topics: readonly any[]) =>
  topics.map(({ name, partitions }) => [
    name,
    partitions.map(({ partitionIndex, errorCode }: any) => [partitionIndex, errorName(errorCode)]),
  ]);
const absent = (partition: number) => [partition, 'UNKNOWN_TOPIC_OR_PARTITION'];
const committers = {
  OffsetCommit: async (kafka: Scene, groupId: string, topics: object[]) => {
    const who = { generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null };
    return kafka.ask('OffsetCommit', 8, { groupId, ...who, topics });
  },
  TxnOffsetCommit: async (kafka: Scene, groupId: string, topics: object[]) => {
    const producer = await newProducer(kafka);
    await producer.addOffsets(groupId);
    const { id: transactionalId, producerId, epoch: producerEpoch } = producer;
    const who = { generationId: -1, memberId: '', groupInstanceId: null };
    const whose = { transactionalId, groupId, producerId, producerEpoch };
    const answer = await kafka.ask('TxnOffsetCommit', 3, { ...whose, ...who, topics });
    await producer.settle('commit');
    return answer;
  },
};

for (const [line, times] of [
  ['3.9', 1],
  ['4', 3],
] as const) {
  for (const [api, ask] of Object.entries(committers)) {
    repeats.holdsOn(
      line,
      `${api}: a partition three times is told ${times} times, the last offset stays`,
      async (kafka) => {
        const place = await kafka.place();
        const group = kafka.unique('g');
        const { topics } = await ask(kafka, group, offsetsOf(place));
        const unknown = [absent(9999), absent(9998), absent(9999)];
        const known = Array.from({ length: times }, () => [place.partition, 'NONE']);
        const told = Object.fromEntries(toldOf(topics));
        expect(topics).toHaveLength(2);
        expect(told).toEqual({
          [place.topic]: [...unknown, ...known],
          nope: [absent(0), absent(0)],
        });
        expect(await committed(kafka, group, place)).toBe(7);
      },
    );
  }

  for (const version of [5, 8]) {
    repeats.holdsOn(
      line,
      `OffsetFetch v${version}: a partition three times is told ${times} times`,
      async (kafka) => {
        const { topic } = await kafka.place();
        const groupId = kafka.unique('g');
        const topics = [
          { name: topic, partitionIndexes: [0, 0] },
          { name: topic, partitionIndexes: [0] },
        ];
        const body = { groupId, topics, groups: [{ groupId, topics }], requireStable: false };
        const answer = await kafka.ask('OffsetFetch', version, body);
        const told: any[] = version >= 8 ? answer.groups[0].topics : answer.topics;
        expect(told).toHaveLength(times === 1 ? 1 : 2);
        expect(told.flatMap(({ partitions }) => partitions)).toHaveLength(times);
      },
    );
  }
}

repeats.holds('Metadata: a topic twice is told once', async (kafka) => {
  const { topic } = await kafka.place();
  const names = [topic, 'nope', topic, 'nope'].map((name) => ({ name }));
  const body = { topics: names, allowAutoTopicCreation: false };
  const { topics } = await kafka.ask('Metadata', 9, body);
  expect(topics.map(({ name }: any) => name).toSorted()).toEqual([topic, 'nope'].toSorted());
});

async function createErrors(
  kafka: Scene,
  asked: readonly (readonly [name: string, numPartitions: number])[],
  timeoutMs = 10_000,
): Promise<readonly (readonly [name: string, error: string, message: string])[]> {
  const topics = asked.map(([name, numPartitions]) => ({
    name,
    numPartitions,
    replicationFactor: 1,
    assignments: [],
    configs: [],
  }));
  const body = { topics, timeoutMs, validateOnly: true };
  const answer = await kafka.ask('CreateTopics', 4, body);
  return answer.topics.map(({ name, errorCode, errorMessage }: any) => [
    name,
    errorName(errorCode),
    errorMessage ?? '',
  ]);
}

repeats.holds('CreateTopics: partitions and topics are 10,000 together at most', async (kafka) => {
  const [first, second] = [kafka.unique('t'), kafka.unique('t')];
  const ask = (partitions: number) =>
    createErrors(kafka, [
      [first, partitions],
      [second, 1],
      ['not a name', 1],
    ]);
  expect(Object.fromEntries((await ask(9_997)).map(([name, error]) => [name, error]))).toEqual({
    [first]: 'NONE',
    [second]: 'NONE',
    'not a name': 'INVALID_TOPIC_EXCEPTION',
  });
  const text = 'Unable to perform excessively large batch operation.';
  expect(await ask(9_998)).toEqual(
    [first, second, 'not a name'].map((name) => [name, 'POLICY_VIOLATION', text]),
  );
});

repeats.holds('CreateTopics: beyond 10,000 every topic is POLICY_VIOLATION', async (kafka) => {
  const { topic } = await kafka.place();
  const [large, small] = [kafka.unique('t'), kafka.unique('t')];
  const asked = [
    [large, 10_000],
    [small, 1],
    ['not a name', 0],
    [topic, 1],
  ] as const;
  const text = 'Excessively large number of partitions per request.';
  expect(await createErrors(kafka, asked)).toEqual(
    asked.map(([name]) => [name, 'POLICY_VIOLATION', text]),
  );
  const late = await createErrors(kafka, asked.slice(0, 2), 0);
  expect(late.map(([, error]) => error)).toEqual(['REQUEST_TIMED_OUT', 'REQUEST_TIMED_OUT']);
});

repeats.holds('CreateTopics: what is named twice does not count', async (kafka) => {
  const [twice, once] = [kafka.unique('t'), kafka.unique('t')];
  const told = await createErrors(kafka, [
    [twice, 10_000],
    [once, 1],
    [twice, 10_000],
  ]);
  const errors = Object.fromEntries(told.map(([name, error]) => [name, error]));
  expect(errors).toEqual({ [twice]: 'INVALID_REQUEST', [once]: 'NONE' });
});
