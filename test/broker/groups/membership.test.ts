/** The life of a generation, as far as only state and virtual time can show it (see test/contract). */
import { expect, test } from 'vitest';
import { assignmentOf, scene, type Who } from './scene.ts';

/** Two members between JoinGroup and SyncGroup. */
function completing(g: ReturnType<typeof scene>): [Who, Who] {
  const a = g.enter();
  const b = g.enter();
  const generation = g.join({ memberId: a.id }).answer!.generation;
  return [
    { id: a.id, generation },
    { id: b.id, generation },
  ];
}

test('sync knows wrong generations, unknown members and other protocols', () => {
  const g = scene();
  const [leader, follower] = completing(g);
  const error = (...args: Parameters<typeof g.sync>) => g.sync(...args).answer?.error;
  expect(error({ ...follower, generation: 99 })).toBe('ILLEGAL_GENERATION');
  expect(error({ ...follower, id: 'zz' })).toBe('UNKNOWN_MEMBER_ID');
  expect(error(leader, {}, { groupId: 'other' })).toBe('UNKNOWN_MEMBER_ID');
  expect(error(leader, {}, { protocolName: 'zzz' })).toBe('INCONSISTENT_GROUP_PROTOCOL');
  expect(error(leader, {}, { protocolType: 'zzz' })).toBe('INCONSISTENT_GROUP_PROTOCOL');
  expect(error(leader, {}, { protocolName: 'range', protocolType: 'consumer' })).toBe('NONE');
});

test('a new leader that does not sync is out after the rebalance timeout: the group is empty', () => {
  const g = scene();
  g.enter({ rebalanceTimeoutMs: 2000, sessionTimeoutMs: 20_000 });
  g.pass(1999);
  expect(g.state()).toBe('CompletingRebalance');
  g.pass(1);
  expect(g.state()).toBe('Empty');
  expect(g.timers.next()).toBeUndefined();
});

test('a session begins with the answer to JoinGroup', () => {
  const g = scene();
  g.enter({ rebalanceTimeoutMs: 60_000, sessionTimeoutMs: 6000 });
  g.pass(6000);
  expect(g.events).toContainEqual(expect.objectContaining({ why: 'session expired' }));
  expect(g.state()).toBe('Empty');
});

test('having synced in the generation before does not count', () => {
  const g = scene();
  const times = { rebalanceTimeoutMs: 2000, sessionTimeoutMs: 20_000 };
  const [leader, follower] = g.stable(2, times);
  g.rebalance();
  g.join({ memberId: leader!.id, ...times });
  const { generation } = g.join({ memberId: follower!.id, ...times }).answer!;
  g.sync({ id: leader!.id, generation });
  g.pass(2000);
  expect(g.heartbeat({ id: follower!.id, generation })).toBe('UNKNOWN_MEMBER_ID');
  expect(g.heartbeat({ id: leader!.id, generation })).toBe('REBALANCE_IN_PROGRESS');
});

test('a closed connection changes nothing until the session timeout', () => {
  const g = scene();
  const [leader, follower] = g.stable(2, { sessionTimeoutMs: 6000 });
  g.groups.connectionClosed(1);
  g.pass(5999);
  expect(g.heartbeat(leader!)).toBe('NONE');
  g.pass(1);
  expect(g.heartbeat(leader!)).toBe('REBALANCE_IN_PROGRESS');
  expect(g.heartbeat(follower!)).toBe('UNKNOWN_MEMBER_ID');
  expect(g.events.at(-1)).toEqual({
    kind: 'member-left',
    group: 'g',
    memberId: follower!.id,
    why: 'session expired',
  });
});

test('heartbeat, commit and sync in a stable group keep a member alive', () => {
  const signs: ((g: ReturnType<typeof scene>, who: Who) => void)[] = [
    (g, who) => g.heartbeat(who),
    (g, who) => g.commit(who),
    (g, who) => g.sync(who),
  ];
  for (const sign of signs) {
    const g = scene();
    const [leader, follower] = g.stable(2, { sessionTimeoutMs: 6000 });
    for (let i = 0; i < 4; i++) {
      g.pass(4000);
      g.heartbeat(leader!);
      sign(g, follower!);
    }
    expect(g.heartbeat(follower!)).toBe('NONE');
  }
});

test('a wrong generation, a refused commit and a rejoin that changes nothing do not', () => {
  const g = scene();
  const [leader, follower] = g.stable(2, { sessionTimeoutMs: 6000 });
  const late = { ...follower!, generation: follower!.generation - 1 };
  g.pass(4000);
  g.heartbeat(leader!);
  g.heartbeat(late);
  g.commit(late);
  g.join({ memberId: follower!.id });
  g.groups.fetchOffsets('g', null);
  g.pass(2000);
  expect(g.heartbeat(follower!)).toBe('UNKNOWN_MEMBER_ID');
});

test('the last member that leaves ends a generation and begins an empty one', () => {
  const g = scene();
  const [member] = g.stable(1);
  g.leave(member!.id);
  expect(g.state()).toBe('Empty');
  expect(g.timers.next()).toBeUndefined();
  expect(g.events.at(-1)).toEqual({ kind: 'assigned', group: 'g', generation: 2, members: [] });
  expect(g.heartbeat(member!)).toBe('UNKNOWN_MEMBER_ID');
});

test('leaving: unknown members, unknown groups, an id that was only handed out', () => {
  const g = scene();
  expect(g.leave('zz')).toEqual(['UNKNOWN_MEMBER_ID']);
  g.stable(1);
  expect(g.leave('zz')).toEqual(['UNKNOWN_MEMBER_ID']);
  expect(g.leave('')).toEqual(['UNKNOWN_MEMBER_ID']);
  const id = g.join().answer!.memberId;
  expect(g.leave(id)).toEqual(['NONE']);
  expect(g.join({ memberId: id }).answer?.error).toBe('UNKNOWN_MEMBER_ID');
});

test('a member that leaves is not waited for', () => {
  const g = scene();
  const [leader, follower] = g.stable(2);
  const again = g.join({ memberId: leader!.id });
  g.leave(follower!.id);
  expect(again.answer).toMatchObject({ error: 'NONE', leader: leader!.id });
});

test('a member that leaves on another connection is told so by its join, and not by its sync', () => {
  const g = scene();
  const [, follower] = g.stable(2);
  const protocols = [{ name: 'range', metadata: Buffer.from('changed') }];
  const joining = g.join({ memberId: follower!.id, protocols });
  g.leave(follower!.id);
  expect(joining.answer?.error).toBe('UNKNOWN_MEMBER_ID');

  const h = scene();
  const [, other] = completing(h);
  const syncing = h.sync(other);
  h.leave(other.id);
  expect(syncing.answer).toBeUndefined();
});

test('a generation that became stable is told with who owns what, on which connection', () => {
  const g = scene();
  const a = g.enter({ connection: 1 });
  const b = g.enter({ connection: 2 });
  const { generation } = g.join({ memberId: a.id, connection: 1 }).answer!;
  const shares = { [a.id]: assignmentOf('orders', [0, 2]), [b.id]: Buffer.from('garbage') };
  g.sync({ id: a.id, generation }, shares, { connection: 1 });
  const orders = (partition: number) => ({ topic: 'orders', partition });
  expect(g.events.at(-1)).toEqual({
    kind: 'assigned',
    group: 'g',
    generation,
    members: [
      { memberId: a.id, clientId: 'client', connection: 1, partitions: [orders(0), orders(2)] },
      { memberId: b.id, clientId: 'client', connection: 2, partitions: [] },
    ],
  });
});

test('describing: details of a stable group only, the type stays when it is empty', () => {
  const g = scene();
  expect(g.groups.describe('g')).toBeUndefined();
  const { id, answer } = g.enter();
  expect(g.groups.describe('g')).toMatchObject({ state: 'CompletingRebalance', protocolName: '' });
  g.sync({ id, generation: answer!.generation }, { [id]: 'mine' });
  const described = g.groups.describe('g');
  expect(described).toMatchObject({ protocolType: 'consumer', protocolName: 'range' });
  expect(String(described?.members[0]?.metadata)).toBe('topics');
  expect(String(described?.members[0]?.assignment)).toBe('mine');
  g.leave(id);
  expect(g.groups.describe('g')).toMatchObject({
    state: 'Empty',
    protocolType: 'consumer',
    protocolName: '',
    members: [],
  });
});

test('only empty groups can be deleted', () => {
  const g = scene();
  const [member] = g.stable(1);
  g.commit(member!);
  expect(g.groups.delete('g')).toBe('NON_EMPTY_GROUP');
  expect(g.groups.delete('other')).toBe('GROUP_ID_NOT_FOUND');
  g.leave(member!.id);
  g.join();
  expect(g.groups.delete('g')).toBe('NONE');
  expect(g.groups.list()).toEqual([]);
  expect(g.groups.committed('g', 'orders', 0)).toBe(-1);
  expect(g.timers.next()).toBeUndefined();
});

test('the session timeout of a group is the largest of its members', () => {
  const g = scene();
  expect(g.groups.sessionTimeoutMs('g')).toBeUndefined();
  g.enter({ sessionTimeoutMs: 6000 });
  g.enter({ sessionTimeoutMs: 9000 });
  expect(g.groups.sessionTimeoutMs('g')).toBe(9000);
});
