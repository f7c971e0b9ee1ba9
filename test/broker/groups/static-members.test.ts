/** Static members in states that requests alone do not come to (see test/contract). */
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
