import { Kafka } from 'kafkajs';
import type { Service } from '#kit';
import { readGreeting, type Sink } from '#chapters/00-first-crash/given.ts';

export const greeter: Service<unknown, { sink: Sink }> = async ({ kafka, ports }) => {
  const consume = async (groupId: string) => {
    const consumer = new Kafka(kafka).consumer({ groupId });
    consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
    await consumer.connect();
    await consumer.subscribe({ topics: ['greetings.v1'], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ topic, partition, message }) => {
        const next = (BigInt(message.offset) + 1n).toString();
        await ports.sink.record(readGreeting(message));
        await consumer.commitOffsets([{ topic, partition, offset: next }]);
      },
    });
    return consumer;
  };
  const consumers = [await consume('greeter'), await consume('greeter-standby')];
  return {
    stop: async () => {
      await Promise.all(consumers.map((consumer) => consumer.disconnect()));
    },
  };
};
