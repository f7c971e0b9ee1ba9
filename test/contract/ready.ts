/**
 * What a broker does in its first seconds is not what the contract is about: the internal topics
 * are made when they are first asked for, and until they are there coordinators answer 14, 15, 16.
 */
import { errorName, type ApiName } from '#protocol';
import { offsetsPartitionOf } from '../../harness/broker/groups/offsets-log.ts';
import type { Body, Running, Wire } from './wire.ts';

const startingUp = new Set([
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'CONCURRENT_TRANSACTIONS',
]);

/** One group in each of the 50 partitions that hold groups: every one of them is loaded by itself. */
const groups: readonly string[] = [
  ...new Map(
    Array.from({ length: 1_000 }, (_, index) => `warm-up-${index}`).map((group) => [
      offsetsPartitionOf(group),
      group,
    ]),
  ).values(),
];

export async function untilReady(running: Running): Promise<void> {
  const wire = await running.open();
  await settles(running, wire, 'FindCoordinator', 2, { key: 'warm-up', keyType: 0 });
  for (const groupId of groups) {
    await settles(running, wire, 'OffsetFetch', 5, { groupId, topics: null });
  }
  await settles(running, wire, 'FindCoordinator', 2, { key: 'warm-up', keyType: 1 });
  const producer = { transactionalId: 'warm-up', transactionTimeoutMs: 60_000 };
  await settles(running, wire, 'InitProducerId', 2, producer);
  wire.close();
}

async function settles(
  running: Running,
  wire: Wire,
  api: ApiName,
  version: number,
  body: Body,
): Promise<void> {
  for (;;) {
    const { errorCode } = await wire.ask(api, version, body);
    if (!startingUp.has(errorName(errorCode))) return;
    await running.pass(50);
  }
}
