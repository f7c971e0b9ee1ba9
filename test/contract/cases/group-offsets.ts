/** OffsetCommit and OffsetFetch: who may say how far a group has read, in which state. */
import { errorName } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { commit, committed, newMember, reaches, stable } from '../groups.ts';

export const groupOffsets = new Area('Groups, offsets');

for (const version of [2, 5, 7, 8, 9]) {
  groupOffsets.holds(`v${version} without a generation needs no group`, async (kafka) => {
    const place = await kafka.place();
    for (const memberId of ['', 'whoever']) {
      const group = kafka.unique('g');
      expect(await commit(kafka, group, place, { version, memberId, offset: 7 })).toBe('NONE');
      expect(await committed(kafka, group, place)).toBe(7);
    }
  });
}
for (const version of [2, 5, 7, 8]) {
  groupOffsets.holds(`v${version} with a generation of an unknown group: 22`, async (kafka) => {
    const who = { version, generation: 3, memberId: 'm' };
    const error = await commit(kafka, kafka.unique('g'), await kafka.place(), who);
    expect(error).toBe('ILLEGAL_GENERATION');
  });
}
for (const [line, error] of [
  ['3.9', 'ILLEGAL_GENERATION'],
  ['4', 'GROUP_ID_NOT_FOUND'],
] as const) {
  groupOffsets.holdsOn(
    line,
    `v9 with a generation of an unknown group: ${error}`,
    async (kafka) => {
      const who = { version: 9, generation: 3, memberId: 'm' };
      expect(await commit(kafka, kafka.unique('g'), await kafka.place(), who)).toBe(error);
    },
  );
}

groupOffsets.holds('the group without a name takes simple commits too', async (kafka) => {
  expect(await commit(kafka, '', await kafka.place())).toBe('NONE');
});

groupOffsets.holds('metadata of 4096 characters are kept, one more is too large', async (kafka) => {
  const place = await kafka.place();
  const group = kafka.unique('g');
  expect(await commit(kafka, group, place, { metadata: 'x'.repeat(4096) })).toBe('NONE');
  expect(await commit(kafka, group, place, { metadata: 'x'.repeat(4097), offset: 5 })).toBe(
    'OFFSET_METADATA_TOO_LARGE',
  );
  expect(await committed(kafka, group, place)).toBe(1);
});

groupOffsets.holds('an unknown topic or partition is refused alone', async (kafka) => {
  const { topic, partition } = await kafka.place();
  const one = (partitionIndex: number) => ({
    partitionIndex,
    committedOffset: 1,
    committedLeaderEpoch: -1,
    committedMetadata: '',
  });
  const { topics } = await kafka.ask('OffsetCommit', 7, {
    groupId: kafka.unique('g'),
    generationIdOrMemberEpoch: -1,
    memberId: '',
    groupInstanceId: null,
    topics: [
      { name: topic, partitions: [one(999), one(partition)] },
      { name: 'nope', partitions: [one(0)] },
    ],
  });
  const codes = topics.flatMap(({ name, partitions }: any) =>
    partitions.map(({ partitionIndex, errorCode }: any) => [name, partitionIndex, errorCode]),
  );
  expect(codes).toHaveLength(3);
  expect(codes).toContainEqual([topic, 999, 3]);
  expect(codes).toContainEqual([topic, partition, 0]);
  expect(codes).toContainEqual(['nope', 0, 3]);
});

for (const offset of [-1, -2, 9999]) {
  groupOffsets.holds(`offset ${offset} is stored as it is`, async (kafka) => {
    const place = await kafka.place();
    const group = kafka.unique('g');
    expect(await commit(kafka, group, place, { offset })).toBe('NONE');
    expect(await committed(kafka, group, place)).toBe(offset);
  });
}

groupOffsets.holds('in CompletingRebalance a commit is refused', async (kafka) => {
  const place = await kafka.place();
  const member = await newMember(kafka, kafka.unique('g'));
  await member.enter();
  expect(await member.commit(place)).toBe('REBALANCE_IN_PROGRESS');
  expect(await member.commit(place, { version: 8 })).toBe('REBALANCE_IN_PROGRESS');
  expect(await member.commit(place, { generation: 99 })).toBe('ILLEGAL_GENERATION');
  expect(await member.commit(place, { id: 'who' })).toBe('UNKNOWN_MEMBER_ID');
  expect(await commit(kafka, member.group, place)).toBe('UNKNOWN_MEMBER_ID');
});

groupOffsets.holds('in PreparingRebalance the old generation may commit', async (kafka) => {
  const place = await kafka.place();
  const [member] = await stable(kafka, [{}]);
  const newcomer = await newMember(kafka, member!.group);
  newcomer.enter().catch(() => {});
  await reaches(kafka, member!.group, 'PreparingRebalance');
  expect(await member!.commit(place, { offset: 4 })).toBe('NONE');
  expect(await committed(kafka, member!.group, place)).toBe(4);
  expect(await member!.commit(place, { generation: 77 })).toBe('ILLEGAL_GENERATION');
  // The newcomer too, though its JoinGroup still waits.
  expect(await member!.commit(place, { id: newcomer.id })).toBe('NONE');
});

groupOffsets.holds('in Stable: the member, not its old generation, nobody else', async (kafka) => {
  const place = await kafka.place();
  const [member] = await stable(kafka, [{}]);
  expect(await member!.commit(place)).toBe('NONE');
  for (const generation of [0, -1]) {
    expect(await member!.commit(place, { generation })).toBe('ILLEGAL_GENERATION');
  }
  expect(await member!.commit(place, { id: 'who' })).toBe('UNKNOWN_MEMBER_ID');
  expect(await commit(kafka, member!.group, place)).toBe('UNKNOWN_MEMBER_ID');
});

groupOffsets.holds('after the group became empty its old member is unknown', async (kafka) => {
  const place = await kafka.place();
  const [member] = await stable(kafka, [{}]);
  await member!.leave();
  expect(await member!.commit(place)).toBe('UNKNOWN_MEMBER_ID');
  expect(await commit(kafka, member!.group, place)).toBe('NONE');
});

groupOffsets.holds('what is missing is -1 without an error', async (kafka) => {
  const { topic, partition } = await kafka.place();
  const nothing = {
    committedOffset: -1,
    committedLeaderEpoch: -1,
    metadata: '',
    errorCode: 0,
  };
  const topics = [
    { name: topic, partitionIndexes: [partition, 999] },
    { name: 'nope', partitionIndexes: [0] },
  ];
  const answer = await kafka.ask('OffsetFetch', 5, { groupId: kafka.unique('g'), topics });
  expect(answer.errorCode).toBe(0);
  for (const { partitions } of answer.topics) {
    for (const one of partitions) expect(one).toMatchObject(nothing);
  }
});

groupOffsets.holds('null asks for everything there is, [] for nothing', async (kafka) => {
  const place = await kafka.place();
  const groupId = kafka.unique('g');
  await commit(kafka, groupId, place, { offset: 3, metadata: 'said' });
  const all = await kafka.ask('OffsetFetch', 5, { groupId, topics: null });
  expect(all.topics).toMatchObject([
    {
      name: place.topic,
      partitions: [{ partitionIndex: place.partition, committedOffset: 3, metadata: 'said' }],
    },
  ]);
  expect((await kafka.ask('OffsetFetch', 5, { groupId, topics: [] })).topics).toEqual([]);
});

groupOffsets.holds('from v8 on several groups at once', async (kafka) => {
  const place = await kafka.place();
  const [known, unknown] = [kafka.unique('g'), kafka.unique('g')];
  await commit(kafka, known, place, { offset: 3 });
  const asked = [known, unknown].map((groupId) => ({ groupId, topics: null }));
  const { groups } = await kafka.ask('OffsetFetch', 8, { groups: asked, requireStable: false });
  const told = groups.map(({ groupId, topics, errorCode }: any) => [
    groupId,
    topics.length,
    errorName(errorCode),
  ]);
  expect(told).toContainEqual([known, 1, 'NONE']);
  expect(told).toContainEqual([unknown, 0, 'NONE']);
});
