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
  const waiting: { greeting: Greeting; done: () => void; failed: (error: unknown) => void }[] = [];
  let sending = false;
  const drain = async () => {
    if (sending) return;
    sending = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0);
      const messages = batch.map(({ greeting }) => ({
        key: greeting.id,
        value: writeGreeting(greeting),
      }));
      try {
        await producer.send({ topic, messages });
        for (const { done } of batch) done();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    sending = false;
  };
  return {
    publish: (greeting) =>
      new Promise<void>((done, failed) => {
        waiting.push({ greeting, done, failed });
        void drain();
      }),
    stop: () => producer.disconnect(),
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
