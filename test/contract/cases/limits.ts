/** What a broker was told to forbid or to wait for. */
import { errorName } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { byRole, newMember, reaches, stateOf, type Member } from '../groups.ts';
import { clockGrainMs, type Scene } from '../scene.ts';
import { strict } from '../settings.ts';

export const limits = new Area('Limits', { settings: strict });

const delayMs = 3_000;

limits.holds('whoever joins first waits for company, once where nobody comes', async (kafka) => {
  const member = await newMember(kafka, kafka.unique('g'));
  const ms = await kafka.milliseconds(() => member.enter());
  expect(ms).toBeGreaterThanOrEqual(delayMs - clockGrainMs);
  expect(member.led).toHaveLength(1);
});

/** How long a group takes whose second member comes in the middle of the first delay. */
async function together(kafka: Scene, rebalanceMs: number): Promise<number> {
  for (;;) {
    const group = kafka.unique('g');
    const first = await newMember(kafka, group, { rebalanceMs });
    const second = await newMember(kafka, group, { rebalanceMs });
    const ms = await kafka.milliseconds(async () => {
      const entering = first.enter();
      await reaches(kafka, group, 'PreparingRebalance');
      await kafka.pass(delayMs / 2);
      await Promise.all([entering, second.enter()]);
    });
    // On a machine that stood still the second came when the delay was over.
    if (second.generation === 1) return ms;
  }
}

limits.holds('company extends the wait by another delay', async (kafka) => {
  expect(await together(kafka, 10_000)).toBeGreaterThanOrEqual(2 * delayMs - clockGrainMs);
});

limits.holds('the wait is no longer than the rebalance may take', async (kafka) => {
  // Without that bound it takes two delays, always; with it, where the machine stood still.
  const ms = await kafka.until(
    () => together(kafka, 4_000),
    (took) => took < 2 * delayMs,
  );
  expect(ms).toBeGreaterThanOrEqual(4_000 - clockGrainMs);
});

/** As many members as there may be, in a stable generation. */
async function full(kafka: Scene): Promise<{ group: string; leader: Member; follower: Member }> {
  for (;;) {
    const group = kafka.unique('g');
    const rebalanceMs = 10_000;
    const members = [
      await newMember(kafka, group, { rebalanceMs }),
      await newMember(kafka, group, { rebalanceMs }),
    ];
    await Promise.all(members.map((one) => one.enter()));
    // On a machine that stood still one of them came when the delay was over.
    if (members.some(({ generation }) => generation !== 1)) continue;
    await Promise.all(members.map((one) => one.sync()));
    const { leader, followers } = byRole(members);
    return { group, leader, follower: followers[0]! };
  }
}

limits.holds('a full group takes nobody new, and keeps those who are in it', async (kafka) => {
  const { group, follower } = await full(kafka);
  const refused = { error: 'GROUP_MAX_SIZE_REACHED', memberId: '' };
  for (const version of [3, 5, 9]) {
    const third = await newMember(kafka, group, { version });
    expect(await third.join()).toMatchObject(refused);
  }
  expect(await stateOf(kafka, group)).toBe('Stable');
  expect((await follower.join()).error).toBe('NONE');
});

limits.holds('in a full join phase one who comes back late has lost its place', async (kafka) => {
  const { group, leader, follower } = await full(kafka);
  // Out of the stable group, and the leader alone is back: one place is free.
  const rejoining = leader.join({ protocols: [['range', 'other']] });
  await reaches(kafka, group, 'PreparingRebalance');
  const newcomer = await newMember(kafka, group);
  const entering = newcomer.enter();
  await kafka.until(
    () => newcomer.kafka.ask('DescribeGroups', 5, { groups: [group] }),
    ({ groups }) => groups[0].members.length === 3,
  );
  expect((await follower.join()).error).toBe('GROUP_MAX_SIZE_REACHED');
  const told = await Promise.all([rejoining, entering]);
  expect(told.map(({ error }) => error)).toEqual(['NONE', 'NONE']);
  expect(await follower.heartbeat()).toBe('UNKNOWN_MEMBER_ID');
});

for (const [version, error] of [
  [1, 'INVALID_REQUEST'],
  [2, 'INVALID_REQUEST'],
  [3, 'TOPIC_DELETION_DISABLED'],
  [6, 'TOPIC_DELETION_DISABLED'],
] as const) {
  limits.holds(`topics that may not be deleted, v${version}: ${error}`, async (kafka) => {
    const [{ topic }, unknown] = [await kafka.place(), kafka.unique('nope')];
    const noId = '00000000-0000-0000-0000-000000000000';
    const names = [topic, unknown];
    const topics = names.map((name) => ({ name, topicId: noId }));
    const body = { topicNames: names, topics, timeoutMs: 5_000 };
    const { responses } = await kafka.ask('DeleteTopics', version, body);
    const told = responses.map((one: any) => [one.name, errorName(one.errorCode)]);
    expect(told).toHaveLength(2);
    for (const name of names) expect(told).toContainEqual([name, error]);
    const { topics: left } = await kafka.ask('Metadata', 4, { topics: [{ name: topic }] });
    expect(errorName(left[0].errorCode)).toBe('NONE');
  });
}

limits.holds('a topic that is asked for is not made where that is off', async (kafka) => {
  const name = kafka.unique('auto');
  const body = { topics: [{ name }], allowAutoTopicCreation: true };
  for (const waitMs of [0, 700]) {
    await kafka.pass(waitMs);
    const { topics } = await kafka.ask('Metadata', 4, body);
    expect(errorName(topics[0].errorCode)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  }
});
