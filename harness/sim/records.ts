/**
 * Records and commands: which command a record or a call is about, by the chapter's own words, and the records that
 * the harness writes itself.
 */
import type { AppendFact, Fact } from '#check';
import type { PortCall, Sending } from '#kit';
import { CommandIds } from './command-ids.ts';
import { partitionOf } from './partitioner.ts';
import type { NewRecord } from '#protocol';
import type { World } from './world.ts';

/** A command that the harness writes as a record itself. */
type RecordSending = Extract<Sending, { topic: string }>;

export class Records {
  readonly #world: World;
  readonly #ids = new CommandIds();
  #keyless = 0;

  constructor(world: World) {
    this.#world = world;
    for (const { id } of world.schedule.commands) this.learn(id);
  }

  append({ topic, key = null, value, partition }: RecordSending): void {
    const count = this.#world.chapter.topics[topic]?.partitions ?? 1;
    const where = partition ?? partitionOf(key, count, () => this.#keyless++);
    this.#write(topic, where, { key, value });
  }

  /** A record about this command was written. */
  knows(command: string): boolean {
    return this.#original(command) !== undefined;
  }

  /** The same record once more, at a new offset. */
  appendAgain(command: string): void {
    const original = this.#original(command);
    if (original === undefined) return;
    const { topic, partition, offset } = original;
    const record = this.#world.broker
      .read(topic, partition, offset)
      .flatMap(({ records }) => records)
      .find((entry) => entry.offset === offset);
    if (record === undefined) return;
    const { key, value, headers } = record;
    this.#write(topic, partition, { key, value, headers });
  }

  commandOf(
    topic: string,
    record: { key: Buffer | null; value: Buffer | null },
  ): string | undefined {
    try {
      return this.#world.chapter.flow.id[topic]?.(record);
    } catch {
      return undefined; // what the chapter cannot read is about no command
    }
  }

  /** What the chapter calls it. */
  nameOf(topic: string, record: { key: Buffer | null; value: Buffer | null }): string | undefined {
    try {
      return this.#world.chapter.flow.name?.[topic]?.(record);
    } catch {
      return undefined; // nor has what the chapter cannot read a name
    }
  }

  causeOfCall(name: string, args: readonly unknown[]): readonly string[] {
    const call: PortCall = {
      name,
      args,
      outcome: 'applied',
      slot: '',
      incarnation: 0,
      seq: 0,
      atMs: 0,
    };
    try {
      const { effects } = this.#world.chapter.flow;
      const ids = effects({ calls: [call], topics: {}, tables: {} }).map(({ id }) => id);
      // A call that is no effect by itself may say all the same what it is about.
      return ids.length > 0 ? ids : this.#ids.among([JSON.stringify(args)]);
    } catch {
      return [];
    }
  }

  /** The commands that a statement with these values is about. */
  causeOfStatement(values: readonly (string | null)[]): readonly string[] {
    const { statement } = this.#world.chapter.flow;
    try {
      return statement?.(values) ?? this.#ids.among(values);
    } catch {
      return [];
    }
  }

  /** The command will be sent: from here on its id is known where it stands. */
  learn(command: string): void {
    this.#ids.add(command);
  }

  #original(command: string): AppendFact | undefined {
    const isOriginal = (fact: Fact): fact is Fact & AppendFact =>
      fact.kind === 'append' && fact.command === command;
    return this.#world.recorder.facts().find(isOriginal);
  }

  #write(topic: string, partition: number, record: NewRecord): void {
    const { broker, kafka, epochMs } = this.#world;
    broker.append(topic, partition, [record], epochMs + this.#world.now());
    kafka.drain();
  }
}
