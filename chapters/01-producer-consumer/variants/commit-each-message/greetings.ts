import { Kafka } from 'kafkajs';
import type { Service } from '#kit';
import {
  readGreeting,
  writeGreeting,
  type Publisher,
  type Sink,
} from '#chapters/01-producer-consumer/given.ts';

const topic = 'greetings.v1';

export const publisher: Service<Publisher> = async ({ kafka }) => {
  const producer = new Kafka(kafka).producer();
  await producer.connect();
  return {
    publish: async (greeting) => {
      const messages = [{ key: greeting.id, value: writeGreeting(greeting) }];
      await producer.send({ topic, messages });
    },
    stop: () => producer.disconnect(),
  };
};

export const greeter: Service<unknown, { sink: Sink }> = async ({ kafka, ports }) => {
  const consumer = new Kafka(kafka).consumer({ groupId: 'greeter' });
  consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommitThreshold: 1,
    eachMessage: async ({ message }) => {
      await ports.sink.record(readGreeting(message));
    },
  });
  return { stop: () => consumer.disconnect() };
};
