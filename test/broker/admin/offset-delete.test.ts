/** OffsetDelete, as seen on Kafka 3.9.1. */
import { errorName } from '#protocol';
import { beforeEach, expect, test } from 'vitest';
import { Desk } from '../desk.ts';

let desk: Desk;
beforeEach(() => {
  desk = new Desk({ groupInitialRebalanceDelayMs: 0 });
  for (const topic of ['read', 'left']) desk.broker.createTopic(topic, 2);
  for (const topic of ['read', 'left']) desk.broker.setCommitted('g', topic, 0, 5);
});

function ask(topics: Record<string, number[]>, groupId = 'g') {
  const answer = desk.ask('OffsetDelete', 0, {
    groupId,
    topics: Object.entries(topics).map(([name, indexes]) => ({
      name,
      partitions: indexes.map((partitionIndex) => ({ partitionIndex })),
    })),
  });
  if (answer.errorCode !== 0) return errorName(answer.errorCode);
  return answer.topics.flatMap(({ name, partitions }: any) =>
    partitions.map((one: any) => [name, one.partitionIndex, errorName(one.errorCode)]),
  );
}

function subscription(topic: string): Buffer {
  const bytes = Buffer.alloc(8 + topic.length);
  bytes.writeInt32BE(1, 2);
  bytes.writeInt16BE(topic.length, 6);
  bytes.write(topic, 8);
  return bytes;
}

function join(protocolType: string, metadata: Buffer): void {
  const { memberId, generationId } = desk.ask('JoinGroup', 3, {
    groupId: 'g',
    memberId: '',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    protocolType,
    protocols: [{ name: 'range', metadata }],
  });
  const assignments = [{ memberId, assignment: Buffer.alloc(0) }];
  desk.ask('SyncGroup', 3, { groupId: 'g', memberId, generationId, assignments });
}

test('an empty group forgets what is asked, and what was never there', () => {
  expect(ask({ read: [0, 1, 9, 0], nope: [0] })).toEqual([
    ['read', 0, 'NONE'],
    ['read', 1, 'NONE'],
    ['read', 9, 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['nope', 0, 'UNKNOWN_TOPIC_OR_PARTITION'],
  ]);
  expect([desk.broker.committed('g', 'read', 0), desk.broker.committed('g', 'left', 0)]).toEqual([
    -1, 5,
  ]);
});

test('an empty group without offsets is gone', () => {
  ask({ read: [0], left: [0] });
  expect(ask({ read: [0] })).toBe('GROUP_ID_NOT_FOUND');
});

test('no group, no name', () => {
  expect(ask({ read: [0] }, 'nope')).toBe('GROUP_ID_NOT_FOUND');
  expect(ask({ read: [0] }, '')).toBe('INVALID_GROUP_ID');
});

test('what members subscribe to is kept', () => {
  join('consumer', subscription('read'));
  expect(ask({ read: [0], left: [0] })).toEqual([
    ['read', 0, 'GROUP_SUBSCRIBED_TO_TOPIC'],
    ['left', 0, 'NONE'],
  ]);
  expect([desk.broker.committed('g', 'read', 0), desk.broker.committed('g', 'left', 0)]).toEqual([
    5, -1,
  ]);
});

test.each([
  ['cut', subscription('read').subarray(0, 9)],
  ['empty', Buffer.alloc(0)],
])('where a subscription cannot be read (%s) every topic counts as subscribed', (_, bytes) => {
  join('consumer', bytes);
  expect(ask({ left: [0] })).toEqual([['left', 0, 'GROUP_SUBSCRIBED_TO_TOPIC']]);
});

test('members that are no consumers keep everything', () => {
  join('connect', subscription('read'));
  expect(ask({ left: [0] })).toBe('NON_EMPTY_GROUP');
});
