import { errorName } from '#protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { batchOf, Desk } from './desk.ts';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
  desk.broker.createTopic('here', 2);
});

function create(
  topics: object[],
  { version = 4, ...rest }: { version?: number; [field: string]: unknown } = {},
): Record<string, string[]> {
  const asked = topics.map((one) => ({
    numPartitions: 1,
    replicationFactor: 1,
    assignments: [],
    configs: [],
    ...one,
  }));
  const answer = desk.ask('CreateTopics', version, { topics: asked, timeoutMs: 1000, ...rest });
  return Object.fromEntries(
    answer.topics.map((one: any) => [one.name, [errorName(one.errorCode), one.errorMessage ?? '']]),
  );
}

describe('CreateTopics', () => {
  test('a topic is there, with an id of its own', () => {
    expect(create([{ name: 'new', numPartitions: 3 }])).toEqual({ new: ['NONE', ''] });
    const { topics } = desk.ask('Metadata', 12, { topics: [{ name: 'new' }, { name: 'here' }] });
    expect(topics[0].partitions).toHaveLength(3);
    expect(topics[0].topicId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
    expect(topics[0].topicId).not.toBe(topics[1].topicId);
  });

  test.each([
    [{ name: 'here' }, 'TOPIC_ALREADY_EXISTS', "Topic 'here' already exists."],
    [{ name: 'p', numPartitions: 0 }, 'INVALID_PARTITIONS', 'invalid non-positive value'],
    [{ name: 'p', numPartitions: -2 }, 'INVALID_PARTITIONS', 'invalid non-positive value'],
    [{ name: 'p', numPartitions: 10_001 }, 'INVALID_PARTITIONS', 'at most 10000 partitions'],
    [{ name: 'p', replicationFactor: 0 }, 'INVALID_REPLICATION_FACTOR', 'larger than 0'],
    [{ name: 'p', replicationFactor: 3 }, 'INVALID_REPLICATION_FACTOR', 'only 1 broker(s)'],
    [{ name: '..' }, 'INVALID_TOPIC_EXCEPTION', ''],
    [{ name: '' }, 'INVALID_TOPIC_EXCEPTION', ''],
    [{ name: 'a b' }, 'INVALID_TOPIC_EXCEPTION', ''],
    [{ name: 'ü' }, 'INVALID_TOPIC_EXCEPTION', ''],
    [{ name: 'x'.repeat(250) }, 'INVALID_TOPIC_EXCEPTION', ''],
    [
      { name: 'p', configs: [{ name: 'x', value: '1' }] },
      'INVALID_CONFIG',
      'Unknown topic config name: x',
    ],
    [
      { name: 'p', configs: [{ name: 'retention.ms', value: 'abc' }] },
      'INVALID_CONFIG',
      'Invalid value abc for configuration retention.ms: Not a number of type LONG',
    ],
    [{ name: 'p', configs: [{ name: 'retention.ms', value: null }] }, 'INVALID_CONFIG', ''],
    [{ name: 'p', configs: [{ name: 'segment.bytes', value: '13' }] }, 'INVALID_CONFIG', ''],
    [{ name: 'p', configs: [{ name: 'cleanup.policy', value: 'x' }] }, 'INVALID_CONFIG', ''],
    [
      { name: 'p', assignments: [{ partitionIndex: 0, brokerIds: [1] }] },
      'INVALID_REQUEST',
      'replication factor',
    ],
    [
      {
        name: 'p',
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 0, brokerIds: [9] }],
      },
      'INVALID_REPLICA_ASSIGNMENT',
      'broker 9',
    ],
  ])('%j → %s', (topic, error, text) => {
    const [code, message] = create([topic])[topic.name]!;
    expect(code).toBe(error);
    expect(message).toContain(text);
  });

  test('a_b beside a.b collides, but not within one request', () => {
    expect(create([{ name: 'a.b' }, { name: 'a_b' }])).toMatchObject({
      'a.b': ['NONE', ''],
      a_b: ['NONE', ''],
    });
    create([{ name: 'c.d' }]);
    expect(create([{ name: 'c_d' }])['c_d']).toEqual([
      'INVALID_TOPIC_EXCEPTION',
      "Topic 'c_d' collides with existing topic: c.d",
    ]);
  });

  test('a name twice is refused once, and the others proceed', () => {
    const answers = create([{ name: 'twice' }, { name: 'once' }, { name: 'twice' }]);
    expect(answers).toEqual({
      twice: ['INVALID_REQUEST', 'Duplicate topic name.'],
      once: ['NONE', ''],
    });
  });

  test('validateOnly checks and creates nothing; a timeout of 0 has passed already', () => {
    expect(create([{ name: 'v' }], { validateOnly: true })['v']![0]).toBe('NONE');
    expect(create([{ name: 'here' }], { validateOnly: true })['here']![0]).not.toBe('NONE');
    expect(create([{ name: 'v' }], { timeoutMs: 0 })['v']![0]).toBe('REQUEST_TIMED_OUT');
    expect(create([{ name: 'v' }])['v']![0]).toBe('NONE');
  });

  test('from v5 the answer tells counts and all 36 configurations by name', () => {
    const configs = [{ name: 'retention.ms', value: '1234' }];
    const topics = [
      { name: 'n', numPartitions: -1, replicationFactor: -1, assignments: [], configs },
    ];
    const [told] = desk.ask('CreateTopics', 5, { topics, timeoutMs: 1000 }).topics;
    expect(told).toMatchObject({ numPartitions: 1, replicationFactor: 1 });
    const names = told.configs.map(({ name }: any) => name);
    expect(names).toHaveLength(36);
    expect(names).toEqual(names.toSorted());
    expect(told.configs.find(({ name }: any) => name === 'retention.ms')).toMatchObject({
      value: '1234',
      configSource: 1,
    });
  });
});

describe('DeleteTopics', () => {
  const remove = (version: number, body: object): [string | null, string][] =>
    desk
      .ask('DeleteTopics', version, { timeoutMs: 1000, ...body })
      .responses.map((one: any) => [one.name, errorName(one.errorCode)]);

  test('unknown, twice, and known', () => {
    expect(remove(5, { topicNames: ['nope', 'here'] })).toEqual([
      ['nope', 'UNKNOWN_TOPIC_OR_PARTITION'],
      ['here', 'NONE'],
    ]);
    desk.broker.createTopic('here', 1);
    expect(remove(5, { topicNames: ['here', 'here'] })).toEqual([['here', 'INVALID_REQUEST']]);
  });

  test('by id from v6', () => {
    const [{ topicId }] = desk.ask('Metadata', 12, { topics: [{ name: 'here' }] }).topics;
    const strange = '00112233-4455-6677-8899-aabbccddeeff';
    const topics = [strange, topicId].map((id) => ({ name: null, topicId: id }));
    expect(remove(6, { topics })).toEqual([
      [null, 'UNKNOWN_TOPIC_ID'],
      ['here', 'NONE'],
    ]);
  });

  test('a topic made again starts at 0, has another id and no committed offsets', () => {
    desk.produce('here', batchOf(['a', 'b']));
    desk.broker.setCommitted('group', 'here', 0, 2);
    const idOf = () => desk.ask('Metadata', 12, { topics: [{ name: 'here' }] }).topics[0].topicId;
    const before = idOf();
    remove(5, { topicNames: ['here'] });
    expect(desk.broker.committed('group', 'here', 0)).toBe(-1);
    desk.broker.createTopic('here', 2);
    expect(idOf()).not.toBe(before);
    expect(desk.fetch([['here', 0, 2]])[0]!.error).toBe('OFFSET_OUT_OF_RANGE');
  });
});

describe('Metadata', () => {
  const ask = (version: number, topics: object[] | null, extra: object = {}) =>
    desk
      .ask('Metadata', version, { topics, ...extra })
      .topics.map((one: any) => [one.name, errorName(one.errorCode)]);

  test('v0 takes no topics for all, later versions null', () => {
    expect(ask(0, [])).toEqual([['here', 'NONE']]);
    expect(ask(1, [])).toEqual([]);
    expect(ask(1, null)).toEqual([['here', 'NONE']]);
  });

  test('names this node as broker, controller and leader', () => {
    const elsewhere = new Desk({ nodes: [{ nodeId: 0, host: 'kafka', port: 1234 }] });
    elsewhere.broker.createTopic('t', 1);
    const answer = elsewhere.ask('Metadata', 6, { topics: null });
    expect(answer).toMatchObject({
      brokers: [{ nodeId: 0, host: 'kafka', port: 1234 }],
      controllerId: 0,
      topics: [{ partitions: [{ leaderId: 0, replicaNodes: [0], isrNodes: [0] }] }],
    });
  });

  test('an unknown name, a bad name and an unknown id', () => {
    expect(ask(4, [{ name: 'nope' }, { name: 'a b' }])).toEqual([
      ['nope', 'UNKNOWN_TOPIC_OR_PARTITION'],
      ['a b', 'INVALID_TOPIC_EXCEPTION'],
    ]);
    const topicId = '00112233-4455-6677-8899-aabbccddeeff';
    expect(ask(12, [{ name: null, topicId }])).toEqual([[null, 'UNKNOWN_TOPIC_ID']]);
  });

  test('with auto-creation the topic is missing now and there a little later', () => {
    desk = new Desk({ autoCreateTopics: true, defaultPartitions: 4 });
    expect(ask(4, [{ name: 'new' }])).toEqual([['new', 'UNKNOWN_TOPIC_OR_PARTITION']]);
    expect(ask(4, [{ name: 'new' }])).toEqual([['new', 'UNKNOWN_TOPIC_OR_PARTITION']]);
    desk.pass(50);
    expect(ask(4, [{ name: 'new' }])).toEqual([['new', 'NONE']]);
    ask(4, [{ name: 'never' }], { allowAutoTopicCreation: false });
    desk.pass(1000);
    expect(ask(4, null)).toEqual([['new', 'NONE']]);
  });
});

test('FindCoordinator names this node, with the words of its versions', () => {
  const ask = (version: number, body: object) => desk.ask('FindCoordinator', version, body);
  expect(ask(0, { key: 'g' })).toMatchObject({ errorCode: 0, nodeId: 1, port: 9092 });
  expect(ask(2, { key: '', keyType: 0 })).toMatchObject({ errorCode: 0, errorMessage: 'NONE' });
  const { coordinators } = ask(4, { keyType: 0, coordinatorKeys: ['a', 'b'] });
  expect(coordinators).toMatchObject([
    { key: 'a', nodeId: 1, errorCode: 0, errorMessage: '' },
    { key: 'b', nodeId: 1 },
  ]);
  expect(ask(2, { key: 'g', keyType: 7 })).toMatchObject({
    errorCode: 42,
    nodeId: -1,
    host: '',
    port: -1,
  });
  expect(ask(2, { key: 'tx', keyType: 1 })).toMatchObject({ errorCode: 0, nodeId: 1 });
});
