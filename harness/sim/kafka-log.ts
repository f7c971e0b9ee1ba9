/**
 * Writes down what the broker's logs and its transaction coordinator tell, and knows afterwards
 * which record is about which command and how far a read_committed reader can get. It listens to
 * the broker and reads nothing itself: no client library stands between a log and its facts.
 */
import { toBytes, Visibility, type Bytes } from '#check';
import type { BrokerEvent } from '#broker';
import type { World } from './world.ts';

interface Owner {
  readonly slot: string;
  readonly incarnation: number;
}

type Told<Kind extends BrokerEvent['kind']> = Extract<BrokerEvent, { kind: Kind }>;

interface Log {
  /** By offset. */
  readonly commands: (string | undefined)[];
  readonly committed: Visibility<number>;
  /** Behind the last record that a read_committed reader sees. */
  visibleEnd: number;
}

export class KafkaLog {
  readonly #world: World;
  readonly #ownerOf: (connection: number | undefined) => Owner | undefined;
  readonly #logs = new Map<string, Log>();

  constructor(world: World, ownerOf: (connection: number | undefined) => Owner | undefined) {
    this.#world = world;
    this.#ownerOf = ownerOf;
  }

  commandAt(topic: string, partition: number, offset: number): string | undefined {
    return this.#logs.get(`${topic}/${partition}`)?.commands[offset];
  }

  commandsBetween(topic: string, partition: number, from: number, to: number): string[] {
    const known = this.#logs.get(`${topic}/${partition}`)?.commands ?? [];
    return known.slice(Math.max(from, 0), Math.max(to, 0)).filter((id) => id !== undefined);
  }

  visibleEnd(topic: string, partition: number): number {
    return this.#logs.get(`${topic}/${partition}`)?.visibleEnd ?? 0;
  }

  appended({ topic, partition, connection, batch: read }: Told<'appended'>): void {
    const batch = read();
    const owner = this.#ownerOf(connection);
    const log = this.#open(topic, partition);
    // Kafka takes a transactional batch of no producer for a plain one.
    const producerId = batch.producerId >= 0 ? batch.producerId : undefined;
    const transactional = batch.transactional && producerId !== undefined;
    for (const entry of batch.records) {
      const headers = Object.fromEntries(
        entry.headers.map(({ key: name, value }) => [name, toBytes(value)] as const),
      ) as Record<string, Bytes>;
      const command = this.#world.records.commandOf(topic, entry);
      const name = this.#world.records.nameOf(topic, entry);
      log.commands[entry.offset] = command;
      this.#world.recorder.add({
        kind: 'append',
        topic,
        partition,
        offset: entry.offset,
        key: toBytes(entry.key),
        value: toBytes(entry.value),
        ...(entry.headers.length > 0 && { headers }),
        ...(command !== undefined && { command }),
        ...(name !== undefined && { name }),
        ...(owner !== undefined && { slot: owner.slot }),
        ...(producerId !== undefined && { producerId }),
        ...(transactional && { transactional }),
      });
      see(log, log.committed.append(entry.offset, transactional ? producerId : undefined));
    }
  }

  marked({ topic, partition, offset, producerId, outcome, transactionalId }: Told<'marker'>): void {
    this.#world.recorder.add({
      kind: 'marker',
      topic,
      partition,
      offset,
      producerId,
      outcome,
      ...(transactionalId !== undefined && { transactionalId }),
    });
    const log = this.#open(topic, partition);
    see(log, log.committed.mark(producerId, outcome));
  }

  transaction(
    { transactionalId, producerId, producerEpoch, state }: Told<'transaction'>,
    owner: Owner | undefined,
  ): void {
    this.#world.recorder.add({
      kind: 'transaction',
      transactionalId,
      state,
      producerId,
      epoch: producerEpoch,
      ...(owner && { slot: owner.slot, incarnation: owner.incarnation }),
    });
  }

  #open(topic: string, partition: number): Log {
    const key = `${topic}/${partition}`;
    let log = this.#logs.get(key);
    if (log === undefined) {
      log = { commands: [], committed: new Visibility<number>(), visibleEnd: 0 };
      this.#logs.set(key, log);
    }
    return log;
  }
}

function see(log: Log, offsets: readonly number[]): void {
  const last = offsets.at(-1);
  if (last !== undefined) log.visibleEnd = last + 1;
}
