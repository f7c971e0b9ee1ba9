import { encodeBatch, errorName } from '#protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import { batchOf, Desk } from './desk.ts';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
  desk.broker.createTopic('t', 1);
});

function list(timestamp: number, { version = 7, currentLeaderEpoch = -1, topic = 't' } = {}) {
  const partitions = [{ partitionIndex: 0, currentLeaderEpoch, timestamp }];
  const { topics } = desk.ask('ListOffsets', version, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: topic, partitions }],
  });
  const [found] = topics[0].partitions;
  return { error: errorName(found.errorCode), timestamp: found.timestamp, offset: found.offset };
}
const found = (timestamp: number, offset: number) => ({ error: 'NONE', timestamp, offset });

describe('ListOffsets', () => {
  test('an empty topic ends and starts at 0 and has nothing at any time', () => {
    expect([list(-1), list(-2), list(0)]).toEqual([found(-1, 0), found(-1, 0), found(-1, -1)]);
    expect(list(-3)).toEqual(found(-1, -1));
  });

  test('a timestamp finds the first record, by offset, at or after it', () => {
    const record = (value: string, timestamp: number) => ({ key: 'k', value, timestamp });
    const records = [record('a', 7000), record('b', 9000), record('c', 8000)];
    desk.produce('t', encodeBatch({ records }));
    desk.produce('t', encodeBatch({ records: [record('d', 5000)] }));
    expect(list(1000)).toEqual(found(7000, 0));
    expect(list(7000)).toEqual(found(7000, 0));
    expect(list(7001)).toEqual(found(9000, 1));
    expect(list(9001)).toEqual(found(-1, -1));
    expect(list(-3)).toEqual(found(9000, 1));
    expect(list(-1)).toEqual(found(-1, 4));
  });

  test.each([
    [-3, 5, 'UNSUPPORTED_VERSION'],
    [-3, 7, 'NONE'],
    [-4, 9, 'NONE'],
    [-5, 9, 'NONE'],
    [-6, 9, 'UNSUPPORTED_VERSION'],
  ])('timestamp %i in v%i: %s', (timestamp, version, error) => {
    expect(list(timestamp, { version }).error).toBe(error);
  });

  test('unknown topic and unknown leader epoch', () => {
    expect(list(-1, { topic: 'nope' }).error).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect(list(-1, { currentLeaderEpoch: 9 }).error).toBe('UNKNOWN_LEADER_EPOCH');
  });

  test('the same partition twice is told INVALID_REQUEST twice', () => {
    const one = { partitionIndex: 0, timestamp: -1 };
    const topics = [{ name: 't', partitions: [one, one] }];
    const answer = desk.ask('ListOffsets', 5, { replicaId: -1, isolationLevel: 0, topics });
    expect(answer.topics[0].partitions.map((p: any) => p.errorCode)).toEqual([42, 42]);
  });
});

test('OffsetForLeaderEpoch knows the one epoch there is', () => {
  desk.produce('t', batchOf(['a', 'b']));
  const ask = (currentLeaderEpoch: number, leaderEpoch: number) => {
    const partitions = [{ partition: 0, currentLeaderEpoch, leaderEpoch }];
    const topics = [{ topic: 't', partitions }];
    const answer = desk.ask('OffsetForLeaderEpoch', 3, { replicaId: -1, topics });
    const [one] = answer.topics[0].partitions;
    return [errorName(one.errorCode), one.leaderEpoch, one.endOffset];
  };
  expect(ask(-1, 0)).toEqual(['NONE', 0, 2]);
  expect(ask(0, 0)).toEqual(['NONE', 0, 2]);
  expect(ask(-1, 5)).toEqual(['NONE', -1, -1]);
  expect(ask(5, 0)).toEqual(['UNKNOWN_LEADER_EPOCH', -1, -1]);
});
