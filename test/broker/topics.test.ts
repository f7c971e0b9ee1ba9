/** Topics, as far as this broker differs from a Kafka: what is the same is in test/contract. */
import { errorName } from '#protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { Desk } from './desk.ts';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
  desk.broker.createTopic('here', 2);
});

function create(topic: object): [error: string, message: string] {
  const asked = { replicationFactor: 1, assignments: [], configs: [], ...topic };
  const answer = desk.ask('CreateTopics', 4, { topics: [asked], timeoutMs: 1000 });
  const [{ errorCode, errorMessage }] = answer.topics;
  return [errorName(errorCode), errorMessage ?? ''];
}

describe('CreateTopics', () => {
  test('a topic is there, with an id of its own', () => {
    expect(create({ name: 'new', numPartitions: 3 })).toEqual(['NONE', '']);
    const { topics } = desk.ask('Metadata', 12, { topics: [{ name: 'new' }, { name: 'here' }] });
    expect(topics[0].partitions).toHaveLength(3);
    expect(topics[0].topicId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
    expect(topics[0].topicId).not.toBe(topics[1].topicId);
  });

  test('a topic has at most 10,000 partitions', () => {
    const [error, message] = create({ name: 'p', numPartitions: 10_001 });
    expect(error).toBe('INVALID_PARTITIONS');
    expect(message).toContain('at most 10000 partitions');
  });
});

describe('Metadata', () => {
  const ask = (version: number, topics: object[] | null, extra: object = {}) =>
    desk
      .ask('Metadata', version, { topics, ...extra })
      .topics.map((one: any) => [one.name, errorName(one.errorCode)]);

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
