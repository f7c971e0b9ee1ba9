import { expect, test } from 'vitest';
import { course, worker } from './support/course.ts';
import { facts, services, type Run } from './support/play.ts';

/** Books a receipt and the offset in one transaction; a second later the sink hears of it. */
const stage = await services(
  worker(
    `const tx = await producer.transaction();
     await tx.send({ topic: 'receipts', messages: [{ key: order.id, value: order.id }] });
     const partitions = [{ partition: 0, offset: String(Number(message.offset) + 1) }];
     await tx.sendOffsets({ consumerGroupId: 'workers', topics: [{ topic: 'orders', partitions }] });
     await tx.commit();
     await new Promise((resolve) => setTimeout(resolve, 1_000));
     await ports.sink.record(order);`,
    `const producer = new Kafka(kafka).producer({
       transactionalId: slot, idempotent: true, maxInFlightRequests: 1, transactionTimeout: 50_000,
     });
     await producer.connect();`,
  ).replace('autoCommitThreshold: 1', 'autoCommit: false'),
  {
    topics: { ...course.topics, receipts: { partitions: 1 } },
    flow: {
      ...course.flow,
      id: { ...course.flow.id, receipts: ({ value }) => String(value) },
    },
  },
);

const seqOf = ([first]: readonly { readonly seq: number }[]): number => first?.seq ?? Infinity;
const committed = (run: Run): number => seqOf(facts(run, 'commit', { offset: 1 }));
const markers = 'worker-0 · WriteTxnMarkers worker-0 (m1) · #1 · before apply';

test('the requests of a transaction are named by what it has touched so far', async () => {
  const run = await stage.play({ commands: 2 });
  const causes = (operation: string) =>
    facts(run, 'operation', { operation, step: 'arrived' }).map(({ cause }) => cause.join());
  expect(causes('AddPartitionsToTxn').slice(0, 1)).toEqual(['']);
  for (const operation of ['AddOffsetsToTxn', 'TxnOffsetCommit', 'EndTxn']) {
    expect(causes(operation).slice(0, 2)).toEqual(['m1', 'm2']);
  }
  const [produced] = facts(run, 'operation', { operation: 'Produce' });
  expect(produced).toMatchObject({ target: 'receipts', cause: ['m1'] });
});

test('the transaction time-out is read off the wire', async () => {
  const { crossings } = await stage.play({ commands: 1 });
  expect(crossings.at(-1)?.transactionTimeoutMs).toBe(50_000);
  expect(crossings[0]?.transactionTimeoutMs).toBeUndefined();
});

test('markers are a step of their own, and may be held', async () => {
  const calm = await stage.play({ commands: 1 });
  expect(committed(calm)).toBeLessThan(seqOf(facts(calm, 'port', {})));
  const until = 'worker-0 · sink.record (m1) · #1 · after apply';
  const run = await stage.play({ commands: 1, holds: [`hold ${markers} until ${until}`] });
  expect(run.held).toEqual([0]);
  expect(committed(run)).toBeGreaterThan(seqOf(facts(run, 'port', {})));
  expect(run.ending).toEqual({ kind: 'rest' });
});

test('held markers are written although the process that ended the transaction has died', async () => {
  const run = await stage.play({
    commands: 1,
    faults: ['crash worker-0 · EndTxn worker-0 (m1) · #1 · after apply'],
    holds: [`hold ${markers} until worker-0 · OffsetFetch workers · #2 · after apply`],
  });
  expect([run.fired, run.held]).toEqual([[0], [0]]);
  const read = facts(run, 'operation', { operation: 'OffsetFetch', ordinal: 2, step: 'applied' });
  expect(committed(run)).toBeGreaterThan(seqOf(read));
  expect(committed(run)).toBeLessThan(Infinity);
});
