/** Partitions placed on three nodes, and moved between them, as cases play them. */
import { errorName, type ErrorName } from '#protocol';
import { expect } from 'vitest';
import type { Place, Scene } from './scene.ts';
import type { Body, Wire } from './wire.ts';

export const ids = [1, 2, 3] as const;

export interface Nodes {
  readonly place: Place;
  readonly leader: Wire;
  readonly follower: Wire;
  /** Has no replica. */
  readonly stranger: Wire;
}

export const errorOf = ({ errorCode }: Body): ErrorName => errorName(errorCode);

/** A partition led by node 2, with another replica on 3, that can be used. */
export async function placed(kafka: Scene): Promise<Nodes> {
  const topic = kafka.unique('t');
  const [stranger, leader, follower] = await Promise.all(ids.map((id) => kafka.open(id)));
  const assignments = [{ partitionIndex: 0, brokerIds: [2, 3] }];
  const counts = { numPartitions: -1, replicationFactor: -1 };
  const topics = [{ name: topic, ...counts, assignments, configs: [] }];
  const made = await stranger!.ask('CreateTopics', 4, { topics, timeoutMs: 30_000 });
  expect(errorOf(made.topics[0])).toBe('NONE');
  const place = { topic, partition: 0 };
  const nodes = { place, leader: leader!, follower: follower!, stranger: stranger! };
  await kafka.until(
    () => latest(nodes.leader, place),
    ({ error }) => error === 'NONE',
  );
  for (const wire of [nodes.follower, nodes.stranger]) {
    await kafka.until(
      () => latest(wire, place),
      ({ error }) => error === 'NOT_LEADER_OR_FOLLOWER',
    );
  }
  return nodes;
}

export async function latest(
  wire: Wire,
  { topic, partition }: Place,
  currentLeaderEpoch = -1,
): Promise<{ error: ErrorName; offset: number }> {
  const partitions = [{ partitionIndex: partition, currentLeaderEpoch, timestamp: -1 }];
  const topics = [{ name: topic, partitions }];
  const answer = await wire.ask('ListOffsets', 7, { replicaId: -1, isolationLevel: 0, topics });
  const [one] = answer.topics[0].partitions;
  return { error: errorOf(one), offset: one.offset };
}

export async function told(wire: Wire, { topic, partition }: Place): Promise<Body> {
  const { topics } = await wire.ask('Metadata', 9, { topics: [{ name: topic }] });
  return topics[0].partitions.find((one: Body) => one.partitionIndex === partition);
}

/** Another list of replicas, and a leader from it. */
export async function moved(
  kafka: Scene,
  { place, leader }: Nodes,
  replicas: number[],
): Promise<void> {
  const partitions = [{ partitionIndex: place.partition, replicas }];
  const topics = [{ name: place.topic, partitions }];
  const body = { timeoutMs: 30_000, topics };
  const answer = await leader.ask('AlterPartitionReassignments', 0, body);
  expect(errorOf(answer.responses[0].partitions[0])).toBe('NONE');
  for (const id of ids) {
    const wire = await kafka.open(id);
    await kafka.until(
      () => told(wire, place),
      ({ leaderId, replicaNodes }) =>
        leaderId === replicas[0] && replicaNodes.join() === replicas.join(),
    );
  }
}
