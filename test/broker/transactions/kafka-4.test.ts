/** What 4.3.1 does otherwise (profile `kafka-4`): KIP-890, and producers that recover. */
import { beforeEach, describe, expect, test } from 'vitest';
import { TransactionDesk, type Producer, type Told } from './scene.ts';

let desk: TransactionDesk;
beforeEach(() => {
  desk = new TransactionDesk({ profile: 'kafka-4' });
});

const after = (producer: Producer, { producerId, epoch }: Told): Producer => ({
  ...producer,
  producerId,
  epoch,
});

test('ApiVersions tells the versions and the feature that clients need for it', () => {
  const names = { clientSoftwareName: 'x', clientSoftwareVersion: '1' };
  const { apiKeys, finalizedFeatures, supportedFeatures } = desk.ask('ApiVersions', 3, names);
  const range = (key: number) => {
    const { minVersion, maxVersion } = apiKeys.find(({ apiKey }: any) => apiKey === key);
    return [minVersion, maxVersion];
  };
  expect([0, 8, 26, 28].map(range)).toEqual([
    [0, 12],
    [2, 9],
    [0, 5],
    [0, 5],
  ]);
  expect(finalizedFeatures).toMatchObject([{ name: 'transaction.version', maxVersionLevel: 2 }]);
  expect(supportedFeatures).toEqual([]);
  expect(desk.ask('ApiVersions', 4, names).supportedFeatures).toHaveLength(1);
  const of39 = new TransactionDesk();
  expect(of39.ask('ApiVersions', 4, names).finalizedFeatures).toEqual([]);
  expect(of39.receive('EndTxn', 5, {})).toBe('close');
});

test('every transaction has an epoch of its own, which its markers carry', () => {
  const producer = desk.producer('x');
  expect(desk.write(producer, 'a', { version: 12 }).error).toBe('NONE');
  const told = desk.endTxn(producer, true, 5);
  expect(told).toMatchObject({ error: 'NONE', producerId: producer.producerId, epoch: 1 });
  desk.pass(4);
  expect(desk.log()).toBe('0:a 1:COMMIT');
  expect(desk.broker.read('t', 0)[1]?.producerEpoch).toBe(1);
  const next = after(producer, told);
  expect(desk.write(next, 'b', { version: 12, sequence: 0 }).error).toBe('NONE');
  expect(desk.write(producer, 'old', { version: 12 }).error).toBe('INVALID_PRODUCER_EPOCH');
});

test('a repeated EndTxn is told the same epoch, the opposite is refused', () => {
  const producer = desk.producer('x');
  desk.write(producer, 'a', { version: 12 });
  const told = desk.endTxn(producer, true, 5);
  expect(desk.endTxn(producer, true, 5).error).toBe('CONCURRENT_TRANSACTIONS');
  desk.pass(4);
  expect(desk.endTxn(producer, true, 5)).toEqual(told);
  expect(desk.endTxn(producer, false, 5).error).toBe('INVALID_TXN_STATE');
});

test('an abort needs no transaction, a commit does', () => {
  const producer = desk.producer('x');
  expect(desk.endTxn(producer, true, 5).error).toBe('INVALID_TXN_STATE');
  const told = desk.endTxn(producer, false, 5);
  expect(told).toMatchObject({ error: 'NONE', epoch: 1 });
  expect(desk.endTxn(after(producer, told), true, 5).error).toBe('INVALID_TXN_STATE');
  expect(desk.endTxn(after(producer, told), false, 5)).toMatchObject({ error: 'NONE', epoch: 2 });
});

test('the last epoch leads to a new producer id, and its lost answer can be asked for', () => {
  let told = desk.init('x');
  while (told.epoch < 32_766) told = desk.init('x');
  const producer = after({ id: 'x', producerId: 0, epoch: 0 }, told);
  desk.write(producer, 'a', { version: 12 });
  const next = desk.endTxn(producer, true, 5);
  expect(next).toMatchObject({ error: 'NONE', epoch: 0 });
  expect(next.producerId).not.toBe(producer.producerId);
  desk.pass(4);
  expect(desk.broker.read('t', 0)[1]).toMatchObject({
    producerId: producer.producerId,
    producerEpoch: 32_767,
  });
  expect(desk.endTxn(producer, true, 5)).toEqual(next);
  expect(desk.write(after(producer, next), 'b', { version: 12 }).error).toBe('NONE');
});

describe('Produce 12 before the markers of the transaction before', () => {
  const waiting = (): { id: number; next: Producer } => {
    const producer = desk.producer('x');
    desk.write(producer, 'a', { version: 12 });
    const next = after(producer, desk.endTxn(producer, true, 5));
    const id = desk.sendWrite(next, 'b', 12);
    expect(desk.answerTo(id)).toBeUndefined();
    return { id, next };
  };
  const errorOf = (id: number): number | undefined =>
    desk.answerTo(id)?.responses[0].partitionResponses[0].errorCode;

  test('it waits inside the broker and looks again every 20 ms', () => {
    const { id } = waiting();
    desk.pass(19);
    expect(errorOf(id)).toBeUndefined();
    desk.pass(1);
    expect(errorOf(id)).toBe(0);
    expect(desk.log()).toBe('0:a 1:COMMIT 2:b');
  });

  test('after 100 ms it is told CONCURRENT_TRANSACTIONS', () => {
    desk.broker.delayMarkers('x', undefined);
    const { id } = waiting();
    desk.pass(99);
    expect(errorOf(id)).toBeUndefined();
    desk.pass(1);
    expect(errorOf(id)).toBe(51);
  });

  test('with the old epoch it is late, and goes in before the marker', () => {
    const producer = desk.producer('x');
    desk.write(producer, 'a', { version: 12 });
    desk.endTxn(producer, true, 5);
    expect(desk.write(producer, 'late', { version: 12 }).error).toBe('NONE');
    desk.pass(4);
    expect(desk.log()).toBe('0:a 1:late 2:COMMIT');
  });
});

describe('a producer recovers', () => {
  const own = ({ producerId, epoch }: Producer) => ({ producerId, producerEpoch: epoch });

  test('that asked for its next epoch inside its own transaction', () => {
    const producer = desk.begun('x');
    expect(desk.init('x', own(producer)).error).toBe('CONCURRENT_TRANSACTIONS');
    desk.pass(4);
    for (let times = 0; times < 2; times++) {
      expect(desk.init('x', own(producer))).toMatchObject({ error: 'NONE', epoch: 1 });
    }
  });

  test.each([7, 12])('that was timed out (Produce %s)', (version) => {
    const expired = (id: string): Producer => {
      const producer = desk.producer(id, { transactionTimeoutMs: 1500 });
      if (version < 12) desk.add(producer);
      desk.write(producer, 'a', { version });
      desk.pass(20_000);
      return producer;
    };
    const a = expired('a');
    expect(desk.write(a, 'z', { version }).error).toBe('INVALID_PRODUCER_EPOCH');
    expect(desk.commit(a, 4)).toBe('PRODUCER_FENCED');
    expect(desk.init('a', own(a))).toMatchObject({ error: 'NONE', epoch: a.epoch + 1 });
    const b = expired('b');
    expect(desk.endTxn(b, true, 5).error).toBe('INVALID_TXN_STATE');
    expect(desk.endTxn(b, false, 5)).toMatchObject({ error: 'NONE', epoch: b.epoch + 1 });
  });

  test('but one that was fenced by another does not', () => {
    const producer = desk.begun('x');
    desk.init('x');
    desk.pass(4);
    expect(desk.init('x')).toMatchObject({ error: 'NONE', epoch: 2 });
    expect(desk.endTxn(producer, false, 5).error).toBe('PRODUCER_FENCED');
    expect(desk.init('x', own(producer)).error).toBe('PRODUCER_FENCED');
  });
});

test('a newer epoch is verified even where a transaction is open', () => {
  const producer = desk.begun('x');
  desk.write(producer, 'a');
  const newer = { ...producer, epoch: producer.epoch + 1 };
  expect(desk.write(newer, 'b').error).toBe('INVALID_PRODUCER_EPOCH');
  desk.addOffsets(producer, 'g');
  desk.txnOffset(producer, 'g', 9);
  expect(desk.txnOffset(newer, 'g', 9)).toBe('INVALID_PRODUCER_EPOCH');
});

test('a client that does not know all this sees the rules of before', () => {
  const producer = desk.begun('x');
  desk.write(producer, 'a');
  expect(desk.commit(producer, 4)).toBe('NONE');
  expect(desk.add(producer)).toEqual(['CONCURRENT_TRANSACTIONS']);
  desk.pass(4);
  expect(desk.stateOf('x').producerEpoch).toBe(producer.epoch);
  expect(desk.write(producer, 'b').error).toBe('INVALID_TXN_STATE');
  expect(desk.write(producer, 'b', { version: 11 }).error).toBe('TRANSACTION_ABORTABLE');
});
