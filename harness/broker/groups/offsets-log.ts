/**
 * What `__consumer_offsets` knows of transactions. Its records live in the groups; of its logs
 * only the producers are kept: their epoch, and whether a transaction of theirs is open there.
 *
 * A partition with an open transaction takes its producer's word for the rest of it. 3.9.1 even
 * takes a newer epoch, whose transaction can then never end (the marker is refused); 4.3.1 asks
 * the coordinator again. An older epoch → INVALID_PRODUCER_EPOCH; -1, which 3.9.1 cannot write,
 * → UNKNOWN_SERVER_ERROR.
 */
import type { ErrorName } from '#protocol';
import type { Profile } from '../transactions/transactions.ts';

export const offsetsTopic = '__consumer_offsets';
export const internalTopics: ReadonlySet<string> = new Set([offsetsTopic, '__transaction_state']);
const offsetsPartitions = 50;

/** Java's `String.hashCode`, as Kafka places groups. */
export function offsetsPartitionOf(groupId: string): number {
  let hash = 0;
  for (let index = 0; index < groupId.length; index++) {
    hash = (Math.imul(hash, 31) + groupId.charCodeAt(index)) | 0;
  }
  return (hash === -0x80000000 ? 0 : Math.abs(hash)) % offsetsPartitions;
}

export interface OffsetsLog {
  isOpen(producerId: number, producerEpoch: number): boolean;
  write(producerId: number, producerEpoch: number): ErrorName;
  /** A marker. */
  end(producerId: number, producerEpoch: number): 'NONE' | 'INVALID_PRODUCER_EPOCH';
}

export function createOffsetsLog(profile: Profile): OffsetsLog {
  const producers = new Map<number, { readonly epoch: number; readonly open: boolean }>();
  const put = (producerId: number, epoch: number, open: boolean) => {
    if ((producers.get(producerId)?.epoch ?? epoch) > epoch) return 'INVALID_PRODUCER_EPOCH';
    producers.set(producerId, { epoch, open });
    return 'NONE';
  };
  return {
    isOpen(producerId, producerEpoch) {
      const known = producers.get(producerId);
      if (known === undefined || !known.open) return false;
      return profile === 'kafka-3.9' || known.epoch === producerEpoch;
    },
    write: (producerId, producerEpoch) =>
      producerEpoch === -1 ? 'UNKNOWN_SERVER_ERROR' : put(producerId, producerEpoch, true),
    end: (producerId, producerEpoch) => put(producerId, producerEpoch, false),
  };
}
