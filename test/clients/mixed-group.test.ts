/**
 * One group of different clients: librdkafka leads, dies without a word, and kafkajs takes over.
 */
import { AssignerProtocol, Kafka, logLevel, type Consumer, type PartitionAssigner } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBroker, type GuestBroker } from './guest-broker.ts';
import { kcatIsMissing, kcatRunning } from './kcat.ts';

const topic = 'shared';
const partitions = [0, 1, 2, 3, 4, 5];

/**
 * kafkajs calls its own assigner by another name than everybody else; this one speaks
 * librdkafka's.
 */
const roundrobin: PartitionAssigner = ({ cluster }) => ({
  name: 'roundrobin',
  version: 0,
  async assign({ members, topics }) {
    const shares = members.map(() => new Map<string, number[]>());
    let turn = 0;
    for (const name of topics) {
      for (const { partitionId } of cluster.findTopicPartitionMetadata(name)) {
        const share = shares[turn++ % shares.length]!;
        share.set(name, [...(share.get(name) ?? []), partitionId]);
      }
    }
    return members.map(({ memberId }, index) => ({
      memberId,
      memberAssignment: AssignerProtocol.MemberAssignment.encode({
        version: 0,
        assignment: Object.fromEntries(shares[index]!),
        userData: Buffer.alloc(0),
      }),
    }));
  },
  protocol: ({ topics }) => ({
    name: 'roundrobin',
    metadata: AssignerProtocol.MemberMetadata.encode({
      version: 0,
      topics,
      userData: Buffer.alloc(0),
    }),
  }),
});

interface Member {
  readonly consumer: Consumer;
  readonly seen: string[];
  owned: readonly number[];
  isLeader: boolean;
}

describe.skipIf(kcatIsMissing)('a group of two kafkajs and one kcat', () => {
  let broker: GuestBroker;
  let kafka: Kafka;
  let members: Member[] = [];
  let changed = (): void => {};

  beforeAll(async () => {
    broker = await startBroker({ topics: { [topic]: 6 }, groupMinSessionTimeoutMs: 1000 });
    kafka = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING });
  });
  afterAll(async () => {
    await Promise.all(members.map(({ consumer }) => consumer.disconnect()));
    await broker.stop();
  });

  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((done) => (changed = done));
  }

  async function join(): Promise<Member> {
    const consumer = kafka.consumer({
      groupId: 'mixed',
      partitionAssigners: [roundrobin],
      sessionTimeout: 6000,
      heartbeatInterval: 200,
      maxWaitTimeInMs: 100,
    });
    const member: Member = { consumer, seen: [], owned: [], isLeader: false };
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      member.owned = payload.memberAssignment[topic] ?? [];
      member.isLeader = payload.isLeader;
      changed();
    });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        member.seen.push(String(message.value));
        changed();
      },
    });
    return member;
  }

  test('the leader is killed, and the others take over every partition', async () => {
    const settings = {
      'session.timeout.ms': 1500,
      'heartbeat.interval.ms': 200,
      'partition.assignment.strategy': 'roundrobin',
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-X', `${name}=${value}`]);
    const leader = kcatRunning(broker.address, ['-G', 'mixed', ...options, topic]);
    leader.child.stderr.on('data', () => changed());
    await until(() => leader.output.errors.includes('assigned'));

    members = [await join(), await join()];
    await until(() => members.every(({ owned }) => owned.length === 2));
    expect(members.map(({ isLeader }) => isLeader)).toEqual([false, false]);

    leader.child.kill('SIGKILL');
    await leader.closed;
    await until(() => members.every(({ owned }) => owned.length === 3));
    expect(new Set(members.flatMap(({ owned }) => owned))).toEqual(new Set(partitions));
    expect(members.filter(({ isLeader }) => isLeader)).toHaveLength(1);

    const producer = kafka.producer();
    await producer.connect();
    const messages = partitions.map((partition) => ({ partition, value: `to ${partition}` }));
    await producer.send({ topic, messages });
    await producer.disconnect();
    await until(() => members.flatMap(({ seen }) => seen).length === partitions.length);
    const seen = members.flatMap((member) => member.seen).toSorted();
    expect(seen).toEqual(partitions.map((partition) => `to ${partition}`));
  });
});
