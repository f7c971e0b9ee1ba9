/** What a broker was told to forbid or to wait for. */
import { errorName } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { newMember, reaches, stateOf } from '../groups.ts';
import { clockGrainMs } from '../scene.ts';
import { strict } from '../settings.ts';

export const limits = new Area('Limits', { settings: strict });

const delayMs = 3_000;

limits.holds('whoever joins first waits for company, once where nobody comes', async (kafka) => {
  const member = await newMember(kafka, kafka.unique('g'));
  const ms = await kafka.milliseconds(() => member.enter());
  expect(ms).toBeGreaterThanOrEqual(delayMs - clockGrainMs);
  expect(member.led).toHaveLength(1);
});

limits.holds('company extends the wait, and all are told together', async (kafka) => {
  const group = kafka.unique('g');
  const [first, second] = [await newMember(kafka, group), await newMember(kafka, group)];
  const ms = await kafka.milliseconds(async () => {
    const entering = first.enter();
    await reaches(kafka, group, 'PreparingRebalance');
    await kafka.pass(delayMs / 2);
    const [one, other] = await Promise.all([entering, second.enter()]);
    expect([one.generationId, other.generationId]).toEqual([1, 1]);
  });
  expect(ms).toBeGreaterThanOrEqual(2 * delayMs - clockGrainMs);
});

limits.holds('the wait is no longer than the rebalance may take', async (kafka) => {
  const group = kafka.unique('g');
  const patience = { rebalanceMs: 4_000 };
  const first = await newMember(kafka, group, patience);
  const second = await newMember(kafka, group, patience);
  // Whoever has waited for the third delay is late; on a busy machine all of it is.
  const waited = async () => {
    const entering = first.enter();
    await reaches(kafka, group, 'PreparingRebalance');
    await kafka.pass(delayMs / 2);
    await Promise.all([entering, second.enter()]);
  };
  const ms = await kafka.milliseconds(waited);
  expect(ms).toBeGreaterThanOrEqual(4_000 - clockGrainMs);
  expect([first.generation, second.generation]).toEqual([1, 1]);
});

limits.holds('a full group takes nobody new, and keeps those who are in it', async (kafka) => {
  const group = kafka.unique('g');
  const [first, second] = [await newMember(kafka, group), await newMember(kafka, group)];
  await Promise.all([first.enter(), second.enter()]);
  await Promise.all([first.sync(), second.sync()]);
  const full = { error: 'GROUP_MAX_SIZE_REACHED', memberId: '' };
  for (const version of [3, 5, 9]) {
    const third = await newMember(kafka, group, { version });
    expect(await third.join()).toMatchObject(full);
  }
  expect(await stateOf(kafka, group)).toBe('Stable');
  const follower = first.led.length > 0 ? second : first;
  expect((await follower.join()).error).toBe('NONE');
});

limits.holds('in a full join phase one who comes back late has lost its place', async (kafka) => {
  const group = kafka.unique('g');
  const [first, second] = [await newMember(kafka, group), await newMember(kafka, group)];
  await Promise.all([first.enter(), second.enter()]);
  await Promise.all([first.sync(), second.sync()]);
  const [leader, follower] = first.led.length > 0 ? [first, second] : [second, first];
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
