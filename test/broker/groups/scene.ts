/** A coordinator on a stage: its own clock, short names, and answers that can be looked at before they come. */
import type { ErrorName } from '#protocol';
import type { BrokerEvent } from '../../../harness/broker/events.ts';
import {
  createGroups,
  type GroupsHost,
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

export function scene(config: Partial<GroupsHost['config']> = {}) {
  const timers = createTimers();
  const events: BrokerEvent[] = [];
  const topics = new Set(['orders', 'payments']);
  let nowMs = 0;
  let ids = 0;
  const groups = createGroups({
    config: {
      groupInitialRebalanceDelayMs: 0,
      groupMinSessionTimeoutMs: 6000,
      groupMaxSessionTimeoutMs: 1_800_000,
      offsetMetadataMaxBytes: 4096,
      memberIdRequired: true,
      ...config,
    },
    topics: { has: (topic, partition) => topics.has(topic) && partition < 4 },
    timers,
    emit: (event) => events.push(event),
    newId: (prefix) => `${prefix}-${++ids}`,
  });

  function reply<T>(ask: (answer: (answer: T) => void) => void): Reply<T> {
    const reply: Reply<T> = { answer: undefined, atMs: -1, times: 0 };
    ask((answer) => {
      reply.answer = answer;
      reply.atMs = nowMs;
      reply.times++;
    });
    return reply;
  }

  const join = (options: Partial<JoinRequest> = {}): Reply<JoinAnswer> =>
    reply((answer) =>
      groups.join(
        {
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
        },
        nowMs,
        answer,
      ),
    );

  const identity = (who: Who, groupId = 'g') => ({
    groupId,
    memberId: who.id,
    instanceId: who.instanceId ?? null,
    generation: who.generation,
    connection: undefined,
  });

  const sync = (
    who: Who,
    shares: Readonly<Record<string, Uint8Array | string>> = {},
    options: Partial<SyncRequest> = {},
  ): Reply<SyncAnswer> =>
    reply((answer) =>
      groups.sync(
        {
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
        },
        nowMs,
        answer,
      ),
    );

  /** Asks for an id and comes back with it. */
  const enter = (options: Partial<JoinRequest> = {}): Reply<JoinAnswer> & { id: string } => {
    const id = join(options).answer?.memberId ?? '';
    return Object.assign(join({ ...options, memberId: id }), { id });
  };

  /** So many members in a stable group; the first is the leader. */
  const stable = (count: number, options: Partial<JoinRequest> = {}): Who[] => {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push(enter({ ...options, connection: i }).id);
    const joins = ids.map((id, i) => join({ ...options, memberId: id, connection: i }));
    const members = ids.map((id, i) => ({ id, generation: joins[i]?.answer?.generation ?? -1 }));
    for (const who of members) sync(who, {}, { connection: members.indexOf(who) });
    return members;
  };

  return {
    groups,
    events,
    timers,
    topics,
    join,
    enter,
    sync,
    stable,
    now: () => nowMs,
    heartbeat: (who: Who, groupId = 'g') => groups.heartbeat(identity(who, groupId), nowMs),
    leave: (id: string, instanceId: string | null = null, groupId = 'g') =>
      groups.leave(groupId, [{ memberId: id, instanceId }], nowMs),
    commit: (
      who: Who,
      offset = 1,
      more: { metadata?: string; topic?: string; partition?: number; groupId?: string } = {},
    ): ErrorName => {
      const { metadata = '', topic = 'orders', partition = 0 } = more;
      const toStore = { topic, partition, offset, leaderEpoch: -1, metadata };
      const errors = groups.commit(identity(who, more.groupId), [toStore], nowMs);
      return errors[0]!;
    },
    state: (groupId = 'g') => groups.describe(groupId)?.state ?? 'Dead',
    rebalance: () => groups.rebalance('g', nowMs),
    /** Lets time go by, and happen what it brings. */
    pass(ms: number): void {
      const untilMs = nowMs + ms;
      for (
        let next = timers.next();
        next !== undefined && next.atMs <= untilMs;
        next = timers.next()
      ) {
        nowMs = next.atMs;
        timers.clear(next.name);
        next.run(nowMs);
      }
      nowMs = untilMs;
    },
  };
}
