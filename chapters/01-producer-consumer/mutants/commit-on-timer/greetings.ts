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
  const positions = new Map<number, string>();
  const timer = setInterval(() => {
    const offsets = [...positions].map(([partition, offset]) => ({ topic, partition, offset }));
    positions.clear();
    if (offsets.length > 0) consumer.commitOffsets(offsets).catch(() => process.exit(1));
  }, 100);
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      positions.set(partition, (BigInt(message.offset) + 1n).toString());
      await ports.sink.record(readGreeting(message));
    },
  });
  return {
    stop: async () => {
      clearInterval(timer);
      await consumer.disconnect();
    },
  };
};
