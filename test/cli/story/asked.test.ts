import { expect, test } from 'vitest';
import type { FaultPoint } from '#schedule';
import { askedOf, type Moment } from '../../../harness/cli/story/asked.ts';

const append = (
  seq: number,
  offset: number,
  name: string,
  slot?: string,
): Moment['appends'][number] => ({
  seq,
  topic: slot === undefined ? 'orders' : 'payments',
  partition: 0,
  offset,
  command: 'o1',
  name,
  ...(slot !== undefined && { slot }),
});

const deliver = (seq: number, offsets: readonly number[]): Moment['delivers'][number] => ({
  seq,
  slot: 'payer-0',
  topic: 'orders',
  partition: 0,
  offsets,
});

const send: FaultPoint = {
  slot: 'payer-0',
  operation: 'Produce',
  target: 'payments',
  cause: ['o1'],
  ordinal: 1,
};
const commit: FaultPoint = { ...send, operation: 'OffsetCommit', target: 'payers' };

const moment: Moment = {
  seq: 20,
  phase: 'after apply',
  appends: [
    append(1, 0, 'OrderPlaced'),
    append(5, 0, 'PaymentCompleted', 'payer-0'),
    append(6, 1, 'OrderCancelled'),
    append(19, 1, 'PaymentRefunded', 'payer-0'),
  ],
  delivers: [deliver(3, [0]), deliver(12, [1])],
};

const cause = (point: FaultPoint, change: Partial<Moment> = {}): readonly string[] =>
  askedOf(point, { ...moment, ...change }).cause;

test('a send is of the record that it appended last', () => {
  expect(cause(send)).toEqual(['PaymentRefunded o1']);
  expect(cause(send, { seq: 10 })).toEqual(['PaymentCompleted o1']);
});

test('one that never arrived is of what the role sends there, if that is one thing', () => {
  expect(cause(send, { phase: 'before apply' })).toEqual(['o1']);
  const appends = moment.appends.filter(({ name }) => name !== 'PaymentRefunded');
  expect(cause(send, { phase: 'before apply', appends })).toEqual(['PaymentCompleted o1']);
  expect(cause({ ...send, slot: 'payer-1' }, { phase: 'before apply', appends })).toEqual([
    'PaymentCompleted o1',
  ]);
});

test('another instance has sent nothing', () => {
  expect(cause({ ...send, slot: 'payer-1' })).toEqual(['o1']);
});

test('a commit is of what was delivered, if that is one thing', () => {
  expect(cause(commit, { seq: 10 })).toEqual(['OrderPlaced o1']);
  expect(cause(commit)).toEqual(['o1']);
});

test('a statement and a call of a port stay as they are', () => {
  expect(cause({ ...send, operation: 'psp.charge', target: '' })).toEqual(['o1']);
  expect(cause({ ...send, operation: 'INSERT', target: 'orders' })).toEqual(['o1']);
});
