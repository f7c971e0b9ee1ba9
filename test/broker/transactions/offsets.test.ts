/** AddOffsetsToTxn, TxnOffsetCommit, and OffsetFetch beside open transactions. */
import { beforeEach, expect, test } from 'vitest';
import { offsetsPartitionOf } from '../../../harness/broker/groups/offsets-log.ts';
import { TransactionDesk, type Producer } from './scene.ts';

let desk: TransactionDesk;
let producer: Producer;
beforeEach(() => {
  desk = new TransactionDesk({ groupInitialRebalanceDelayMs: 0 });
  producer = desk.producer('x');
});

const settle = (): void => desk.pass(4);

test('AddOffsetsToTxn adds the partition of the group, whether or not there is one', () => {
  expect(desk.addOffsets({ ...producer, id: '' }, 'g')).toBe('INVALID_REQUEST');
  expect(desk.addOffsets({ ...producer, id: 'y' }, 'g')).toBe('INVALID_PRODUCER_ID_MAPPING');
  expect(desk.addOffsets(producer, 'g')).toBe('NONE');
  const topics = [{ topic: '__consumer_offsets', partitions: [offsetsPartitionOf('g')] }];
  expect(desk.stateOf('x').topics).toEqual(topics);
});

test('groups lie where Java would put them', () => {
  expect(['g', 'readers', 'polygenelubricants'].map(offsetsPartitionOf)).toEqual([3, 28, 0]);
});

test('who asks for everything hears nothing of a partition with pending offsets only', () => {
  desk.addOffsets(producer, 'g');
  desk.txnOffset(producer, 'g', 7);
  const all = () => desk.ask('OffsetFetch', 7, { groupId: 'g', topics: null, requireStable: true });
  expect(all()).toMatchObject({ errorCode: 0, topics: [] });
  desk.broker.setCommitted('g', 't', 0, 1);
  expect(all().topics[0].partitions).toMatchObject([{ committedOffset: -1, errorCode: 88 }]);
});

test('a late offset joins the transaction that has ended, where that has written one', () => {
  desk.addOffsets(producer, 'g');
  desk.txnOffset(producer, 'g', 7);
  desk.commit(producer);
  expect(desk.txnOffset(producer, 'g', 100)).toBe('NONE');
  settle();
  expect(desk.offset('g', 7, true)).toBe(100);
});

test('elsewhere it has to wait for the markers, and is then no part of a transaction', () => {
  desk.add(producer);
  desk.commit(producer);
  expect(desk.txnOffset(producer, 'g', 5)).toBe('CONCURRENT_TRANSACTIONS');
  expect(desk.txnOffset(producer, 'g', 5, { version: 4 })).toBe('CONCURRENT_TRANSACTIONS');
  settle();
  expect(desk.txnOffset(producer, 'g', 5)).toBe('INVALID_TXN_STATE');
});

test('stale and newer epochs, strangers', () => {
  const next = desk.producer('x');
  desk.addOffsets(next, 'g');
  expect(desk.txnOffset(producer, 'g', 9)).toBe('INVALID_PRODUCER_EPOCH');
  expect(desk.txnOffset({ ...next, epoch: 9 }, 'g', 9)).toBe('INVALID_PRODUCER_EPOCH');
  expect(desk.txnOffset({ ...next, id: 'y' }, 'g', 9)).toBe('INVALID_PRODUCER_ID_MAPPING');
  expect(desk.txnOffset(next, 'g', 9)).toBe('NONE');
  expect(desk.txnOffset(producer, 'g', 9)).toBe('INVALID_PRODUCER_EPOCH');
});

test('a group that is not there: a generation makes a stranger, none is fine', () => {
  desk.addOffsets(producer, 'new');
  const commit = (generationId: number, memberId: string): string =>
    desk.txnOffset(producer, 'new', 5, { generationId, memberId });
  expect(commit(1, '')).toBe('UNKNOWN_MEMBER_ID');
  expect(commit(1, 'zz')).toBe('UNKNOWN_MEMBER_ID');
  expect(commit(-1, 'zz')).toBe('NONE');
});

test('unknown topics, long metadata and the group id "" are refused', () => {
  desk.addOffsets(producer, 'g');
  expect(desk.txnOffset(producer, 'g', 5, { topic: 'nope' })).toBe('UNKNOWN_TOPIC_OR_PARTITION');
  expect(desk.txnOffset(producer, 'g', 5, { metadata: 'm'.repeat(4097) })).toBe(
    'OFFSET_METADATA_TOO_LARGE',
  );
  expect(desk.txnOffset(producer, '', 5)).toBe('INVALID_GROUP_ID');
});

test('whoever records hears of the offset when it counts, and who committed it', () => {
  desk.addOffsets(producer, 'g');
  desk.txnOffset(producer, 'g', 5);
  const commits = () => desk.events.filter(({ kind }) => kind === 'committed');
  expect(commits()).toEqual([]);
  desk.commit(producer);
  settle();
  expect(commits()).toMatchObject([{ group: 'g', topic: 't', offset: 5, connection: 1 }]);
});

test('pending offsets go with their topic and with their group', () => {
  desk.addOffsets(producer, 'g');
  desk.txnOffset(producer, 'g', 5);
  desk.ask('DeleteTopics', 1, { topicNames: ['t'], timeoutMs: 1000 });
  desk.broker.createTopic('t', 1);
  expect(desk.offset('g', 7, true)).toBe(-1);
  desk.txnOffset(producer, 'g', 6);
  expect(desk.ask('DeleteGroups', 1, { groupsNames: ['g'] }).results[0].errorCode).toBe(0);
  desk.commit(producer);
  settle();
  expect(desk.offset('g', 7, true)).toBe(-1);
});
