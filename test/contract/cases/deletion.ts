/**
 * What goes with a topic.
 *
 * Alone, because a Kafka that deletes any topic looks through all groups for its offsets, and
 * forgets those on the way that are empty and hold none: a group in which an id was just handed
 * out, or from which the last member has just gone.
 */
import { errorName } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { commit, committed, newMember, reaches, stable } from '../groups.ts';
import { batchOf, type Scene } from '../scene.ts';
import { Producer } from '../transactions.ts';

export const deletion = new Area('Topics, deletion', { alone: true });

const strangeId = '00112233-4455-6677-8899-aabbccddeeff';

const toldOf = (told: readonly any[]) =>
  told.map(({ name, errorCode }) => [name, errorName(errorCode)]);

const remove = async (kafka: Scene, version: number, body: object) =>
  toldOf((await kafka.ask('DeleteTopics', version, { timeoutMs: 10_000, ...body })).responses);

deletion.holds('DeleteTopics: unknown, known, twice', async (kafka) => {
  const [place] = await kafka.topic();
  const [other] = await kafka.topic();
  const told = await remove(kafka, 5, { topicNames: ['nope', place!.topic] });
  expect(told).toHaveLength(2);
  expect(told).toContainEqual(['nope', 'UNKNOWN_TOPIC_OR_PARTITION']);
  expect(told).toContainEqual([place!.topic, 'NONE']);
  const name = other!.topic;
  expect(await remove(kafka, 5, { topicNames: [name, name] })).toEqual([[name, 'INVALID_REQUEST']]);
});

deletion.holds('DeleteTopics by id from v6 on', async (kafka) => {
  const [place] = await kafka.topic();
  const ids = [strangeId, await kafka.topicId(place!.topic)];
  const asked = ids.map((topicId) => ({ name: null, topicId }));
  const told = await remove(kafka, 6, { topics: asked });
  expect(told).toHaveLength(2);
  expect(told).toContainEqual([null, 'UNKNOWN_TOPIC_ID']);
  expect(told).toContainEqual([place!.topic, 'NONE']);
});

deletion.holds('a topic made again is another topic, and starts at 0', async (kafka) => {
  const [place] = await kafka.topic();
  const { topic } = place!;
  await kafka.produce(place!, batchOf(['a', 'b']));
  const before = await kafka.topicId(topic);
  await remove(kafka, 5, { topicNames: [topic] });
  await kafka.until(
    () => kafka.list(place!, -1),
    ({ error }) => error === 'UNKNOWN_TOPIC_OR_PARTITION',
  );
  await kafka.create(topic);
  expect(await kafka.topicId(topic)).not.toBe(before);
  expect((await kafka.fetch(place!, 2)).error).toBe('OFFSET_OUT_OF_RANGE');
});

deletion.holds('a topic made again knows no producers', async (kafka) => {
  const [place] = await kafka.topic();
  const producerId = await kafka.producerId();
  const send = (baseSequence: number) =>
    kafka.produce(place!, batchOf(['a'], { producerId, producerEpoch: 0, baseSequence }));
  await send(0);
  await remove(kafka, 5, { topicNames: [place!.topic] });
  await kafka.until(
    () => kafka.list(place!, -1),
    ({ error }) => error === 'UNKNOWN_TOPIC_OR_PARTITION',
  );
  await kafka.create(place!.topic);
  expect(await send(3)).toMatchObject({ error: 'NONE', baseOffset: 0 });
});

deletion.holds('the deletion of its topic answers it with error 3', async (kafka) => {
  const [place] = await kafka.topic();
  const wire = await kafka.open();
  const answer = kafka.fetch(place!, 0, { maxWaitMs: 20_000, wire });
  expect(await kafka.within(50, answer)).toBe('waits');
  await kafka.ask('DeleteTopics', 5, { topicNames: [place!.topic], timeoutMs: 5_000 });
  expect((await answer).error).toBe('UNKNOWN_TOPIC_OR_PARTITION');
});

deletion.holds('a producer hears that its topic is gone', async (kafka) => {
  const [place] = await kafka.topic();
  await kafka.produce(place!, batchOf(['a']));
  await remove(kafka, 5, { topicNames: [place!.topic] });
  await kafka.until(
    () => kafka.produce(place!, batchOf(['b'])),
    ({ error }) => error === 'UNKNOWN_TOPIC_OR_PARTITION',
  );
});

deletion.holds('a transaction in a topic that is gone ends all the same', async (kafka) => {
  const [[gone], [stays]] = [await kafka.topic(), await kafka.topic()];
  const producer = await new Producer(kafka).begin(gone!, stays!);
  await producer.write(gone!, 'a');
  await producer.write(stays!, 'b');
  await remove(kafka, 5, { topicNames: [gone!.topic] });
  await kafka.until(
    () => kafka.list(gone!, -1),
    ({ error }) => error === 'UNKNOWN_TOPIC_OR_PARTITION',
  );
  await producer.settle('commit');
  expect(await kafka.list(stays!, -1, { isolationLevel: 1 })).toMatchObject({ offset: 2 });
});

deletion.holds('a member stays a member, and cannot commit what is gone', async (kafka) => {
  const [[gone], [stays]] = [await kafka.topic(), await kafka.topic()];
  const [member] = await stable(kafka, [{}]);
  for (const place of [gone!, stays!]) expect(await member!.commit(place)).toBe('NONE');
  await remove(kafka, 5, { topicNames: [gone!.topic] });
  await kafka.until(
    () => member!.commit(gone!),
    (error) => error === 'UNKNOWN_TOPIC_OR_PARTITION',
  );
  expect(await member!.heartbeat()).toBe('NONE');
  expect(await member!.commit(stays!, { offset: 2 })).toBe('NONE');
});

for (const [line, does, state, error] of [
  ['3.9', 'forgets', 'Dead', 'UNKNOWN_MEMBER_ID'],
  ['4', 'keeps', 'Empty', 'NONE'],
] as const) {
  const says = `a deletion ${does} an id that was handed out in any group without offsets`;
  deletion.holdsOn(line, says, async (kafka) => {
    const [gone] = await kafka.topic();
    const looked = kafka.unique('g');
    await commit(kafka, looked, gone!);
    const member = await newMember(kafka, kafka.unique('g'));
    expect((await member.join()).error).toBe('MEMBER_ID_REQUIRED');
    await remove(kafka, 5, { topicNames: [gone!.topic] });
    await kafka.until(
      () => committed(kafka, looked, gone!),
      (offset) => offset === -1,
    );
    await reaches(kafka, member.group, state);
    expect((await member.join()).error).toBe(error);
  });
}

// The last one, because it waits until Kafka has looked through the groups: see above.
deletion.holds('the offsets of a topic die with it', async (kafka) => {
  const [place] = await kafka.topic();
  const groupId = kafka.unique('g');
  await commit(kafka, groupId, place!);
  const topicNames = [place!.topic];
  await kafka.ask('DeleteTopics', 5, { topicNames, timeoutMs: 5_000 });
  await kafka.until(
    () => kafka.ask('OffsetFetch', 5, { groupId, topics: null }),
    ({ topics }) => topics.length === 0,
  );
});
