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
  test('the first owner has epoch 0, each next one the epoch after, of the same producer', () => {
    const first = desk.init('x');
    expect(first).toMatchObject({ error: 'NONE', epoch: 0 });
    expect(desk.init('x')).toEqual({ ...first, epoch: 1 });
    expect(desk.init('y').producerId).not.toBe(first.producerId);
  });

  test.each([
    ['', 60_000, 'INVALID_REQUEST'],
    ['x', 0, 'INVALID_TRANSACTION_TIMEOUT'],
    ['x', -1, 'INVALID_TRANSACTION_TIMEOUT'],
    ['x', 900_001, 'INVALID_TRANSACTION_TIMEOUT'],
    ['x', 900_000, 'NONE'],
  ])('transactional id "%s" with a time-out of %s: %s', (id, transactionTimeoutMs, error) => {
    expect(desk.init(id, { transactionTimeoutMs }).error).toBe(error);
  });

  test('given the current epoch it bumps once, however often the answer is lost', () => {
    const { producerId } = desk.init('x');
    const given = { producerId, producerEpoch: 0 };
    expect(desk.init('x', given)).toEqual({ error: 'NONE', producerId, epoch: 1 });
    expect(desk.init('x', given)).toEqual({ error: 'NONE', producerId, epoch: 1 });
    desk.init('x');
    expect(desk.init('x', given).error).toBe('PRODUCER_FENCED');
  });

  test('two epochs behind, too new, or another producer: fenced, in the words of the version', () => {
    const { producerId } = desk.init('x');
    desk.init('x');
    desk.init('x');
    for (const given of [
      { producerId, producerEpoch: 0 },
      { producerId, producerEpoch: 7 },
      { producerId: producerId + 50, producerEpoch: 2 },
    ]) {
      expect(desk.init('x', given, 4).error).toBe('PRODUCER_FENCED');
      expect(desk.init('x', given, 3).error).toBe('INVALID_PRODUCER_EPOCH');
    }
  });

  test('an id that nobody knows gets a new producer, whatever is given', () => {
    const told = desk.init('x', { producerId: 5000, producerEpoch: 3 });
    expect(told).toMatchObject({ error: 'NONE', epoch: 0 });
    expect(told.producerId).not.toBe(5000);
  });

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

  test('asking again with its own epoch inside a transaction fences the producer itself (3.9)', () => {
    const { producerId } = desk.begun('x');
    const given = { producerId, producerEpoch: 0 };
    expect(desk.init('x', given).error).toBe('CONCURRENT_TRANSACTIONS');
    settle();
    expect(desk.init('x', given).error).toBe('PRODUCER_FENCED');
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
  test('one unknown topic or partition: 3 for it, 55 for all others, and nothing is added', () => {
    const producer = desk.producer('x');
    expect(desk.add(producer, [0, 7])).toEqual([
      'OPERATION_NOT_ATTEMPTED',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ]);
    expect(desk.add(producer, [0], 3, 'nope')).toEqual(['UNKNOWN_TOPIC_OR_PARTITION']);
    expect(desk.commit(producer)).toBe('INVALID_TXN_STATE');
  });

  test('an internal topic is not for clients', () => {
    expect(desk.add(desk.producer('x'), [0], 3, '__consumer_offsets')).toEqual([
      'TOPIC_AUTHORIZATION_FAILED',
    ]);
  });

  test('unknown id, other producer, empty id', () => {
    const producer = desk.producer('x');
    expect(desk.add(with_(producer, { id: 'y' }))).toEqual(['INVALID_PRODUCER_ID_MAPPING']);
    expect(desk.add(with_(producer, { producerId: 99 }))).toEqual(['INVALID_PRODUCER_ID_MAPPING']);
    expect(desk.add(with_(producer, { id: '' }))).toEqual(['INVALID_REQUEST']);
  });

  test.each([0, 1, 2, 3])('version %s: a fenced producer is told in its words', (version) => {
    const old = desk.producer('x');
    desk.producer('x');
    const fenced = version < 2 ? 'INVALID_PRODUCER_EPOCH' : 'PRODUCER_FENCED';
    expect(desk.add(old, [0], version)).toEqual([fenced]);
    expect(desk.add(with_(old, { epoch: 9 }), [0], version)).toEqual([fenced]);
    expect(desk.addOffsets(old, 'g', version)).toBe(fenced);
    expect(desk.commit(old, version)).toBe(fenced);
    expect(desk.abort(old, version)).toBe(fenced);
  });

  test('again and more: NONE', () => {
    const producer = desk.begun('x');
    expect(desk.add(producer, [0, 1])).toEqual(['NONE', 'NONE']);
    expect(desk.stateOf('x').topics).toEqual([{ topic: 't', partitions: [0, 1] }]);
  });

  test.each([4, 5])(
    'version %s serves several transactions to anybody, and verifies',
    (version) => {
      const a = desk.producer('a');
      const ask = (change: object): string => {
        const { id: transactionalId, producerId, epoch: producerEpoch } = a;
        const topics = [{ name: 't', partitions: [0] }];
        const identity = { transactionalId, producerId, producerEpoch };
        const transactions = [{ ...identity, verifyOnly: false, topics, ...change }];
        const answer = desk.ask('AddPartitionsToTxn', version, { transactions });
        const [result] = answer.resultsByTransaction[0].topicResults[0].resultsByPartition;
        return result.partitionErrorCode;
      };
      expect(ask({ verifyOnly: true })).toBe(120);
      expect(ask({ verifyOnly: false })).toBe(0);
      expect(ask({ verifyOnly: true })).toBe(0);
      expect(ask({ producerEpoch: a.epoch - 1 })).toBe(90);
    },
  );
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

  test('its producer is fenced from everything (3.9)', () => {
    const producer = timesOut(1500);
    desk.pass(2 * scanMs);
    for (const version of [7, 9, 11]) {
      expect(desk.write(producer, 'z', { version }).error).toBe('INVALID_PRODUCER_EPOCH');
    }
    expect(desk.add(producer)).toEqual(['PRODUCER_FENCED']);
    expect(desk.commit(producer)).toBe('PRODUCER_FENCED');
    expect(desk.abort(producer)).toBe('PRODUCER_FENCED');
    const { producerId, epoch: producerEpoch } = producer;
    expect(desk.init('x', { producerId, producerEpoch }).error).toBe('PRODUCER_FENCED');
    expect(desk.init('x')).toMatchObject({ error: 'NONE', epoch: producerEpoch + 2 });
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
