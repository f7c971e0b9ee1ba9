/** The rows of kafka-observed §6 about static membership. */
import { expect, test } from 'vitest';
import { scene, type Who } from './scene.ts';

function pair(g: ReturnType<typeof scene>): { leader: Who; follower: Who } {
  const a = g.join({ instanceId: 'i0' }).answer!.memberId;
  const b = g.join({ instanceId: 'i1' });
  const { generation } = g.join({ memberId: a, instanceId: 'i0' }).answer!;
  const leader = { id: a, generation, instanceId: 'i0' };
  const follower = { id: b.answer!.memberId, generation, instanceId: 'i1' };
  g.sync(leader, { [leader.id]: 'forA', [follower.id]: 'forB' });
  g.sync(follower);
  return { leader, follower };
}

test('a restarted follower gets a new id in the same generation, and its old share', () => {
  const g = scene();
  const { leader, follower } = pair(g);
  const { answer } = g.join({ instanceId: 'i1' });
  expect(answer).toMatchObject({
    error: 'NONE',
    generation: follower.generation,
    leader: leader.id,
  });
  expect(answer?.memberId).not.toBe(follower.id);
  expect(g.state()).toBe('Stable');
  const renewed = { ...follower, id: answer!.memberId };
  expect(String(g.sync(renewed).answer?.assignment)).toBe('forB');
  expect(g.heartbeat(renewed)).toBe('NONE');
});

test('its old id is fenced with the instance id and unknown without', () => {
  const g = scene();
  const { follower } = pair(g);
  g.join({ instanceId: 'i1' });
  const fenced = 'FENCED_INSTANCE_ID';
  expect(g.heartbeat(follower)).toBe(fenced);
  expect(g.sync(follower).answer?.error).toBe(fenced);
  expect(g.commit(follower)).toBe(fenced);
  expect(g.join({ memberId: follower.id, instanceId: 'i1' }).answer?.error).toBe(fenced);
  expect(g.leave(follower.id, 'i1')).toEqual([fenced]);
  const { instanceId: _, ...anonymous } = follower;
  expect(g.heartbeat(anonymous)).toBe('UNKNOWN_MEMBER_ID');
  expect(g.sync(anonymous).answer?.error).toBe('UNKNOWN_MEMBER_ID');
  expect(g.commit(anonymous)).toBe('UNKNOWN_MEMBER_ID');
  expect(g.join({ memberId: follower.id }).answer?.error).toBe('UNKNOWN_MEMBER_ID');
});

test('a restarted leader is told that its old id leads, and no members, before v9', () => {
  const g = scene();
  const { leader } = pair(g);
  expect(g.join({ instanceId: 'i0' }).answer).toMatchObject({
    leader: leader.id,
    members: [],
    skipAssignment: false,
  });
  expect(g.state()).toBe('Stable');
});

test('from v9 on it is told that it leads, and to skip the assignment', () => {
  const g = scene();
  const { follower } = pair(g);
  const { answer } = g.join({ instanceId: 'i0', skipsAssignment: true });
  expect(answer).toMatchObject({ leader: answer!.memberId, skipAssignment: true });
  expect(answer?.members.map(({ memberId }) => memberId).toSorted()).toEqual(
    [answer!.memberId, follower.id].toSorted(),
  );
});

test('changed metadata do not matter as long as the chosen protocol has the same name', () => {
  const g = scene();
  const { follower } = pair(g);
  const protocols = [{ name: 'range', metadata: Buffer.from('NEW') }];
  expect(g.join({ instanceId: 'i1', protocols }).answer).toMatchObject({
    error: 'NONE',
    generation: follower.generation,
  });
  expect(g.state()).toBe('Stable');
});

test('a static member that comes back while others wait for the assignment starts a rebalance', () => {
  const g = scene();
  const first = g.join({ instanceId: 'i0' }).answer!;
  expect(g.state()).toBe('CompletingRebalance');
  expect(g.join({ instanceId: 'i0' }).answer).toMatchObject({
    error: 'NONE',
    generation: first.generation + 1,
  });
});

test('a static member that waits is fenced when another takes its place', () => {
  const g = scene();
  const { leader } = pair(g);
  const waiting = g.join({ memberId: leader.id, instanceId: 'i0' });
  g.join({ instanceId: 'i0' });
  expect(waiting.answer?.error).toBe('FENCED_INSTANCE_ID');
});

test('a static member that does not rejoin stays; one that does not sync either goes', () => {
  const g = scene();
  const times = { rebalanceTimeoutMs: 2000, sessionTimeoutMs: 20_000 };
  const gone = g.join({ instanceId: 'i0', ...times }).answer!;
  g.sync({ id: gone.memberId, generation: gone.generation, instanceId: 'i0' });
  const other = g.enter(times);
  g.pass(2000);
  expect(other.answer?.leader).toBe(other.id);
  expect(other.answer?.members).toHaveLength(2);
  g.sync({ id: other.id, generation: other.answer!.generation });
  g.pass(2000);
  expect(g.events.at(-1)).toMatchObject({ memberId: gone.memberId, why: 'did not sync' });
});

test('an instance can be removed without knowing its member id', () => {
  const g = scene();
  const { leader, follower } = pair(g);
  expect(g.leave('', 'nope')).toEqual(['UNKNOWN_MEMBER_ID']);
  expect(g.leave('', 'i1')).toEqual(['NONE']);
  expect(g.heartbeat(follower)).toBe('UNKNOWN_MEMBER_ID');
  expect(g.heartbeat(leader)).toBe('REBALANCE_IN_PROGRESS');
});
