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

  test('50,000 partitions are the most that this broker has in all', () => {
    for (let index = 0; index < 5; index++) {
      expect(create({ name: `full-${index}`, numPartitions: 9_999 })[0]).toBe('NONE');
    }
    expect(create({ name: 'rest', numPartitions: 3 })[0]).toBe('NONE');
    const [error, message] = create({ name: 'one', numPartitions: 1 });
    expect(error).toBe('POLICY_VIOLATION');
    expect(message).toBe('This broker has at most 50000 partitions in all; there are 50000.');
    const more = { topics: [{ name: 'here', count: 3, assignments: null }], timeoutMs: 1_000 };
    const { results } = desk.ask('CreatePartitions', 3, more);
    expect(errorName(results[0].errorCode)).toBe('POLICY_VIOLATION');
    desk.ask('DeleteTopics', 3, { topicNames: ['full-0'], timeoutMs: 1_000 });
    expect(create({ name: 'one', numPartitions: 1 })[0]).toBe('NONE');
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
