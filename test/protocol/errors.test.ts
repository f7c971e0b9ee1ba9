import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { errorCode, errorName, errors, type ErrorName } from '#protocol';

const kafkajsErrors: { type: string; code: number; retriable: boolean }[] = createRequire(
  import.meta.url,
)('kafkajs/src/protocol/error').errorCodes;

/** kafkajs knows these by the names they had before Kafka renamed them. */
const renamed: Record<string, string> = {
  UNKNOWN: 'UNKNOWN_SERVER_ERROR',
  NOT_LEADER_FOR_PARTITION: 'NOT_LEADER_OR_FOLLOWER',
  GROUP_LOAD_IN_PROGRESS: 'COORDINATOR_LOAD_IN_PROGRESS',
  GROUP_COORDINATOR_NOT_AVAILABLE: 'COORDINATOR_NOT_AVAILABLE',
  NOT_COORDINATOR_FOR_GROUP: 'NOT_COORDINATOR',
};

test('codes have no gaps from -1 on, and each has one name', () => {
  const rows = Object.entries(errors) as [ErrorName, { code: number }][];
  expect(rows.map(([, { code }]) => code)).toEqual(rows.map((_, index) => index - 1));
  for (const [name, { code }] of rows) {
    expect(errorCode(name)).toBe(code);
    expect(errorName(code)).toBe(name);
  }
  expect(rows.length).toBeGreaterThan(121);
});

test('kafkajs means the same by every code it knows', () => {
  const different = kafkajsErrors
    .map(({ type, code }) => [renamed[type] ?? type, errorName(code)])
    .filter(([theirs, ours]) => theirs !== ours);
  expect(different).toEqual([]);
});

test.each([
  ['NONE', 0, false],
  ['REBALANCE_IN_PROGRESS', 27, false],
  ['NOT_COORDINATOR', 16, true],
  ['COORDINATOR_LOAD_IN_PROGRESS', 14, true],
  ['OUT_OF_ORDER_SEQUENCE_NUMBER', 45, false],
  ['CONCURRENT_TRANSACTIONS', 51, true],
  ['MEMBER_ID_REQUIRED', 79, false],
  ['UNSTABLE_OFFSET_COMMIT', 88, true],
  ['PRODUCER_FENCED', 90, false],
  ['TRANSACTION_ABORTABLE', 120, false],
] as const)('%s is %i', (name, code, retriable) => {
  expect(errors[name]).toEqual({ code, retriable });
});

test('a code from the future is an unknown server error', () => {
  expect(errorName(9999)).toBe('UNKNOWN_SERVER_ERROR');
});
