/** CreatePartitions, topic settings, DeleteRecords, OffsetDelete, and what needs an authorizer. */
import { encodeBatch, errorName } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { commit, newMember, stable } from '../groups.ts';
import { batchOf, type Place, type Scene } from '../scene.ts';

export const administration = new Area('Administration');

async function grow(kafka: Scene, name: string, count: number): Promise<[string, string]> {
  const topics = [{ name, count, assignments: null }];
  const body = { topics, timeoutMs: 10_000, validateOnly: false };
  const [result] = (await kafka.ask('CreatePartitions', 1, body)).results;
  return [errorName(result.errorCode), result.errorMessage ?? ''];
}

administration.holds('CreatePartitions: the same, fewer, more, unknown', async (kafka) => {
  const [place] = await kafka.topic({}, 2);
  const { topic } = place!;
  expect(await grow(kafka, topic, 2)).toEqual([
    'INVALID_PARTITIONS',
    'Topic already has 2 partition(s).',
  ]);
  expect(await grow(kafka, topic, 1)).toEqual([
    'INVALID_PARTITIONS',
    `The topic ${topic} currently has 2 partition(s); 1 would not be an increase.`,
  ]);
  expect((await grow(kafka, kafka.unique('nope'), 3))[0]).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  expect((await grow(kafka, topic, 4))[0]).toBe('NONE');
  await kafka.until(
    () => kafka.list({ topic, partition: 3 }, -1),
    ({ error }) => error === 'NONE',
  );
});

administration.holds('CreatePartitions: by hand, twice', async (kafka) => {
  const [place] = await kafka.topic();
  const ask = async (...topics: object[]) => {
    const body = { topics, timeoutMs: 10_000, validateOnly: false };
    const { results } = await kafka.ask('CreatePartitions', 1, body);
    return results.map(({ errorCode }: any) => errorName(errorCode));
  };
  const byHand = (...brokerIds: number[][]) => ({
    name: place!.topic,
    count: 2,
    assignments: brokerIds.map((ids) => ({ brokerIds: ids })),
  });
  expect(await ask(byHand([9]))).toEqual(['INVALID_REPLICA_ASSIGNMENT']);
  expect(await ask(byHand([1], [1]))).toEqual(['INVALID_REPLICA_ASSIGNMENT']);
  expect(await ask(byHand([1]), byHand([1]))).toEqual(['INVALID_REQUEST']);
  expect(await ask(byHand([1]))).toEqual(['NONE']);
});

interface Setting {
  readonly name: string;
  readonly value: string | null;
  readonly configSource: number;
}

async function settings(
  kafka: Scene,
  resourceName: string,
  configurationKeys: readonly string[] | null,
): Promise<{ error: string; told: readonly Setting[] }> {
  const resources = [{ resourceType: 2, resourceName, configurationKeys }];
  const body = { resources, includeSynonyms: false, includeDocumentation: false };
  const [result] = (await kafka.ask('DescribeConfigs', 2, body)).results;
  return { error: errorName(result.errorCode), told: result.configs };
}

/** What was set for the topic itself. */
const own = async (kafka: Scene, topic: string): Promise<Record<string, string | null>> =>
  Object.fromEntries(
    (await settings(kafka, topic, null)).told
      .filter(({ configSource }) => configSource === 1)
      .map(({ name, value }) => [name, value]),
  );

async function alter(
  kafka: Scene,
  api: 'AlterConfigs' | 'IncrementalAlterConfigs',
  resourceName: string,
  configs: readonly object[],
  validateOnly = false,
): Promise<string> {
  const resources = [{ resourceType: 2, resourceName, configs }];
  const answer = await kafka.ask(api, api === 'AlterConfigs' ? 1 : 0, { resources, validateOnly });
  return errorName(answer.responses[0].errorCode);
}

const set = (name: string, value: string | null) => ({ name, value, configOperation: 0 });

administration.holds('DescribeConfigs: sources, unknown keys, [] is all', async (kafka) => {
  const [place] = await kafka.topic({ 'retention.ms': '123456' });
  const { topic } = place!;
  const some = await settings(kafka, topic, ['retention.ms', 'cleanup.policy', 'no.such']);
  const told = some.told.map(({ name, value, configSource }) => [name, [value, configSource]]);
  expect(Object.fromEntries(told)).toEqual({
    'cleanup.policy': ['delete', 5],
    'retention.ms': ['123456', 1],
  });
  const all = (await settings(kafka, topic, null)).told.length;
  expect((await settings(kafka, topic, [])).told).toHaveLength(all);
});

for (const [line, value, changed] of [
  ['3.9', '9223372036854775807', 'NONE'],
  ['4', '3600000', 'INVALID_CONFIG'],
] as const) {
  administration.holdsOn(line, 'DescribeConfigs: how far ahead a time may be', async (kafka) => {
    const { topic } = await kafka.place();
    const { told } = await settings(kafka, topic, ['message.timestamp.after.max.ms']);
    expect(told).toMatchObject([{ value, configSource: 5 }]);
  });

  administration.holdsOn(line, `message.format.version changed: ${changed}`, async (kafka) => {
    const { topic } = await kafka.place();
    const change = [set('message.format.version', '3.0-IV1')];
    expect(await alter(kafka, 'IncrementalAlterConfigs', topic, change)).toBe(changed);
    expect(await alter(kafka, 'AlterConfigs', topic, change)).toBe(changed);
  });
}

administration.holds('DescribeConfigs of an unknown topic and of a bad name', async (kafka) => {
  const unknown = await settings(kafka, kafka.unique('nope'), null);
  expect(unknown).toEqual({ error: 'UNKNOWN_TOPIC_OR_PARTITION', told: [] });
  expect((await settings(kafka, 'a b', null)).error).toBe('INVALID_TOPIC_EXCEPTION');
});

administration.holds('DescribeConfigs of another broker, of a type nobody knows', async (kafka) => {
  for (const [resourceType, resourceName] of [
    [4, '99'],
    [77, 'x'],
  ]) {
    const resources = [{ resourceType, resourceName, configurationKeys: null }];
    const body = { resources, includeSynonyms: false, includeDocumentation: false };
    const { results } = await kafka.ask('DescribeConfigs', 2, body);
    expect(errorName(results[0].errorCode)).toBe('INVALID_REQUEST');
  }
});

administration.holds('AlterConfigs replaces everything', async (kafka) => {
  const [place] = await kafka.topic({ 'retention.ms': '123456' });
  const { topic } = place!;
  expect(await alter(kafka, 'AlterConfigs', topic, [set('segment.ms', '99999')])).toBe('NONE');
  const settled = await kafka.until(
    () => own(kafka, topic),
    (now) => 'segment.ms' in now,
  );
  expect(settled).toEqual({ 'segment.ms': '99999' });
});

administration.holds('IncrementalAlterConfigs merges, and knows lists', async (kafka) => {
  const [place] = await kafka.topic({ 'segment.ms': '99999' });
  const { topic } = place!;
  const change = (...configs: object[]) => alter(kafka, 'IncrementalAlterConfigs', topic, configs);
  const append = { name: 'cleanup.policy', value: 'compact', configOperation: 2 };
  expect(await change(set('retention.ms', '777'), append)).toBe('NONE');
  const merged = await kafka.until(
    () => own(kafka, topic),
    (now) => 'retention.ms' in now,
  );
  expect(merged).toEqual({
    'segment.ms': '99999',
    'retention.ms': '777',
    'cleanup.policy': 'delete,compact',
  });
  expect(await change({ ...append, name: 'retention.ms' })).toBe('INVALID_CONFIG');
  expect(await change(set('retention.ms', '5'), set('retention.ms', '6'))).toBe('INVALID_REQUEST');
  expect(await change(set('retention.ms', null))).toBe('INVALID_REQUEST');
  expect(await change({ ...append, configOperation: 9 })).toBe('UNKNOWN_SERVER_ERROR');
  expect(await change(set('no.such', '5'))).toBe('INVALID_CONFIG');
  expect(await change(set('retention.ms', 'abc'))).toBe('INVALID_CONFIG');
});

administration.holds('IncrementalAlterConfigs subtracts, from lists', async (kafka) => {
  const [place] = await kafka.topic({ 'cleanup.policy': 'delete,compact' });
  const { topic } = place!;
  const subtract = (name: string, value: string) =>
    alter(kafka, 'IncrementalAlterConfigs', topic, [{ name, value, configOperation: 3 }]);
  expect(await subtract('retention.ms', '5')).toBe('INVALID_CONFIG');
  expect(await subtract('cleanup.policy', 'delete')).toBe('NONE');
  const settled = await kafka.until(
    () => own(kafka, topic),
    (now) => now['cleanup.policy'] !== 'delete,compact',
  );
  expect(settled).toEqual({ 'cleanup.policy': 'compact' });
});

administration.holds(
  'settings of an unknown topic, and those that are only tried',
  async (kafka) => {
    const nope = kafka.unique('nope');
    const one = [set('retention.ms', '5')];
    for (const api of ['AlterConfigs', 'IncrementalAlterConfigs'] as const) {
      expect(await alter(kafka, api, nope, one)).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    }
    const [place] = await kafka.topic();
    const { topic } = place!;
    expect(await alter(kafka, 'IncrementalAlterConfigs', topic, one, true)).toBe('NONE');
    await kafka.pass(300);
    expect(await own(kafka, topic)).toEqual({});
  },
);

async function deleteRecords(
  kafka: Scene,
  { topic, partition }: Place,
  offset: number,
): Promise<[string, number]> {
  const topics = [{ name: topic, partitions: [{ partitionIndex: partition, offset }] }];
  const answer = await kafka.ask('DeleteRecords', 1, { topics, timeoutMs: 10_000 });
  const [one] = answer.topics[0].partitions;
  return [errorName(one.errorCode), one.lowWatermark];
}

administration.holds('DeleteRecords moves the start, also inside a batch', async (kafka) => {
  const place = await kafka.place();
  await kafka.produce(place, batchOf(['a', 'b', 'c', 'd']));
  expect(await deleteRecords(kafka, place, 2)).toEqual(['NONE', 2]);
  expect(await kafka.fetch(place, 2)).toMatchObject({ error: 'NONE', logStartOffset: 2 });
  expect((await kafka.fetch(place, 2)).records.length).toBeGreaterThan(0);
  expect((await kafka.fetch(place, 1)).error).toBe('OFFSET_OUT_OF_RANGE');
  expect((await kafka.list(place, -2)).offset).toBe(2);
  expect(await deleteRecords(kafka, place, 1)).toEqual(['NONE', 2]);
  expect(await deleteRecords(kafka, place, -1)).toEqual(['NONE', 4]);
  expect((await deleteRecords(kafka, place, 9))[0]).toBe('OFFSET_OUT_OF_RANGE');
  expect((await deleteRecords(kafka, place, -2))[0]).toBe('OFFSET_OUT_OF_RANGE');
});

administration.holds('what DeleteRecords deleted is not found by its time', async (kafka) => {
  const place = await kafka.place();
  const record = (value: string, timestamp: number) => ({ key: 'k', value, timestamp });
  const records = [record('a', 7000), record('b', 6000), record('c', 5000)];
  await kafka.produce(place, encodeBatch({ records }));
  expect(await kafka.list(place, 5500)).toMatchObject({ timestamp: 7000, offset: 0 });
  expect(await deleteRecords(kafka, place, 1)).toEqual(['NONE', 1]);
  expect(await kafka.list(place, 0)).toMatchObject({ timestamp: 6000, offset: 1 });
  expect(await kafka.list(place, 5500)).toMatchObject({ timestamp: 6000, offset: 1 });
  expect(await kafka.list(place, 6500)).toMatchObject({ timestamp: -1, offset: -1 });
  expect(await deleteRecords(kafka, place, -1)).toEqual(['NONE', 3]);
  expect(await kafka.list(place, 0)).toMatchObject({ timestamp: -1, offset: -1 });
});

administration.holds(
  'a fetch that waits at the end is not woken by DeleteRecords',
  async (kafka) => {
    const place = await kafka.place();
    await kafka.produce(place, batchOf(['a', 'b']));
    const wire = await kafka.open();
    const waiting = kafka.fetch(place, 2, { maxWaitMs: 20_000, wire });
    expect(await kafka.within(100, waiting)).toBe('waits');
    expect(await deleteRecords(kafka, place, -1)).toEqual(['NONE', 2]);
    expect(await kafka.within(500, waiting)).toBe('waits');
    await kafka.produce(place, batchOf(['c']));
    expect(await waiting).toMatchObject({ error: 'NONE', logStartOffset: 2 });
  },
);

administration.holds('DeleteRecords of a compacted topic, of an unknown one', async (kafka) => {
  const [place] = await kafka.topic({ 'cleanup.policy': 'compact' });
  expect((await deleteRecords(kafka, place!, -1))[0]).toBe('POLICY_VIOLATION');
  const unknown = { topic: kafka.unique('nope'), partition: 0 };
  expect((await deleteRecords(kafka, unknown, 0))[0]).toBe('UNKNOWN_TOPIC_OR_PARTITION');
});

administration.holds('what is known of a producer survives DeleteRecords', async (kafka) => {
  const place = await kafka.place();
  const producerId = await kafka.producerId();
  const send = (baseSequence: number) =>
    kafka.produce(place, batchOf(['a'], { producerId, producerEpoch: 0, baseSequence }));
  for (const sequence of [0, 1, 2]) await send(sequence);
  expect(await deleteRecords(kafka, place, -1)).toEqual(['NONE', 3]);
  expect((await send(9)).error).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
  expect(await send(2)).toMatchObject({ error: 'NONE', baseOffset: 2, logStartOffset: 3 });
  expect(await send(3)).toMatchObject({ error: 'NONE', baseOffset: 3 });
});

async function deleteOffset(
  kafka: Scene,
  groupId: string,
  { topic, partition }: Place,
): Promise<string> {
  const topics = [{ name: topic, partitions: [{ partitionIndex: partition }] }];
  const answer = await kafka.ask('OffsetDelete', 0, { groupId, topics });
  if (answer.errorCode !== 0) return errorName(answer.errorCode);
  return errorName(answer.topics[0].partitions[0].errorCode);
}

administration.holds('OffsetDelete: of an unknown group, an unknown partition', async (kafka) => {
  const [place, other] = [await kafka.place(), await kafka.place()];
  const group = kafka.unique('g');
  await commit(kafka, group, place);
  await commit(kafka, group, other);
  expect(await deleteOffset(kafka, kafka.unique('g'), place)).toBe('GROUP_ID_NOT_FOUND');
  expect(await deleteOffset(kafka, group, { ...place, partition: 999 })).toBe(
    'UNKNOWN_TOPIC_OR_PARTITION',
  );
  expect(await deleteOffset(kafka, group, place)).toBe('NONE');
});

administration.holds('OffsetDelete of a topic that members read', async (kafka) => {
  const [[read], [other]] = [await kafka.topic(), await kafka.topic()];
  // Version 0, one topic, no user data; every length fits a character.
  const length = String.fromCharCode(read!.topic.length);
  const subscription = `\0\0\0\0\0\u0001\0${length}${read!.topic}\0\0\0\0`;
  const member = await newMember(kafka, kafka.unique('g'));
  await member.enter({ protocols: [['range', subscription]] });
  await member.sync();
  for (const place of [read!, other!]) await member.commit(place);
  expect(await deleteOffset(kafka, member.group, read!)).toBe('GROUP_SUBSCRIBED_TO_TOPIC');
  expect(await deleteOffset(kafka, member.group, other!)).toBe('NONE');
});

for (const [line, error] of [
  ['3.9', 'GROUP_ID_NOT_FOUND'],
  ['4', 'NONE'],
] as const) {
  const says = `a group whose last offset was deleted can be deleted: ${error}`;
  administration.holdsOn(line, says, async (kafka) => {
    const place = await kafka.place();
    const [member] = await stable(kafka, [{}]);
    const { group } = member!;
    await member!.commit(place);
    await member!.leave();
    expect(await deleteOffset(kafka, group, place)).toBe('NONE');
    const { results } = await kafka.ask('DeleteGroups', 2, { groupsNames: [group] });
    expect(errorName(results[0].errorCode)).toBe(error);
  });
}

administration.holds('ACLs without an authorizer: SECURITY_DISABLED', async (kafka) => {
  const answer = await kafka.ask('DescribeAcls', 1, {
    resourceTypeFilter: 1,
    resourceNameFilter: null,
    patternTypeFilter: 1,
    principalFilter: null,
    hostFilter: null,
    operation: 1,
    permissionType: 1,
  });
  expect(errorName(answer.errorCode)).toBe('SECURITY_DISABLED');
});

for (const version of [1, 2, 3]) {
  administration.holds(`ACLs v${version} are neither made nor deleted`, async (kafka) => {
    const rule = { operation: 3, permissionType: 3 };
    const one = { resourceType: 2, resourceName: 't', principal: 'User:a', host: '*', ...rule };
    const creations = [one, { ...one, resourceName: 'u' }];
    const { results } = await kafka.ask('CreateAcls', version, { creations });
    const filters = [
      { resourceTypeFilter: 1, patternTypeFilter: 1, operation: 1, permissionType: 1 },
    ];
    const { filterResults } = await kafka.ask('DeleteAcls', version, { filters });
    const refused = { errorMessage: 'No Authorizer is configured.' };
    expect(results).toMatchObject([refused, refused]);
    expect(filterResults).toMatchObject([{ ...refused, matchingAcls: [] }]);
    for (const { errorCode } of [...results, ...filterResults]) {
      expect(errorName(errorCode)).toBe('SECURITY_DISABLED');
    }
  });
}

administration.holds('ElectLeaders where nothing is to be elected', async (kafka) => {
  const { topic, partition } = await kafka.place();
  const answer = await kafka.ask('ElectLeaders', 2, {
    electionType: 0,
    topicPartitions: [{ topic, partitions: [partition, 999] }],
    timeoutMs: 5_000,
  });
  const told = answer.replicaElectionResults[0].partitionResult.map((one: any) => [
    one.partitionId,
    errorName(one.errorCode),
  ]);
  expect(told).toContainEqual([partition, 'ELECTION_NOT_NEEDED']);
  expect(told).toContainEqual([999, 'UNKNOWN_TOPIC_OR_PARTITION']);
});
