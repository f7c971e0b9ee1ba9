/** Joining, as far as only state and virtual time can show it: answers are in test/contract. */
import { expect, test } from 'vitest';
import { range, scene } from './scene.ts';

const speaking = (...names: string[]) =>
  names.map((name) => ({ name, metadata: Buffer.from('topics') }));

test('a broker can be told to admit everybody at once', () => {
  const g = scene({ memberIdRequired: false });
  expect(g.join().answer).toMatchObject({ error: 'NONE', generation: 1 });
});

test('a group needs a name', () => {
  const g = scene();
  const nobody = { id: 'm', generation: 1 };
  expect(g.join({ groupId: '' }).answer?.error).toBe('INVALID_GROUP_ID');
  expect(g.sync(nobody, {}, { groupId: '' }).answer?.error).toBe('INVALID_GROUP_ID');
  expect(g.heartbeat(nobody, '')).toBe('INVALID_GROUP_ID');
  expect(g.leave('m', null, '')).toBe('INVALID_GROUP_ID');
});

test('an empty group waits for company as long as it is told', () => {
  const g = scene({ groupInitialRebalanceDelayMs: 3000 });
  const alone = g.enter();
  g.pass(2999);
  expect(alone.answer).toBeUndefined();
  g.pass(1);
  expect(alone).toMatchObject({ atMs: 3000, answer: { error: 'NONE', generation: 1 } });
});

test('who comes meanwhile extends the wait by the same delay', () => {
  const g = scene({ groupInitialRebalanceDelayMs: 3000 });
  const first = g.enter();
  g.pass(1000);
  const second = g.enter();
  g.pass(60_000);
  expect([first.atMs, second.atMs]).toEqual([6000, 6000]);
  expect(first.answer?.generation).toBe(1);
});

test('the extended wait is bounded by the rebalance timeout', () => {
  const g = scene({ groupInitialRebalanceDelayMs: 3000 });
  const first = g.enter({ rebalanceTimeoutMs: 5000 });
  g.pass(1500);
  const second = g.enter({ rebalanceTimeoutMs: 5000 });
  g.pass(60_000);
  expect([first.atMs, second.atMs]).toEqual([5000, 5000]);
});

test('every start of a group that had become empty waits again, without extension', () => {
  const g = scene({ groupInitialRebalanceDelayMs: 3000 });
  const before = g.enter();
  g.pass(3000);
  g.leave(before.id);
  expect(g.state()).toBe('Empty');
  const first = g.enter();
  g.pass(1000);
  const second = g.enter();
  g.pass(60_000);
  expect([first.atMs, second.atMs]).toEqual([6000, 6000]);
});

test('an id that was handed out is forgotten after its session timeout', () => {
  const g = scene();
  const id = g.join({ sessionTimeoutMs: 6000 }).answer?.memberId ?? '';
  g.pass(6000);
  expect(g.join({ memberId: id }).answer?.error).toBe('UNKNOWN_MEMBER_ID');
  expect(g.timers.next()).toBeUndefined();
});

test('an id that was handed out and not used blocks the join phase until the rebalance timeout', () => {
  const g = scene();
  const [member] = g.stable(1, { rebalanceTimeoutMs: 4000, sessionTimeoutMs: 20_000 });
  g.join({ sessionTimeoutMs: 6000 });
  const again = g.join({ memberId: member!.id, rebalanceTimeoutMs: 4000 });
  g.pass(60_000);
  expect(again.atMs).toBe(4000);
});

test('or until its session timeout, if that comes first', () => {
  const g = scene();
  const [member] = g.stable(1);
  g.join({ sessionTimeoutMs: 6000 });
  const again = g.join({ memberId: member!.id });
  g.pass(60_000);
  expect(again.atMs).toBe(6000);
});

test('a tied vote falls to the first (Kafka promises nothing)', () => {
  const g = scene();
  const a = g.enter({ protocols: speaking('p1', 'p2', 'p3') });
  g.enter({ protocols: speaking('p3', 'p2') });
  const again = g.join({ memberId: a.id, protocols: speaking('p1', 'p2', 'p3') });
  expect(again.answer?.protocolName).toBe('p2');
});

test('a leader that does not rejoin is out after the rebalance timeout, and the follower leads', () => {
  const g = scene();
  const times = { rebalanceTimeoutMs: 2000, sessionTimeoutMs: 20_000 };
  const [leader, follower] = g.stable(2, times);
  const protocols = [{ name: 'range', metadata: Buffer.from('N') }];
  const again = g.join({ memberId: follower!.id, ...times, protocols });
  g.pass(2000);
  expect(again).toMatchObject({
    atMs: 2000,
    answer: { error: 'NONE', generation: follower!.generation + 1, leader: follower!.id },
  });
  expect(g.heartbeat(leader!)).toBe('UNKNOWN_MEMBER_ID');
  expect(g.join({ memberId: leader!.id }).answer?.error).toBe('UNKNOWN_MEMBER_ID');
  expect(g.events).toContainEqual({
    kind: 'member-left',
    group: 'g',
    memberId: leader!.id,
    why: 'did not rejoin',
  });
});

test('a silent member holds up the join until its session or the rebalance times out', () => {
  const times = { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 3000 };
  const short = scene();
  short.stable(1, times);
  short.pass(2000);
  const impatient = short.enter(times);
  short.pass(60_000);
  expect(impatient.atMs).toBe(5000);

  const long = scene();
  long.stable(1, { sessionTimeoutMs: 10_000 });
  long.pass(2000);
  const patient = long.enter({ sessionTimeoutMs: 10_000 });
  long.pass(60_000);
  expect(patient.atMs).toBe(10_000);
});

test('a client that vanished while its JoinGroup waits is counted, and thrown out for not syncing', () => {
  const g = scene();
  const times = { rebalanceTimeoutMs: 3000, sessionTimeoutMs: 20_000 };
  const [member] = g.stable(1, times);
  const gone = g.enter({ ...times, connection: 7 });
  g.groups.connectionClosed(7);
  const again = g.join({ memberId: member!.id, ...times });
  expect(again.answer?.members.map(({ memberId }) => memberId)).toEqual([member!.id, gone.id]);
  expect(gone.answer).toBeUndefined();
  const who = { id: member!.id, generation: again.answer!.generation };
  g.sync(who, { [member!.id]: 'x' });
  expect(g.heartbeat(who)).toBe('NONE');
  g.pass(3000);
  expect(g.heartbeat(who)).toBe('REBALANCE_IN_PROGRESS');
  expect(g.events.at(-1)).toMatchObject({ memberId: gone.id, why: 'did not sync' });
});

test('a newcomer whose JoinGroup waits for five minutes is told to start anew', () => {
  const g = scene();
  const times = { rebalanceTimeoutMs: 600_000, sessionTimeoutMs: 1_000_000 };
  g.stable(1, times);
  const newcomer = g.enter(times);
  g.pass(300_000);
  expect(newcomer).toMatchObject({
    atMs: 300_000,
    answer: { error: 'UNKNOWN_MEMBER_ID', memberId: '' },
  });
});

test('a session does not run while JoinGroup waits', () => {
  const g = scene();
  const [leader, follower] = g.stable(2, { sessionTimeoutMs: 6000 });
  const again = g.join({ memberId: leader!.id, sessionTimeoutMs: 6000 });
  for (let i = 0; i < 10; i++) {
    g.pass(5000);
    expect(g.heartbeat(follower!)).toBe('REBALANCE_IN_PROGRESS');
  }
  expect(again.answer).toBeUndefined();
  g.join({ memberId: follower!.id, sessionTimeoutMs: 6000 });
  expect(again.answer).toMatchObject({ error: 'NONE', leader: leader!.id });
});

test('of two JoinGroups of one member the later one is answered', () => {
  const g = scene();
  const [leader, follower] = g.stable(2);
  const lost = g.join({ memberId: leader!.id, connection: 1 });
  const renewed = g.join({ memberId: leader!.id, connection: 2 });
  g.join({ memberId: follower!.id });
  expect(lost.answer).toBeUndefined();
  expect(renewed.answer?.error).toBe('NONE');
});

test('with a rebalance timeout of 0 a member that does not sync at once is out', () => {
  const g = scene();
  const { id, answer } = g.enter({ rebalanceTimeoutMs: 0, protocols: range });
  g.pass(0);
  const synced = g.sync({ id, generation: answer!.generation });
  expect(synced.answer?.error).toBe('UNKNOWN_MEMBER_ID');
});

test('a rebalance can be started from outside', () => {
  const g = scene();
  const [member] = g.stable(1);
  g.rebalance();
  expect(g.heartbeat(member!)).toBe('REBALANCE_IN_PROGRESS');
  expect(g.join({ memberId: member!.id }).answer).toMatchObject({ generation: 2 });
});
