/** What happened inside the broker, for whoever records it. The connection says who caused it. */
import type { RecordBatch } from '#protocol';
import type { Outcome, TransactionState } from './transactions/transactions.ts';

export type BrokerEvent =
  | {
      readonly kind: 'appended';
      readonly topic: string;
      readonly partition: number;
      readonly baseOffset: number;
      /** Decoded when asked for, so that a broker nobody watches does not pay. */
      readonly batch: () => RecordBatch;
      readonly connection: number | undefined;
    }
  | {
      /** Markers are told here, and not as appended. */
      readonly kind: 'marker';
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
      /** Undefined where an operator sent it. */
      readonly transactionalId: string | undefined;
      readonly producerId: number;
      readonly producerEpoch: number;
      readonly outcome: Outcome;
    }
  | {
      /** A transactional id has a new owner (`Empty`), or its transaction a new state. */
      readonly kind: 'transaction';
      readonly transactionalId: string;
      readonly producerId: number;
      readonly producerEpoch: number;
      readonly state: TransactionState;
      /** Undefined where time did it. */
      readonly connection: number | undefined;
    }
  | {
      /** Inside transactions: when the marker comes, by whoever committed. */
      readonly kind: 'committed';
      readonly group: string;
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
      readonly connection: number | undefined;
    }
  | {
      /** A generation became stable, or lost its last member. */
      readonly kind: 'assigned';
      readonly group: string;
      readonly generation: number;
      readonly members: readonly {
        readonly memberId: string;
        readonly clientId: string;
        readonly connection: number | undefined;
        readonly partitions: readonly { readonly topic: string; readonly partition: number }[];
      }[];
    }
  | {
      readonly kind: 'member-left';
      readonly group: string;
      readonly memberId: string;
      readonly why: 'left' | 'session expired' | 'did not rejoin' | 'did not sync';
    };
