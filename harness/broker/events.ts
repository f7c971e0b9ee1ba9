/** What happened inside the broker, for whoever records it. The connection says who caused it. */
import type { RecordBatch } from '#protocol';

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
