/** Members of one group, and who looks at it from outside. */
import { errorName } from '#protocol';
import { commit, describeGroup, type Joined, type Member, type Synced } from '../../groups.ts';
import type { Body } from '../../wire.ts';
import type { Observation, Of, Plays } from '../commands.ts';
import type { Stage } from '../stage.ts';

/** A JoinGroup or SyncGroup that may have to wait. */
export interface Waiting {
  readonly kind: 'join' | 'sync';
  readonly answer: Promise<Observation>;
  answered: Observation | undefined;
}

type Kinds = 'heartbeat' | 'leave' | 'commit' | 'committed' | 'describe';

export class Groups implements Plays<Kinds> {
  readonly #stage: Stage;
  readonly #protocols = new Map<Member, string | null>();
  /** By member slot. */
  readonly waiting = new Map<number, Waiting>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Sends it; the answer, when it comes, is in `waiting`. */
  start(command: Of<'join'> | Of<'sync'>): void {
    const member = this.#stage.members[command.member]!;
    const asked =
      command.kind === 'join' ? this.#join(member, command) : this.#sync(member, command);
    const waiting: Waiting = { kind: command.kind, answer: asked, answered: undefined };
    this.waiting.set(command.member, waiting);
    asked.then(
      (answer) => (waiting.answered = answer),
      () => {},
    );
  }

  async #join(member: Member, command: Of<'join'>): Promise<Observation> {
    const { protocols, version, fresh } = command;
    const who = fresh && member.options.instance !== null ? { id: '' } : {};
    return this.#joined(member, await member.join({ protocols, version, ...who }));
  }

  #joined(member: Member, joined: Joined): Observation {
    if (joined.error === 'NONE') this.#protocols.set(member, joined.protocolName);
    if (joined.error === 'UNKNOWN_MEMBER_ID') {
      member.id = '';
      member.generation = -1;
    }
    const name = (id: string): string => this.#stage.memberName(id);
    return {
      kind: 'join',
      error: joined.error,
      generation: joined.generationId,
      type: joined.protocolType,
      protocol: joined.protocolName,
      skip: joined.skipAssignment,
      leader: () => name(joined.leader),
      members: () =>
        joined.members
          .map(({ memberId, groupInstanceId, metadata }) =>
            [name(memberId), groupInstanceId, metadata.toString()].join(' '),
          )
          .toSorted(),
    };
  }

  async #sync(member: Member, { version, named }: Of<'sync'>): Promise<Observation> {
    const shares = Object.fromEntries(
      member.led.map((id) => [id, `of ${this.#stage.memberName(id)}`]),
    );
    const { error, assignment }: Synced = await member.sync(shares, {
      version,
      ...(named && { type: 'consumer', protocol: this.#protocols.get(member) ?? 'range' }),
    });
    return { kind: 'sync', error, assignment };
  }

  readonly heartbeat = async ({
    kind,
    member: slot,
    version,
    ...more
  }: Of<'heartbeat'>): Promise<Observation> => {
    const member = this.#stage.members[slot]!;
    const generation = member.generation + more.generation;
    return { kind, error: await member.heartbeat({ generation, version }) };
  };

  readonly leave = async ({
    kind,
    member,
    also,
    by,
    version,
  }: Of<'leave'>): Promise<Observation> => {
    const leavers = [member, ...(also === undefined || version < 3 ? [] : [also])].map((slot) => {
      const { id, options } = this.#stage.members[slot]!;
      const instance = by === 'id' ? null : (options.instance ?? null);
      return { memberId: by === 'instance' ? '' : id, groupInstanceId: instance };
    });
    const body = { groupId: this.#stage.group, memberId: leavers[0]!.memberId, members: leavers };
    const { wire } = this.#stage.members[member]!;
    const answer = await this.#stage.kafka.ask('LeaveGroup', version, body, wire);
    const errors = version < 3 ? [] : answer.members.map((one: Body) => errorName(one.errorCode));
    return { kind, error: errorName(answer.errorCode), errors };
  };

  readonly commit = async (command: Of<'commit'>): Promise<Observation> => {
    const { kind, metadata, version } = command;
    const offset = this.#stage.base(command) + command.offset;
    const member = command.member === undefined ? undefined : this.#stage.members[command.member]!;
    const who = member && {
      memberId: member.id,
      generation: member.generation + command.generation,
      instance: member.options.instance ?? null,
    };
    const where = this.#stage.place(command);
    const { kafka, group } = this.#stage;
    return {
      kind,
      error: await commit(kafka, group, where, { ...who, offset, metadata, version }),
    };
  };

  readonly committed = async ({ kind, stable, version }: Of<'committed'>): Promise<Observation> => {
    const { places, group } = this.#stage;
    const topics = places.map(({ topic, partition }) => ({
      name: topic,
      partitionIndexes: [partition],
    }));
    const body =
      version >= 8
        ? { groups: [{ groupId: group, topics }], requireStable: stable }
        : { groupId: group, topics, requireStable: stable };
    const answer = await this.#stage.kafka.ask('OffsetFetch', version, body);
    const told = version >= 8 ? answer.groups[0] : answer;
    const offsets = places.map(({ topic, partition }, place) => {
      const of = told.topics.flatMap((one: Body) => (one.name === topic ? one.partitions : []));
      const one = of.find(({ partitionIndex }: Body) => partitionIndex === partition);
      const offset = this.#stage.relative({ place }, one.committedOffset);
      return [errorName(one.errorCode), offset, one.metadata];
    });
    const error = errorName(told.errorCode);
    if (!this.#stage.automatic) return { kind, error, offsets };
    const markers = await this.#stage.markersAt(offsets.map(([, offset]) => offset as number));
    return { kind, error, offsets, markers };
  };

  readonly describe = async (): Promise<Observation> => {
    const told = await describeGroup(this.#stage.kafka, this.#stage.group);
    return {
      kind: 'describe',
      error: errorName(told.errorCode),
      state: told.groupState,
      type: told.protocolType,
      protocol: told.protocolData,
      members: told.members
        .map(({ memberId, groupInstanceId, memberMetadata, memberAssignment }: Body) => [
          this.#stage.memberName(memberId),
          groupInstanceId,
          memberMetadata.toString(),
          memberAssignment.toString(),
        ])
        .toSorted(),
    };
  };
}
