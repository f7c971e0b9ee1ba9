/**
 * What a healthy Kafka may answer, whatever the client did right: the coordinator loads or moves, a
 * leader moves, replicas are slow, a transaction still ends. Errors that would be lies out of
 * nowhere (1, 22, 25, 45) are left out; a broker that means them says them itself.
 */
import type { Phase } from './schedule.ts';

export interface HealthyError {
  readonly code: string;
  /** Whether the request had its effect all the same. */
  readonly phase: Exclude<Phase, 'after answer'>;
  /** Only true while the group rebalances: comes with a rebalance at the same place. */
  readonly rebalances?: true;
}

const before = (...codes: readonly string[]): readonly HealthyError[] =>
  codes.map((code) => ({ code, phase: 'before apply' }));

const loading = 'COORDINATOR_LOAD_IN_PROGRESS';
const moved = 'NOT_COORDINATOR';
/** What a coordinator says that could not write to its own log. */
const unavailable = 'COORDINATOR_NOT_AVAILABLE';
const noLeader = 'NOT_LEADER_OR_FOLLOWER';
const ending = 'CONCURRENT_TRANSACTIONS';
const midRebalance: HealthyError = {
  code: 'REBALANCE_IN_PROGRESS',
  phase: 'before apply',
  rebalances: true,
};

const table: Readonly<Record<string, readonly HealthyError[]>> = {
  FindCoordinator: before('COORDINATOR_NOT_AVAILABLE'),
  JoinGroup: before(loading, moved),
  // A loading coordinator answers SyncGroup with 27, for it has forgotten the rebalance
  // (KAFKA-6888).
  SyncGroup: before('REBALANCE_IN_PROGRESS', moved),
  OffsetFetch: before(loading, moved),
  OffsetCommit: [midRebalance, ...before(loading, moved)],
  Fetch: before(noLeader),
  ListOffsets: before(noLeader),
  Produce: [
    { code: 'REQUEST_TIMED_OUT', phase: 'after apply' },
    { code: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', phase: 'after apply' },
    ...before('NOT_ENOUGH_REPLICAS', noLeader),
  ],
  InitProducerId: before(ending, loading, unavailable, moved),
  AddPartitionsToTxn: before(ending, loading, unavailable, moved),
  AddOffsetsToTxn: before(ending, loading, unavailable, moved),
  // Unlike OffsetCommit it is taken in any state of the group: 27 would be a lie.
  TxnOffsetCommit: before(loading, unavailable, moved),
  EndTxn: before(ending, loading, unavailable, moved),
};

/** APIs that change nothing: an error says the same whether it comes before or after. */
const readers = new Set(['FindCoordinator', 'OffsetFetch', 'Fetch', 'ListOffsets']);

/** Errors for this API at this phase; `first` = no earlier phase of it was crossed. */
export function healthyErrors(
  operation: string,
  phase: Phase,
  first: boolean,
): readonly HealthyError[] {
  const rows = Object.hasOwn(table, operation) ? (table[operation] ?? []) : [];
  if (first && readers.has(operation)) return rows;
  return rows.filter((row) => row.phase === phase);
}
