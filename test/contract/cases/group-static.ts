/** Static members (KIP-345): a process that comes back takes the place it had. */
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { newMember, reaches, stable, stateOf, type Member } from '../groups.ts';
import type { Scene } from '../scene.ts';

export const groupStatic = new Area('Groups, static members');

const pair = (kafka: Scene): Promise<Member[]> =>
  stable(kafka, [{ instance: 'i0' }, { instance: 'i1' }]);

async function restarted(former: Member, options = {}): Promise<Member> {
  return newMember(former.kafka, former.group, { ...former.options, ...options });
}

groupStatic.holds(
  'a restarted follower: a new id, the same generation and share',
  async (kafka) => {
    const [, follower] = await pair(kafka);
    const back = await restarted(follower!);
    const joined = await back.join();
    expect(joined).toMatchObject({
      error: 'NONE',
      generationId: follower!.generation,
      members: [],
    });
    expect(back.id).not.toBe(follower!.id);
    expect(await stateOf(kafka, back.group)).toBe('Stable');
    expect(await back.sync()).toEqual({ error: 'NONE', assignment: `share of ${follower!.id}` });
    expect(await back.heartbeat()).toBe('NONE');
  },
);

groupStatic.holds('its old id is fenced with the instance id', async (kafka) => {
  const place = await kafka.place();
  const [, follower] = await pair(kafka);
  await (await restarted(follower!)).join();
  const fenced = 'FENCED_INSTANCE_ID';
  expect(await follower!.heartbeat()).toBe(fenced);
  expect((await follower!.sync()).error).toBe(fenced);
  expect(await follower!.commit(place)).toBe(fenced);
  expect((await follower!.join()).error).toBe(fenced);
  expect(await follower!.leave()).toBe(fenced);
});

groupStatic.holds('its old id is unknown without the instance id', async (kafka) => {
  const [, follower] = await pair(kafka);
  await (await restarted(follower!)).join();
  const [place, unknown] = [await kafka.place(), 'UNKNOWN_MEMBER_ID'];
  expect(await follower!.heartbeat({ instance: null })).toBe(unknown);
  expect((await follower!.sync({}, { instance: null })).error).toBe(unknown);
  expect(await follower!.commit(place, { instance: null })).toBe(unknown);
  expect((await follower!.join({ instance: null })).error).toBe(unknown);
});

groupStatic.holds('a restarted leader is told that its old id leads, in v5', async (kafka) => {
  const [leader] = await pair(kafka);
  const back = await restarted(leader!);
  const joined = await back.join({ version: 5 });
  expect(joined).toMatchObject({ error: 'NONE', leader: leader!.id, members: [] });
});

groupStatic.holds('from v9 on it is told to lead, and to skip the assignment', async (kafka) => {
  const [leader] = await pair(kafka);
  const back = await restarted(leader!);
  const joined = await back.join({ version: 9 });
  expect(joined).toMatchObject({ error: 'NONE', leader: back.id, skipAssignment: true });
  expect(joined.members).toHaveLength(2);
});

groupStatic.holds('changed metadata do not matter, the chosen name does', async (kafka) => {
  const [, follower] = await pair(kafka);
  const back = await restarted(follower!, { protocols: [['range', 'NEW']] });
  expect(await back.join()).toMatchObject({ error: 'NONE', generationId: follower!.generation });
  expect(await stateOf(kafka, back.group)).toBe('Stable');
});

groupStatic.holds('an unknown instance is an unknown member', async (kafka) => {
  const [leader] = await pair(kafka);
  expect(await leader!.heartbeat({ instance: 'nope' })).toBe('UNKNOWN_MEMBER_ID');
});

groupStatic.holds('an instance can be removed without knowing its member id', async (kafka) => {
  const [leader, follower] = await pair(kafka);
  expect(await leader!.leave({ id: '', instance: 'i1' })).toBe('NONE');
  await reaches(kafka, leader!.group, 'PreparingRebalance');
  expect(await follower!.heartbeat()).toBe('UNKNOWN_MEMBER_ID');
});

groupStatic.holds('an id that was handed out is nothing for an instance', async (kafka) => {
  const member = await newMember(kafka, kafka.unique('g'));
  expect((await member.join()).error).toBe('MEMBER_ID_REQUIRED');
  expect((await member.join({ instance: 'i0' })).error).toBe('UNKNOWN_SERVER_ERROR');
  expect((await member.join()).error).toBe('NONE');
});

groupStatic.holds('a restart in the join phase fences whoever waits', async (kafka) => {
  const [leader, follower] = await pair(kafka);
  const waiting = follower!.join({ protocols: [['range', 'm2']] });
  await reaches(kafka, leader!.group, 'PreparingRebalance');
  const back = await restarted(follower!);
  const joining = back.join();
  expect((await waiting).error).toBe('FENCED_INSTANCE_ID');
  await leader!.join();
  expect((await joining).error).toBe('NONE');
});

for (const [line, told] of [
  ['3.9', 'NONE'],
  ['4', 'UNKNOWN_MEMBER_ID'],
] as const) {
  const says = `two are removed at once, and one of them waits: ${told}`;
  groupStatic.holdsOn(line, says, async (kafka) => {
    const [leader, follower] = await pair(kafka);
    const waiting = follower!.join({ protocols: [['range', 'm2']] });
    await reaches(kafka, leader!.group, 'PreparingRebalance');
    const members = ['i0', 'i1'].map((instance) => ({ memberId: '', groupInstanceId: instance }));
    const answer = await kafka.ask('LeaveGroup', 3, { groupId: leader!.group, members });
    expect(answer.members).toMatchObject([{ errorCode: 0 }, { errorCode: 0 }]);
    expect((await waiting).error).toBe(told);
    expect(await stateOf(kafka, leader!.group)).toBe('Empty');
  });
}
