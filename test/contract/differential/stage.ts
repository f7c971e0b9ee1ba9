/** Where one side of a sequence is played, and its names for what differs from run to run. */
import { batchesIn } from '#protocol';
import { commit, Member } from '../groups.ts';
import type { Place, Scene } from '../scene.ts';
import { Producer } from '../transactions.ts';
import { slots, type Cast } from './commands.ts';

/** Long enough that no timer of a group ends while a sequence is played. */
const patientMs = 300_000;

export class Stage {
  readonly kafka: Scene;
  readonly places: readonly Place[];
  readonly #bases: readonly number[];
  readonly group: string;
  /** Ids by slot. */
  readonly producers: readonly number[];
  readonly transactions: readonly Producer[];
  readonly members: readonly Member[];
  /** Somebody commits what it has read, whenever that is. */
  automatic = false;

  private constructor(
    kafka: Scene,
    places: readonly Place[],
    bases: readonly number[],
    producers: readonly number[],
    group: string,
    members: readonly Member[],
  ) {
    this.kafka = kafka;
    this.places = places;
    this.#bases = bases;
    this.producers = producers;
    this.group = group;
    this.members = members;
    this.transactions = Array.from({ length: slots.transactions }, () => new Producer(kafka));
  }

  static async set(kafka: Scene, places: readonly Place[], cast: Cast): Promise<Stage> {
    const [bases, producers, members]: [number[], number[], Member[]] = [[], [], []];
    for (const place of places) bases.push((await kafka.list(place, -1)).offset);
    while (producers.length < slots.producers) producers.push(await kafka.producerId());
    const group = kafka.unique('g');
    for (const instance of cast) {
      const options = { sessionMs: patientMs, rebalanceMs: patientMs, instance };
      members.push(new Member(kafka, group, await kafka.open(), options));
    }
    return new Stage(kafka, places, bases, producers, group, members);
  }

  /** Nothing that a client has ended is under way any more. */
  async settled(): Promise<void> {
    await this.kafka.until(
      () => this.transactions[0]!.state(),
      (state) => !state.startsWith('Prepare'),
    );
  }

  /** The group has read what others left in the places. */
  async commitBases(): Promise<void> {
    for (const [index, place] of this.places.entries()) {
      await commit(this.kafka, this.group, place, { offset: this.#bases[index]! });
    }
  }

  /** Leaves the partitions as others may find them: nothing is open. */
  async clear(clients: boolean): Promise<void> {
    for (const [slot, producer] of this.transactions.entries()) {
      if (producer.producerId >= 0 || (clients && slot === 0)) await producer.init();
    }
    for (const { wire } of this.members) wire.close();
    await this.kafka.close();
  }

  /** How many markers begin at these offsets, one of each place. */
  async markersAt(offsets: readonly number[]): Promise<readonly number[]> {
    const counts: number[] = [];
    for (const [place, offset] of offsets.entries()) {
      const from = Math.max(0, offset) + this.#bases[place]!;
      const { records } = await this.kafka.fetch(this.places[place]!, from);
      const all = [...batchesIn(records)];
      const plain = all.findIndex(({ control }) => !control);
      counts.push(plain < 0 ? all.length : plain);
    }
    return counts;
  }

  place({ place }: { place: number }): Place {
    return this.places[place]!;
  }

  base({ place }: { place: number }): number {
    return this.#bases[place]!;
  }

  relative({ place }: { place: number }, offset: number): number {
    return offset < 0 ? offset : offset - this.#bases[place]!;
  }

  producerName(producerId: number): string {
    const known = this.producers.indexOf(producerId);
    if (known >= 0) return `producer ${known}`;
    const of = this.transactions.findIndex((one) => one.producerId === producerId);
    return of >= 0 ? `transaction ${of}` : producerId < 0 ? 'nobody' : 'somebody else';
  }

  memberName(id: string): string {
    const slot = this.members.findIndex((member) => member.id === id);
    const client = /^(client-\d)-[\da-f-]{36}$/.exec(id)?.[1];
    if (client !== undefined) return client;
    return id === '' ? 'nobody' : slot < 0 ? 'somebody who was' : `member ${slot}`;
  }
}
