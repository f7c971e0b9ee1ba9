/**
 * Between the network and the broker: names what crosses, asks the schedule, applies, and sends answers back.
 * One request at a time per connection, as Kafka does. Heartbeats, Metadata, ApiVersions and empty Fetches are no
 * places a fault can be put at; a Fetch is one only when records are in its answer.
 */
import type { Broker, BrokerEvent, KafkaRequest } from '#broker';
import type { ErrorName } from '#protocol';
import type { Connection, Listener } from './network.ts';
import {
  causeOf,
  errorIn,
  expectsNoAnswer,
  fetchedRecords,
  targetOf,
  toldIn,
  topicsOf,
  type FetchedRecords,
} from './kafka-operations.ts';
import { KafkaLog } from './kafka-log.ts';
import type { Op } from './passage.ts';
import type { Asker } from './visits.ts';
import { TransactionWatch } from './transaction-watch.ts';
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
  /** Behind the last record that a read_committed reader sees. */
  visibleEnd(topic: string, partition: number): number;
  /** Who owns a connection. */
  slotOf(connection: number | undefined): string | undefined;
  sessionTimeoutOf(slot: string): number | undefined;
  /** Of several producers the shortest. */
  transactionTimeoutOf(slot: string): number | undefined;
  /** Slots with a member in the group's latest generation. */
  members(group: string): readonly string[];
  /** Topics that a group was ever given or has committed; undefined = nobody ever joined it. */
  topicsOf(group: string): ReadonlySet<string> | undefined;
}

/** How long somebody may still wait for an answer that was swallowed: longer than any default request time-out. */
const patienceMs = 120_000;

const unnamed = new Set(['Heartbeat', 'Metadata', 'ApiVersions', 'Fetch']);

export function createKafkaLane(world: World, broker: Broker): KafkaLane {
  return new BrokerLane(world, broker);
}

class BrokerLane implements KafkaLane {
  readonly #world: World;
  readonly #broker: Broker;
  readonly #lines = new Map<number, Line>();
  readonly #owners = new Map<number, Connection>();
  readonly #log: KafkaLog;
  readonly #lastCommit = new Map<string, number>();
  readonly #sessionTimeouts = new Map<string, number>();
  readonly #transactions: TransactionWatch;
  readonly #members = new Map<string, readonly string[]>();
  readonly #topics = new Map<string, Set<string>>();
  readonly #askers = new WeakMap<KafkaRequest, Asker>();
  #draining = false;
  #swallowed = 0;

  constructor(world: World, broker: Broker) {
    this.#world = world;
    this.#broker = broker;
    this.#transactions = new TransactionWatch(world, broker);
    this.#log = new KafkaLog(world, (connection) => this.#owners.get(connection ?? -1)?.owner);
  }

  opened(connection: Connection): void {
    this.#broker.connect(connection.id);
    this.#lines.set(connection.id, { connection, queue: [], current: undefined, ending: false });
    this.#owners.set(connection.id, connection);
  }

  arrived(connection: Connection, bytes: Buffer): void {
    const line = this.#lines.get(connection.id);
    if (line === undefined) return;
    for (const request of this.#broker.receive(connection.id, bytes)) {
      if (request === 'close') return this.#world.network.close(connection);
      line.queue.push(request);
      if (connection.asker !== undefined) this.#askers.set(request, connection.asker);
    }
    this.#advance(line);
  }

  ended(connection: Connection): void {
    const line = this.#lines.get(connection.id);
    if (line === undefined) return;
    line.ending = true;
    this.#workOff(line);
  }

  closed(connection: Connection): void {
    this.#lines.delete(connection.id);
    this.#broker.disconnect(connection.id);
    this.drain();
  }

  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    for (;;) {
      const { answers, events } = this.#broker.take();
      if (answers.length === 0 && events.length === 0) break;
      for (const event of events) this.#record(event);
      for (const { request, body, bytes } of answers) this.#answered(request, body, bytes);
    }
    this.#draining = false;
  }

  idle(): boolean {
    if (this.#swallowed > 0) return false;
    for (const { current, queue, connection } of this.#lines.values()) {
      if (connection.orphan) continue;
      if (current !== undefined && current.request.api !== 'Fetch') return false;
      if (current === undefined && queue.length > 0) return false;
    }
    return true;
  }

  waitsFor(): string | undefined {
    for (const { current, connection } of this.#lines.values()) {
      if (connection.orphan || current === undefined || current.request.api === 'Fetch') continue;
      return `${connection.owner.slot} waits for the answer to ${current.request.api}`;
    }
    return undefined;
  }

  commandsBetween(topic: string, partition: number, from: number, to: number): string[] {
    return this.#log.commandsBetween(topic, partition, from, to);
  }

  slotOf(connection: number | undefined): string | undefined {
    return connection === undefined ? undefined : this.#owners.get(connection)?.owner.slot;
  }

  sessionTimeoutOf(slot: string): number | undefined {
    return this.#sessionTimeouts.get(slot);
  }

  transactionTimeoutOf(slot: string): number | undefined {
    return this.#transactions.timeoutOf(slot);
  }

  members(group: string): readonly string[] {
    return this.#members.get(group) ?? [];
  }

  topicsOf(group: string): ReadonlySet<string> | undefined {
    return this.#topics.get(group);
  }

  visibleEnd(topic: string, partition: number): number {
    return this.#log.visibleEnd(topic, partition);
  }

  commandAt(topic: string, partition: number, offset: number): string | undefined {
    return this.#log.commandAt(topic, partition, offset);
  }

  #advance(line: Line): void {
    while (line.current === undefined && line.queue.length > 0 && line.connection.open) {
      this.#begin(line, line.queue.shift() as KafkaRequest);
    }
  }

  /** Nobody hears the answers any more, but what was written before the end still counts. */
  #workOff(line: Line): void {
    while (line.ending && line.connection.open) {
      if (line.current?.applied === false) return;
      line.current = undefined;
      if (line.queue.length === 0) return this.#world.network.drop(line.connection);
      this.#begin(line, line.queue.shift() as KafkaRequest);
    }
  }

  #begin(line: Line, request: KafkaRequest): void {
    const { owner } = line.connection;
    line.current = { request, op: undefined, applied: false };
    if (request.api === 'JoinGroup')
      this.#sessionTimeouts.set(owner.slot, request.body.sessionTimeoutMs);
    if (unnamed.has(request.api)) return this.#apply(request);
    const op = this.#world.passages.open({
      owner,
      connection: line.connection,
      kind: 'kafka',
      operation: request.api,
      target: targetOf(request),
      topics: topicsOf(request),
      cause: this.#causeOf(owner.slot, request),
      stack: line.connection.stack,
      asker: this.#askers.get(request),
      answered: !expectsNoAnswer(request),
    });
    line.current.op = op;
    this.#world.passages.cross(op, 'before apply', {
      pass: () => this.#apply(request),
      answer: (error) => {
        const bytes = this.#broker.refuse(request, error as ErrorName);
        this.#world.passages.refused(op, error);
        this.#reply(line, op, bytes, undefined);
      },
      close: () => this.#world.network.close(line.connection),
      silence: () => this.#swallow(line),
      gone: () => this.#world.network.drop(line.connection),
    });
  }

  #causeOf(slot: string, request: KafkaRequest): readonly string[] {
    const own = causeOf(request, this, this.#broker, (topic, record) =>
      this.#world.records.commandOf(topic, record),
    );
    return this.#transactions.causeOf(slot, request, own);
  }

  #apply(request: KafkaRequest): void {
    const line = this.#lines.get(request.connection);
    if (line?.current?.request !== request) return;
    line.current.applied = true;
    this.#broker.apply(request, this.#world.epochMs + this.#world.now());
    this.drain();
    this.#workOff(line);
  }

  #answered(request: KafkaRequest, body: unknown, bytes: Buffer | undefined): void {
    const line = this.#lines.get(request.connection);
    if (line?.current === undefined || line.current.request !== request) return;
    if (body === 'close') return this.#world.network.close(line.connection);
    const fetched = request.api === 'Fetch' ? fetchedRecords(request, body, this) : undefined;
    const error = errorIn(body);
    let { op } = line.current;
    if (fetched !== undefined && fetched.length > 0) op = this.#openFetch(line, request, fetched);
    if (op === undefined && error !== undefined && request.api === 'Heartbeat') {
      op = this.#world.passages.open({
        owner: line.connection.owner,
        connection: line.connection,
        kind: 'kafka',
        operation: request.api,
        target: targetOf(request),
        topics: [],
        cause: [],
        stack: undefined,
        asker: undefined,
        silent: true,
      });
    }
    if (op === undefined) return this.#reply(line, undefined, bytes, fetched);
    const named = op;
    this.#world.passages.applied(named, error, toldIn(request, body));
    this.#world.passages.cross(named, 'after apply', {
      pass: () => this.#reply(line, named, bytes, fetched),
      answer: (code) => {
        this.#world.passages.refused(named, code);
        this.#reply(line, named, this.#broker.refuse(request, code as ErrorName), undefined);
      },
      close: () => this.#world.network.close(line.connection),
      silence: () => this.#swallow(line),
      gone: () => this.#workOff(line),
    });
  }

  /** One request or answer vanishes; what is behind it on the connection goes on. */
  #swallow(line: Line): void {
    line.current = undefined;
    this.#swallowed++;
    this.#world.later(patienceMs, () => this.#swallowed--);
    this.#goOn(line);
  }

  #openFetch(line: Line, request: KafkaRequest, fetched: FetchedRecords): Op {
    return this.#world.passages.open({
      owner: line.connection.owner,
      connection: line.connection,
      kind: 'kafka',
      operation: request.api,
      target: [...new Set(fetched.map(({ topic }) => topic))].join('+'),
      topics: [...new Set(fetched.map(({ topic }) => topic))],
      cause: fetched.flatMap(({ commands: ids }) => ids),
      stack: line.connection.stack,
      asker: this.#askers.get(request),
    });
  }

  #reply(
    line: Line,
    op: Op | undefined,
    bytes: Buffer | undefined,
    fetched: FetchedRecords | undefined,
  ): void {
    const { connection } = line;
    line.current = undefined;
    if (bytes !== undefined) {
      this.#world.network.answer(connection, bytes, () => {
        if (op !== undefined) this.#world.passages.delivered(op);
        for (const { topic, partition, offsets, commands: ids } of fetched ?? []) {
          const { slot, incarnation } = connection.owner;
          this.#world.recorder.add({
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
    this.#goOn(line);
  }

  #goOn(line: Line): void {
    this.#advance(line);
    this.#workOff(line);
  }

  #record(event: BrokerEvent): void {
    if (event.kind === 'appended') return this.#log.appended(event);
    if (event.kind === 'marker') return this.#log.marked(event);
    if (event.kind === 'transaction') {
      const owner = this.#owners.get(event.connection ?? -1)?.owner;
      this.#log.transaction(event, owner);
      return this.#transactions.changed(event, owner);
    }
    if (event.kind === 'committed') {
      const { group, topic, partition, offset } = event;
      this.#reads(group, topic);
      const key = `${group}|${topic}/${partition}`;
      if (this.#lastCommit.get(key) === offset) return;
      this.#lastCommit.set(key, offset);
      const owner = this.#owners.get(event.connection ?? -1)?.owner;
      this.#world.recorder.add({
        kind: 'commit',
        group,
        topic,
        partition,
        offset,
        ...(owner && { slot: owner.slot, incarnation: owner.incarnation }),
      });
    } else if (event.kind === 'assigned') {
      const { group, generation } = event;
      for (const { topic } of event.members.flatMap(({ partitions }) => partitions)) {
        this.#reads(group, topic);
      }
      const assigned = event.members.map(({ memberId, connection, partitions }) => {
        const slot = this.slotOf(connection);
        return { memberId, partitions, ...(slot !== undefined && { slot }) };
      });
      this.#members.set(
        group,
        assigned.flatMap(({ slot }) => slot ?? []),
      );
      this.#world.recorder.add({ kind: 'assign', group, generation, members: assigned });
    }
  }

  #reads(group: string, topic: string): void {
    this.#topics.set(group, (this.#topics.get(group) ?? new Set()).add(topic));
  }
}
