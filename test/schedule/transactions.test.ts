import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createGenerator, printFault, printHold, singles, withoutZombies } from '#schedule';
import type { ChapterFaults, Crossing, Family, FaultPoint, Schedule } from '#schedule';

/** A group whose instances book in transactions; faults may be read off this one calm run. */
const chapter: ChapterFaults = {
  roles: { transfers: { file: 'transfers.ts', instances: [1, 3] } },
  groups: ['transfers'],
  workload: {
    example: [{ id: 't1' }],
    commands: fc.constant([]),
    id: ({ id }: { id: string }) => id,
    send: ({ id }: { id: string }) => ({ topic: 'transfers', key: id, value: id }),
    closing: (n) => ({ id: `closing-${n}` }),
  },
};

const schedule: Schedule = {
  format: 1,
  chapter: '19-transactions',
  seed: 1,
  instances: {},
  commands: [{ id: 't1', value: { id: 't1' } }],
  faults: [],
  holds: [],
};

interface TimeOuts {
  readonly sessionTimeoutMs?: number;
  readonly transactionTimeoutMs?: number;
}

/** What one transfer crosses; the producer is there when the transfer comes. */
function calmRun(timeOuts: TimeOuts) {
  const crossings: Crossing[] = [];
  const cross = (operation: string, target: string, cause: readonly string[] = []): void => {
    const point: FaultPoint = { slot: 'transfers-0', operation, target, cause, ordinal: 1 };
    for (const phase of ['before apply', 'after apply'] as const) {
      if (operation === 'Fetch' && phase === 'before apply') continue;
      const at = { atMs: crossings.length, index: crossings.length, inFlight: false };
      crossings.push({ point, phase, target: 'kafka', topics: [], ...at, ...timeOuts });
    }
  };
  cross('JoinGroup', 'transfers');
  cross('OffsetFetch', 'transfers');
  cross('InitProducerId', 'tx-0');
  cross('Fetch', 'transfers', ['t1']);
  cross('AddPartitionsToTxn', 'tx-0');
  cross('Produce', 'debits', ['t1']);
  cross('AddOffsetsToTxn', 'tx-0', ['t1']);
  cross('TxnOffsetCommit', 'transfers', ['t1']);
  cross('EndTxn', 'tx-0', ['t1']);
  return { schedule, crossings };
}

function found(level: 1 | 2 | 3, family: Family, timeOuts: TimeOuts = {}) {
  return singles({ chapter, level, calm: calmRun(timeOuts), scaled: [] })
    .filter((candidate) => candidate.family === family)
    .map((candidate) => candidate.schedule);
}

describe('faults of transactions', () => {
  test('a crash is tried before and after each of their requests', () => {
    const crashes = found(1, 'crash').map(({ faults }) => faults.map(printFault).join());
    for (const api of [
      'InitProducerId',
      'AddPartitionsToTxn',
      'AddOffsetsToTxn',
      'TxnOffsetCommit',
      'EndTxn',
    ]) {
      const phases = crashes
        .filter((text) => text.includes(` ${api} `))
        .map((text) => /(before|after) apply/.exec(text)?.[0]);
      expect({ api, phases }).toEqual({ api, phases: ['before apply', 'after apply'] });
    }
  });

  test.each(['InitProducerId', 'AddPartitionsToTxn', 'AddOffsetsToTxn', 'EndTxn'])(
    '%s may be answered with what a busy, loading or moved coordinator says',
    (api) => {
      const codes = found(2, 'error').flatMap(({ faults }) => faults);
      expect(
        codes
          .filter(({ place }) => JSON.stringify(place).includes(`"${api}"`))
          .map((fault) => fault.with?.code),
      ).toEqual([
        'CONCURRENT_TRANSACTIONS',
        'COORDINATOR_LOAD_IN_PROGRESS',
        'COORDINATOR_NOT_AVAILABLE',
        'NOT_COORDINATOR',
      ]);
    },
  );

  test('offsets of a transaction are taken in any state of the group', () => {
    const codes = found(2, 'error')
      .flatMap(({ faults }) => faults)
      .filter(({ place }) => JSON.stringify(place).includes('TxnOffsetCommit'))
      .map((fault) => fault.with?.code);
    expect(codes).not.toContain('REBALANCE_IN_PROGRESS');
    expect(codes).toHaveLength(3);
  });
});

describe('a zombie', () => {
  const lengthsOf = (timeOuts: TimeOuts) =>
    new Set(found(2, 'zombie', timeOuts).map(({ faults }) => faults[0]?.with?.ms));

  test('is away longer than its session and shorter than its transaction may last', () => {
    expect(lengthsOf({ sessionTimeoutMs: 30_000, transactionTimeoutMs: 60_000 })).toEqual(
      new Set([45_000]),
    );
    expect(lengthsOf({ sessionTimeoutMs: 30_000, transactionTimeoutMs: 40_000 })).toEqual(
      new Set([35_000]),
    );
  });

  test('is not tried where the two leave no room, and that is said', () => {
    const timeOuts = { sessionTimeoutMs: 30_000, transactionTimeoutMs: 30_000 };
    expect(lengthsOf(timeOuts)).toEqual(new Set());
    expect(withoutZombies(calmRun(timeOuts).crossings)).toBe(
      'zombies of transfers-0: they could not be placed, for its transactions time out after ' +
        '30000 ms and its session after 30000 ms',
    );
    expect(withoutZombies(calmRun({ sessionTimeoutMs: 30_000 }).crossings)).toBeUndefined();
  });
});

test('level 3 holds the commit of a zombie until its successor has read the offset', () => {
  expect(found(2, 'held commit')).toEqual([]);
  const held = found(3, 'held commit');
  expect(held.map(({ faults }) => faults.map(printFault))).toEqual([
    [
      'freeze transfers-0 · EndTxn tx-0 (t1) · #1 · before apply · 45000 ms',
      'join transfers at transfers-0 · EndTxn tx-0 (t1) · #1 · before apply',
    ],
    expect.anything(),
    expect.anything(),
  ]);
  expect(held.flatMap(({ holds }) => holds.map(printHold))).toEqual(
    ['EndTxn #1', 'EndTxn #2', 'WriteTxnMarkers #1'].map((each) => {
      const [operation = '', ordinal = ''] = each.split(' ');
      const until = `transfers-1 · OffsetFetch transfers · ${ordinal} · after apply`;
      return `hold transfers-0 · ${operation} tx-0 (t1) · #1 · before apply until ${until}`;
    }),
  );
});

test('at level 3 markers may come at once, or late; before, as usual', () => {
  const drawn = (level: 2 | 3): ReadonlySet<number | undefined> => {
    const generate = createGenerator({ chapter, level, calm: calmRun({}) });
    return new Set(Array.from({ length: 60 }, (_, index) => generate(1, index).markersMs));
  };
  expect(drawn(3)).toEqual(new Set([undefined, 0, 100, 1_000]));
  expect(drawn(2)).toEqual(new Set([undefined]));
});
