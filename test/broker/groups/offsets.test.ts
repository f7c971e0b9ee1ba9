/** The rows of kafka-observed §6 about committed offsets. */
import { expect, test } from 'vitest';
import { scene } from './scene.ts';

const nobody = { id: '', generation: -1 };

test('an unknown group refuses a generation and takes a commit without one, whoever it is', () => {
  const g = scene();
  expect(g.commit({ id: 'm', generation: 3 })).toBe('ILLEGAL_GENERATION');
  expect(g.commit({ id: '', generation: 3 })).toBe('ILLEGAL_GENERATION');
  expect(g.state()).toBe('Dead');
  expect(g.commit({ id: 'm', generation: -1 })).toBe('NONE');
  expect(g.state()).toBe('Empty');
});

test('the group without a name takes simple commits too', () => {
  const g = scene();
  expect(g.commit(nobody, 7, { groupId: '' })).toBe('NONE');
  expect(g.groups.committed('', 'orders', 0)).toBe(7);
});

test('in CompletingRebalance a valid commit is refused, after the member was checked', () => {
  const g = scene();
  const { id, answer } = g.enter();
  const { generation } = answer!;
  expect(g.commit({ id, generation })).toBe('REBALANCE_IN_PROGRESS');
  expect(g.commit({ id, generation: 99 })).toBe('ILLEGAL_GENERATION');
  expect(g.commit({ id: 'zz', generation })).toBe('UNKNOWN_MEMBER_ID');
  expect(g.commit(nobody)).toBe('UNKNOWN_MEMBER_ID');
});

test('in PreparingRebalance the old generation may commit, a waiting newcomer too', () => {
  const g = scene();
  const [member] = g.stable(1);
  const newcomer = g.enter();
  expect(g.state()).toBe('PreparingRebalance');
  expect(g.commit(member!, 5)).toBe('NONE');
  expect(g.commit({ id: newcomer.id, generation: member!.generation }, 6)).toBe('NONE');
  expect(g.commit({ ...member!, generation: 77 })).toBe('ILLEGAL_GENERATION');
  expect(g.commit(nobody)).toBe('UNKNOWN_MEMBER_ID');
  expect(g.groups.committed('g', 'orders', 0)).toBe(6);
});

test('in Stable: the member, not its old generation, nobody else', () => {
  const g = scene();
  const [member] = g.stable(2);
  expect(g.commit(member!)).toBe('NONE');
  expect(g.commit({ ...member!, generation: member!.generation - 1 })).toBe('ILLEGAL_GENERATION');
  expect(g.commit({ ...member!, generation: -1 })).toBe('ILLEGAL_GENERATION');
  expect(g.commit({ ...member!, id: 'zz' })).toBe('UNKNOWN_MEMBER_ID');
  expect(g.commit(nobody)).toBe('UNKNOWN_MEMBER_ID');
});

test('after the group became empty its old member is unknown, and a simple commit is fine', () => {
  const g = scene();
  const [member] = g.stable(1);
  g.leave(member!.id);
  expect(g.heartbeat(member!)).toBe('UNKNOWN_MEMBER_ID');
  expect(g.commit(member!)).toBe('UNKNOWN_MEMBER_ID');
  expect(g.commit(nobody)).toBe('NONE');
});

test('metadata of 4096 characters are kept, one more is too large', () => {
  const g = scene();
  expect(g.commit(nobody, 1, { metadata: 'x'.repeat(4096) })).toBe('NONE');
  expect(g.commit(nobody, 2, { metadata: 'x'.repeat(4097) })).toBe('OFFSET_METADATA_TOO_LARGE');
  expect(g.groups.committed('g', 'orders', 0)).toBe(1);
});

test('an unknown topic or partition is refused alone', () => {
  const g = scene();
  const stored = { offset: 3, leaderEpoch: 0, metadata: 'note' };
  const errors = g.groups.commit(
    { groupId: 'g', memberId: '', instanceId: null, generation: -1, connection: 9 },
    [
      { topic: 'nope', partition: 0, ...stored },
      { topic: 'orders', partition: 1, ...stored },
      { topic: 'orders', partition: 9, ...stored },
    ],
    0,
  );
  const unknown = 'UNKNOWN_TOPIC_OR_PARTITION';
  expect(errors).toEqual([unknown, 'NONE', unknown]);
  expect(g.events).toEqual([
    { kind: 'committed', group: 'g', topic: 'orders', partition: 1, offset: 3, connection: 9 },
  ]);
});

test.each([-1, -2, 9999])('offset %i is stored as it is', (offset) => {
  const g = scene();
  expect(g.commit(nobody, offset)).toBe('NONE');
  expect(g.groups.committed('g', 'orders', 0)).toBe(offset);
});

test('fetching: what is missing is -1, null is everything, [] is nothing', () => {
  const g = scene();
  g.commit(nobody, 4, { metadata: 'note' });
  g.commit(nobody, 8, { topic: 'payments', partition: 2 });
  const none = { error: 'NONE', offset: -1, leaderEpoch: -1, metadata: '' };
  const asked = [
    { topic: 'orders', partitions: [0, 3] },
    { topic: 'nope', partitions: [0] },
  ];
  expect(g.groups.fetchOffsets('g', asked)).toEqual([
    {
      topic: 'orders',
      partitions: [
        { partition: 0, error: 'NONE', offset: 4, leaderEpoch: -1, metadata: 'note' },
        { partition: 3, ...none },
      ],
    },
    { topic: 'nope', partitions: [{ partition: 0, ...none }] },
  ]);
  expect(g.groups.fetchOffsets('g', null).map(({ topic }) => topic)).toEqual([
    'orders',
    'payments',
  ]);
  expect(g.groups.fetchOffsets('g', [])).toEqual([]);
  expect(g.groups.fetchOffsets('other', null)).toEqual([]);
  expect(g.groups.fetchOffsets('other', asked)[0]?.partitions[0]).toEqual({
    partition: 0,
    ...none,
  });
});

test('the offsets of a topic die with it', () => {
  const g = scene();
  g.commit(nobody, 4);
  g.commit(nobody, 8, { topic: 'payments' });
  g.groups.topicDeleted('orders');
  expect(g.groups.committed('g', 'orders', 0)).toBe(-1);
  expect(g.groups.committed('g', 'payments', 0)).toBe(8);
});

test('a tool may set an offset whoever is there', () => {
  const g = scene();
  g.stable(1);
  g.groups.setCommitted('g', 'orders', 0, 12);
  expect(g.groups.committed('g', 'orders', 0)).toBe(12);
});
