/** SyncGroup, Heartbeat, LeaveGroup and sessions: the life of a generation. */
import type { ErrorName } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import {
  describeGroup,
  newMember,
  reaches,
  stable,
  stateOf,
  type Member,
  type MemberOptions,
} from '../groups.ts';
import { clockGrainMs, type Place, type Scene } from '../scene.ts';
import { newProducer } from '../transactions.ts';

export const groupLife = new Area('Groups, life of a generation');

groupLife.holds('a follower waits for the leader; no share is no bytes', async (kafka) => {
  const group = kafka.unique('g');
  const leader = await newMember(kafka, group);
  const follower = await newMember(kafka, group);
  await leader.enter();
  const entering = follower.enter();
  await reaches(kafka, group, 'PreparingRebalance');
  await Promise.all([leader.join(), entering]);
  const waiting = follower.sync();
  expect(await kafka.within(300, waiting)).toBe('waits');
  const synced = await leader.sync({ [leader.id]: 'for the leader' });
  expect(synced).toEqual({ error: 'NONE', assignment: 'for the leader' });
  expect(await waiting).toEqual({ error: 'NONE', assignment: '' });
});

groupLife.holds('a leader that syncs again is told its first assignment', async (kafka) => {
  const [leader, follower] = await stable(kafka, [{}, {}]);
  const other = { [leader!.id]: 'changed', [follower!.id]: 'changed' };
  expect(await leader!.sync(other)).toMatchObject({ assignment: `share of ${leader!.id}` });
  expect(await follower!.sync()).toMatchObject({ assignment: `share of ${follower!.id}` });
});

groupLife.holds('SyncGroup knows generations, members and protocols', async (kafka) => {
  const [member] = await stable(kafka, [{}]);
  const ask = async (as: Parameters<Member['sync']>[1]) => (await member!.sync({}, as)).error;
  expect(await ask({ generation: 99 })).toBe('ILLEGAL_GENERATION');
  expect(await ask({ id: 'who' })).toBe('UNKNOWN_MEMBER_ID');
  const wrong = 'INCONSISTENT_GROUP_PROTOCOL';
  expect(await ask({ version: 5, type: 'consumer', protocol: 'zzz' })).toBe(wrong);
  expect(await ask({ version: 5, type: 'zzz', protocol: 'range' })).toBe(wrong);
  expect(await ask({ version: 5, type: 'consumer', protocol: 'range' })).toBe('NONE');
  const stranger = await newMember(kafka, kafka.unique('g'));
  expect((await stranger.sync({}, { id: 'who', generation: 1 })).error).toBe('UNKNOWN_MEMBER_ID');
});

groupLife.holds('SyncGroup v5 has to name protocol type and protocol', async (kafka) => {
  const [member] = await stable(kafka, [{}]);
  const wrong = 'INCONSISTENT_GROUP_PROTOCOL';
  for (const as of [
    { protocol: 'range' },
    { type: 'consumer' },
    { generation: 99 },
    { id: 'who' },
  ]) {
    expect((await member!.sync({}, { version: 5, ...as })).error).toBe(wrong);
  }
});

groupLife.holds('heartbeats in CompletingRebalance', async (kafka) => {
  const member = await newMember(kafka, kafka.unique('g'));
  await member.enter();
  expect(await member.heartbeat()).toBe('NONE');
  expect(await member.heartbeat({ generation: 99 })).toBe('ILLEGAL_GENERATION');
  expect(await member.heartbeat({ id: 'who' })).toBe('UNKNOWN_MEMBER_ID');
});

groupLife.holds('heartbeat and SyncGroup in PreparingRebalance: error 27', async (kafka) => {
  const [member] = await stable(kafka, [{}]);
  const newcomer = await newMember(kafka, member!.group);
  newcomer.enter().catch(() => {});
  await reaches(kafka, member!.group, 'PreparingRebalance');
  expect(await member!.heartbeat()).toBe('REBALANCE_IN_PROGRESS');
  expect((await member!.sync()).error).toBe('REBALANCE_IN_PROGRESS');
});

groupLife.holds('heartbeats in Stable', async (kafka) => {
  const [member] = await stable(kafka, [{}]);
  expect(await member!.heartbeat()).toBe('NONE');
  expect(await member!.heartbeat({ generation: 0 })).toBe('ILLEGAL_GENERATION');
  expect(await member!.heartbeat({ id: 'who' })).toBe('UNKNOWN_MEMBER_ID');
  const stranger = await newMember(kafka, kafka.unique('g'));
  expect(await stranger.heartbeat({ id: 'who', generation: 1 })).toBe('UNKNOWN_MEMBER_ID');
});

groupLife.holds('SyncGroup that waits when a rebalance begins: error 27', async (kafka) => {
  const group = kafka.unique('g');
  const [leader, follower] = [await newMember(kafka, group), await newMember(kafka, group)];
  await leader.enter();
  const entering = follower.enter();
  await reaches(kafka, group, 'PreparingRebalance');
  await Promise.all([leader.join(), entering]);
  const waiting = follower.sync();
  expect(await kafka.within(100, waiting)).toBe('waits');
  const newcomer = await newMember(kafka, group);
  newcomer.enter().catch(() => {});
  expect((await waiting).error).toBe('REBALANCE_IN_PROGRESS');
});

groupLife.holds('a leader that does not sync in time is out: the group is empty', async (kafka) => {
  const timeouts = { rebalanceMs: 2_000, sessionMs: 20_000 };
  const member = await newMember(kafka, kafka.unique('g'), timeouts);
  const ms = await kafka.milliseconds(async () => {
    await member.enter();
    await reaches(kafka, member.group, 'Empty');
  });
  expect(ms).toBeGreaterThanOrEqual(2_000 - clockGrainMs);
});

groupLife.holds('a closed connection changes nothing until the session ends', async (kafka) => {
  const timeouts = { sessionMs: 6_000 };
  const [leader, follower] = await stable(kafka, [timeouts, timeouts]);
  // The session begins anew with this: after the question and before its answer.
  const ms = await kafka.milliseconds(async () => {
    expect(await follower!.heartbeat()).toBe('NONE');
    follower!.wire.close();
    await kafka.pass(300);
    expect(await stateOf(kafka, leader!.group)).toBe('Stable');
    await kafka.until(
      () => leader!.heartbeat(),
      (error) => error === 'REBALANCE_IN_PROGRESS',
    );
  });
  expect(ms).toBeGreaterThanOrEqual(6_000 - clockGrainMs);
});

type Sign = (member: Member, place: Place) => Promise<unknown>;

const sessionMs = 6_000;

/** Only signs for longer than a session: whether the member, behind others, is still there. */
async function after(
  kafka: Scene,
  sign: Sign,
  others: readonly MemberOptions[] = [],
): Promise<ErrorName> {
  const place = await kafka.place();
  for (;;) {
    let [lastMs, longestMs] = [kafka.nowMs(), 0];
    const member = (await stable(kafka, [...others, { sessionMs }])).at(-1)!;
    const startMs = kafka.nowMs();
    while (kafka.nowMs() - startMs < sessionMs + 2_000) {
      await kafka.pass(1_000);
      await sign(member, place);
      longestMs = Math.max(longestMs, kafka.nowMs() - lastMs);
      lastMs = kafka.nowMs();
    }
    const error = await member.heartbeat();
    // A machine that stood still for a session shows nothing.
    if (longestMs < sessionMs - 1_500) return error;
  }
}

groupLife.holds('Heartbeat in a stable group is a sign of life', async (kafka) => {
  expect(await after(kafka, (member) => member.heartbeat())).toBe('NONE');
});

groupLife.holds('OffsetCommit in a stable group is a sign of life', async (kafka) => {
  expect(await after(kafka, (member, place) => member.commit(place))).toBe('NONE');
});

groupLife.holds('a JoinGroup that begins a rebalance is a sign of life', async (kafka) => {
  const seconds = new Map<Member, number>();
  const joinsInTheFourth: Sign = async (member) => {
    seconds.set(member, (seconds.get(member) ?? 0) + 1);
    if (seconds.get(member) === 4) expect((await member.join()).error).toBe('NONE');
  };
  expect(await after(kafka, joinsInTheFourth)).toBe('NONE');
});

groupLife.holds('a JoinGroup of a follower that changes nothing is none', async (kafka) => {
  const rejoins: Sign = async (member) =>
    expect(['NONE', 'UNKNOWN_MEMBER_ID']).toContain((await member.join()).error);
  expect(await after(kafka, rejoins, [{}])).toBe('UNKNOWN_MEMBER_ID');
});

groupLife.holds('TxnOffsetCommit with a generation is no sign of life', async (kafka) => {
  const producer = await newProducer(kafka);
  const heard = new Set<ErrorName>();
  const sign: Sign = async ({ group, id: memberId, generation }, place) => {
    await producer.addOffsets(group);
    heard.add(await producer.commitOffset(group, place, 1, { generation, memberId }));
  };
  expect(await after(kafka, sign)).toBe('UNKNOWN_MEMBER_ID');
  // While it was a member, and when it was none any more.
  expect([...heard]).toEqual(['NONE', 'UNKNOWN_MEMBER_ID']);
  await producer.settle('abort');
});

groupLife.holdsOn('3.9', 'SyncGroup in a stable group is a sign of life', async (kafka) => {
  expect(await after(kafka, (member) => member.sync())).toBe('NONE');
});

groupLife.holdsOn('4', 'SyncGroup in a stable group is no sign of life', async (kafka) => {
  expect(await after(kafka, (member) => member.sync())).toBe('UNKNOWN_MEMBER_ID');
});

groupLife.holds('without any sign of life a member is gone', async (kafka) => {
  expect(await after(kafka, () => Promise.resolve())).toBe('UNKNOWN_MEMBER_ID');
});

groupLife.holds('OffsetFetch is no sign of life', async (kafka) => {
  const fetchOffsets: Sign = ({ group }) =>
    kafka.ask('OffsetFetch', 5, { groupId: group, topics: null });
  expect(await after(kafka, fetchOffsets)).toBe('UNKNOWN_MEMBER_ID');
});

groupLife.holds('a heartbeat of another generation is no sign of life', async (kafka) => {
  const wrong: Sign = (member) => member.heartbeat({ generation: 99 });
  expect(await after(kafka, wrong)).toBe('UNKNOWN_MEMBER_ID');
});

groupLife.holds('a member that leaves makes the others rebalance at once', async (kafka) => {
  const [leader, follower] = await stable(kafka, [{}, {}]);
  expect(await leader!.leave()).toBe('NONE');
  expect(await follower!.heartbeat()).toBe('REBALANCE_IN_PROGRESS');
  expect(await follower!.join()).toMatchObject({ error: 'NONE', leader: follower!.id });
});

for (const [line, what, state] of [
  ['3.9', 'disturbs nobody', 'Stable'],
  ['4', 'starts a rebalance', 'PreparingRebalance'],
] as const) {
  groupLife.holdsOn(line, `an id that was handed out and leaves ${what}`, async (kafka) => {
    const [member] = await stable(kafka, [{}]);
    const promised = await newMember(kafka, member!.group);
    expect((await promised.join()).error).toBe('MEMBER_ID_REQUIRED');
    expect(await promised.leave()).toBe('NONE');
    expect(await stateOf(kafka, member!.group)).toBe(state);
  });
}

groupLife.holds('the last member that leaves leaves an empty group', async (kafka) => {
  const [member] = await stable(kafka, [{}]);
  await member!.leave();
  const told = await describeGroup(kafka, member!.group);
  expect(told).toMatchObject({ groupState: 'Empty', protocolType: 'consumer', members: [] });
  expect(await member!.heartbeat()).toBe('UNKNOWN_MEMBER_ID');
});

for (const [version, what] of [
  [0, 'of the answer'],
  [2, 'of the answer'],
  [3, 'of the member'],
  [5, 'of the member'],
] as const) {
  groupLife.holds(
    `LeaveGroup v${version} of an unknown member: the error ${what}`,
    async (kafka) => {
      const [member] = await stable(kafka, [{}]);
      for (const group of [member!.group, kafka.unique('g')]) {
        const body = {
          groupId: group,
          memberId: 'who',
          members: [{ memberId: 'who', groupInstanceId: null }],
        };
        const answer = await kafka.ask('LeaveGroup', version, body);
        expect(answer.errorCode).toBe(version < 3 ? 25 : 0);
        if (version >= 3)
          expect(answer.members).toMatchObject([{ memberId: 'who', errorCode: 25 }]);
      }
    },
  );
}

groupLife.holds(
  'a SyncGroup that waits when its member is removed is never answered',
  async (kafka) => {
    const [leader, follower] = await stable(kafka, [{}, {}]);
    await Promise.all([leader!.join(), follower!.join({ protocols: [['range', 'm2']] })]);
    const waiting = follower!.sync();
    expect(await kafka.within(100, waiting)).toBe('waits');
    const members = [{ memberId: follower!.id, groupInstanceId: null }];
    const body = { groupId: leader!.group, members };
    expect((await kafka.ask('LeaveGroup', 3, body)).members).toMatchObject([{ errorCode: 0 }]);
    await reaches(kafka, leader!.group, 'PreparingRebalance');
    await leader!.join();
    await leader!.sync();
    expect(await kafka.within(200, waiting)).toBe('waits');
  },
);
