/** The first moments of a topic: asked for, or made, and not yet known everywhere. */
import { errorName } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { batchOf, type Scene } from '../scene.ts';
import { newProducer } from '../transactions.ts';

export const topicBirth = new Area('Topics, the first moments');

const asks = async (kafka: Scene, version: number, name: string, more = {}): Promise<string> => {
  const { topics } = await kafka.ask('Metadata', version, { topics: [{ name }], ...more });
  return errorName(topics[0].errorCode);
};

for (const version of [0, 1, 3, 4, 9, 12]) {
  topicBirth.races(`Metadata v${version} makes a topic that is asked for, and not at once`, {
    outcomes: ['UNKNOWN_TOPIC_OR_PARTITION, then still', 'UNKNOWN_TOPIC_OR_PARTITION, then NONE'],
    async play(kafka) {
      const name = kafka.unique('auto');
      const more = { allowAutoTopicCreation: true };
      const first = await asks(kafka, version, name, more);
      const second = await asks(kafka, version, name, more);
      return `${first}, then ${second === first ? 'still' : second}`;
    },
  });
}

topicBirth.holds('a topic that is asked for is there in the end', async (kafka) => {
  const name = kafka.unique('auto');
  await kafka.until(
    () => asks(kafka, 4, name, { allowAutoTopicCreation: true }),
    (error) => error === 'NONE',
  );
});

topicBirth.holds('without allowAutoTopicCreation it never is', async (kafka) => {
  const name = kafka.unique('auto');
  const question = () => asks(kafka, 4, name, { allowAutoTopicCreation: false });
  expect(await question()).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  await kafka.pass(700);
  expect(await question()).toBe('UNKNOWN_TOPIC_OR_PARTITION');
});

async function make(kafka: Scene, name: string): Promise<void> {
  const asked = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  await kafka.ask('CreateTopics', 4, { topics: [{ name, ...asked }], timeoutMs: 10_000 });
}

topicBirth.races('what the first Produce hears after CreateTopics said NONE', {
  outcomes: [
    'NONE',
    'UNKNOWN_TOPIC_OR_PARTITION NONE',
    'NOT_LEADER_OR_FOLLOWER NONE',
    'UNKNOWN_TOPIC_OR_PARTITION NOT_LEADER_OR_FOLLOWER NONE',
  ],
  notEmbedded: 'a topic that was made can be used at once',
  async play(kafka) {
    const topic = kafka.unique('t');
    await make(kafka, topic);
    const heard: string[] = [];
    do {
      const { error } = await kafka.produce({ topic, partition: 0 }, batchOf(['a']));
      if (heard.at(-1) !== error) heard.push(error);
    } while (heard.at(-1) !== 'NONE');
    return heard.join(' ');
  },
});

/** Until it can be added; no answer twice in a row. */
async function added(kafka: Scene, topic: string): Promise<string> {
  const producer = await newProducer(kafka);
  const heard: string[] = [];
  await kafka.until(
    async () => {
      const [error] = await producer.addOnce([{ topic, partition: 0 }]);
      if (heard.at(-1) !== error) heard.push(error!);
      return error;
    },
    (error) => error === 'NONE',
  );
  await producer.settle('abort');
  return heard.join(' ');
}

topicBirth.races('what AddPartitionsToTxn hears of a topic that is asked for', {
  outcomes: ['NONE', 'UNKNOWN_TOPIC_OR_PARTITION NONE'],
  async play(kafka) {
    const topic = kafka.unique('auto');
    await asks(kafka, 4, topic, { allowAutoTopicCreation: true });
    return added(kafka, topic);
  },
});

topicBirth.races('what AddPartitionsToTxn hears after CreateTopics said NONE', {
  outcomes: ['NONE', 'UNKNOWN_TOPIC_OR_PARTITION NONE'],
  notEmbedded: 'a topic that was made can be used at once',
  async play(kafka) {
    const topic = kafka.unique('t');
    await make(kafka, topic);
    return added(kafka, topic);
  },
});
