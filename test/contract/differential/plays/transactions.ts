/** Transactional producers, request by request. */
import { initProducer } from '../../transactions.ts';
import { slots, type Observation, type Of, type Plays } from '../commands.ts';
import type { Stage } from '../stage.ts';
import { Sequences } from './sequences.ts';

type Kinds = 'init' | 'add' | 'write' | 'end' | 'add-offsets' | 'offset-in-transaction';

export class Transactions implements Plays<Kinds> {
  readonly #stage: Stage;
  readonly #sequences = Array.from({ length: slots.transactions }, () => new Sequences());

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  readonly init = async ({ kind, transaction, own }: Of<'init'>): Promise<Observation> => {
    const { kafka } = this.#stage;
    const producer = this.#stage.transactions[transaction]!;
    const given =
      own && producer.producerId >= 0
        ? { producerId: producer.producerId, epoch: producer.epoch }
        : {};
    const first = await initProducer(kafka, producer.id, given);
    const last = await kafka.until(
      async () =>
        first.error === 'CONCURRENT_TRANSACTIONS' ? initProducer(kafka, producer.id, given) : first,
      ({ error }) => error !== 'CONCURRENT_TRANSACTIONS',
    );
    const same = producer.producerId < 0 || producer.producerId === last.producerId;
    if (last.error === 'NONE') {
      producer.producerId = last.producerId;
      producer.epoch = last.producerEpoch;
      // A new epoch starts at 0 in every partition.
      this.#sequences[transaction]!.restart();
    }
    const told = last.error === 'NONE' ? { epoch: last.producerEpoch, same } : {};
    return { kind, first: first.error, error: last.error, ...told };
  };

  readonly add = async ({
    kind,
    transaction,
    place,
    epoch,
    version,
  }: Of<'add'>): Promise<Observation> => {
    const producer = this.#stage.transactions[transaction]!;
    const as = { version, epoch: producer.epoch + epoch };
    const [error] = await producer.addOnce([this.#stage.place({ place })], as);
    return { kind, error };
  };

  readonly write = async (command: Of<'write'>): Promise<Observation> => {
    const { kind, transaction, place, step, packing, version } = command;
    const producer = this.#stage.transactions[transaction]!;
    const sequences = this.#sequences[transaction]!;
    const planned = sequences.plan(place, 1, step);
    const as = {
      version,
      sequence: planned.base,
      epoch: producer.epoch + command.epoch,
      compression: packing,
    };
    const answer = await producer.write(this.#stage.place(command), `t${transaction}`, as);
    if (answer.error === 'NONE') sequences.taken(place, planned);
    const offset = this.#stage.relative(command, answer.baseOffset);
    return { kind, error: answer.error, offset, stamped: answer.logAppendTimeMs >= 0 };
  };

  /** From version 5 on the answer has the epoch of the next transaction. */
  readonly end = async (command: Of<'end'>): Promise<Observation> => {
    const { kind, transaction, result, version } = command;
    const producer = this.#stage.transactions[transaction]!;
    const as = { version, epoch: producer.epoch + command.epoch };
    const { error, producerId, producerEpoch } = await producer.ending(result, as);
    const told = version >= 5 && { epoch: producerEpoch, same: producerId === producer.producerId };
    if (error !== 'NONE') return { kind, error, ...told };
    if (version >= 5 && producerEpoch !== producer.epoch) {
      producer.producerId = producerId;
      producer.epoch = producerEpoch;
      this.#sequences[transaction]!.restart();
    }
    await producer.completes();
    return { kind, error, ...told, state: await producer.state() };
  };

  readonly 'add-offsets' = async ({
    kind,
    transaction,
    version,
  }: Of<'add-offsets'>): Promise<Observation> => {
    const producer = this.#stage.transactions[transaction]!;
    return { kind, error: await producer.addOffsetsOnce(this.#stage.group, { version }) };
  };

  readonly 'offset-in-transaction' = async (
    command: Of<'offset-in-transaction'>,
  ): Promise<Observation> => {
    const { kind, transaction, metadata, version } = command;
    const offset = this.#stage.base(command) + command.offset;
    const member = command.member === undefined ? undefined : this.#stage.members[command.member]!;
    const producer = this.#stage.transactions[transaction]!;
    const as = {
      version,
      metadata,
      epoch: producer.epoch + command.epoch,
      ...(member !== undefined && {
        memberId: member.id,
        generation: member.generation,
        instance: member.options.instance ?? null,
      }),
    };
    const where = this.#stage.place(command);
    const error = await producer.commitOffset(this.#stage.group, where, offset, as);
    return { kind, error };
  };
}
