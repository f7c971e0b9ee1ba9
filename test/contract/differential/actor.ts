/**
 * Plays the commands of one sequence on one broker and tells what it saw, with everything that
 * differs from run to run replaced: offsets count from the start of the sequence, producers and
 * members are named by their slots, times are left out.
 *
 * Of a batch everything else in its header is told: the attributes as one number (compression,
 * type of the timestamp, transactional, control), epochs and sequences; of a marker its type and
 * the epoch of its coordinator, which is 0 on both sides as no broker starts twice.
 *
 * Not told, because it cannot be the same: timestamps, and with them checksums; producer, member
 * and topic ids themselves; sentences that name partitions, ids or offsets. Not told either: the
 * instants between EndTxn and its markers, as both sides wait until a transaction is complete
 * (test/contract/cases/transaction-races.ts has them), and the order of answers that Kafka takes
 * from a hash table.
 */
import type { Place, Scene } from '../scene.ts';
import type { Command, Observation, Of, Plays, Sequence } from './commands.ts';
import { ClientAdmin } from './plays/client-admin.ts';
import { ClientConsumers } from './plays/client-consumers.ts';
import { ClientProducers } from './plays/client-producers.ts';
import { Groups } from './plays/groups.ts';
import { Logs } from './plays/logs.ts';
import { Topics } from './plays/topics.ts';
import { Transactions } from './plays/transactions.ts';
import { Stage } from './stage.ts';

/** What is answered at once. */
export type Immediate = Exclude<Command, Of<'join'> | Of<'sync'>>;

export class Actor {
  readonly #plays: Plays<Immediate['kind']>;
  readonly #closing: readonly (() => Promise<unknown>)[];
  readonly #consumers: ClientConsumers;
  readonly groups: Groups;

  private constructor(stage: Stage, on: Sequence['on']) {
    this.groups = new Groups(stage);
    const topics = new Topics(stage);
    const [producers, consumers] = [new ClientProducers(stage), new ClientConsumers(stage)];
    this.#consumers = consumers;
    const admin = new ClientAdmin(stage);
    const requests = [new Logs(stage), new Transactions(stage), this.groups, topics] as const;
    this.#plays = Object.assign({}, ...requests, producers, consumers, admin);
    this.#closing = [
      () => Promise.all([producers.close(), consumers.close(), admin.close()]),
      ...(on === 'own topic' ? [() => topics.delete({ kind: 'delete', version: 5 })] : []),
      () => stage.clear(on === 'one topic'),
    ];
  }

  static async begin(
    kafka: Scene,
    places: readonly Place[],
    { cast, on }: Sequence,
  ): Promise<Actor> {
    const own = on === 'own topic' ? await kafka.topic() : [];
    const stage = await Stage.set(kafka, [...own, ...places.slice(own.length)], cast);
    if (on === 'one topic') await stage.commitBases();
    return new Actor(stage, on);
  }

  async act(command: Immediate): Promise<Observation> {
    const play = this.#plays[command.kind] as (one: Immediate) => Promise<Observation>;
    const told = await play(command);
    await this.#consumers.readAll();
    return told;
  }

  async end(): Promise<void> {
    for (const close of this.#closing) await close();
  }
}
