/** From EndTxn to the markers, and what readers see before and after. */
import { beforeEach, describe, expect, test } from 'vitest';
import { batchOf } from '../desk.ts';
import { TransactionDesk, type Producer } from './scene.ts';

let desk: TransactionDesk;
beforeEach(() => {
  desk = new TransactionDesk();
});

/** Ends the transaction and lets its markers be written. */
const end = (producer: Producer, committed: boolean): void => {
  expect(desk.endTxn(producer, committed).error).toBe('NONE');
  desk.pass(4);
};

describe('when markers are written', () => {
  test('4 ms after EndTxn, in every partition that was added, with data or without', () => {
    const producer = desk.begun('x', [0, 1]);
    desk.write(producer, 'a');
    desk.commit(producer);
    desk.pass(3);
    expect(desk.log()).toBe('0:a');
    desk.pass(1);
    expect([desk.log(0), desk.log(1), desk.log(2)]).toEqual(['0:a 1:COMMIT', '0:COMMIT', '']);
    expect(desk.broker.offsets('t', 1)).toMatchObject({ highWatermark: 1, recordsEnd: 0 });
  });

  test('with a delay of 0 they are still a step of their own', () => {
    desk = new TransactionDesk({ markerDelayMs: 0 });
    const producer = desk.begun('x');
    desk.write(producer, 'a');
    expect(desk.commit(producer)).toBe('NONE');
    expect(desk.log()).toBe('0:a');
    expect(desk.broker.nextTimer()).toMatchObject({ name: 'markers x', atMs: desk.nowMs });
    desk.pass(0);
    expect(desk.log()).toBe('0:a 1:COMMIT');
  });

  test('whoever drives the broker may hold them, and let them go', () => {
    const producer = desk.begun('x');
    const other = desk.begun('y');
    desk.broker.delayMarkers('x', undefined);
    desk.write(producer, 'a');
    desk.commit(producer);
    desk.abort(other);
    expect(desk.broker.pendingMarkers()).toMatchObject([
      { transactionalId: 'x', outcome: 'commit', partitions: [{ topic: 't', partition: 0 }] },
      { transactionalId: 'y', outcome: 'abort', atMs: desk.nowMs + 4 },
    ]);
    expect(desk.broker.pendingMarkers()[0]?.atMs).toBeUndefined();
    desk.pass(100_000);
    expect(desk.log()).toBe('0:a 1:ABORT');
    expect(desk.add(producer)).toEqual(['CONCURRENT_TRANSACTIONS']);
    desk.broker.writeMarkers('x', desk.nowMs);
    expect(desk.log()).toBe('0:a 1:ABORT 2:COMMIT');
    expect(desk.broker.pendingMarkers()).toEqual([]);
    expect(desk.add(producer)).toEqual(['NONE']);
  });

  test('a delay counts from EndTxn, and holds for transactions to come', () => {
    const producer = desk.begun('x');
    desk.commit(producer);
    desk.broker.delayMarkers('x', 50);
    desk.pass(49);
    expect(desk.log()).toBe('');
    desk.pass(1);
    expect(desk.log()).toBe('0:COMMIT');
    desk.add(producer);
    desk.commit(producer);
    desk.pass(49);
    expect(desk.log()).toBe('0:COMMIT');
    desk.broker.writeMarkers('x', desk.nowMs);
    desk.add(producer);
    desk.commit(producer);
    desk.pass(4);
    expect(desk.log()).toBe('0:COMMIT 1:COMMIT 2:COMMIT');
  });

  test('whoever records hears of owners, states and markers', () => {
    const producer = desk.begun('x');
    end(producer, false);
    const told = desk.events.map((event) => {
      if (event.kind === 'transaction') return `${event.state} ${event.producerEpoch}`;
      return event.kind === 'marker' ? `${event.outcome} at ${event.offset}` : event.kind;
    });
    expect(told).toEqual([
      'Empty 0',
      'Ongoing 0',
      'PrepareAbort 0',
      'abort at 0',
      'CompleteAbort 0',
    ]);
  });
});

describe('WriteTxnMarkers', () => {
  const write = (producer: Producer, committed: boolean, topic = 't'): number => {
    const topics = [{ name: topic, partitionIndexes: [0] }];
    const { producerId, epoch: producerEpoch } = producer;
    const marker = { producerId, producerEpoch, transactionResult: committed, topics };
    const markers = [{ ...marker, coordinatorEpoch: 0 }];
    const answer = desk.ask('WriteTxnMarkers', 1, { markers });
    return answer.markers[0].topics[0].partitions[0].errorCode;
  };

  test('an operator ends a transaction in a partition, whatever its coordinator thinks', () => {
    const producer = desk.begun('x');
    desk.write(producer, 'a');
    expect(write(producer, false)).toBe(0);
    expect(desk.broker.offsets('t', 0)).toMatchObject({ highWatermark: 2, lastStable: 2 });
    expect(write(producer, false)).toBe(0);
    expect(desk.stateOf('x').transactionState).toBe('Ongoing');
    end(producer, true);
    expect(desk.log()).toBe('0:a 1:ABORT 2:ABORT 3:COMMIT');
    expect(desk.aborted(0, { producer })).toEqual(['producer@0']);
  });

  test('strangers, unknown topics, epochs that are old or none', () => {
    const stranger = { id: 'y', producerId: 5000, epoch: 3 };
    expect(write(stranger, true)).toBe(0);
    expect(write({ ...stranger, epoch: 2 }, true)).toBe(47);
    expect(write({ ...stranger, epoch: -1 }, true)).toBe(-1);
    expect(write(stranger, true, 'nope')).toBe(3);
  });
});

describe('a late record', () => {
  test.each([7, 11])(
    'Produce %s: before the marker it shares the fate of what ended',
    (version) => {
      const producer = desk.begun('x');
      desk.write(producer, 'a', { version });
      desk.abort(producer);
      expect(desk.write(producer, 'late', { version }).error).toBe('NONE');
      desk.pass(4);
      expect(desk.log()).toBe('0:a 1:late 2:ABORT');
      expect(desk.aborted(0, { producer })).toEqual(['producer@0']);
    },
  );

  test('marker written, coordinator busy: NOT_ENOUGH_REPLICAS; done: not part of a transaction', () => {
    desk = new TransactionDesk({ completionDelayMs: 2 });
    const producer = desk.begun('x');
    desk.write(producer, 'a');
    desk.commit(producer);
    desk.pass(4);
    for (const version of [7, 11]) {
      expect(desk.write(producer, 'late', { version }).error).toBe('NOT_ENOUGH_REPLICAS');
    }
    expect(desk.add(producer)).toEqual(['CONCURRENT_TRANSACTIONS']);
    desk.pass(2);
    expect(desk.write(producer, 'late').error).toBe('INVALID_TXN_STATE');
  });
});

describe('Produce into a transaction', () => {
  test('3.9: a newer epoch where a transaction is open goes in, and that one never ends', () => {
    const producer = desk.begun('x');
    desk.write(producer, 'a');
    const newer = { ...producer, epoch: producer.epoch + 1 };
    expect(desk.write(newer, 'b').error).toBe('NONE');
    end(producer, true);
    desk.pass(100_000);
    expect(desk.commit(producer)).toBe('CONCURRENT_TRANSACTIONS');
    expect(desk.init('x').error).toBe('CONCURRENT_TRANSACTIONS');
    expect(desk.broker.offsets('t', 0).lastStable).toBe(0);
  });
});

describe('readers', () => {
  test('but it ends at the next entry of the sparse index', () => {
    const [A, B] = [desk.begun('A'), desk.begun('B')];
    desk.write(A, 'a');
    end(A, false);
    for (let index = 0; index < 3; index++) desk.produce('t', batchOf(['x'.repeat(3000)]));
    desk.write(B, 'b');
    end(B, false);
    const names = { A, B };
    expect(desk.aborted(0, names)).toEqual(['A@0', 'B@5']);
    const [fetched] = desk.fetch([['t', 0, 0]], { isolationLevel: 1, maxBytes: 1 }) as any[];
    expect(fetched.abortedTransactions).toMatchObject([{ producerId: A.producerId }]);
  });

  test('DescribeTransactions and ListTransactions tell the states by name', () => {
    const producer = desk.begun('x');
    desk.producer('y');
    const list = (stateFilters: string[], more: object = {}): any =>
      desk.ask('ListTransactions', 1, { stateFilters, producerIdFilters: [], ...more });
    const ids = (answer: any): string[] =>
      answer.transactionStates.map((one: any) => `${one.transactionalId} ${one.transactionState}`);
    expect(desk.stateOf('x')).toMatchObject({
      errorCode: 0,
      transactionState: 'Ongoing',
      transactionTimeoutMs: 60_000,
      transactionStartTimeMs: desk.nowMs,
      topics: [{ topic: 't', partitions: [0] }],
    });
    expect(desk.stateOf('nope').errorCode).toBe(105);
    expect(desk.stateOf('').errorCode).toBe(42);
    expect(ids(list([]))).toEqual(['x Ongoing', 'y Empty']);
    expect(ids(list(['Ongoing']))).toEqual(['x Ongoing']);
    const nonsense = list(['ongoing']);
    expect([nonsense.unknownStateFilters, ids(nonsense)]).toEqual([['ongoing'], []]);
    expect(ids(list([], { producerIdFilters: [producer.producerId] }))).toEqual(['x Ongoing']);
    desk.commit(producer);
    expect(ids(list(['PrepareCommit']))).toEqual(['x PrepareCommit']);
    desk.pass(4);
    expect(desk.stateOf('x')).toMatchObject({ transactionState: 'CompleteCommit', topics: [] });
  });

  test.each([
    ['kafka-3.9', 1_000_000, 0],
    ['kafka-4', -1, 1],
  ] as const)('%s: a new owner is shown the start %i', (profile, startMs, listed) => {
    desk = new TransactionDesk({ profile });
    expect(desk.stateOf(desk.producer('x').id).transactionStartTimeMs).toBe(-1);
    end(desk.begun('x'), true);
    desk.producer('x');
    expect(desk.stateOf('x').transactionStartTimeMs).toBe(startMs);
    const longerThan = (durationFilter: number): unknown[] => {
      const filters = { stateFilters: [], producerIdFilters: [], durationFilter };
      return desk.ask('ListTransactions', 1, filters).transactionStates;
    };
    expect(longerThan(500_000)).toHaveLength(listed);
  });
});
