/** InitProducerId, AddPartitionsToTxn, AddOffsetsToTxn and EndTxn, up to version 4. */
import { beforeEach, describe, expect, test } from 'vitest';
import { TransactionDesk, type Producer } from './scene.ts';

let desk: TransactionDesk;
beforeEach(() => {
  desk = new TransactionDesk();
});

const settle = (): void => desk.pass(4);
const with_ = (producer: Producer, change: Partial<Producer>) => ({ ...producer, ...change });

describe('InitProducerId', () => {
  test('a second owner aborts the open transaction, and is told 51 until its markers are written', () => {
    const first = desk.begun('x');
    desk.write(first, 'a');
    expect(desk.init('x').error).toBe('CONCURRENT_TRANSACTIONS');
    expect(desk.init('x').error).toBe('CONCURRENT_TRANSACTIONS');
    settle();
    expect(desk.log()).toBe('0:a 1:ABORT');
    expect(desk.broker.read('t', 0)[1]?.producerEpoch).toBe(1);
    expect(desk.init('x')).toMatchObject({ error: 'NONE', epoch: 2 });
  });

  test('epochs that are used up lead to a new producer id', () => {
    const { producerId } = desk.init('x');
    for (let epoch = 1; epoch < 32_766; epoch++) desk.init('x');
    const last = desk.init('x');
    expect(last).toEqual({ error: 'NONE', producerId, epoch: 32_766 });
    const given = { producerId, producerEpoch: 32_766 };
    const next = desk.init('x', given);
    expect(next).toMatchObject({ error: 'NONE', epoch: 0 });
    expect(next.producerId).not.toBe(producerId);
    expect(desk.init('x', given)).toEqual(next);
  });
});

describe('AddPartitionsToTxn', () => {
  test('an internal topic is not for clients', () => {
    expect(desk.add(desk.producer('x'), [0], 3, '__consumer_offsets')).toEqual([
      'TOPIC_AUTHORIZATION_FAILED',
    ]);
  });

  test('again and more: NONE', () => {
    const producer = desk.begun('x');
    expect(desk.add(producer, [0, 1])).toEqual(['NONE', 'NONE']);
    expect(desk.stateOf('x').topics).toEqual([{ topic: 't', partitions: [0, 1] }]);
  });
});

describe('EndTxn', () => {
  test.each([0, 1, 2, 3, 4])('version %s in every state', (version) => {
    const producer = desk.producer('x');
    expect(desk.commit(producer, version)).toBe('INVALID_TXN_STATE');
    expect(desk.abort(producer, version)).toBe('INVALID_TXN_STATE');
    desk.add(producer);
    expect(desk.commit(producer, version)).toBe('NONE');
    settle();
    expect(desk.commit(producer, version)).toBe('NONE');
    expect(desk.abort(producer, version)).toBe('INVALID_TXN_STATE');
    desk.add(producer);
    expect(desk.abort(producer, version)).toBe('NONE');
    settle();
    expect(desk.abort(producer, version)).toBe('NONE');
    expect(desk.commit(producer, version)).toBe('INVALID_TXN_STATE');
    expect(desk.commit(with_(producer, { id: 'q' }), version)).toBe('INVALID_PRODUCER_ID_MAPPING');
    expect(desk.commit(with_(producer, { producerId: 99 }), version)).toBe(
      'INVALID_PRODUCER_ID_MAPPING',
    );
    expect(desk.commit(with_(producer, { id: '' }), version)).toBe('INVALID_REQUEST');
  });

  test('before the markers everything but a late record is told to come again', () => {
    const producer = desk.begun('x', [0, 1, 2]);
    expect(desk.commit(producer)).toBe('NONE');
    const busy = 'CONCURRENT_TRANSACTIONS';
    expect(desk.commit(producer)).toBe(busy);
    expect(desk.abort(producer)).toBe(busy);
    expect(desk.add(producer)).toEqual([busy]);
    expect(desk.add(producer, [0], 0)).toEqual([busy]);
    expect(desk.addOffsets(producer, 'g')).toBe(busy);
    expect(desk.init('x').error).toBe(busy);
    settle();
    expect(desk.add(producer)).toEqual(['NONE']);
  });

  test('3.9 looks at the epoch before it looks at the ending', () => {
    const producer = desk.begun('x');
    desk.commit(producer);
    expect(desk.add(with_(producer, { epoch: 9 }))).toEqual(['PRODUCER_FENCED']);
    expect(desk.commit(with_(producer, { producerId: 99 }))).toBe('INVALID_PRODUCER_ID_MAPPING');
  });
});

describe('time', () => {
  const scanMs = 10_000;
  const timesOut = (transactionTimeoutMs: number): Producer => {
    const producer = desk.begun('x', [0], { transactionTimeoutMs });
    desk.write(producer, 'a');
    return producer;
  };

  test('an open transaction that is too old is aborted with the next epoch, at the next look', () => {
    const producer = timesOut(1500);
    desk.pass(scanMs - 1);
    expect(desk.log()).toBe('0:a');
    desk.pass(5);
    expect(desk.log()).toBe('0:a 1:ABORT');
    expect(desk.broker.read('t', 0)[1]?.producerEpoch).toBe(producer.epoch + 1);
    expect(desk.stateOf('x')).toMatchObject({ transactionState: 'CompleteAbort' });
  });

  test('time counts from the first partition, and stops with EndTxn', () => {
    const producer = desk.producer('x', { transactionTimeoutMs: 15_000 });
    desk.pass(60_000);
    desk.add(producer);
    desk.pass(15_000);
    expect(desk.stateOf('x').transactionState).toBe('Ongoing');
    desk.add(producer, [1]);
    desk.pass(scanMs);
    expect(desk.stateOf('x').transactionState).toBe('CompleteAbort');
    const next = desk.begun('x', [0], { transactionTimeoutMs: 15_000 });
    expect(desk.commit(next)).toBe('NONE');
    desk.pass(60_000);
    expect(desk.stateOf('x')).toMatchObject({
      transactionState: 'CompleteCommit',
      producerEpoch: next.epoch,
    });
  });

  test('an id that was not used for seven days is unknown; an open transaction keeps it', () => {
    const dayMs = 24 * 60 * 60 * 1000;
    const producer = desk.begun('x');
    desk.commit(producer);
    settle();
    desk.pass(7 * dayMs);
    expect(desk.add(producer)).toEqual(['INVALID_PRODUCER_ID_MAPPING']);
    expect(desk.commit(producer)).toBe('INVALID_PRODUCER_ID_MAPPING');
    expect(desk.write(producer, 'a').error).toBe('INVALID_PRODUCER_ID_MAPPING');
    const next = desk.init('x');
    expect(next).toMatchObject({ error: 'NONE', epoch: 0 });
    expect(next.producerId).not.toBe(producer.producerId);
  });
});
