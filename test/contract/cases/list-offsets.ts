/** ListOffsets and OffsetForLeaderEpoch: offsets by name, by time, by epoch. */
import { encodeBatch, errorName } from '#protocol';
import { expect } from 'vitest';
import { Area } from '../area.ts';
import { batchOf } from '../scene.ts';

export const listOffsets = new Area('ListOffsets');

const found = (timestamp: number, offset: number) => ({ error: 'NONE', timestamp, offset });

listOffsets.holds('an empty partition ends and starts at 0, nothing at any time', async (kafka) => {
  const place = await kafka.place();
  expect(await kafka.list(place, -1)).toEqual(found(-1, 0));
  expect(await kafka.list(place, -2)).toEqual(found(-1, 0));
  expect(await kafka.list(place, 0)).toEqual(found(-1, -1));
  expect(await kafka.list(place, -3)).toEqual(found(-1, -1));
});

for (const compression of ['none', 'gzip'] as const) {
  listOffsets.holds(
    `a timestamp finds the first record since, in ${compression}`,
    async (kafka) => {
      const place = await kafka.place();
      const record = (value: string, timestamp: number) => ({ key: 'k', value, timestamp });
      const records = [record('a', 7000), record('b', 9000), record('c', 8000)];
      await kafka.produce(place, encodeBatch({ records, compression }));
      await kafka.produce(place, encodeBatch({ records: [record('d', 5000)], compression }));
      expect(await kafka.list(place, 1000)).toEqual(found(7000, 0));
      expect(await kafka.list(place, 7000)).toEqual(found(7000, 0));
      expect(await kafka.list(place, 7001)).toEqual(found(9000, 1));
      expect(await kafka.list(place, 9001)).toEqual(found(-1, -1));
      expect(await kafka.list(place, -3)).toEqual(found(9000, 1));
      expect(await kafka.list(place, -1)).toEqual(found(-1, 4));
    },
  );
}

for (const [timestamp, version, error] of [
  [-3, 5, 'UNSUPPORTED_VERSION'],
  [-3, 7, 'NONE'],
  [-4, 9, 'NONE'],
  [-5, 9, 'NONE'],
  [-6, 9, 'UNSUPPORTED_VERSION'],
  [-7, 9, 'UNSUPPORTED_VERSION'],
] as const) {
  listOffsets.holds(`timestamp ${timestamp} in v${version}: ${error}`, async (kafka) => {
    expect((await kafka.list(await kafka.place(), timestamp, { version })).error).toBe(error);
  });
}

listOffsets.holds('-4 is the start and -5 is nothing without tiered storage', async (kafka) => {
  const place = await kafka.place();
  await kafka.produce(place, batchOf(['a']));
  expect((await kafka.list(place, -4, { version: 9 })).offset).toBe(0);
  expect((await kafka.list(place, -5, { version: 9 })).offset).toBe(-1);
});

listOffsets.holds('an unknown topic and a newer leader epoch', async (kafka) => {
  const unknown = { topic: kafka.unique('nope'), partition: 0 };
  expect((await kafka.list(unknown, -1)).error).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  const { error } = await kafka.list(await kafka.place(), -1, { currentLeaderEpoch: 9 });
  expect(error).toBe('UNKNOWN_LEADER_EPOCH');
});

for (const [line, times] of [
  ['3.9', 2],
  ['4', 1],
] as const) {
  listOffsets.holdsOn(line, `a partition twice: INVALID_REQUEST, ${times} times`, async (kafka) => {
    const { topic, partition } = await kafka.place();
    const one = { partitionIndex: partition, timestamp: -1 };
    const topics = [{ name: topic, partitions: [one, one] }];
    const answer = await kafka.ask('ListOffsets', 5, { replicaId: -1, isolationLevel: 0, topics });
    const errors = answer.topics[0].partitions.map((each: any) => errorName(each.errorCode));
    expect(errors).toEqual(Array.from({ length: times }, () => 'INVALID_REQUEST'));
  });
}

listOffsets.holds('OffsetForLeaderEpoch knows where an epoch ended', async (kafka) => {
  const { topic, partition } = await kafka.place();
  await kafka.produce({ topic, partition }, batchOf(['a', 'b']));
  const ask = async (currentLeaderEpoch: number, leaderEpoch: number) => {
    const partitions = [{ partition, currentLeaderEpoch, leaderEpoch }];
    const topics = [{ topic, partitions }];
    const answer = await kafka.ask('OffsetForLeaderEpoch', 3, { replicaId: -1, topics });
    const [one] = answer.topics[0].partitions;
    return [errorName(one.errorCode), one.leaderEpoch, one.endOffset];
  };
  expect(await ask(-1, 0)).toEqual(['NONE', 0, 2]);
  expect(await ask(0, 0)).toEqual(['NONE', 0, 2]);
  expect(await ask(-1, 5)).toEqual(['NONE', -1, -1]);
  expect(await ask(-1, -1)).toEqual(['NONE', -1, -1]);
  expect(await ask(5, 0)).toEqual(['UNKNOWN_LEADER_EPOCH', -1, -1]);
});
