/** DescribeGroups, ListGroups, DeleteGroups, FindCoordinator: looking at groups from outside. */
import { errorName } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { commit, describeGroup, newMember, reaches, stable } from '../groups.ts';

export const groupAdmin = new Area('Groups, from outside');

for (const version of [0, 5]) {
  groupAdmin.holds(`DescribeGroups v${version} finds an unknown group dead`, async (kafka) => {
    const told = await describeGroup(kafka, kafka.unique('g'), version);
    expect(told).toMatchObject({ errorCode: 0, groupState: 'Dead', protocolType: '', members: [] });
  });
}

groupAdmin.holds('DescribeGroups of a stable group', async (kafka) => {
  const [member] = await stable(kafka, [{}]);
  expect(await describeGroup(kafka, member!.group)).toMatchObject({
    errorCode: 0,
    groupState: 'Stable',
    protocolType: 'consumer',
    protocolData: 'range',
    members: [
      {
        memberId: member!.id,
        groupInstanceId: null,
        clientId: 'contract',
        clientHost: '/127.0.0.1',
        memberMetadata: Buffer.from('m1'),
        memberAssignment: Buffer.from(`share of ${member!.id}`),
      },
    ],
  });
});

for (const [line, what] of [
  ['3.9', 'no assignments'],
  ['4', 'the last assignments'],
] as const) {
  groupAdmin.holdsOn(line, `DescribeGroups in PreparingRebalance tells ${what}`, async (kafka) => {
    const [member] = await stable(kafka, [{}]);
    const newcomer = await newMember(kafka, member!.group);
    newcomer.enter().catch(() => {});
    await reaches(kafka, member!.group, 'PreparingRebalance');
    const { protocolData, members } = await describeGroup(kafka, member!.group);
    expect(protocolData).toBe('');
    const told = members.find(({ memberId }: any) => memberId === member!.id);
    const assignment = line === '4' ? `share of ${member!.id}` : '';
    expect(told.memberMetadata).toHaveLength(0);
    expect(told.memberAssignment.toString()).toBe(assignment);
  });
}

groupAdmin.holds('DescribeGroups of a group that only holds offsets', async (kafka) => {
  const group = kafka.unique('g');
  await commit(kafka, group, await kafka.place());
  const told = await describeGroup(kafka, group);
  expect(told).toMatchObject({ groupState: 'Empty', protocolType: '', members: [] });
});

for (const [version, body, found] of [
  [0, {}, true],
  [4, { statesFilter: ['Stable'] }, true],
  [4, { statesFilter: ['stable'] }, true],
  [4, { statesFilter: ['Empty'] }, false],
  [4, { statesFilter: ['Nonsense'] }, false],
  [5, { statesFilter: [], typesFilter: ['classic'] }, true],
  [5, { statesFilter: [], typesFilter: ['consumer'] }, false],
] as const) {
  groupAdmin.holds(`ListGroups v${version} ${JSON.stringify(body)}: ${found}`, async (kafka) => {
    const [member] = await stable(kafka, [{}]);
    const { errorCode, groups } = await kafka.ask('ListGroups', version, body);
    expect(errorName(errorCode)).toBe('NONE');
    const told = groups.find(({ groupId }: any) => groupId === member!.group);
    if (!found) return expect(told).toBeUndefined();
    expect(told).toMatchObject({
      protocolType: 'consumer',
      ...(version >= 4 && { groupState: 'Stable' }),
      ...(version >= 5 && { groupType: 'classic' }),
    });
  });
}

groupAdmin.holds('DeleteGroups: with members, without, unknown', async (kafka) => {
  const [member] = await stable(kafka, [{}]);
  const remove = async (...groupsNames: string[]) => {
    const { results } = await kafka.ask('DeleteGroups', 2, { groupsNames });
    return results.map(({ groupId, errorCode }: any) => [groupId, errorName(errorCode)]);
  };
  const unknown = kafka.unique('g');
  const { group } = member!;
  expect(await remove(group)).toEqual([[group, 'NON_EMPTY_GROUP']]);
  expect(await remove(unknown)).toEqual([[unknown, 'GROUP_ID_NOT_FOUND']]);
  await member!.leave();
  expect(await remove(group)).toEqual([[group, 'NONE']]);
  expect((await describeGroup(kafka, group)).groupState).toBe('Dead');
});

for (const [version, words] of [
  [0, undefined],
  [1, 'NONE'],
  [2, 'NONE'],
  [3, 'NONE'],
] as const) {
  groupAdmin.holds(`FindCoordinator v${version} of a group, also without a name`, async (kafka) => {
    for (const key of [kafka.unique('g'), '']) {
      const answer = await kafka.ask('FindCoordinator', version, { key, keyType: 0 });
      expect(answer).toMatchObject({ errorCode: 0, nodeId: 1, host: '127.0.0.1' });
      if (words !== undefined) expect(answer.errorMessage).toBe(words);
    }
  });
}

groupAdmin.holds('FindCoordinator v4 of several groups', async (kafka) => {
  const coordinatorKeys = [kafka.unique('g'), kafka.unique('g')];
  const { coordinators } = await kafka.ask('FindCoordinator', 4, { keyType: 0, coordinatorKeys });
  expect(coordinators).toHaveLength(2);
  for (const one of coordinators) {
    expect(coordinatorKeys).toContain(one.key);
    expect(one).toMatchObject({ nodeId: 1, errorCode: 0, errorMessage: '' });
  }
});

for (const keyType of [2, 7]) {
  groupAdmin.holds(`FindCoordinator v2 of type ${keyType}: INVALID_REQUEST`, async (kafka) => {
    const answer = await kafka.ask('FindCoordinator', 2, { key: 'g', keyType });
    expect(answer).toMatchObject({ errorCode: 42, nodeId: -1, host: '', port: -1 });
  });
}
