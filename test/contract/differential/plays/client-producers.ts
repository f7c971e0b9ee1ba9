/** Producers of kafkajs: with and without idempotence, and two that share a transactional id. */
import { Partitioners, type Producer, type Transaction } from 'kafkajs';
import type { Observation, Of, Plays } from '../commands.ts';
import type { Stage } from '../stage.ts';
import { kafkaJs, outcomeOf } from './client.ts';

interface Transacting {
  readonly producer: Producer;
  transaction?: Transaction;
}

type Kinds =
  | 'client sends'
  | 'client begins'
  | 'client writes'
  | 'client sends offsets'
  | 'client ends';

export class ClientProducers implements Plays<Kinds> {
  readonly #stage: Stage;
  /** By what they promise. */
  readonly #plain = new Map<boolean, Producer>();
  /** By slot. */
  readonly #transacting = new Map<number, Transacting>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  async close(): Promise<void> {
    const transacting = [...this.#transacting.values()].map(({ producer }) => producer);
    const all = [...this.#plain.values(), ...transacting];
    await Promise.all(all.map((one) => one.disconnect()));
  }

  readonly 'client sends' = async (command: Of<'client sends'>): Promise<Observation> => {
    const { kind, place, count, idempotent } = command;
    const value = idempotent ? 'idempotent' : 'sent';
    const outcome = await outcomeOf(async () => {
      const producer = await this.#producer(idempotent);
      return this.#stored(place, await producer.send(this.#records(place, count, value)));
    });
    return { kind, ...outcome };
  };

  readonly 'client begins' = async (command: Of<'client begins'>): Promise<Observation> => {
    const { kind, client, fresh } = command;
    const outcome = await outcomeOf(async () => {
      const transacting = await this.#transactional(client, fresh);
      transacting.transaction = await transacting.producer.transaction();
    });
    return { kind, ...outcome };
  };

  readonly 'client writes' = async (command: Of<'client writes'>): Promise<Observation> => {
    const { kind, client, place, count } = command;
    return this.#within(kind, client, async (transaction) => {
      const records = this.#records(place, count, `client ${client}`);
      return this.#stored(place, await transaction.send(records));
    });
  };

  readonly 'client sends offsets' = async (
    command: Of<'client sends offsets'>,
  ): Promise<Observation> => {
    const { topic, partition } = this.#stage.place(command);
    const offset = String(this.#stage.base(command) + command.offset);
    const topics = [{ topic, partitions: [{ partition, offset }] }];
    return this.#within(command.kind, command.client, (transaction) =>
      transaction.sendOffsets({ consumerGroupId: this.#stage.group, topics }),
    );
  };

  readonly 'client ends' = async (command: Of<'client ends'>): Promise<Observation> => {
    const { kind, client, result } = command;
    return this.#within(kind, client, async (transaction) => {
      await transaction[result]();
      await this.#stage.settled();
    });
  };

  /** Nothing happens where nothing was begun. */
  async #within(
    kind: Kinds,
    client: number,
    call: (transaction: Transaction) => Promise<unknown>,
  ): Promise<Observation> {
    const transaction = this.#transacting.get(client)?.transaction;
    if (transaction === undefined) return { kind, none: true };
    return { kind, ...(await outcomeOf(() => call(transaction))) };
  }

  async #producer(idempotent: boolean): Promise<Producer> {
    const known = this.#plain.get(idempotent);
    if (known !== undefined) return known;
    const options = { idempotent, createPartitioner: Partitioners.DefaultPartitioner };
    const producer = kafkaJs(this.#stage, 'sender').producer(options);
    this.#plain.set(idempotent, producer);
    await producer.connect();
    return producer;
  }

  async #transactional(client: number, fresh: boolean): Promise<Transacting> {
    const known = this.#transacting.get(client);
    if (known !== undefined && !fresh) return known;
    await known?.producer.disconnect();
    const producer = kafkaJs(this.#stage, `client ${client}`).producer({
      transactionalId: this.#stage.transactions[0]!.id,
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    const transacting = { producer };
    this.#transacting.set(client, transacting);
    await producer.connect();
    return transacting;
  }

  #records(place: number, count: number, value: string) {
    const { topic, partition } = this.#stage.place({ place });
    return { topic, messages: Array.from({ length: count }, () => ({ value, partition })) };
  }

  #stored(
    place: number,
    told: readonly { errorCode: number; baseOffset?: string }[],
  ): readonly unknown[] {
    return told.map(({ errorCode, baseOffset }) => [
      errorCode,
      this.#stage.relative({ place }, Number(baseOffset)),
    ]);
  }
}
