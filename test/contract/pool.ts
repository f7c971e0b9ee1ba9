/**
 * Partitions in stock: making a topic takes a real Kafka longer than most cases, so partitions are
 * made many at a time and handed out one by one, empty and ready to be used.
 */
import { errorName } from '#protocol';
import type { Place } from './scene.ts';
import type { Body, Running, Wire } from './wire.ts';

/** For some 100 ms Kafka does not know everywhere what CreateTopics has just made. */
const notYet = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'NOT_LEADER_OR_FOLLOWER']);

export class Pool {
  readonly #name: string;
  readonly #running: Running;
  readonly #atATime: number;
  #wire: Promise<Wire> | undefined;
  #stock: Promise<Place[]> = Promise.resolve([]);
  #topics = 0;

  constructor(running: Running, atATime: number, name = 'pool') {
    this.#name = name;
    this.#running = running;
    this.#atATime = atATime;
  }

  take(): Promise<Place> {
    const taken = this.#stock.then(async (stock) => {
      if (stock.length === 0) {
        stock.push(...(await this.create(`${this.#name}-${++this.#topics}`, this.#atATime, {})));
      }
      return stock;
    });
    const place = taken.then((stock) => stock.pop()!);
    this.#stock = place.then(
      () => taken,
      () => [],
    );
    return place;
  }

  async create(
    name: string,
    partitions: number,
    configs: Readonly<Record<string, string>>,
  ): Promise<Place[]> {
    this.#wire ??= this.#running.open();
    const wire = await this.#wire;
    const topic = {
      name,
      numPartitions: partitions,
      replicationFactor: 1,
      assignments: [],
      configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
    };
    const { topics } = await wire.ask('CreateTopics', 4, { topics: [topic], timeoutMs: 30_000 });
    if (topics[0].errorCode !== 0) {
      throw new Error(`${name}: ${errorName(topics[0].errorCode)} ${topics[0].errorMessage}`);
    }
    const places = Array.from({ length: partitions }, (_, partition) => ({
      topic: name,
      partition,
    }));
    const indexes = places.map(({ partition }) => ({ partitionIndex: partition, timestamp: -1 }));
    for (;;) {
      const answer = await wire.ask('ListOffsets', 2, {
        replicaId: -1,
        isolationLevel: 0,
        topics: [{ name, partitions: indexes }],
      });
      const errors: string[] = answer.topics[0].partitions.map((one: Body) =>
        errorName(one.errorCode),
      );
      if (!errors.some((error) => notYet.has(error))) return places;
      await this.#running.pass(20);
    }
  }
}
