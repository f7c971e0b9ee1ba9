import { Kafka } from 'kafkajs';
import type { Service } from '#kit';
import {
  readGreeting,
  writeGreeting,
  type Greeting,
  type Publisher,
  type Sink,
} from '#chapters/01-producer-consumer/given.ts';

const topic = 'greetings.v1';

export const publisher: Service<Publisher> = async ({ kafka }) => {
  const producer = new Kafka(kafka).producer();
  await producer.connect();
  const waiting: Greeting[] = [];
  const flush = async () => {
    const messages = waiting
      .splice(0)
      .map((greeting) => ({ key: greeting.id, value: writeGreeting(greeting) }));
    if (messages.length > 0) await producer.send({ topic, messages });
  };
  const timer = setInterval(() => void flush(), 50);
  return {
    publish: async (greeting) => {
      waiting.push(greeting);
    },
    stop: async () => {
      clearInterval(timer);
      await flush();
      await producer.disconnect();
    },
  };
};

export const greeter: Service<unknown, { sink: Sink }> = async ({ kafka, ports }) => {
  const consumer = new Kafka(kafka).consumer({ groupId: 'greeter' });
  consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      await ports.sink.record(readGreeting(message));
    },
  });
  return { stop: () => consumer.disconnect() };
};
