/**
 * Between the network and the broker: names what crosses, asks the schedule, applies, and sends answers back.
 * One request at a time per connection, as Kafka does. Heartbeats, Metadata, ApiVersions and empty Fetches are no
 * places a fault can be put at; a Fetch is one only when records are in its answer.
 */
import { toBytes, type Bytes } from '#check';
import type { Broker, BrokerEvent, KafkaRequest } from '#broker';
import type { ErrorName } from '#protocol';
import type { Connection, Listener } from './network.ts';
import {
  causeOf,
  errorIn,
  expectsNoAnswer,
  fetchedRecords,
  targetOf,
  topicsOf,
  type FetchedRecords,
} from './kafka-operations.ts';
import type { Op } from './passage.ts';
import type { World } from './world.ts';

interface Line {
  readonly connection: Connection;
  readonly queue: KafkaRequest[];
  current: { request: KafkaRequest; op: Op | undefined; applied: boolean } | undefined;
  /** Its client is gone; what it wrote is still worked off. */
  ending: boolean;
}

export interface KafkaLane extends Listener {
  /** After anything made the broker move: its answers and events go where they belong. */
  drain(): void;
  /** Nothing is under way but Fetches parked at the readable end. */
  idle(): boolean;
  waitsFor(): string | undefined;
  /** Which command a record is about. */
  commandAt(topic: string, partition: number, offset: number): string | undefined;
  commandsBetween(topic: string, partition: number, from: number, to: number): string[];
  /** Who owns a connection. */
  slotOf(connection: number | undefined): string | undefined;
  sessionTimeoutOf(slot: string): number | undefined;
  /** Slots with a member in the group's latest generation. */
  members(group: string): readonly string[];
}

/** How long somebody may still wait for an answer that was swallowed: longer than any default request time-out. */
const patienceMs = 120_000;

const unnamed = new Set(['Heartbeat', 'Metadata', 'ApiVersions', 'Fetch']);

export function createKafkaLane(world: World, broker: Broker): KafkaLane {
  const lines = new Map<number, Line>();
  const owners = new Map<number, Connection>();
  const commands = new Map<string, (string | undefined)[]>();
  const lastCommit = new Map<string, number>();
  const sessionTimeouts = new Map<string, number>();
  const members = new Map<string, readonly string[]>();
  let draining = false;
  let swallowed = 0;

  const commandAt = (topic: string, partition: number, offset: number): string | undefined =>
    commands.get(`${topic}/${partition}`)?.[offset];

  const lane: KafkaLane = {
    opened(connection) {
      broker.connect(connection.id);
      lines.set(connection.id, { connection, queue: [], current: undefined, ending: false });
      owners.set(connection.id, connection);
    },
    arrived(connection, bytes) {
      const line = lines.get(connection.id);
      if (line === undefined) return;
      for (const request of broker.receive(connection.id, bytes)) {
        if (request === 'close') return world.network.close(connection);
        line.queue.push(request);
      }
      advance(line);
    },
    ended(connection) {
      const line = lines.get(connection.id);
      if (line === undefined) return;
      line.ending = true;
      workOff(line);
    },
    closed(connection) {
      lines.delete(connection.id);
      broker.disconnect(connection.id);
      lane.drain();
    },
    drain() {
      if (draining) return;
      draining = true;
      for (;;) {
        const { answers, events } = broker.take();
        if (answers.length === 0 && events.length === 0) break;
        for (const event of events) record(event);
        for (const { request, body, bytes } of answers) answered(request, body, bytes);
      }
      draining = false;
    },
    idle() {
      if (swallowed > 0) return false;
      for (const { current, queue, connection } of lines.values()) {
        if (connection.orphan) continue;
        if (current !== undefined && current.request.api !== 'Fetch') return false;
        if (current === undefined && queue.length > 0) return false;
      }
      return true;
    },
    waitsFor() {
      for (const { current, connection } of lines.values()) {
        if (connection.orphan || current === undefined || current.request.api === 'Fetch') continue;
        return `${connection.owner.slot} waits for the answer to ${current.request.api}`;
      }
      return undefined;
    },
    commandAt,
    commandsBetween(topic, partition, from, to) {
      const known = commands.get(`${topic}/${partition}`) ?? [];
      return known.slice(Math.max(from, 0), Math.max(to, 0)).filter((id) => id !== undefined);
    },
    slotOf: (connection) =>
      connection === undefined ? undefined : owners.get(connection)?.owner.slot,
    sessionTimeoutOf: (slot) => sessionTimeouts.get(slot),
    members: (group) => members.get(group) ?? [],
  };

  const advance = (line: Line): void => {
    while (line.current === undefined && line.queue.length > 0 && line.connection.open) {
      begin(line, line.queue.shift() as KafkaRequest);
    }
  };

  /** Nobody hears the answers any more, but what was written before the end still counts. */
  const workOff = (line: Line): void => {
    while (line.ending && line.connection.open) {
      if (line.current?.applied === false) return;
      line.current = undefined;
      if (line.queue.length === 0) return world.network.drop(line.connection);
      begin(line, line.queue.shift() as KafkaRequest);
    }
  };

  const begin = (line: Line, request: KafkaRequest): void => {
    const { owner } = line.connection;
    line.current = { request, op: undefined, applied: false };
    if (request.api === 'JoinGroup') sessionTimeouts.set(owner.slot, request.body.sessionTimeoutMs);
    if (unnamed.has(request.api)) return apply(request);
    const op = world.passages.open({
      owner,
      connection: line.connection,
      kind: 'kafka',
      operation: request.api,
      target: targetOf(request),
      topics: topicsOf(request),
      cause: causeOf(request, lane, broker, world.commandOf),
      stack: line.connection.stack,
      answered: !expectsNoAnswer(request),
    });
    line.current.op = op;
    world.passages.cross(op, 'before apply', {
      pass: () => apply(request),
      answer: (error) => {
        const bytes = broker.refuse(request, error as ErrorName);
        world.passages.refused(op, error);
        reply(line, op, bytes, undefined);
      },
      close: () => world.network.close(line.connection),
      silence: () => swallow(line),
      gone: () => world.network.drop(line.connection),
    });
  };

  const apply = (request: KafkaRequest): void => {
    const line = lines.get(request.connection);
    if (line?.current?.request !== request) return;
    line.current.applied = true;
    broker.apply(request, world.epochMs + world.now());
    lane.drain();
    workOff(line);
  };

  const answered = (request: KafkaRequest, body: unknown, bytes: Buffer | undefined): void => {
    const line = lines.get(request.connection);
    if (line?.current === undefined || line.current.request !== request) return;
    if (body === 'close') return world.network.close(line.connection);
    const fetched = request.api === 'Fetch' ? fetchedRecords(request, body, lane) : undefined;
    const error = errorIn(body);
    let { op } = line.current;
    if (fetched !== undefined && fetched.length > 0) op = openFetch(line, request, fetched);
    if (op === undefined && error !== undefined && request.api === 'Heartbeat') {
      op = world.passages.open({
        owner: line.connection.owner,
        connection: line.connection,
        kind: 'kafka',
        operation: request.api,
        target: targetOf(request),
        topics: [],
        cause: [],
        stack: undefined,
        silent: true,
      });
    }
    if (op === undefined) return reply(line, undefined, bytes, fetched);
    const named = op;
    world.passages.applied(named, error);
    world.passages.cross(named, 'after apply', {
      pass: () => reply(line, named, bytes, fetched),
      answer: (code) => {
        world.passages.refused(named, code);
        reply(line, named, broker.refuse(request, code as ErrorName), undefined);
      },
      close: () => world.network.close(line.connection),
      silence: () => swallow(line),
      gone: () => workOff(line),
    });
  };

  /** One request or answer vanishes; what is behind it on the connection goes on. */
  const swallow = (line: Line): void => {
    line.current = undefined;
    swallowed++;
    world.later(patienceMs, () => swallowed--);
    goOn(line);
  };

  const openFetch = (line: Line, request: KafkaRequest, fetched: FetchedRecords): Op =>
    world.passages.open({
      owner: line.connection.owner,
      connection: line.connection,
      kind: 'kafka',
      operation: request.api,
      target: [...new Set(fetched.map(({ topic }) => topic))].join('+'),
      topics: [...new Set(fetched.map(({ topic }) => topic))],
      cause: fetched.flatMap(({ commands: ids }) => ids),
      stack: line.connection.stack,
    });

  const reply = (
    line: Line,
    op: Op | undefined,
    bytes: Buffer | undefined,
    fetched: FetchedRecords | undefined,
  ): void => {
    const { connection } = line;
    line.current = undefined;
    if (bytes !== undefined) {
      world.network.answer(connection, bytes, () => {
        if (op !== undefined) world.passages.delivered(op);
        for (const { topic, partition, offsets, commands: ids } of fetched ?? []) {
          const { slot, incarnation } = connection.owner;
          world.recorder.add({
            kind: 'deliver',
            slot,
            incarnation,
            topic,
            partition,
            offsets,
            commands: ids,
          });
        }
      });
    }
    goOn(line);
  };

  const goOn = (line: Line): void => {
    advance(line);
    workOff(line);
  };

  const record = (event: BrokerEvent): void => {
    if (event.kind === 'appended') return recordAppend(event);
    if (event.kind === 'committed') {
      const { group, topic, partition, offset } = event;
      const key = `${group}|${topic}/${partition}`;
      if (lastCommit.get(key) === offset) return;
      lastCommit.set(key, offset);
      const owner = owners.get(event.connection ?? -1)?.owner;
      world.recorder.add({
        kind: 'commit',
        group,
        topic,
        partition,
        offset,
        ...(owner && { slot: owner.slot, incarnation: owner.incarnation }),
      });
    } else if (event.kind === 'assigned') {
      const { group, generation } = event;
      const assigned = event.members.map(({ memberId, connection, partitions }) => {
        const slot = lane.slotOf(connection);
        return { memberId, partitions, ...(slot !== undefined && { slot }) };
      });
      members.set(
        group,
        assigned.flatMap(({ slot }) => slot ?? []),
      );
      world.recorder.add({ kind: 'assign', group, generation, members: assigned });
    }
  };

  const recordAppend = (event: BrokerEvent & { kind: 'appended' }): void => {
    const { topic, partition, connection } = event;
    const batch = event.batch();
    const slot = lane.slotOf(connection);
    const key = `${topic}/${partition}`;
    let known = commands.get(key);
    if (known === undefined) commands.set(key, (known = []));
    if (batch.control) return;
    for (const entry of batch.records) {
      const headers = Object.fromEntries(
        entry.headers.map(({ key: name, value }) => [name, toBytes(value)] as const),
      ) as Record<string, Bytes>;
      const command = world.commandOf(topic, entry);
      known[entry.offset] = command;
      world.recorder.add({
        kind: 'append',
        topic,
        partition,
        offset: entry.offset,
        key: toBytes(entry.key),
        value: toBytes(entry.value),
        ...(entry.headers.length > 0 && { headers }),
        ...(command !== undefined && { command }),
        ...(slot !== undefined && { slot }),
        ...(batch.producerId >= 0 && { producerId: batch.producerId }),
        ...(batch.transactional && { transactional: true }),
      });
    }
  };

  return lane;
}
