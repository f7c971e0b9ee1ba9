/**
 * Consumers of kafkajs in one group. After each command they read what there is, and where one comes
 * or goes the group is stable again: what each of them hears then has one answer.
 */
import { PartitionAssigners, type Consumer, type PartitionAssigner } from 'kafkajs';
import { describeGroup } from '../../groups.ts';
import { slots, type Observation, type Of, type Plays } from '../commands.ts';
import type { Stage } from '../stage.ts';
import { kafkaJs, outcomeOf } from './client.ts';

/** A heartbeat and a fetch each, so that a rebalance is known in no time. */
const quick = { heartbeatInterval: 20, maxWaitTimeInMs: 20 };
/** As long as no other member may be taken for dead. */
const patient = { sessionTimeout: 60_000, rebalanceTimeout: 60_000 };

/** Kafka tells partitions in the order of a hash table, and kafkajs gives them out in that order. */
const inOrder: PartitionAssigner = ({ cluster, ...more }) => {
  const partitions = (topic: string) =>
    cluster.findTopicPartitionMetadata(topic).toSorted((a, b) => a.partitionId - b.partitionId);
  const sorting = Object.create(cluster, { findTopicPartitionMetadata: { value: partitions } });
  return PartitionAssigners.roundRobin({ ...more, cluster: sorting });
};

class Consuming {
  readonly consumer: Consumer;
  /** Since it joined last. */
  readonly heard: unknown[] = [];
  /** Partitions. */
  assigned: readonly number[] = [];
  crashed = false;
  #heardBefore = 0;
  /** Fetches in a row that brought nothing. */
  #quiet = 0;

  constructor(consumer: Consumer) {
    this.consumer = consumer;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.assigned = Object.values(payload.memberAssignment).flat();
      this.heard.length = 0;
      this.#heardBefore = 0;
      this.#quiet = -1;
    });
    consumer.on(consumer.events.CRASH, () => (this.crashed = true));
    consumer.on(consumer.events.FETCH_START, () => {
      this.#quiet = this.heard.length === this.#heardBefore ? this.#quiet + 1 : 0;
      this.#heardBefore = this.heard.length;
    });
  }

  /** The fetch that is under way does not count. */
  listen(): void {
    this.#quiet = -1;
  }

  get hasAll(): boolean {
    return this.crashed || this.#quiet > 0;
  }
}

type Kinds = 'client joins' | 'client commits' | 'clients read' | 'client leaves';

export class ClientConsumers implements Plays<Kinds> {
  readonly #stage: Stage;
  /** By slot. */
  readonly #consuming = new Map<number, Consuming>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#consuming.values()].map(({ consumer }) => consumer.disconnect()));
  }

  readonly 'client joins' = async (command: Of<'client joins'>): Promise<Observation> => {
    const { kind, client, autoCommit } = command;
    if (this.#consuming.has(client)) return { kind, none: true };
    const { places, group, kafka } = this.#stage;
    if (autoCommit) this.#stage.automatic = true;
    const consumer = kafkaJs(this.#stage, `client-${client}`).consumer({
      groupId: group,
      partitionAssigners: [inOrder],
      ...quick,
      ...patient,
    });
    const consuming = new Consuming(consumer);
    this.#consuming.set(client, consuming);
    const outcome = await outcomeOf(async () => {
      await consumer.connect();
      await consumer.subscribe({ topic: places[0]!.topic });
      await consumer.run({
        autoCommit,
        eachMessage: ({ partition, message }) => {
          const place = places.findIndex((one) => one.partition === partition);
          const offset = this.#stage.relative({ place }, Number(message.offset));
          consuming.heard.push([place, offset, message.value?.toString()]);
          return Promise.resolve();
        },
      });
    });
    await kafka.until(
      () => this.#isStable(),
      (stable) => stable,
    );
    return { kind, ...outcome, shares: this.#shares() };
  };

  readonly 'client leaves' = async ({ kind, client }: Of<'client leaves'>) => {
    const consuming = this.#consuming.get(client);
    if (consuming === undefined) return { kind, none: true };
    const outcome = await outcomeOf(() => consuming.consumer.disconnect());
    this.#consuming.delete(client);
    await this.#stage.kafka.until(
      () => this.#isStable(),
      (stable) => stable,
    );
    return { kind, ...outcome, shares: this.#shares() };
  };

  readonly 'client commits' = async (command: Of<'client commits'>): Promise<Observation> => {
    const { kind, client } = command;
    const consuming = this.#consuming.get(client);
    if (consuming === undefined) return { kind, none: true };
    const { topic, partition } = this.#stage.place(command);
    const offset = String(this.#stage.base(command) + command.offset);
    const offsets = [{ topic, partition, offset }];
    return { kind, ...(await outcomeOf(() => consuming.consumer.commitOffsets(offsets))) };
  };

  readonly 'clients read' = ({ kind }: Of<'clients read'>): Promise<Observation> => {
    const heard = this.#each(({ heard: all, crashed }) => ({ crashed, heard: sorted(all) }));
    return Promise.resolve({ kind, heard });
  };

  async readAll(): Promise<void> {
    const all = [...this.#consuming.values()];
    for (const one of all) one.listen();
    await this.#stage.kafka.until(
      () => Promise.resolve(all.every(({ hasAll }) => hasAll)),
      (read) => read,
    );
  }

  /** Everybody knows of everybody. */
  async #isStable(): Promise<boolean> {
    const all = [...this.#consuming.values()];
    if (all.some(({ crashed }) => crashed)) return true;
    const { groupState, members } = await describeGroup(this.#stage.kafka, this.#stage.group);
    if (all.length === 0) return groupState !== 'PreparingRebalance';
    const shared = all.flatMap(({ assigned }) => assigned);
    const one = new Set(shared);
    const isShared = shared.length === one.size && one.size === this.#stage.places.length;
    return groupState === 'Stable' && members.length === all.length && isShared;
  }

  #shares(): readonly unknown[] {
    return this.#each(({ assigned, crashed }) => ({
      assigned: assigned.toSorted((a, b) => a - b),
      crashed,
    }));
  }

  #each(tell: (consuming: Consuming) => unknown): readonly unknown[] {
    return Array.from({ length: slots.clients }, (_, slot) => {
      const consuming = this.#consuming.get(slot);
      return consuming === undefined ? null : tell(consuming);
    });
  }
}

/** Partitions come in any order, records of one in theirs. */
function sorted(heard: readonly unknown[]): readonly unknown[] {
  return (heard as [number][]).toSorted(([a], [b]) => a - b);
}
