import { Kafka, type Producer } from 'kafkajs';
import type { Service } from '#kit';
import { split } from '#chapters/19-transactions/given.ts';

const groupId = 'transfers';

/** The right to book for one partition of `transfers`, and where that begins. */
interface Claim {
  readonly producer: Producer;
  from: bigint;
}

export const transfers: Service = async ({ kafka: config }) => {
  const kafka = new Kafka(config);
  const consumer = kafka.consumer({ groupId });
  const admin = kafka.admin();
  const claims = new Map<number, Claim>();
  consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
  const claim = async (topic: string, partition: number): Promise<Claim> => {
    const transactionalId = `${groupId}-${topic}-${partition}`;
    const producer = kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 });
    const made: Claim = { producer, from: -1n };
    claims.set(partition, made);
    await producer.connect();
    // Fence first: the first transaction of a producer shuts out whoever had this id, and waits
    // until their last one has ended, one way or the other. Only then ask how far they came.
    const fence = await producer.transaction();
    await fence.abort();
    const [answer] = await admin.fetchOffsets({ groupId, topics: [topic] });
    const committed = answer?.partitions.find((entry) => entry.partition === partition);
    made.from = BigInt(committed?.offset ?? -1);
    return made;
  };
  const drop = async (partition: number) => {
    const producer = claims.get(partition)?.producer;
    claims.delete(partition);
    await producer?.disconnect();
  };
  consumer.on('consumer.group_join', () => void [...claims.keys()].map(drop));
  await Promise.all([admin.connect(), consumer.connect()]);
  await consumer.subscribe({ topics: ['transfers'], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message }) => {
      const { debit, credit } = split(message);
      const offset = (BigInt(message.offset) + 1n).toString();
      try {
        const { producer, from } = claims.get(partition) ?? (await claim(topic, partition));
        if (BigInt(message.offset) < from) return; // booked by whoever had it before us
        const tx = await producer.transaction();
        await tx.sendBatch({
          topicMessages: [
            { topic: 'debits', messages: [debit] },
            { topic: 'credits', messages: [credit] },
          ],
        });
        const topics = [{ topic, partitions: [{ partition, offset }] }];
        await tx.sendOffsets({ consumerGroupId: groupId, topics });
        await tx.commit();
      } catch (error) {
        // Committed, aborted or still open: we cannot know. The next claim will.
        await drop(partition);
        throw error;
      }
    },
  });
  return {
    stop: async () => {
      await consumer.disconnect();
      await Promise.all([admin.disconnect(), ...[...claims.keys()].map(drop)]);
    },
  };
};
