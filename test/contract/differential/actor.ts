/**
 * Plays the commands of one sequence on one broker and tells what it saw, with everything that
 * differs from run to run replaced: offsets count from the start of the sequence, producers and
 * members are named by their slots, times are left out.
 */
import { batchesIn, decodeMarker, errorName, type RecordBatch } from '#protocol';
import { commit, describeGroup, Member, type Joined, type Synced } from '../groups.ts';
import { batchOf, type Place, type Scene } from '../scene.ts';
import { initProducer, Producer } from '../transactions.ts';
import type { Body } from '../wire.ts';
import { slots, type Command, type Step } from './commands.ts';

export interface Observation {
  readonly kind: string;
  readonly [field: string]: unknown;
}

type Of<K extends Command['kind']> = Extract<Command, { kind: K }>;
/** What is answered at once. */
export type Immediate = Exclude<Command, Of<'join'> | Of<'sync'>>;

/** A JoinGroup or SyncGroup that may have to wait. */
interface Waiting {
  readonly kind: 'join' | 'sync';
  readonly answer: Promise<Observation>;
  answered: Observation | undefined;
}

/** Long enough that no timer of a group ends while a sequence is played. */
const patientMs = 300_000;

/** What a slot has sent to a partition: sequence numbers and sizes of batches that were taken. */
class Sequences {
  readonly #batches = new Map<number, { base: number; count: number }[]>();
  epoch = 0;

  plan(place: number, count: number, step: Step): { base: number; count: number } {
    const sent = this.#batches.get(place) ?? [];
    const last = sent.at(-1);
    const next = last === undefined ? 0 : last.base + last.count;
    if (step === 'gap') return { base: next + 2, count };
    if (step === 'again') return last ?? { base: next, count };
    if (step === 'older') return sent.at(-6) ?? sent[0] ?? { base: next, count };
    return { base: next, count };
  }

  taken(place: number, batch: { base: number; count: number }): void {
    const sent = this.#batches.get(place) ?? [];
    this.#batches.set(place, sent);
    if (!sent.some(({ base }) => base === batch.base)) sent.push(batch);
  }

  restart(): void {
    this.#batches.clear();
  }
}

export class Actor {
  readonly #kafka: Scene;
  readonly #places: readonly Place[];
  readonly #bases: readonly number[];
  readonly group: string;
  readonly #producers: number[] = [];
  readonly #producerSequences = Array.from({ length: slots.producers }, () => new Sequences());
  readonly #transactions: Producer[];
  readonly #transactionSequences = Array.from(
    { length: slots.transactions },
    () => new Sequences(),
  );
  readonly members: Member[] = [];
  /** By member slot. */
  readonly waiting = new Map<number, Waiting>();

  private constructor(kafka: Scene, places: readonly Place[], bases: readonly number[]) {
    this.#kafka = kafka;
    this.#places = places;
    this.#bases = bases;
    this.group = kafka.unique('g');
    this.#transactions = Array.from({ length: slots.transactions }, () => new Producer(kafka));
  }

  static async begin(kafka: Scene, places: readonly Place[]): Promise<Actor> {
    const bases: number[] = [];
    for (const place of places) bases.push((await kafka.list(place, -1)).offset);
    const actor = new Actor(kafka, places, bases);
    for (let slot = 0; slot < slots.producers; slot++) {
      actor.#producers.push(await kafka.producerId());
    }
    for (let slot = 0; slot < slots.members; slot++) {
      const timeouts = { sessionMs: patientMs, rebalanceMs: patientMs };
      actor.members.push(new Member(kafka, actor.group, await kafka.open(), timeouts));
    }
    return actor;
  }

  /** Leaves the partitions as others may find them: nothing is open. */
  async end(): Promise<void> {
    for (const producer of this.#transactions) {
      if (producer.producerId < 0) continue;
      await producer.init();
    }
    for (const { wire } of this.members) wire.close();
    await this.#kafka.close();
  }

  /** Answers at once; joining and syncing have an actor of their own (members.ts). */
  async act(command: Immediate): Promise<Observation> {
    switch (command.kind) {
      case 'produce':
        return this.#produce(command);
      case 'sequenced':
        return this.#sequenced(command);
      case 'init':
        return this.#init(command);
      case 'add':
        return this.#add(command);
      case 'write':
        return this.#write(command);
      case 'end':
        return this.#end(command);
      case 'add-offsets':
        return this.#addOffsets(command);
      case 'offset-in-transaction':
        return this.#offsetInTransaction(command);
      case 'heartbeat': {
        const member = this.members[command.member]!;
        const generation = member.generation + command.generation;
        return { kind: command.kind, error: await member.heartbeat({ generation }) };
      }
      case 'leave': {
        const { version } = command;
        return {
          kind: command.kind,
          error: await this.members[command.member]!.leave({ version }),
        };
      }
      case 'commit':
        return this.#commit(command);
      case 'committed':
        return this.#committed(command);
      case 'describe':
        return this.describe();
      case 'fetch':
        return this.#fetch(command);
      case 'list': {
        const options = { isolationLevel: command.isolation };
        const { error, offset } = await this.#kafka.list(this.#place(command), -1, options);
        return { kind: command.kind, error, offset: this.#relative(command, offset) };
      }
    }
  }

  /** Sends it; the answer, when it comes, is in `waiting`. */
  start({ kind, member: slot, ...more }: Of<'join'> | Of<'sync'>): void {
    const member = this.members[slot]!;
    const asked =
      kind === 'join' && 'metadata' in more
        ? member
            .join({ protocols: [['range', more.metadata]] })
            .then((one) => this.#joined(slot, one))
        : this.#sync(member);
    const waiting: Waiting = { kind, answer: asked, answered: undefined };
    this.waiting.set(slot, waiting);
    asked.then(
      (answer) => (waiting.answered = answer),
      () => {},
    );
  }

  #joined(slot: number, joined: Joined): Observation {
    const member = this.members[slot]!;
    if (joined.error === 'UNKNOWN_MEMBER_ID') {
      member.id = '';
      member.generation = -1;
    }
    return {
      kind: 'join',
      error: joined.error,
      generation: joined.generationId,
      protocol: joined.protocolName,
      leader: () => this.memberName(joined.leader),
      members: () =>
        joined.members
          .map(({ memberId, metadata }) => `${this.memberName(memberId)} ${metadata.toString()}`)
          .toSorted(),
    };
  }

  async #sync(member: Member): Promise<Observation> {
    const shares = Object.fromEntries(member.led.map((id) => [id, `of ${this.memberName(id)}`]));
    const { error, assignment }: Synced = await member.sync(shares);
    return { kind: 'sync', error, assignment };
  }

  #place({ place }: { place: number }): Place {
    return this.#places[place]!;
  }

  #relative({ place }: { place: number }, offset: number): number {
    return offset < 0 ? offset : offset - this.#bases[place]!;
  }

  #producerName(producerId: number): string {
    const known = this.#producers.indexOf(producerId);
    if (known >= 0) return `producer ${known}`;
    const of = this.#transactions.findIndex((one) => one.producerId === producerId);
    return of >= 0 ? `transaction ${of}` : producerId < 0 ? 'nobody' : 'somebody else';
  }

  async #produce({ kind, place, count }: Of<'produce'>): Promise<Observation> {
    const values = Array.from({ length: count }, () => 'plain');
    const answer = await this.#kafka.produce(this.#place({ place }), batchOf(values));
    return { kind, error: answer.error, offset: this.#relative({ place }, answer.baseOffset) };
  }

  async #sequenced(command: Of<'sequenced'>): Promise<Observation> {
    const { kind, producer, place, count, step, version } = command;
    const sequences = this.#producerSequences[producer]!;
    const epoch = Math.max(0, sequences.epoch + command.epoch);
    const planned =
      epoch > sequences.epoch ? { base: 0, count } : sequences.plan(place, count, step);
    const values = Array.from({ length: planned.count }, () => `p${producer}`);
    const who = {
      producerId: this.#producers[producer]!,
      producerEpoch: epoch,
      baseSequence: planned.base,
    };
    const batch = batchOf(values, who);
    const answer = await this.#kafka.produce(this.#place(command), batch, { version });
    if (answer.error === 'NONE') {
      if (epoch > sequences.epoch) sequences.restart();
      sequences.epoch = epoch;
      sequences.taken(place, planned);
    }
    const offset = this.#relative(command, answer.baseOffset);
    return { kind, error: answer.error, offset, stamped: answer.logAppendTimeMs >= 0 };
  }

  async #init({ kind, transaction, own }: Of<'init'>): Promise<Observation> {
    const producer = this.#transactions[transaction]!;
    const given =
      own && producer.producerId >= 0
        ? { producerId: producer.producerId, epoch: producer.epoch }
        : {};
    const first = await initProducer(this.#kafka, producer.id, given);
    const last = await this.#kafka.until(
      async () =>
        first.error === 'CONCURRENT_TRANSACTIONS'
          ? initProducer(this.#kafka, producer.id, given)
          : first,
      ({ error }) => error !== 'CONCURRENT_TRANSACTIONS',
    );
    const same = producer.producerId < 0 || producer.producerId === last.producerId;
    if (last.error === 'NONE') {
      producer.producerId = last.producerId;
      producer.epoch = last.producerEpoch;
      // A new epoch starts at 0 in every partition.
      this.#transactionSequences[transaction]!.restart();
    }
    const told = last.error === 'NONE' ? { epoch: last.producerEpoch, same } : {};
    return { kind, first: first.error, error: last.error, ...told };
  }

  async #add({ kind, transaction, place, epoch, version }: Of<'add'>): Promise<Observation> {
    const producer = this.#transactions[transaction]!;
    const as = { version, epoch: producer.epoch + epoch };
    const [error] = await producer.addOnce([this.#place({ place })], as);
    return { kind, error };
  }

  async #write(command: Of<'write'>): Promise<Observation> {
    const { kind, transaction, place, step, version } = command;
    const producer = this.#transactions[transaction]!;
    const sequences = this.#transactionSequences[transaction]!;
    const planned = sequences.plan(place, 1, step);
    const as = { version, sequence: planned.base, epoch: producer.epoch + command.epoch };
    const answer = await producer.write(this.#place(command), `t${transaction}`, as);
    if (answer.error === 'NONE') sequences.taken(place, planned);
    return { kind, error: answer.error, offset: this.#relative(command, answer.baseOffset) };
  }

  async #end({ kind, transaction, result, version }: Of<'end'>): Promise<Observation> {
    const producer = this.#transactions[transaction]!;
    const error = await producer.end(result, { version });
    if (error === 'NONE') await producer.completes();
    return { kind, error, ...(error === 'NONE' && { state: await producer.state() }) };
  }

  async #addOffsets({ kind, transaction, version }: Of<'add-offsets'>): Promise<Observation> {
    const producer = this.#transactions[transaction]!;
    return { kind, error: await producer.addOffsetsOnce(this.group, { version }) };
  }

  async #offsetInTransaction(command: Of<'offset-in-transaction'>): Promise<Observation> {
    const { kind, transaction, offset, version } = command;
    const member = command.member === undefined ? undefined : this.members[command.member]!;
    const as = {
      version,
      ...(member !== undefined && { memberId: member.id, generation: member.generation }),
    };
    const producer = this.#transactions[transaction]!;
    const error = await producer.commitOffset(this.group, this.#place(command), offset, as);
    return { kind, error };
  }

  async #commit(command: Of<'commit'>): Promise<Observation> {
    const { kind, offset, version } = command;
    const member = command.member === undefined ? undefined : this.members[command.member]!;
    const who =
      member === undefined
        ? {}
        : { memberId: member.id, generation: member.generation + command.generation };
    const where = this.#place(command);
    const error = await commit(this.#kafka, this.group, where, { ...who, offset, version });
    return { kind, error };
  }

  async #committed({ kind, stable, version }: Of<'committed'>): Promise<Observation> {
    const topics = this.#places.map(({ topic, partition }) => ({
      name: topic,
      partitionIndexes: [partition],
    }));
    const body =
      version >= 8
        ? { groups: [{ groupId: this.group, topics }], requireStable: stable }
        : { groupId: this.group, topics, requireStable: stable };
    const answer = await this.#kafka.ask('OffsetFetch', version, body);
    const told = version >= 8 ? answer.groups[0] : answer;
    const offsets = this.#places.map(({ topic, partition }) => {
      const of = told.topics.flatMap((one: Body) => (one.name === topic ? one.partitions : []));
      const one = of.find(({ partitionIndex }: Body) => partitionIndex === partition);
      return [errorName(one.errorCode), one.committedOffset];
    });
    return { kind, error: errorName(told.errorCode), offsets };
  }

  async describe(): Promise<Observation> {
    const told = await describeGroup(this.#kafka, this.group);
    return {
      kind: 'describe',
      error: errorName(told.errorCode),
      state: told.groupState,
      type: told.protocolType,
      protocol: told.protocolData,
      members: told.members
        .map(({ memberId, memberMetadata, memberAssignment }: Body) => [
          this.memberName(memberId),
          memberMetadata.toString(),
          memberAssignment.toString(),
        ])
        .toSorted(),
    };
  }

  memberName(id: string): string {
    const slot = this.members.findIndex((member) => member.id === id);
    return id === '' ? 'nobody' : slot < 0 ? 'somebody who was' : `member ${slot}`;
  }

  async #fetch(command: Of<'fetch'>): Promise<Observation> {
    const { kind, place, offset, isolation, version } = command;
    const options = { version, isolationLevel: isolation };
    const from = this.#bases[place]! + offset;
    const fetched = await this.#kafka.fetch(this.#place(command), from, options);
    const relative = (one: number): number => this.#relative(command, one);
    return {
      kind,
      error: fetched.error,
      highWatermark: relative(fetched.highWatermark),
      lastStable: relative(fetched.lastStableOffset),
      aborted:
        fetched.abortedTransactions?.map(({ producerId, firstOffset }) => [
          this.#producerName(producerId),
          relative(firstOffset),
        ]) ?? null,
      batches: [...batchesIn(fetched.records)].map((batch) => this.#batch(command, batch)),
    };
  }

  #batch(where: { place: number }, batch: RecordBatch): unknown {
    const values = (): string[] => batch.records.map(({ value }) => value!.toString());
    return [
      this.#relative(where, batch.baseOffset),
      batch.lastOffsetDelta,
      this.#producerName(batch.producerId),
      batch.producerEpoch,
      batch.baseSequence,
      batch.partitionLeaderEpoch,
      batch.transactional,
      batch.control ? decodeMarker(batch)!.type : values().join(),
    ];
  }
}
