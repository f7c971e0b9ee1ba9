/** CreateTopics, DeleteTopics and Metadata. */
import { errorName } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import type { Scene } from '../scene.ts';

export const topics = new Area('Topics');

const strangeId = '00112233-4455-6677-8899-aabbccddeeff';

async function create(
  kafka: Scene,
  asked: object[],
  { version = 4, ...rest }: { version?: number; validateOnly?: boolean; timeoutMs?: number } = {},
): Promise<Record<string, [string, string]>> {
  const each = asked.map((one) => ({
    numPartitions: 1,
    replicationFactor: 1,
    assignments: [],
    configs: [],
    ...one,
  }));
  const body = { topics: each, timeoutMs: 10_000, validateOnly: false, ...rest };
  const answer = await kafka.ask('CreateTopics', version, body);
  return Object.fromEntries(
    answer.topics.map((one: any) => [one.name, [errorName(one.errorCode), one.errorMessage ?? '']]),
  );
}

async function metadata(
  kafka: Scene,
  version: number,
  asked: object[] | null,
  more: object = {},
): Promise<any[]> {
  const body = { topics: asked, allowAutoTopicCreation: false, ...more };
  return (await kafka.ask('Metadata', version, body)).topics;
}
const toldOf = (told: readonly any[]) =>
  told.map(({ name, errorCode }) => [name, errorName(errorCode)]);

topics.holds(
  'a topic that exists: TOPIC_ALREADY_EXISTS, also when only validated',
  async (kafka) => {
    const { topic } = await kafka.place();
    const exists = { [topic]: ['TOPIC_ALREADY_EXISTS', `Topic '${topic}' already exists.`] };
    expect(await create(kafka, [{ name: topic }])).toEqual(exists);
    expect(await create(kafka, [{ name: topic }], { validateOnly: true })).toEqual(exists);
  },
);

const nonPositive = 'Number of partitions was set to an invalid non-positive value.';
const noFactor = 'Replication factor must be larger than 0, or -1 to use the default value.';
for (const [what, asked, error, words] of [
  ['0 partitions', { numPartitions: 0 }, 'INVALID_PARTITIONS', nonPositive],
  ['-2 partitions', { numPartitions: -2 }, 'INVALID_PARTITIONS', nonPositive],
  ['0 replicas', { replicationFactor: 0 }, 'INVALID_REPLICATION_FACTOR', noFactor],
  ['-2 replicas', { replicationFactor: -2 }, 'INVALID_REPLICATION_FACTOR', noFactor],
  [
    '3 replicas on one broker',
    { replicationFactor: 3 },
    'INVALID_REPLICATION_FACTOR',
    'Unable to replicate the partition 3 time(s): The target replication factor of 3 cannot be ' +
      'reached because only 1 broker(s) are registered',
  ],
  [
    'an unknown setting',
    { configs: [{ name: 'x', value: '1' }] },
    'INVALID_CONFIG',
    'Unknown topic config name: x',
  ],
  [
    'a value that is no number',
    { configs: [{ name: 'retention.ms', value: 'abc' }] },
    'INVALID_CONFIG',
    'Invalid value abc for configuration retention.ms: Not a number of type LONG',
  ],
  ['a setting of null', { configs: [{ name: 'retention.ms', value: null }] }, 'INVALID_CONFIG', ''],
  [
    'segments of 13 bytes',
    { configs: [{ name: 'segment.bytes', value: '13' }] },
    'INVALID_CONFIG',
    '',
  ],
  [
    'an unknown cleanup policy',
    { configs: [{ name: 'cleanup.policy', value: 'x' }] },
    'INVALID_CONFIG',
    '',
  ],
  [
    'an assignment and counts',
    { assignments: [{ partitionIndex: 0, brokerIds: [1] }] },
    'INVALID_REQUEST',
    '',
  ],
] as [string, object, string, string][]) {
  topics.holds(`${what}: ${error}`, async (kafka) => {
    const name = kafka.unique('t');
    const [code, message] = (await create(kafka, [{ name, ...asked }]))[name]!;
    expect(code).toBe(error);
    expect(message).toContain(words);
  });
}

/** Taken by 3.9, whatever it does with them; Kafka 4 has its words. */
const strict =
  'Invalid value 1048575 for configuration segment.bytes: Value must be at least 1048576';
for (const [setting, value, words] of [
  ['segment.bytes', '1048575', strict],
  ['message.format.version', '3.0-IV1', 'Unknown topic config name: message.format.version'],
  [
    'message.downconversion.enable',
    'true',
    'Unknown topic config name: message.downconversion.enable',
  ],
  [
    'message.timestamp.difference.max.ms',
    '1',
    'Unknown topic config name: message.timestamp.difference.max.ms',
  ],
] as const) {
  const created = async (kafka: Scene) => {
    const name = kafka.unique('t');
    return (await create(kafka, [{ name, configs: [{ name: setting, value }] }]))[name];
  };
  topics.holdsOn('3.9', `${setting} ${value} is accepted`, async (kafka) => {
    expect(await created(kafka)).toEqual(['NONE', '']);
  });
  topics.holdsOn('4', `${setting} ${value}: INVALID_CONFIG`, async (kafka) => {
    expect(await created(kafka)).toEqual(['INVALID_CONFIG', words]);
  });
}

topics.holds('segments of 1 MiB are accepted', async (kafka) => {
  const name = kafka.unique('t');
  const configs = [{ name: 'segment.bytes', value: '1048576' }];
  expect((await create(kafka, [{ name, configs }]))[name]).toEqual(['NONE', '']);
});

for (const [what, assignments] of [
  ['an unknown broker', [{ partitionIndex: 0, brokerIds: [9] }]],
  ['partitions that do not begin at 0', [{ partitionIndex: 1, brokerIds: [1] }]],
  ['the same broker twice', [{ partitionIndex: 0, brokerIds: [1, 1] }]],
] as const) {
  topics.holds(`an assignment to ${what}: INVALID_REPLICA_ASSIGNMENT`, async (kafka) => {
    const name = kafka.unique('t');
    const counts = { numPartitions: -1, replicationFactor: -1 };
    const answers = await create(kafka, [{ name, ...counts, assignments }]);
    expect(answers[name]![0]).toBe('INVALID_REPLICA_ASSIGNMENT');
  });
}

for (const name of ['', '.', '..', 'a b', 'ü', 'x'.repeat(250)]) {
  topics.holds(`the name "${name.slice(0, 5)}" (${name.length}) is invalid`, async (kafka) => {
    expect((await create(kafka, [{ name }]))[name]![0]).toBe('INVALID_TOPIC_EXCEPTION');
  });
}
topics.holds('a name of 249 characters is fine', async (kafka) => {
  const name = kafka.unique('t').padEnd(249, 'x');
  expect((await create(kafka, [{ name }]))[name]).toEqual(['NONE', '']);
});

topics.holds('a_b beside a.b collides, but not within one request', async (kafka) => {
  const [one, other] = [kafka.unique('t'), kafka.unique('t')];
  const pair = await create(kafka, [{ name: `${one}.a` }, { name: `${one}_a` }]);
  expect(Object.values(pair).map(([error]) => error)).toEqual(['NONE', 'NONE']);
  await create(kafka, [{ name: `${other}.a` }]);
  expect((await create(kafka, [{ name: `${other}_a` }]))[`${other}_a`]).toEqual([
    'INVALID_TOPIC_EXCEPTION',
    `Topic '${other}_a' collides with existing topic: ${other}.a`,
  ]);
});

topics.holds('a name twice is refused once, and the others proceed', async (kafka) => {
  const [twice, once] = [kafka.unique('t'), kafka.unique('t')];
  const answers = await create(kafka, [{ name: twice }, { name: once }, { name: twice }]);
  expect(answers).toEqual({
    [twice]: ['INVALID_REQUEST', 'Duplicate topic name.'],
    [once]: ['NONE', ''],
  });
});

topics.holds('-1 is the default in every version', async (kafka) => {
  for (const version of [2, 4, 7]) {
    const name = kafka.unique('t');
    const counts = { numPartitions: -1, replicationFactor: -1 };
    expect((await create(kafka, [{ name, ...counts }], { version }))[name]![0]).toBe('NONE');
  }
});

topics.holds('a timeout of 0 has passed already', async (kafka) => {
  const name = kafka.unique('t');
  expect((await create(kafka, [{ name }], { timeoutMs: 0 }))[name]![0]).toBe('REQUEST_TIMED_OUT');
});

topics.holds('validateOnly checks and creates nothing', async (kafka) => {
  const name = kafka.unique('t');
  expect((await create(kafka, [{ name }], { validateOnly: true }))[name]![0]).toBe('NONE');
  await kafka.pass(300);
  expect(toldOf(await metadata(kafka, 4, [{ name }]))).toEqual([
    [name, 'UNKNOWN_TOPIC_OR_PARTITION'],
  ]);
});

async function tellsSettings(kafka: Scene, count: number): Promise<void> {
  const configs = [{ name: 'retention.ms', value: '1234' }];
  const one = { numPartitions: 2, replicationFactor: 1, assignments: [], configs };
  const asked = [{ name: kafka.unique('t'), ...one }];
  const answer = await kafka.ask('CreateTopics', 5, { topics: asked, timeoutMs: 10_000 });
  const [told] = answer.topics;
  expect(told).toMatchObject({ errorCode: 0, numPartitions: 2, replicationFactor: 1 });
  const names: string[] = told.configs.map(({ name }: any) => name);
  expect(names).toHaveLength(count);
  expect(names).toEqual(names.toSorted());
  const retention = told.configs.find(({ name }: any) => name === 'retention.ms');
  expect(retention).toMatchObject({ value: '1234', configSource: 1 });
}

topics.holdsOn('3.9', 'from v5 on the answer tells all 36 settings by name', (kafka) =>
  tellsSettings(kafka, 36),
);

topics.holdsOn('4', 'from v5 on the answer tells all 33 settings by name', (kafka) =>
  tellsSettings(kafka, 33),
);

topics.holds('Metadata v0 takes no topics for all, later versions null', async (kafka) => {
  const { topic } = await kafka.place();
  expect(toldOf(await metadata(kafka, 0, []))).toContainEqual([topic, 'NONE']);
  expect(await metadata(kafka, 1, [])).toEqual([]);
  expect(toldOf(await metadata(kafka, 1, null))).toContainEqual([topic, 'NONE']);
});

topics.holds('Metadata: an unknown name, a bad name and an unknown id', async (kafka) => {
  const name = kafka.unique('nope');
  const told = toldOf(await metadata(kafka, 4, [{ name }, { name: 'a b' }]));
  expect(told).toContainEqual([name, 'UNKNOWN_TOPIC_OR_PARTITION']);
  expect(told).toContainEqual(['a b', 'INVALID_TOPIC_EXCEPTION']);
  const [unknown] = await metadata(kafka, 12, [{ name: null, topicId: strangeId }]);
  expect(errorName(unknown.errorCode)).toBe('UNKNOWN_TOPIC_ID');
});

topics.holds(
  'Metadata names the one node as leader, replica and in-sync replica',
  async (kafka) => {
    const { topic, partition } = await kafka.place();
    const answer = await kafka.ask('Metadata', 9, { topics: [{ name: topic }] });
    expect(answer).toMatchObject({ brokers: [{ nodeId: 1, host: '127.0.0.1' }], controllerId: 1 });
    const [told] = answer.topics;
    const one = told.partitions.find(({ partitionIndex }: any) => partitionIndex === partition);
    expect(one).toMatchObject({
      errorCode: 0,
      leaderId: 1,
      leaderEpoch: 0,
      replicaNodes: [1],
      isrNodes: [1],
      offlineReplicas: [],
    });
  },
);
