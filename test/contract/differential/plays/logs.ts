/** Records of producers with and without an id, and what a reader finds. */
import { batchesIn, decodeMarker, type RecordBatch } from '#protocol';
import { batchOf } from '../../scene.ts';
import { slots, type Observation, type Of, type Plays } from '../commands.ts';
import type { Stage } from '../stage.ts';
import { Sequences } from './sequences.ts';

export class Logs implements Plays<'produce' | 'sequenced' | 'fetch' | 'list'> {
  readonly #stage: Stage;
  readonly #sequences = Array.from({ length: slots.producers }, () => new Sequences());

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  readonly produce = async (command: Of<'produce'>): Promise<Observation> => {
    const { kind, place, count, packing } = command;
    const values = Array.from({ length: count }, () => 'plain');
    const batch = batchOf(values, { compression: packing });
    const { kafka } = this.#stage;
    const answer = await kafka.produce(this.#stage.place({ place }), batch);
    return {
      kind,
      error: answer.error,
      offset: this.#stage.relative({ place }, answer.baseOffset),
      stamped: answer.logAppendTimeMs >= 0,
    };
  };

  readonly sequenced = async (command: Of<'sequenced'>): Promise<Observation> => {
    const { kind, producer, place, count, step, packing, version } = command;
    const sequences = this.#sequences[producer]!;
    const epoch = Math.max(0, sequences.epoch + command.epoch);
    const planned =
      epoch > sequences.epoch ? { base: 0, count } : sequences.plan(place, count, step);
    const values = Array.from({ length: planned.count }, () => `p${producer}`);
    const who = {
      producerId: this.#stage.producers[producer]!,
      producerEpoch: epoch,
      baseSequence: planned.base,
      compression: packing,
    };
    const batch = batchOf(values, who);
    const where = this.#stage.place(command);
    const answer = await this.#stage.kafka.produce(where, batch, { version });
    if (answer.error === 'NONE') {
      if (epoch > sequences.epoch) sequences.restart();
      sequences.epoch = epoch;
      sequences.taken(place, planned);
    }
    const offset = this.#stage.relative(command, answer.baseOffset);
    return { kind, error: answer.error, offset, stamped: answer.logAppendTimeMs >= 0 };
  };

  readonly list = async (command: Of<'list'>): Promise<Observation> => {
    const options = { isolationLevel: command.isolation };
    const where = this.#stage.place(command);
    const { error, offset } = await this.#stage.kafka.list(where, -1, options);
    return { kind: command.kind, error, offset: this.#stage.relative(command, offset) };
  };

  readonly fetch = async (command: Of<'fetch'>): Promise<Observation> => {
    const { kind, offset, isolation, version } = command;
    const options = { version, isolationLevel: isolation };
    const from = this.#stage.base(command) + offset;
    const fetched = await this.#stage.kafka.fetch(this.#stage.place(command), from, options);
    const relative = (one: number): number => this.#stage.relative(command, one);
    return {
      kind,
      error: fetched.error,
      highWatermark: relative(fetched.highWatermark),
      lastStable: relative(fetched.lastStableOffset),
      aborted:
        fetched.abortedTransactions?.map(({ producerId, firstOffset }) => [
          this.#stage.producerName(producerId),
          relative(firstOffset),
        ]) ?? null,
      batches: [...batchesIn(fetched.records)].map((batch) => this.#batch(command, batch)),
    };
  };

  #batch(where: { place: number }, batch: RecordBatch): unknown {
    const values = (): string[] => batch.records.map(({ value }) => value!.toString());
    const marker = decodeMarker(batch);
    return [
      this.#stage.relative(where, batch.baseOffset),
      batch.lastOffsetDelta,
      this.#stage.producerName(batch.producerId),
      batch.producerEpoch,
      batch.baseSequence,
      batch.partitionLeaderEpoch,
      batch.attributes,
      marker === undefined ? values().join() : [marker.type, marker.coordinatorEpoch],
    ];
  }
}
