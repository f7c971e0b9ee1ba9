import { errorName } from '#protocol';
import { expect, test } from 'vitest';
import { batchOf, Desk } from './desk.ts';

test('version 0 tells where the segment begins and the log ends, latest first', () => {
  const desk = new Desk();
  desk.broker.createTopic('old', 1);
  const ask = (timestamp: number, maxNumOffsets: number, partitionIndex = 0) => {
    const partitions = [{ partitionIndex, timestamp, maxNumOffsets }];
    const body = { replicaId: -1, topics: [{ name: 'old', partitions }] };
    const [told] = desk.ask('ListOffsets', 0, body).topics[0].partitions;
    return [errorName(told.errorCode), told.oldStyleOffsets];
  };
  expect(ask(-1, 9)).toEqual(['NONE', [0]]);
  desk.produce('old', batchOf(['a', 'b']));
  expect(ask(-1, 9)).toEqual(['NONE', [2, 0]]);
  expect(ask(-1, 1)).toEqual(['NONE', [2]]);
  expect(ask(-2, 9)).toEqual(['NONE', [0]]);
  expect(ask(500, 9)).toEqual(['NONE', [0]]);
  expect(ask(499, 9)).toEqual(['NONE', []]);
  expect(ask(-1, 1, 7)).toEqual(['UNKNOWN_TOPIC_OR_PARTITION', []]);
});
