/**
 * What holds in any group whatever its members do: four clients that join, sync, beat, commit, leave, crash and start
 * again in any order, some of them late, while time goes by. Each has one connection and waits for
 * one answer at a time.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JoinAnswer, SyncAnswer } from '../../../harness/broker/groups/groups.ts';
import { assignmentOf, scene, type Reply, type Scene } from './scene.ts';

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
  const game = new Game(delayMs);
  for (const step of script) game.turn(step);
  return game.end();
}

class Game {
  readonly #g: Scene;
  readonly #owners = new Map<string, string>();
  readonly #replies: { reply: Reply<unknown>; connection: number }[] = [];
  readonly #closed = new Set<number>();
  readonly #promised = new Set<string>();
  readonly #clients: Client[];
  #connections = 0;
  #newest = 0;
  #told = 0;
  #last = 0;

  constructor(delayMs: number) {
    this.#g = scene({ groupInitialRebalanceDelayMs: delayMs });
    this.#clients = [this.#fresh(), this.#fresh(), this.#fresh(), this.#fresh()];
  }

  turn(step: Step): void {
    this.#act(step);
    this.#check();
  }

  end(): number {
    const g = this.#g;
    g.pass(10_000_000);
    this.#check();
    for (const { reply, connection } of this.#replies) {
      if (!this.#closed.has(connection)) expect(reply.times).toBe(1);
    }
    expect(['Empty', 'Dead']).toContain(g.state());
    expect(g.timers.next()).toBeUndefined();
    return this.#owners.size;
  }

  #fresh(): Client {
    return {
      connection: ++this.#connections,
      memberId: '',
      generation: -1,
      leads: [],
      joining: undefined,
      syncing: undefined,
    };
  }

  #hear(client: Client): void {
    const joined = client.joining?.answer;
    if (joined !== undefined) {
      client.joining = undefined;
      if (joined.error === 'NONE') {
        expect(joined.generation).toBeGreaterThanOrEqual(client.generation);
        this.#newest = Math.max(this.#newest, joined.generation);
        client.generation = joined.generation;
        client.leads = joined.members;
      }
      client.memberId = joined.error === 'UNKNOWN_MEMBER_ID' ? '' : joined.memberId;
      if (joined.error === 'MEMBER_ID_REQUIRED') this.#promised.add(joined.memberId);
    }
    const synced = client.syncing?.reply.answer;
    if (client.syncing === undefined || synced === undefined) return;
    const { generation } = client.syncing;
    client.syncing = undefined;
    if (synced.error === 'NONE') this.#own(client, generation, synced.assignment);
    if (synced.error === 'UNKNOWN_MEMBER_ID') client.memberId = '';
  }

  #own(client: Client, generation: number, assignment: Uint8Array): void {
    for (const partition of partitions) {
      if (!Buffer.from(assignment).equals(assignmentOf('orders', [partition]))) continue;
      const key = `${generation}/${partition}`;
      expect(this.#owners.get(key) ?? client.memberId).toBe(client.memberId);
      this.#owners.set(key, client.memberId);
    }
  }

  #join(client: Client): void {
    this.#promised.delete(client.memberId);
    const { memberId, connection } = client;
    const times = { sessionTimeoutMs: 6000, rebalanceTimeoutMs: 9000 };
    client.joining = this.#g.join({ memberId, connection, ...times });
    this.#replies.push({ reply: client.joining, connection });
  }

  #sync(client: Client): void {
    const { memberId, generation, connection } = client;
    const shares = client.leads.map((member, index) => [
      member.memberId,
      assignmentOf('orders', [index]),
    ]);
    const who = { id: memberId, generation };
    const reply = this.#g.sync(who, Object.fromEntries(shares), { connection });
    client.syncing = { reply, generation };
    this.#replies.push({ reply, connection });
  }

  #act({ kind, who, ms }: Step): void {
    const client = this.#clients[who]!;
    const { memberId: id, generation } = client;
    const waits = client.joining !== undefined || client.syncing !== undefined;
    if (kind === 'pass') return this.#g.pass(ms);
    if (kind === 'rebalance') return this.#g.rebalance();
    if (kind === 'crash') {
      this.#closed.add(client.connection);
      this.#g.groups.connectionClosed(client.connection);
      this.#clients[who] = this.#fresh();
      return;
    }
    if (waits) return;
    if (kind === 'join') this.#join(client);
    if (kind === 'sync') this.#sync(client);
    if (kind === 'heartbeat') this.#g.heartbeat({ id, generation });
    if (kind === 'commit' && generation >= 0) this.#g.commit({ id, generation });
    if (kind === 'commit late' && this.#newest > 0) {
      const late = this.#newest - 1;
      expect(this.#g.commit({ id, generation: late })).not.toBe('NONE');
    }
    if (kind === 'leave') this.#g.leave(id);
  }

  #check(): void {
    for (const client of this.#clients) this.#hear(client);
    for (const { reply } of this.#replies) expect(reply.times).toBeLessThanOrEqual(1);
    for (const event of this.#g.events.slice(this.#told)) {
      if (event.kind !== 'assigned') continue;
      expect(event.generation).toBeGreaterThan(this.#last);
      this.#last = event.generation;
      this.#newest = Math.max(this.#newest, event.generation);
      const owned = event.members.flatMap((member) => member.partitions.map((p) => p.partition));
      expect(new Set(owned).size).toBe(owned.length);
    }
    this.#told = this.#g.events.length;
    const timer = this.#g.timers.next()?.name;
    if (this.#g.state() === 'Empty' && timer !== undefined) {
      expect([...this.#promised].some((id) => timer === `session of ${id} in g`)).toBe(true);
    }
  }
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
