import { Kafka, type KafkaJSProtocolError } from 'kafkajs';
import type { Service } from '#kit';
import { split } from '#chapters/19-transactions/given.ts';

export const transfers: Service = async ({ kafka: config }) => {
  const kafka = new Kafka(config);
  const consumer = kafka.consumer({ groupId: 'transfers' });
  const renew = async () => {
    const fresh = kafka.producer({
      transactionalId: 'transfers',
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await fresh.connect();
    const fence = await fresh.transaction();
    await fence.abort();
    return fresh;
  };
  consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
  await consumer.connect();
  let producer = await renew();
  await consumer.subscribe({ topics: ['transfers'], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message }) => {
      const { debit, credit } = split(message);
      const offset = (BigInt(message.offset) + 1n).toString();
      const topics = [{ topic, partitions: [{ partition, offset }] }];
      try {
        const tx = await producer.transaction();
        await tx.send({ topic: 'debits', messages: [debit] });
        await tx.send({ topic: 'credits', messages: [credit] });
        await tx.sendOffsets({ consumerGroupId: 'transfers', topics });
        await tx.commit();
      } catch (error) {
        if ((error as KafkaJSProtocolError).type !== 'INVALID_PRODUCER_EPOCH') throw error;
        // Fenced: another instance has taken over, so it is its turn.
        await producer.disconnect();
        producer = await renew();
      }
    },
  });
  return {
    stop: async () => {
      await consumer.disconnect();
      await producer.disconnect();
    },
  };
};
