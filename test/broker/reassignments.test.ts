/** Other replicas for a partition, and other leaders. As seen on Kafka 3.9.1. */
import { errorName } from '#protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { ClusterDesk } from './cluster-desk.ts';

let desk: ClusterDesk;
beforeEach(() => {
  desk = new ClusterDesk();
});

describe('other replicas', () => {
  function reassign(partitionIndex: number, replicas: readonly number[] | null, topic = 't') {
    const partitions = [{ partitionIndex, replicas }];
    const topics = [{ name: topic, partitions }];
    const body = { timeoutMs: 1000, topics };
    const [told] = desk.ask('AlterPartitionReassignments', 0, body, 11).responses[0].partitions;
    return errorName(told.errorCode);
  }
  const first = () => desk.partitionsOf('t')[0]!;

  function underWay(): object[] {
    const body = { timeoutMs: 1000, topics: null };
    return desk
      .ask('ListPartitionReassignments', 0, body)
      .topics.flatMap((topic: any) => topic.partitions);
  }

  test('a leader that stays keeps leading until its preferred one is elected', () => {
    const { leader, follower } = desk.roles();
    expect(reassign(0, [follower, leader])).toBe('NONE');
    expect(first()).toMatchObject({
      leaderId: leader,
      leaderEpoch: 0,
      replicaNodes: [follower, leader],
    });
    const body = { timeoutMs: 1000, topicPartitions: null };
    const { replicaElectionResults } = desk.ask('ElectLeaders', 2, body);
    expect(replicaElectionResults).toEqual([
      { topic: 't', partitionResult: [{ partitionId: 0, errorCode: 0, errorMessage: null }] },
    ]);
    expect(first()).toMatchObject({ leaderId: follower, leaderEpoch: 1 });
  });

  test('a leader that goes hands over in a new epoch, when the new replicas have caught up', () => {
    const { leader, stranger } = desk.roles();
    const place = { topic: 't', partition: 0 };
    desk.broker.append(place.topic, place.partition, [{ value: 'before' }], 0);
    const { replicaNodes: before } = first();
    expect(reassign(0, [stranger])).toBe('NONE');
    expect(first()).toMatchObject({ leaderId: leader, leaderEpoch: 0, isrNodes: before });
    expect(underWay()).toEqual([
      {
        partitionIndex: 0,
        replicas: [stranger, ...before],
        addingReplicas: [stranger],
        removingReplicas: before,
      },
    ]);
    desk.pass(400);
    expect(underWay()).toEqual([]);
    expect(first()).toMatchObject({ leaderId: stranger, leaderEpoch: 1, isrNodes: [stranger] });

    desk.broker.append(place.topic, place.partition, [{ value: 'after' }], 0);
    const end = (leaderEpoch: number, node: number, currentLeaderEpoch = -1) => {
      const partitions = [{ partition: 0, currentLeaderEpoch, leaderEpoch }];
      const topics = [{ topic: 't', partitions }];
      const answer = desk.ask('OffsetForLeaderEpoch', 3, { replicaId: -1, topics }, 10 + node);
      const [{ errorCode, leaderEpoch: epoch, endOffset }] = answer.topics[0].partitions;
      return [errorName(errorCode), epoch, endOffset];
    };
    expect(end(0, stranger)).toEqual(['NONE', 0, 1]);
    expect(end(1, stranger)).toEqual(['NONE', 1, 2]);
    expect(end(2, stranger)).toEqual(['NONE', -1, -1]);
    expect(end(0, stranger, 0)[0]).toBe('FENCED_LEADER_EPOCH');
    expect(end(0, leader)[0]).toBe('NOT_LEADER_OR_FOLLOWER');
  });

  test('one that is under way can be called off, or replaced', () => {
    const { stranger } = desk.roles();
    const before = first();
    reassign(0, [stranger]);
    expect(reassign(0, null)).toBe('NONE');
    desk.pass(1000);
    expect(first()).toEqual(before);
    reassign(0, [stranger]);
    reassign(0, [...before.replicaNodes, stranger]);
    desk.pass(1000);
    expect(first()).toMatchObject({
      leaderId: before.leaderId,
      leaderEpoch: 0,
      replicaNodes: [...before.replicaNodes, stranger],
    });
  });

  test('one that is under way ends with its topic', () => {
    reassign(0, [desk.roles().stranger]);
    desk.ask('DeleteTopics', 4, { topicNames: ['t'], timeoutMs: 1000 });
    desk.broker.createTopic('t', 3);
    const before = first();
    desk.pass(1000);
    expect(first()).toEqual(before);
  });

  test.each([
    ['t', 0, [9], 'INVALID_REPLICA_ASSIGNMENT'],
    ['t', 0, [], 'INVALID_REPLICA_ASSIGNMENT'],
    ['t', 0, [1, 1], 'INVALID_REPLICA_ASSIGNMENT'],
    ['t', 0, null, 'NO_REASSIGNMENT_IN_PROGRESS'],
    ['t', 9, [1], 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['nope', 0, null, 'UNKNOWN_TOPIC_OR_PARTITION'],
  ] as const)('%s/%i %j → %s', (topic, partition, replicas, error) => {
    const before = first();
    expect(reassign(partition, replicas, topic)).toBe(error);
    expect(first()).toEqual(before);
  });
});
