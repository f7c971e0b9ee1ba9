/**
 * What holds in any group whatever its members do: four clients that join, sync, beat, commit, leave, crash and start
 * again in any order, some of them late, while time goes by. Each has one connection and waits for
 * one answer at a time.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JoinAnswer, SyncAnswer } from '../../../harness/broker/groups/groups.ts';
import { assignmentOf, scene, type Reply } from './scene.ts';

const partitions = [0, 1, 2, 3];

interface Client {
  connection: number;
  memberId: string;
  /** The last generation it heard of; a late client goes on using the one before. */
  generation: number;
  leads: JoinAnswer['members'];
  joining: Reply<JoinAnswer> | undefined;
  syncing: { reply: Reply<SyncAnswer>; generation: number } | undefined;
}

type Kind =
  | 'join'
  | 'sync'
  | 'heartbeat'
  | 'commit'
  | 'commit late'
  | 'leave'
  | 'crash'
  | 'rebalance'
  | 'pass';

interface Step {
  readonly kind: Kind;
  readonly who: number;
  readonly ms: number;
}

const steps = fc.array(
  fc.record<Step>({
    kind: fc.oneof(
      { weight: 6, arbitrary: fc.constant<Kind>('join') },
      { weight: 6, arbitrary: fc.constant<Kind>('sync') },
      {
        weight: 6,
        arbitrary: fc.constantFrom<Kind>('heartbeat', 'commit', 'commit late', 'pass', 'pass'),
      },
      { weight: 1, arbitrary: fc.constantFrom<Kind>('leave', 'crash', 'rebalance') },
    ),
    who: fc.nat(3),
    ms: fc.constantFrom(1, 500, 3000, 6000, 10_000),
  }),
  { minLength: 20, maxLength: 80 },
);

/** Plays the steps and checks after each of them; answers how far the group came. */
function play(delayMs: number, script: readonly Step[]): number {
  const g = scene({ groupInitialRebalanceDelayMs: delayMs });
  let connections = 0;
  let newest = 0;
  const owners = new Map<string, string>();
  const replies: { reply: Reply<unknown>; connection: number }[] = [];
  const closed = new Set<number>();
  const promised = new Set<string>();
  const fresh = (): Client => ({
    connection: ++connections,
    memberId: '',
    generation: -1,
    leads: [],
    joining: undefined,
    syncing: undefined,
  });
  const clients = [fresh(), fresh(), fresh(), fresh()];

  function hear(client: Client): void {
    const joined = client.joining?.answer;
    if (joined !== undefined) {
      client.joining = undefined;
      if (joined.error === 'NONE') {
        expect(joined.generation).toBeGreaterThanOrEqual(client.generation);
        newest = Math.max(newest, joined.generation);
        client.generation = joined.generation;
        client.leads = joined.members;
      }
      client.memberId = joined.error === 'UNKNOWN_MEMBER_ID' ? '' : joined.memberId;
      if (joined.error === 'MEMBER_ID_REQUIRED') promised.add(joined.memberId);
    }
    const synced = client.syncing?.reply.answer;
    if (client.syncing === undefined || synced === undefined) return;
    const { generation } = client.syncing;
    client.syncing = undefined;
    if (synced.error === 'NONE') own(client, generation, synced.assignment);
    if (synced.error === 'UNKNOWN_MEMBER_ID') client.memberId = '';
  }

  function own(client: Client, generation: number, assignment: Uint8Array): void {
    for (const partition of partitions) {
      if (!Buffer.from(assignment).equals(assignmentOf('orders', [partition]))) continue;
      const key = `${generation}/${partition}`;
      expect(owners.get(key) ?? client.memberId).toBe(client.memberId);
      owners.set(key, client.memberId);
    }
  }

  function join(client: Client): void {
    promised.delete(client.memberId);
    const { memberId, connection } = client;
    const times = { sessionTimeoutMs: 6000, rebalanceTimeoutMs: 9000 };
    client.joining = g.join({ memberId, connection, ...times });
    replies.push({ reply: client.joining, connection });
  }

  function sync(client: Client): void {
    const { memberId, generation, connection } = client;
    const shares = client.leads.map((member, index) => [
      member.memberId,
      assignmentOf('orders', [index]),
    ]);
    const who = { id: memberId, generation };
    const reply = g.sync(who, Object.fromEntries(shares), { connection });
    client.syncing = { reply, generation };
    replies.push({ reply, connection });
  }

  function act({ kind, who, ms }: Step): void {
    const client = clients[who]!;
    const { memberId: id, generation } = client;
    const waits = client.joining !== undefined || client.syncing !== undefined;
    if (kind === 'pass') return g.pass(ms);
    if (kind === 'rebalance') return g.rebalance();
    if (kind === 'crash') {
      closed.add(client.connection);
      g.groups.connectionClosed(client.connection);
      clients[who] = fresh();
      return;
    }
    if (waits) return;
    if (kind === 'join') join(client);
    if (kind === 'sync') sync(client);
    if (kind === 'heartbeat') g.heartbeat({ id, generation });
    if (kind === 'commit' && generation >= 0) g.commit({ id, generation });
    if (kind === 'commit late' && newest > 0) {
      const late = newest - 1;
      expect(g.commit({ id, generation: late })).not.toBe('NONE');
    }
    if (kind === 'leave') g.leave(id);
  }

  let told = 0;
  let last = 0;
  function check(): void {
    for (const client of clients) hear(client);
    for (const { reply } of replies) expect(reply.times).toBeLessThanOrEqual(1);
    for (const event of g.events.slice(told)) {
      if (event.kind !== 'assigned') continue;
      expect(event.generation).toBeGreaterThan(last);
      last = event.generation;
      newest = Math.max(newest, event.generation);
      const owned = event.members.flatMap((member) => member.partitions.map((p) => p.partition));
      expect(new Set(owned).size).toBe(owned.length);
    }
    told = g.events.length;
    const timer = g.timers.next()?.name;
    if (g.state() === 'Empty' && timer !== undefined) {
      expect([...promised].some((id) => timer === `session of ${id} in g`)).toBe(true);
    }
  }

  for (const step of script) {
    act(step);
    check();
  }
  g.pass(10_000_000);
  check();
  for (const { reply, connection } of replies) {
    if (!closed.has(connection)) expect(reply.times).toBe(1);
  }
  expect(['Empty', 'Dead']).toContain(g.state());
  expect(g.timers.next()).toBeUndefined();
  return owners.size;
}

test.each([0, 3000])('a group with an initial delay of %i ms keeps its promises', (delayMs) => {
  let shared = 0;
  fc.assert(
    fc.property(steps, (script) => {
      if (play(delayMs, script) > 1) shared++;
    }),
    { numRuns: 400, seed: 11 },
  );
  expect(shared).toBeGreaterThan(20);
});
