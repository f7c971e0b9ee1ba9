/** Three nodes: whom to ask, what the others say, and what a partition's next leader changes. */
import { errorName } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { errorOf, ids, latest, moved, placed, told } from '../nodes.ts';
import { batchOf, type Scene } from '../scene.ts';
import { threeNodes } from '../settings.ts';
import type { Body, Wire } from '../wire.ts';

export const cluster = new Area('Three nodes', { settings: threeNodes, cold: true });

cluster.holds('every node tells the same three nodes and the same leader', async (kafka) => {
  const { place, ...wires } = await placed(kafka);
  for (const wire of Object.values(wires)) {
    const { brokers, topics } = await wire.ask('Metadata', 9, { topics: [{ name: place.topic }] });
    expect(brokers.map(({ nodeId }: Body) => nodeId).toSorted()).toEqual(ids);
    expect(topics[0].partitions).toMatchObject([
      { leaderId: 2, leaderEpoch: 0, replicaNodes: [2, 3], isrNodes: [2, 3] },
    ]);
  }
});

cluster.holds('more replicas than nodes: INVALID_REPLICATION_FACTOR', async (kafka) => {
  const wire = await kafka.open(3);
  const counts = { numPartitions: 1, replicationFactor: 4, assignments: [], configs: [] };
  const topics = [{ name: kafka.unique('t'), ...counts }];
  const answer = await wire.ask('CreateTopics', 4, { topics, timeoutMs: 30_000 });
  expect(errorOf(answer.topics[0])).toBe('INVALID_REPLICATION_FACTOR');
  expect(answer.topics[0].errorMessage).toContain('only 3 broker(s) are registered');
});

for (const acks of [-1, 1]) {
  cluster.holds(`Produce with acks ${acks} anywhere but at the leader: error 6`, async (kafka) => {
    const { place, leader, follower, stranger } = await placed(kafka);
    const wrong = { error: 'NOT_LEADER_OR_FOLLOWER', baseOffset: -1 };
    for (const wire of [follower, stranger]) {
      expect(await kafka.produce(place, batchOf(['a']), { wire, acks })).toMatchObject(wrong);
    }
    const good = await kafka.produce(place, batchOf(['a']), { wire: leader, acks });
    expect(good).toMatchObject({ error: 'NONE', baseOffset: 0 });
  });
}

cluster.holds('from Produce 10 on a wrong node says who leads', async (kafka) => {
  const { place, stranger } = await placed(kafka);
  const partitionData = [{ index: 0, records: batchOf(['a']) }];
  const topicData = [{ name: place.topic, partitionData }];
  const answer = await kafka.produceAll(topicData, { version: 10, wire: stranger });
  const [{ currentLeader }] = answer.responses[0].partitionResponses;
  expect(currentLeader).toEqual({ leaderId: 2, leaderEpoch: 0 });
  expect(answer.nodeEndpoints).toMatchObject([{ nodeId: 2, host: '127.0.0.1' }]);
});

cluster.holds('acks 0 at a wrong node closes the connection', async (kafka) => {
  const { place, stranger } = await placed(kafka);
  const partitionData = [{ index: 0, records: batchOf(['a']) }];
  const topicData = [{ name: place.topic, partitionData }];
  const body = { transactionalId: null, acks: 0, timeoutMs: 5_000, topicData };
  stranger.tell('Produce', 7, body);
  expect(await stranger.closed).toBe('closed');
});

cluster.holds('Fetch from the leader, from v11 on from a follower', async (kafka) => {
  const { place, leader, follower, stranger } = await placed(kafka);
  await kafka.produce(place, batchOf(['a']), { wire: leader });
  const ask = async (wire: Wire, version: number) =>
    (await kafka.fetch(place, 0, { wire, version })).error;
  expect(await ask(leader, 10)).toBe('NONE');
  expect(await ask(follower, 10)).toBe('NOT_LEADER_OR_FOLLOWER');
  expect(await ask(stranger, 10)).toBe('NOT_LEADER_OR_FOLLOWER');
  expect(await ask(follower, 11)).toBe('NONE');
  expect(await ask(stranger, 11)).toBe('NOT_LEADER_OR_FOLLOWER');
});

cluster.holds('a fetch at a wrong node does not wait', async (kafka) => {
  const { place, stranger } = await placed(kafka);
  const answer = kafka.fetch(place, 0, { wire: stranger, maxWaitMs: 20_000 });
  expect(await kafka.within(10_000, answer)).toMatchObject({ error: 'NOT_LEADER_OR_FOLLOWER' });
});

cluster.holds('an older leader epoch is fenced, a newer one unknown', async (kafka) => {
  const nodes = await placed(kafka);
  const { place, leader, follower } = nodes;
  await kafka.produce(place, batchOf(['a', 'b']), { wire: leader });
  await moved(kafka, nodes, [3]);
  // What the next leader was told when it was not the leader yet.
  await kafka.until(
    () => latest(follower, place),
    ({ error }) => error === 'NONE',
  );
  const { leaderEpoch } = await told(follower, place);
  expect(leaderEpoch).toBeGreaterThan(0);
  for (const [epoch, error] of [
    [leaderEpoch - 1, 'FENCED_LEADER_EPOCH'],
    [leaderEpoch, 'NONE'],
    [leaderEpoch + 1, 'UNKNOWN_LEADER_EPOCH'],
  ]) {
    expect((await latest(follower, place, epoch)).error).toBe(error);
    const fetched = await kafka.fetch(place, 0, { wire: follower, currentLeaderEpoch: epoch });
    expect(fetched.error).toBe(error);
  }
});

cluster.holds('a fenced leader epoch beside a good one is answered at once', async (kafka) => {
  const [nodes, other] = [await placed(kafka), await placed(kafka)];
  for (const one of [nodes, other]) {
    await moved(kafka, one, [3]);
    await kafka.until(
      () => latest(one.follower, one.place),
      ({ error }) => error === 'NONE',
    );
  }
  const spots = [[nodes.place, 0] as const, [other.place, 0, 0] as const];
  const answer = kafka.fetchAll(spots, { wire: nodes.follower, maxWaitMs: 20_000 });
  expect(await kafka.within(10_000, answer)).toMatchObject([
    { error: 'NONE' },
    { error: 'FENCED_LEADER_EPOCH' },
  ]);
});

cluster.holds('OffsetForLeaderEpoch tells where an older epoch ended', async (kafka) => {
  const nodes = await placed(kafka);
  const { place, leader, follower } = nodes;
  await kafka.produce(place, batchOf(['a', 'b']), { wire: leader });
  await moved(kafka, nodes, [3]);
  await kafka.until(
    () => kafka.produce(place, batchOf(['c']), { wire: follower }),
    ({ error }) => error === 'NONE',
  );
  const { leaderEpoch } = await told(follower, place);
  const ask = async (epoch: number) => {
    const partitions = [{ partition: 0, currentLeaderEpoch: -1, leaderEpoch: epoch }];
    const topics = [{ topic: place.topic, partitions }];
    const answer = await follower.ask('OffsetForLeaderEpoch', 4, { replicaId: -1, topics });
    const [one] = answer.topics[0].partitions;
    return [errorOf(one), one.leaderEpoch, one.endOffset];
  };
  // Epochs between the first and this one wrote nothing.
  for (let epoch = 0; epoch < leaderEpoch; epoch++)
    expect(await ask(epoch)).toEqual(['NONE', 0, 2]);
  expect(await ask(leaderEpoch)).toEqual(['NONE', leaderEpoch, 3]);
  expect(await ask(leaderEpoch + 1)).toEqual(['NONE', -1, -1]);
});

cluster.holds('the node that led says so when a partition has moved', async (kafka) => {
  const nodes = await placed(kafka);
  await moved(kafka, nodes, [1, 3]);
  await kafka.until(
    () => latest(nodes.leader, nodes.place),
    ({ error }) => error === 'NOT_LEADER_OR_FOLLOWER',
  );
  const { error } = await kafka.produce(nodes.place, batchOf(['a']), { wire: nodes.leader });
  expect(error).toBe('NOT_LEADER_OR_FOLLOWER');
});

cluster.races('ListPartitionReassignments while a partition gets another replica', {
  outcomes: ['1 comes, 3 goes', 'it is over'],
  async play(kafka) {
    const { place, leader } = await placed(kafka);
    const partitions = [{ partitionIndex: 0, replicas: [2, 1] }];
    const topics = [{ name: place.topic, partitions }];
    await leader.ask('AlterPartitionReassignments', 0, { timeoutMs: 30_000, topics });
    const asked = [{ name: place.topic, partitionIndexes: [0] }];
    const body = { timeoutMs: 30_000, topics: asked };
    const answer = await leader.ask('ListPartitionReassignments', 0, body);
    expect(errorOf(answer)).toBe('NONE');
    if (answer.topics.length === 0) return 'it is over';
    const [{ addingReplicas, removingReplicas }] = answer.topics[0].partitions;
    return `${addingReplicas} comes, ${removingReplicas} goes`;
  },
});

/** Connections to the node that coordinates, and to another. */
async function coordinators(kafka: Scene, key: string, keyType: number): Promise<[Wire, Wire]> {
  const wires = await Promise.all(ids.map((id) => kafka.open(id)));
  const found = await Promise.all(
    wires.map((wire) =>
      kafka.until(
        () => wire.ask('FindCoordinator', 2, { key, keyType }),
        ({ errorCode }) => errorCode === 0,
      ),
    ),
  );
  const [{ nodeId }] = found;
  expect(found.map((one) => one.nodeId)).toEqual([nodeId, nodeId, nodeId]);
  return [wires[nodeId - 1]!, wires[nodeId % 3]!];
}

cluster.holds('a group asked for at a wrong node: NOT_COORDINATOR', async (kafka) => {
  const groupId = kafka.unique('g');
  const [right, wrong] = await coordinators(kafka, groupId, 0);
  const fetchOffsets = (wire: Wire) => wire.ask('OffsetFetch', 5, { groupId, topics: null });
  await kafka.until(
    () => fetchOffsets(right),
    ({ errorCode }) => errorCode === 0,
  );
  expect(errorOf(await fetchOffsets(wrong))).toBe('NOT_COORDINATOR');
  const member = { groupId, memberId: '', groupInstanceId: null };
  const join = {
    ...member,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.from('m') }],
  };
  expect(errorOf(await wrong.ask('JoinGroup', 5, join))).toBe('NOT_COORDINATOR');
  expect(errorOf(await right.ask('JoinGroup', 5, join))).toBe('MEMBER_ID_REQUIRED');
  const beat = { ...member, memberId: 'm', generationId: 1 };
  expect(errorOf(await wrong.ask('Heartbeat', 3, beat))).toBe('NOT_COORDINATOR');
  const sync = { ...beat, protocolType: null, protocolName: null, assignments: [] };
  expect(errorOf(await wrong.ask('SyncGroup', 3, sync))).toBe('NOT_COORDINATOR');
  const { groups } = await wrong.ask('DescribeGroups', 5, { groups: [groupId] });
  expect(errorOf(groups[0])).toBe('NOT_COORDINATOR');
});

cluster.holds('a transactional id at a wrong node: NOT_COORDINATOR', async (kafka) => {
  const transactionalId = kafka.unique('tx');
  const [right, wrong] = await coordinators(kafka, transactionalId, 1);
  const body = { transactionalId, transactionTimeoutMs: 60_000 };
  const init = (wire: Wire) => wire.ask('InitProducerId', 2, body);
  const { producerId, producerEpoch } = await kafka.until(
    () => init(right),
    ({ errorCode }) => errorCode === 0,
  );
  expect(errorOf(await init(wrong))).toBe('NOT_COORDINATOR');
  const who = { transactionalId, producerId, producerEpoch };
  const end = await wrong.ask('EndTxn', 3, { ...who, committed: true });
  expect(errorOf(end)).toBe('NOT_COORDINATOR');
  const offsets = await wrong.ask('AddOffsetsToTxn', 3, { ...who, groupId: 'g' });
  expect(errorOf(offsets)).toBe('NOT_COORDINATOR');
});

cluster.holds(
  'transactions added to, verified or described at a wrong node: error 16',
  async (kafka) => {
    const { place } = await placed(kafka);
    const transactionalId = kafka.unique('tx');
    const [right, wrong] = await coordinators(kafka, transactionalId, 1);
    const { producerId, producerEpoch } = await kafka.until(
      () => right.ask('InitProducerId', 2, { transactionalId, transactionTimeoutMs: 60_000 }),
      ({ errorCode }) => errorCode === 0,
    );
    const topicsOf = (topic: string) => [{ name: topic, partitions: [place.partition] }];
    const addOld = async (wire: Wire, topic: string) => {
      const answer = await wire.ask('AddPartitionsToTxn', 3, {
        v3AndBelowTransactionalId: transactionalId,
        v3AndBelowProducerId: producerId,
        v3AndBelowProducerEpoch: producerEpoch,
        v3AndBelowTopics: topicsOf(topic),
      });
      return errorName(answer.resultsByTopicV3AndBelow[0].resultsByPartition[0].partitionErrorCode);
    };
    const add = async (wire: Wire, topic: string, verifyOnly: boolean) => {
      const who = { transactionalId, producerId, producerEpoch, verifyOnly };
      const transactions = [{ ...who, topics: topicsOf(topic) }];
      const answer = await wire.ask('AddPartitionsToTxn', 4, { transactions });
      const [{ topicResults }] = answer.resultsByTransaction;
      return errorName(topicResults[0].resultsByPartition[0].partitionErrorCode);
    };
    const describe = async (wire: Wire, id: string) => {
      const answer = await wire.ask('DescribeTransactions', 0, { transactionalIds: [id] });
      return errorOf(answer.transactionStates[0]);
    };
    expect(await addOld(wrong, place.topic)).toBe('NOT_COORDINATOR');
    expect(await add(wrong, place.topic, false)).toBe('NOT_COORDINATOR');
    expect(await add(wrong, place.topic, true)).toBe('NOT_COORDINATOR');
    expect(await describe(wrong, transactionalId)).toBe('NOT_COORDINATOR');
    expect(await describe(wrong, '')).toBe('INVALID_REQUEST');
    const nowhere = kafka.unique('t');
    expect(await addOld(wrong, nowhere)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect(await add(wrong, nowhere, true)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect(await add(right, place.topic, true)).toBe('TRANSACTION_ABORTABLE');
    expect(await addOld(right, place.topic)).toBe('NONE');
    expect(await add(right, place.topic, true)).toBe('NONE');
    expect(await describe(right, transactionalId)).toBe('NONE');
    const end = { transactionalId, producerId, producerEpoch, committed: false };
    expect(errorOf(await right.ask('EndTxn', 3, end))).toBe('NONE');
  },
);

cluster.holds('ListTransactions tells those that the node coordinates', async (kafka) => {
  const transactionalId = kafka.unique('tx');
  const [right, wrong] = await coordinators(kafka, transactionalId, 1);
  await kafka.until(
    () => right.ask('InitProducerId', 2, { transactionalId, transactionTimeoutMs: 60_000 }),
    ({ errorCode }) => errorCode === 0,
  );
  const told = async (wire: Wire) => {
    const filters = { stateFilters: [], producerIdFilters: [], durationFilter: -1 };
    const { transactionStates } = await wire.ask('ListTransactions', 1, filters);
    return transactionStates.some((one: Body) => one.transactionalId === transactionalId);
  };
  expect([await told(right), await told(wrong)]).toEqual([true, false]);
});

cluster.holds('offsets of a transaction at a wrong node: NOT_COORDINATOR', async (kafka) => {
  const { place } = await placed(kafka);
  const groupId = kafka.unique('g');
  const [, wrong] = await coordinators(kafka, groupId, 0);
  const offset = { committedOffset: 1, committedLeaderEpoch: -1, committedMetadata: '' };
  const commit = async (topic: string) => {
    const partitions = [{ partitionIndex: place.partition, ...offset }];
    const who = { transactionalId: kafka.unique('tx'), producerId: 1, producerEpoch: 0 };
    const topics = [{ name: topic, partitions }];
    const answer = await wrong.ask('TxnOffsetCommit', 2, { ...who, groupId, topics });
    return errorOf(answer.topics[0].partitions[0]);
  };
  expect(await commit(place.topic)).toBe('NOT_COORDINATOR');
  expect(await commit(kafka.unique('t'))).toBe('UNKNOWN_TOPIC_OR_PARTITION');
});

cluster.holds('replicas describe their producers, other nodes do not', async (kafka) => {
  const { place, leader, follower, stranger } = await placed(kafka);
  const ask = async (wire: Wire) => {
    const topics = [{ name: place.topic, partitionIndexes: [place.partition] }];
    const answer = await wire.ask('DescribeProducers', 0, { topics });
    const [one] = answer.topics[0].partitions;
    return [errorOf(one), one.errorMessage];
  };
  expect(await ask(leader)).toEqual(['NONE', null]);
  expect(await ask(follower)).toEqual(['NONE', null]);
  expect(await ask(stranger)).toEqual(['NOT_LEADER_OR_FOLLOWER', null]);
});

cluster.holds('the leader takes markers; a follower says 6, other nodes 3', async (kafka) => {
  const { place, leader, follower, stranger } = await placed(kafka);
  const mark = async (wire: Wire) => {
    const topics = [{ name: place.topic, partitionIndexes: [place.partition] }];
    const who = { producerId: 1, producerEpoch: 0, transactionResult: false, coordinatorEpoch: 0 };
    const answer = await wire.ask('WriteTxnMarkers', 1, { markers: [{ ...who, topics }] });
    return errorOf(answer.markers[0].topics[0].partitions[0]);
  };
  // It knows of the partition a moment before it has it.
  const refused = await kafka.until(
    () => mark(follower),
    (error) => error !== 'UNKNOWN_TOPIC_OR_PARTITION',
  );
  expect(refused).toBe('NOT_LEADER_OR_FOLLOWER');
  expect(await mark(stranger)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  expect((await latest(leader, place)).offset).toBe(0);
  expect(await mark(leader)).toBe('NONE');
  expect((await latest(leader, place)).offset).toBe(1);
});
