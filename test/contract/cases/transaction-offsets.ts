/** TxnOffsetCommit and OffsetFetch: offsets that become true with a transaction. */
import { errorName, type ErrorName } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { commit, committed, newMember, reaches, stable, stateOf } from '../groups.ts';
import type { Place, Scene } from '../scene.ts';
import { newProducer, Producer } from '../transactions.ts';

export const transactionOffsets = new Area('Transactions, offsets');

const { holds, holdsOn } = {
  holds: transactionOffsets.holds.bind(transactionOffsets),
  holdsOn: transactionOffsets.holdsOn.bind(transactionOffsets),
};

/** With requireStable, which v7 brought. */
async function stableOffset(
  kafka: Scene,
  group: string,
  { topic, partition }: Place,
  version = 7,
): Promise<{ error: ErrorName; offset: number }> {
  const topics = [{ name: topic, partitionIndexes: [partition] }];
  const body =
    version >= 8
      ? { groups: [{ groupId: group, topics }], requireStable: true }
      : { groupId: group, topics, requireStable: true };
  const answer = await kafka.ask('OffsetFetch', version, body);
  const told = version >= 8 ? answer.groups[0] : answer;
  expect(told.errorCode).toBe(0);
  const [one] = told.topics[0].partitions;
  return { error: errorName(one.errorCode), offset: one.committedOffset };
}

/** A producer with an offset under way. */
async function pending(
  kafka: Scene,
  offset = 5,
): Promise<{ producer: Producer; group: string; place: Place }> {
  const [place, group] = [await kafka.place(), kafka.unique('g')];
  const producer = await newProducer(kafka);
  await producer.addOffsets(group);
  expect(await producer.commitOffset(group, place, offset)).toBe('NONE');
  return { producer, group, place };
}

for (const version of [0, 2, 3, 4]) {
  holds(`v${version} after it: NONE`, async (kafka) => {
    const [place, group] = [await kafka.place(), kafka.unique('g')];
    const producer = await newProducer(kafka);
    await producer.addOffsets(group);
    expect(await producer.commitOffset(group, place, 5, { version })).toBe('NONE');
    await producer.settle('commit');
    expect(await committed(kafka, group, place)).toBe(5);
  });
}

holdsOn('3.9', 'no epoch, while an offset is pending: error -1', async (kafka) => {
  const { producer, group, place } = await pending(kafka);
  expect(await producer.commitOffset(group, place, 6, { epoch: -1 })).toBe('UNKNOWN_SERVER_ERROR');
  await producer.settle('abort');
});

holds('a pending offset is not there yet, without an error', async (kafka) => {
  const { producer, group, place } = await pending(kafka);
  expect(await committed(kafka, group, place)).toBe(-1);
  await producer.settle('commit');
  expect(await committed(kafka, group, place)).toBe(5);
});

for (const version of [7, 8, 9]) {
  holds(`OffsetFetch v${version} that requires stable offsets: error 88`, async (kafka) => {
    const { producer, group, place } = await pending(kafka);
    expect((await stableOffset(kafka, group, place, version)).error).toBe('UNSTABLE_OFFSET_COMMIT');
    await producer.settle('commit');
    const settled = await kafka.until(
      () => stableOffset(kafka, group, place, version),
      ({ error }) => error !== 'UNSTABLE_OFFSET_COMMIT',
    );
    expect(settled).toEqual({ error: 'NONE', offset: 5 });
  });
}

holds('all stable offsets of a group that has only pending ones: none', async (kafka) => {
  const { producer, group } = await pending(kafka);
  const body = { groupId: group, topics: null, requireStable: true };
  const answer = await kafka.ask('OffsetFetch', 7, body);
  expect(answer).toMatchObject({ errorCode: 0, topics: [] });
  await producer.settle('abort');
});

holds('an abort drops what was pending', async (kafka) => {
  const { producer, group, place } = await pending(kafka);
  await producer.settle('commit');
  await producer.addOffsets(group);
  await producer.commitOffset(group, place, 50);
  await producer.settle('abort');
  expect((await stableOffset(kafka, group, place)).offset).toBe(5);
});

holds('a plain commit made meanwhile wins', async (kafka) => {
  const { producer, group, place } = await pending(kafka, 60);
  expect(await commit(kafka, group, place, { offset: 70 })).toBe('NONE');
  await producer.settle('commit');
  expect((await stableOffset(kafka, group, place)).offset).toBe(70);
});

holds('metadata that are too long, a topic nobody knows', async (kafka) => {
  const { producer, group, place } = await pending(kafka);
  const ask = (where: Place, metadata = '') => producer.commitOffset(group, where, 9, { metadata });
  expect(await ask(place, 'm'.repeat(5000))).toBe('OFFSET_METADATA_TOO_LARGE');
  expect(await ask({ topic: 'nope', partition: 0 })).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  await producer.settle('abort');
});

holds('members are asked who they are from v3 on', async (kafka) => {
  const place = await kafka.place();
  const [member] = await stable(kafka, [{}]);
  const producer = await newProducer(kafka);
  await producer.addOffsets(member!.group);
  const { generation, id: memberId } = member!;
  const ask = (as: Parameters<Producer['commitOffset']>[3]) =>
    producer.commitOffset(member!.group, place, 3, as);
  expect(await ask({ generation, memberId })).toBe('NONE');
  expect(await ask({ generation: generation - 1, memberId })).toBe('ILLEGAL_GENERATION');
  expect(await ask({ generation: generation + 1, memberId })).toBe('ILLEGAL_GENERATION');
  expect(await ask({ generation, memberId: 'who' })).toBe('UNKNOWN_MEMBER_ID');
  expect(await ask({ generation, memberId, instance: 'ii' })).toBe('UNKNOWN_MEMBER_ID');
  expect(await ask({ generation: -1, memberId })).toBe('ILLEGAL_GENERATION');
  expect(await ask({})).toBe('NONE');
  for (const version of [0, 2]) expect(await ask({ version })).toBe('NONE');
  await producer.settle('abort');
});

for (const [line, error] of [
  ['3.9', 'UNKNOWN_MEMBER_ID'],
  ['4', 'ILLEGAL_GENERATION'],
] as const) {
  holdsOn(line, `a generation of an unknown group: ${error}`, async (kafka) => {
    const [place, group] = [await kafka.place(), kafka.unique('g')];
    const producer = await newProducer(kafka);
    await producer.addOffsets(group);
    const who = { generation: 1, memberId: 'm' };
    expect(await producer.commitOffset(group, place, 3, who)).toBe(error);
    await producer.settle('abort');
  });
}

for (const [line, state] of [
  ['3.9', 'Empty'],
  ['4', 'Dead'],
] as const) {
  holdsOn(line, `a commit that is refused leaves its group ${state}`, async (kafka) => {
    const group = kafka.unique('g');
    const refused = { id: kafka.unique('never'), producerId: 999_999, epoch: 0 };
    const producer = new Producer(kafka);
    const error = await producer.commitOffset(group, await kafka.place(), 3, refused);
    expect(error).toBe('INVALID_PRODUCER_ID_MAPPING');
    expect(await stateOf(kafka, group)).toBe(state);
  });
}

holds('the right generation may commit in a rebalance', async (kafka) => {
  const place = await kafka.place();
  const [member] = await stable(kafka, [{}]);
  const producer = await newProducer(kafka);
  await producer.addOffsets(member!.group);
  const ask = (generation: number) =>
    producer.commitOffset(member!.group, place, 3, { generation, memberId: member!.id });
  const old = member!.generation;
  const newcomer = await newMember(kafka, member!.group);
  const entering = newcomer.enter();
  await reaches(kafka, member!.group, 'PreparingRebalance');
  expect(await ask(old)).toBe('NONE');
  expect(await ask(old - 1)).toBe('ILLEGAL_GENERATION');
  await Promise.all([member!.join(), entering]);
  expect(await ask(member!.generation)).toBe('NONE');
  expect(await ask(old)).toBe('ILLEGAL_GENERATION');
  await producer.settle('abort');
});

holdsOn('4', 'a newer epoch after a good commit: INVALID_PRODUCER_EPOCH', async (kafka) => {
  const { producer, group, place } = await pending(kafka);
  const epoch = producer.epoch + 1;
  expect(await producer.commitOffset(group, place, 9, { epoch })).toBe('INVALID_PRODUCER_EPOCH');
  await producer.settle('abort');
});

holdsOn('3.9', 'a newer epoch after a good commit hangs the transaction', async (kafka) => {
  const { producer, group, place } = await pending(kafka);
  const epoch = producer.epoch + 1;
  expect(await producer.commitOffset(group, place, 9, { epoch })).toBe('NONE');
  expect(await producer.end('commit')).toBe('NONE');
  await kafka.pass(500);
  expect(await producer.end('commit')).toBe('CONCURRENT_TRANSACTIONS');
  expect((await stableOffset(kafka, group, place)).error).toBe('UNSTABLE_OFFSET_COMMIT');
});
