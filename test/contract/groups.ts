/** Members of a classic group, each on a connection of its own, as cases play them. */
import { errorName, type ErrorName } from '#protocol';
import type { Place, Scene } from './scene.ts';
import type { Body, Wire } from './wire.ts';

export interface Joined {
  readonly error: ErrorName;
  readonly generationId: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leader: string;
  readonly skipAssignment: boolean;
  readonly memberId: string;
  readonly members: readonly {
    readonly memberId: string;
    readonly groupInstanceId: string | null;
    readonly metadata: Buffer;
  }[];
}

export interface Synced {
  readonly error: ErrorName;
  readonly assignment: string;
}

export interface MemberOptions {
  /**
   * Metadata stay below six bytes: Kafka reads those of a `consumer` as a subscription, and takes
   * the third to sixth for a count of topics that it makes room for, up to running out of memory.
   */
  readonly protocols?: readonly (readonly [name: string, metadata: string])[];
  readonly version?: number;
  readonly sessionMs?: number;
  readonly rebalanceMs?: number;
  readonly instance?: string | null;
  readonly type?: string;
}

interface As {
  readonly version?: number;
  readonly generation?: number;
  readonly id?: string;
  readonly instance?: string | null;
}

const text = (value: string): Buffer => Buffer.from(value);
const errorOf = ({ errorCode }: Body): ErrorName => errorName(errorCode);

export class Member {
  readonly kafka: Scene;
  readonly group: string;
  readonly wire: Wire;
  readonly options: MemberOptions;
  id = '';
  generation = -1;
  /** Member ids, where this one leads. */
  led: readonly string[] = [];

  constructor(kafka: Scene, group: string, wire: Wire, options: MemberOptions = {}) {
    this.kafka = kafka;
    this.group = group;
    this.wire = wire;
    this.options = options;
  }

  async join(more: MemberOptions & { id?: string } = {}): Promise<Joined> {
    const options = { ...this.options, ...more };
    const { version = 5, sessionMs = 30_000, rebalanceMs = 60_000, instance = null } = options;
    const { type = 'consumer', protocols = [['range', 'm1']], id = this.id } = options;
    const body = await this.wire.ask('JoinGroup', version, {
      groupId: this.group,
      sessionTimeoutMs: sessionMs,
      rebalanceTimeoutMs: rebalanceMs,
      memberId: id,
      groupInstanceId: instance,
      protocolType: type,
      protocols: protocols.map(([name, metadata]) => ({ name, metadata: text(metadata) })),
    });
    const joined: Joined = { ...body, error: errorOf(body) };
    if (joined.error === 'NONE' || joined.error === 'MEMBER_ID_REQUIRED') this.id = joined.memberId;
    if (joined.error === 'NONE') {
      this.generation = joined.generationId;
      this.led = joined.members.map(({ memberId }) => memberId);
    }
    return joined;
  }

  /** As a client does it: asks for an id first, and comes back with it. */
  async enter(more: MemberOptions = {}): Promise<Joined> {
    const joined = await this.join(more);
    return joined.error === 'MEMBER_ID_REQUIRED' ? this.join(more) : joined;
  }

  /** The leader hands out `share of <id>` where nothing else is said. */
  async sync(
    shares: Readonly<Record<string, string>> = Object.fromEntries(
      this.led.map((id) => [id, `share of ${id}`]),
    ),
    as: As & { type?: string | null; protocol?: string | null } = {},
  ): Promise<Synced> {
    const { version = 3, type = null, protocol = null } = as;
    const body = await this.wire.ask('SyncGroup', version, {
      groupId: this.group,
      ...this.#identity(as),
      protocolType: type,
      protocolName: protocol,
      assignments: Object.entries(shares).map(([memberId, assignment]) => ({
        memberId,
        assignment: text(assignment),
      })),
    });
    return { error: errorOf(body), assignment: body.assignment.toString() };
  }

  async heartbeat(as: As = {}): Promise<ErrorName> {
    const { version = 3 } = as;
    const body = { groupId: this.group, ...this.#identity(as) };
    return errorOf(await this.wire.ask('Heartbeat', version, body));
  }

  commit(place: Place, as: As & CommitMore = {}): Promise<ErrorName> {
    const who = { memberId: this.id, generation: this.generation, ...this.#options(as) };
    return commit(this.kafka, this.group, place, { ...who, ...as, wire: this.wire });
  }

  /** Up to v2 the answer's error, from v3 on the member's. */
  async leave(as: As = {}): Promise<ErrorName> {
    const { version = 3, id = this.id, instance = this.options.instance ?? null } = as;
    const body = await this.wire.ask('LeaveGroup', version, {
      groupId: this.group,
      memberId: id,
      members: [{ memberId: id, groupInstanceId: instance }],
    });
    return version < 3 || body.errorCode !== 0 ? errorOf(body) : errorOf(body.members[0]);
  }

  #options({ instance = this.options.instance ?? null }: As): { instance: string | null } {
    return { instance };
  }

  #identity(as: As): object {
    return {
      generationId: as.generation ?? this.generation,
      memberId: as.id ?? this.id,
      groupInstanceId: this.#options(as).instance,
    };
  }
}

interface CommitMore {
  readonly offset?: number;
  readonly metadata?: string;
}

export async function commit(
  kafka: Scene,
  groupId: string,
  { topic, partition }: Place,
  more: CommitMore & {
    readonly version?: number;
    readonly generation?: number;
    readonly memberId?: string;
    readonly id?: string;
    readonly instance?: string | null;
    readonly wire?: Wire;
  } = {},
): Promise<ErrorName> {
  const { version = 7, offset = 1, metadata = '', instance = null, wire } = more;
  const one = {
    partitionIndex: partition,
    committedOffset: offset,
    committedLeaderEpoch: -1,
    committedMetadata: metadata,
  };
  const body = {
    groupId,
    generationIdOrMemberEpoch: more.generation ?? -1,
    memberId: more.id ?? more.memberId ?? '',
    groupInstanceId: instance,
    retentionTimeMs: -1,
    topics: [{ name: topic, partitions: [one] }],
  };
  const { topics } = await kafka.ask('OffsetCommit', version, body, wire);
  return errorOf(topics[0].partitions[0]);
}

/** -1 = none. */
export async function committed(
  kafka: Scene,
  groupId: string,
  { topic, partition }: Place,
): Promise<number> {
  const topics = [{ name: topic, partitionIndexes: [partition] }];
  const answer = await kafka.ask('OffsetFetch', 5, { groupId, topics });
  return answer.topics[0].partitions[0].committedOffset;
}

export async function describeGroup(kafka: Scene, group: string, version = 5): Promise<Body> {
  const { groups } = await kafka.ask('DescribeGroups', version, { groups: [group] });
  return groups[0];
}

export async function stateOf(kafka: Scene, group: string): Promise<string> {
  return (await describeGroup(kafka, group)).groupState;
}

export async function reaches(kafka: Scene, group: string, state: string): Promise<void> {
  await kafka.until(
    () => stateOf(kafka, group),
    (now) => now === state,
  );
}

export async function newMember(
  kafka: Scene,
  group: string,
  options: MemberOptions = {},
): Promise<Member> {
  return new Member(kafka, group, await kafka.open(), options);
}

/** So many members in a stable group; the first is the leader. */
export async function stable(
  kafka: Scene,
  each: readonly MemberOptions[],
  group: string = kafka.unique('g'),
): Promise<Member[]> {
  const members: Member[] = [];
  for (const options of each) {
    const member = await newMember(kafka, group, options);
    const entering = member.enter();
    if (members.length > 0) await reaches(kafka, group, 'PreparingRebalance');
    const [entered] = await Promise.all([entering, ...members.map((one) => one.join())]);
    if (entered.error !== 'NONE') throw new Error(`${group}: not entered, ${entered.error}`);
    members.push(member);
    await Promise.all(members.map((one) => one.sync()));
  }
  return members;
}

/** The one that the group says leads, and the others. */
export function byRole(members: readonly Member[]): { leader: Member; followers: Member[] } {
  const leader = members.find(({ led }) => led.length > 0)!;
  return { leader, followers: members.filter((one) => one !== leader) };
}
