/**
 * What the coordinator knows of one transactional id, and the questions that can be answered by
 * looking. Nothing here changes anything.
 */
import type { ErrorName } from '#protocol';
import type { BrokerEvent } from '../events.ts';

/** The part of the broker's state that transactions need. */
export interface TransactionsHost {
  readonly config: {
    readonly profile: Profile;
    readonly markerDelayMs: number;
    readonly completionDelayMs: number;
    readonly transactionMaxTimeoutMs: number;
    readonly transactionTimeoutCheckIntervalMs: number;
    readonly transactionalIdExpirationMs: number;
  };
  readonly timers: {
    set(name: string, atMs: number, run: (nowMs: number) => void): void;
    clear(name: string): void;
  };
  emit(event: BrokerEvent): void;
  newProducerId(): number;
  /** Ends the transaction in partitions at once; one that is gone needs nothing. */
  writeMarkers(
    markers: readonly PartitionMarker[],
    nowMs: number,
  ): readonly ('NONE' | 'INVALID_PRODUCER_EPOCH')[];
}

/** Which Kafka the broker answers as, where 3.9 and 4 differ. */
export type Profile = 'kafka-3.9' | 'kafka-4';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export type Outcome = 'commit' | 'abort';

export interface PartitionMarker extends TopicPartition {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly outcome: Outcome;
}

export type TransactionState =
  | 'Empty'
  | 'Ongoing'
  | 'PrepareCommit'
  | 'PrepareAbort'
  | 'CompleteCommit'
  | 'CompleteAbort';

export interface Transaction {
  readonly id: string;
  producerId: number;
  /** -1 = it was never told to anybody. */
  epoch: number;
  /** Before its epochs were used up. -1 = none. */
  lastProducerId: number;
  /** The epoch whose owner may ask again for what it did not hear. -1 = none. */
  lastEpoch: number;
  /** Takes over when the transaction is complete, because epochs are used up. -1 = none. */
  nextProducerId: number;
  timeoutMs: number;
  state: TransactionState;
  /** By `partitionName`, in the order in which they were added. Markers take them out again. */
  readonly partitions: Map<string, TopicPartition>;
  /** -1 = there was none. */
  startedAtMs: number;
  updatedAtMs: number;
}

/** Who says it is whom. */
export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

export const transactionStates: readonly TransactionState[] = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
];

export function newTransaction(id: string, producerId: number, nowMs: number): Transaction {
  return {
    id,
    producerId,
    epoch: -1,
    lastProducerId: -1,
    lastEpoch: -1,
    nextProducerId: -1,
    timeoutMs: 0,
    state: 'Empty',
    partitions: new Map(),
    startedAtMs: -1,
    updatedAtMs: nowMs,
  };
}

export function partitionName({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

/** EndTxn was answered and markers are on their way. */
export function isEnding({ state }: Transaction): boolean {
  return state === 'PrepareCommit' || state === 'PrepareAbort';
}

/** The highest epoch is kept for a fence. */
export function isExhausted(epoch: number): boolean {
  return epoch >= 0x7fff - 1;
}

/**
 * Whether this is the producer that owns the transactional id now, and the id is not busy ending.
 * 3.9 looks at the producer first, 4 at the ending.
 */
export function checkProducer(
  profile: Profile,
  transaction: Transaction | undefined,
  who: ProducerIdentity,
): ErrorName {
  if (transaction === undefined) return 'INVALID_PRODUCER_ID_MAPPING';
  if (profile === 'kafka-4' && isEnding(transaction)) return 'CONCURRENT_TRANSACTIONS';
  if (transaction.producerId !== who.producerId) return 'INVALID_PRODUCER_ID_MAPPING';
  if (transaction.epoch !== who.producerEpoch) return 'PRODUCER_FENCED';
  return isEnding(transaction) ? 'CONCURRENT_TRANSACTIONS' : 'NONE';
}
