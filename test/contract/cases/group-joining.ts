/** JoinGroup: who is admitted, who is refused in which words, and what starts a rebalance. */
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { describeGroup, newMember, reaches, stable, stateOf } from '../groups.ts';
import { clockGrainMs } from '../scene.ts';

export const groupJoining = new Area('Groups, joining');

for (const version of [0, 1, 2, 3]) {
  groupJoining.holds(`JoinGroup v${version} admits a member without an id`, async (kafka) => {
    const member = await newMember(kafka, kafka.unique('g'), { version });
    const joined = await member.join();
    expect(joined).toMatchObject({ error: 'NONE', generationId: 1, leader: member.id });
    expect(joined.memberId).toMatch(/^contract-[0-9a-f-]{36}$/);
    expect(joined.members).toMatchObject([{ memberId: member.id, metadata: Buffer.from('m1') }]);
  });
}

for (const version of [4, 5, 6, 7, 8, 9]) {
  const says = `JoinGroup v${version} gives an id first, and the group stays empty`;
  groupJoining.holds(says, async (kafka) => {
    const member = await newMember(kafka, kafka.unique('g'), { version });
    const refused = await member.join();
    expect(refused).toMatchObject({ error: 'MEMBER_ID_REQUIRED', generationId: -1, members: [] });
    expect(refused.protocolName).toBe(version < 7 ? '' : null);
    expect(refused.memberId).toMatch(/^contract-[0-9a-f-]{36}$/);
    expect(await describeGroup(kafka, member.group)).toMatchObject({
      groupState: 'Empty',
      members: [],
    });
    expect(await member.join()).toMatchObject({ error: 'NONE', generationId: 1 });
  });
}

groupJoining.holds('a static member is admitted at once, under its instance id', async (kafka) => {
  const member = await newMember(kafka, kafka.unique('g'), { instance: 'i1' });
  expect((await member.join()).error).toBe('NONE');
  expect(member.id).toMatch(/^i1-[0-9a-f-]{36}$/);
});

for (const sessionMs of [5_999, 1_800_001, 0]) {
  groupJoining.holds(`a session of ${sessionMs} ms is refused`, async (kafka) => {
    const member = await newMember(kafka, kafka.unique('g'), { sessionMs });
    expect((await member.join()).error).toBe('INVALID_SESSION_TIMEOUT');
  });
}
for (const sessionMs of [6_000, 1_800_000]) {
  groupJoining.holds(`a session of ${sessionMs} ms is fine`, async (kafka) => {
    const member = await newMember(kafka, kafka.unique('g'), { sessionMs });
    expect((await member.enter()).error).toBe('NONE');
  });
}

groupJoining.holds('a group needs a name', async (kafka) => {
  expect((await (await newMember(kafka, '')).join()).error).toBe('INVALID_GROUP_ID');
});

for (const [what, options] of [
  ['no protocols', { protocols: [] }],
  ['no protocol type', { type: '' }],
] as const) {
  groupJoining.holds(`${what}: INCONSISTENT_GROUP_PROTOCOL`, async (kafka) => {
    const member = await newMember(kafka, kafka.unique('g'), { ...options, version: 3 });
    expect((await member.join()).error).toBe('INCONSISTENT_GROUP_PROTOCOL');
  });
}

for (const [what, options] of [
  ['another protocol type', { type: 'connect' }],
  ['no common protocol', { protocols: [['other', 'x']] }],
] as const) {
  groupJoining.holds(`${what} than the group's: INCONSISTENT_GROUP_PROTOCOL`, async (kafka) => {
    const [first] = await stable(kafka, [{}]);
    const member = await newMember(kafka, first!.group, options);
    expect((await member.join()).error).toBe('INCONSISTENT_GROUP_PROTOCOL');
  });
}

for (const [what, options, known] of [
  ['an unknown id in a known group', { id: 'who' }, true],
  ['an unknown id in an unknown group', { id: 'who' }, false],
  ['an unknown id with an unknown instance', { id: 'who', instance: 'ii' }, true],
] as const) {
  groupJoining.holds(`${what}: UNKNOWN_MEMBER_ID`, async (kafka) => {
    const group = known ? (await stable(kafka, [{}]))[0]!.group : kafka.unique('g');
    const member = await newMember(kafka, group);
    expect((await member.join(options)).error).toBe('UNKNOWN_MEMBER_ID');
  });
}

groupJoining.holds('an id that was handed out is forgotten after its session', async (kafka) => {
  const member = await newMember(kafka, kafka.unique('g'), { sessionMs: 6_000 });
  await member.join();
  await kafka.pass(6_300);
  expect((await member.join()).error).toBe('UNKNOWN_MEMBER_ID');
});

groupJoining.holds('in CompletingRebalance a rejoin is told the same generation', async (kafka) => {
  const member = await newMember(kafka, kafka.unique('g'));
  await member.enter();
  expect(await stateOf(kafka, member.group)).toBe('CompletingRebalance');
  expect(await member.join()).toMatchObject({ error: 'NONE', generationId: 1 });
});

groupJoining.holds(
  'in CompletingRebalance changed metadata are a new generation',
  async (kafka) => {
    const member = await newMember(kafka, kafka.unique('g'));
    await member.enter();
    const changed = await member.join({ protocols: [['range', 'other']] });
    expect(changed).toMatchObject({ error: 'NONE', generationId: 2 });
  },
);

groupJoining.holds('a new member in CompletingRebalance: PreparingRebalance', async (kafka) => {
  const group = kafka.unique('g');
  const first = await newMember(kafka, group);
  await first.enter();
  const second = await newMember(kafka, group);
  const entering = second.enter();
  await reaches(kafka, group, 'PreparingRebalance');
  await Promise.all([first.join(), entering]);
  expect([first.generation, second.generation]).toEqual([2, 2]);
});

for (const version of [5, 9]) {
  const says = `a follower that rejoins with v${version} is told the generation, and no members`;
  groupJoining.holds(says, async (kafka) => {
    const [leader, follower] = await stable(kafka, [{}, {}]);
    const { generation } = follower!;
    const rejoined = await follower!.join({ version });
    expect(rejoined).toMatchObject({ error: 'NONE', generationId: generation, members: [] });
    expect(rejoined.leader).toBe(leader!.id);
    expect(await stateOf(kafka, follower!.group)).toBe('Stable');
  });
}

groupJoining.holds(
  'the leader of a stable group that rejoins starts a rebalance',
  async (kafka) => {
    const [leader, follower] = await stable(kafka, [{}, {}]);
    const { generation } = leader!;
    const rejoining = leader!.join();
    await reaches(kafka, leader!.group, 'PreparingRebalance');
    const [told] = await Promise.all([rejoining, follower!.join()]);
    expect(told).toMatchObject({ generationId: generation + 1, leader: leader!.id });
  },
);

groupJoining.holds('changed metadata in a stable group start a rebalance', async (kafka) => {
  const [leader, follower] = await stable(kafka, [{}, {}]);
  const rejoining = follower!.join({ protocols: [['range', 'other']] });
  await reaches(kafka, leader!.group, 'PreparingRebalance');
  const [, told] = await Promise.all([rejoining, leader!.join()]);
  const metadata = told.members.map((one) => one.metadata.toString());
  expect(metadata.toSorted()).toEqual(['m1', 'other']);
});

groupJoining.holds('the protocol is the one most vote for among those all speak', async (kafka) => {
  const speaking = (...names: string[]) => ({
    protocols: names.map((name) => [name, 'm'] as const),
  });
  const each = [speaking('a', 'b', 'c'), speaking('c', 'b'), speaking('c', 'b')];
  const [first] = await stable(kafka, each);
  expect(await describeGroup(kafka, first!.group)).toMatchObject({ protocolData: 'c' });
});

for (const [line, winner] of [
  ['3.9', 'p3'],
  ['4', 'p2'],
] as const) {
  groupJoining.exception(
    `a vote that is tied between p2 and p3 falls to ${winner}`,
    'the first vote wins: Kafka follows a hash table and promises nothing',
    async (kafka) => {
      const all = [
        ['p1', 'x'],
        ['p2', 'x'],
        ['p3', 'x'],
      ] as const;
      const some = [
        ['p3', 'x'],
        ['p2', 'x'],
      ] as const;
      const [first] = await stable(kafka, [{ protocols: all }, { protocols: some }]);
      expect((await describeGroup(kafka, first!.group)).protocolData).toBe(winner);
    },
    line,
  );
}

groupJoining.holds('a leader that does not rejoin in time is out', async (kafka) => {
  const timeouts = { rebalanceMs: 2_000, sessionMs: 20_000 };
  const [leader, follower] = await stable(kafka, [timeouts, timeouts]);
  const { generation } = follower!;
  const ms = await kafka.milliseconds(async () => {
    const told = await follower!.join({ protocols: [['range', 'other']] });
    expect(told).toMatchObject({ generationId: generation + 1, leader: follower!.id });
  });
  expect(ms).toBeGreaterThanOrEqual(2_000 - clockGrainMs);
  expect(await leader!.heartbeat()).toBe('UNKNOWN_MEMBER_ID');
  expect((await leader!.join()).error).toBe('UNKNOWN_MEMBER_ID');
});

groupJoining.holds('an id handed out and not used blocks the join phase', async (kafka) => {
  const [member] = await stable(kafka, [{ rebalanceMs: 2_000, sessionMs: 20_000 }]);
  await (await newMember(kafka, member!.group, { sessionMs: 20_000 })).join();
  const ms = await kafka.milliseconds(() => member!.join());
  expect(ms).toBeGreaterThanOrEqual(2_000 - clockGrainMs);
});

groupJoining.holds('a client that vanished while JoinGroup waits is counted', async (kafka) => {
  const timeouts = { rebalanceMs: 2_000, sessionMs: 20_000 };
  const [member] = await stable(kafka, [timeouts]);
  const vanishing = await newMember(kafka, member!.group, timeouts);
  vanishing.enter().catch(() => {});
  await reaches(kafka, member!.group, 'PreparingRebalance');
  vanishing.wire.close();
  // The time to sync begins when the join phase ends: after this request and before its answer.
  const ms = await kafka.milliseconds(async () => {
    expect((await member!.join()).members).toHaveLength(2);
    await member!.sync();
    // It is thrown out for not syncing, and the others have to join again.
    await kafka.until(
      () => member!.heartbeat(),
      (error) => error === 'REBALANCE_IN_PROGRESS',
    );
  });
  expect(ms).toBeGreaterThanOrEqual(2_000 - clockGrainMs);
});

groupJoining.exception(
  'the next leader is any of those who are left, in no order',
  'it is the one that joined first: Kafka follows a hash table',
  async (kafka) => {
    const members = await stable(kafka, [{}, {}, {}]);
    const [leader, ...rest] = members;
    await leader!.leave();
    const told = await Promise.all(rest.map((one) => one.join()));
    expect(rest.map(({ id }) => id)).toContain(told[0]!.leader);
    const led = told.find(({ members: list }) => list.length > 0)!.members;
    expect(led.map(({ memberId }) => memberId).toSorted()).toEqual(
      rest.map(({ id }) => id).toSorted(),
    );
  },
);
