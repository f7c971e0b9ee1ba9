import { Kafka } from 'kafkajs';
import type { Service } from '#kit';
import { readGreeting, type Sink } from '#chapters/00-first-crash/given.ts';

export const greeter: Service<unknown, { sink: Sink }> = async ({ kafka, ports }) => {
  const consumer = new Kafka(kafka).consumer({ groupId: 'greeter' });
  consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
  await consumer.connect();
  await consumer.subscribe({ topics: ['greetings.v1'], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    // region: order
    eachMessage: async ({ topic, partition, message }) => {
      const next = (BigInt(message.offset) + 1n).toString();
      await ports.sink.record(readGreeting(message));
      await consumer.commitOffsets([{ topic, partition, offset: next }]);
    },
    // endregion
  });
  return { stop: () => consumer.disconnect() };
};
