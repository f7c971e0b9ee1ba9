/** A coordinator on a stage: its own clock, short names, and answers that can be looked at before they come. */
import type { ErrorName } from '#protocol';
import type { BrokerEvent } from '../../../harness/broker/events.ts';
import {
  createGroups,
  type Groups,
  type GroupsHost,
  type GroupState,
  type Identity,
  type JoinAnswer,
  type JoinRequest,
  type SyncAnswer,
  type SyncRequest,
} from '../../../harness/broker/groups/groups.ts';
import { createTimers } from '../../../harness/broker/timers.ts';

/** What was asked, and what came back so far: nothing while the request waits. */
export interface Reply<T> {
  answer: T | undefined;
  atMs: number;
  times: number;
}

export interface Who {
  readonly id: string;
  readonly generation: number;
  readonly instanceId?: string;
}

const text = (value: string): Buffer => Buffer.from(value);
export const range = [{ name: 'range', metadata: text('topics') }];

export function assignmentOf(topic: string, partitions: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 + 4 + 2 + topic.length + 4 + 4 * partitions.length + 4);
  let at = bytes.writeInt32BE(1, 2);
  at = bytes.writeInt16BE(topic.length, at);
  at += bytes.write(topic, at);
  at = bytes.writeInt32BE(partitions.length, at);
  for (const partition of partitions) at = bytes.writeInt32BE(partition, at);
  return bytes;
}

export function scene(config: Partial<GroupsHost['config']> = {}): Scene {
  return new Scene(config);
}

export class Scene {
  readonly timers = createTimers();
  readonly events: BrokerEvent[] = [];
  readonly topics = new Set(['orders', 'payments']);
  readonly groups: Groups;
  #nowMs = 0;
  #ids = 0;

  constructor(config: Partial<GroupsHost['config']>) {
    this.groups = createGroups({
      config: {
        groupInitialRebalanceDelayMs: 0,
        groupMinSessionTimeoutMs: 6000,
        groupMaxSessionTimeoutMs: 1_800_000,
        groupMaxSize: 0x7fffffff,
        offsetMetadataMaxBytes: 4096,
        memberIdRequired: true,
        profile: 'kafka-3.9',
        ...config,
      },
      topics: { has: (topic, partition) => this.topics.has(topic) && partition < 4 },
      timers: this.timers,
      emit: (event) => this.events.push(event),
      newId: (prefix) => `${prefix}-${++this.#ids}`,
    });
  }

  now(): number {
    return this.#nowMs;
  }

  join(options: Partial<JoinRequest> = {}): Reply<JoinAnswer> {
    const request: JoinRequest = {
      groupId: 'g',
      memberId: '',
      instanceId: null,
      clientId: 'client',
      connection: undefined,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 60_000,
      protocolType: 'consumer',
      protocols: range,
      takesMemberId: true,
      skipsAssignment: false,
      ...options,
    };
    return this.#reply((answer) => this.groups.join(request, this.#nowMs, answer));
  }

  sync(
    who: Who,
    shares: Readonly<Record<string, Uint8Array | string>> = {},
    options: Partial<SyncRequest> = {},
  ): Reply<SyncAnswer> {
    const request: SyncRequest = {
      ...identity(who),
      protocolType: null,
      protocolName: null,
      assignments: new Map(
        Object.entries(shares).map(([id, share]) => [
          id,
          typeof share === 'string' ? text(share) : share,
        ]),
      ),
      ...options,
    };
    return this.#reply((answer) => this.groups.sync(request, this.#nowMs, answer));
  }

  /** Asks for an id and comes back with it. */
  enter(options: Partial<JoinRequest> = {}): Reply<JoinAnswer> & { id: string } {
    const id = this.join(options).answer?.memberId ?? '';
    return Object.assign(this.join({ ...options, memberId: id }), { id });
  }

  /** So many members in a stable group; the first is the leader. */
  stable(count: number, options: Partial<JoinRequest> = {}): Who[] {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push(this.enter({ ...options, connection: i }).id);
    const joins = ids.map((id, i) => this.join({ ...options, memberId: id, connection: i }));
    const members = ids.map((id, i) => ({ id, generation: joins[i]?.answer?.generation ?? -1 }));
    for (const who of members) this.sync(who, {}, { connection: members.indexOf(who) });
    return members;
  }

  heartbeat(who: Who, groupId = 'g'): ErrorName {
    return this.groups.heartbeat(identity(who, groupId), this.#nowMs);
  }

  leave(
    id: string,
    instanceId: string | null = null,
    groupId = 'g',
  ): ErrorName | readonly ErrorName[] {
    return this.groups.leave(groupId, [{ memberId: id, instanceId }], this.#nowMs);
  }

  commit(
    who: Who,
    offset = 1,
    more: { metadata?: string; topic?: string; partition?: number; groupId?: string } = {},
  ): ErrorName {
    const { metadata = '', topic = 'orders', partition = 0 } = more;
    const toStore = { topic, partition, offset, leaderEpoch: -1, metadata };
    const errors = this.groups.commit(identity(who, more.groupId), [toStore], this.#nowMs);
    return errors[0]!;
  }

  state(groupId = 'g'): GroupState {
    return this.groups.describe(groupId)?.state ?? 'Dead';
  }

  rebalance(): void {
    this.groups.rebalance('g', this.#nowMs);
  }

  /** Lets time go by, and happen what it brings. */
  pass(ms: number): void {
    const untilMs = this.#nowMs + ms;
    const due = () => {
      const next = this.timers.next();
      return next !== undefined && next.atMs <= untilMs ? next : undefined;
    };
    for (let next = due(); next !== undefined; next = due()) {
      this.#nowMs = next.atMs;
      this.timers.clear(next.name);
      next.run(this.#nowMs);
    }
    this.#nowMs = untilMs;
  }

  #reply<T>(ask: (answer: (answer: T) => void) => void): Reply<T> {
    const reply: Reply<T> = { answer: undefined, atMs: -1, times: 0 };
    ask((answer) => {
      reply.answer = answer;
      reply.atMs = this.#nowMs;
      reply.times++;
    });
    return reply;
  }
}

function identity(who: Who, groupId = 'g'): Identity {
  return {
    groupId,
    memberId: who.id,
    instanceId: who.instanceId ?? null,
    generation: who.generation,
    connection: undefined,
  };
}
