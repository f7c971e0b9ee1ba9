import { Kafka } from 'kafkajs';
import type { Service } from '#kit';
import { readGreeting, type Sink } from '#chapters/00-first-crash/given.ts';

export const greeter: Service<unknown, { sink: Sink }> = async ({ kafka, ports }) => {
  const consumer = new Kafka(kafka).consumer({ groupId: 'greeter' });
  // The text says why.
  consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
  await consumer.connect();
  await consumer.subscribe({ topics: ['greetings.v1'], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message }) => {
      const next = (BigInt(message.offset) + 1n).toString(); // the next to read
      // Right until the process dies between these two lines. Lose nothing.
      await consumer.commitOffsets([{ topic, partition, offset: next }]);
      await ports.sink.record(readGreeting(message));
    },
  });
  return { stop: () => consumer.disconnect() };
};
