/** Committed offsets as state and events: who may commit is in test/contract. */
import { expect, test } from 'vitest';
import { scene } from './scene.ts';

const nobody = { id: '', generation: -1 };

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

test('a tool may set an offset whoever is there', () => {
  const g = scene();
  g.stable(1);
  g.groups.setCommitted('g', 'orders', 0, 12);
  expect(g.groups.committed('g', 'orders', 0)).toBe(12);
});
