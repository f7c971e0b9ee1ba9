/**
 * WriteTxnMarkers (27), versions 0–1 (as `kafka-4` 1): what coordinators say to partitions, and
 * operators to end a hanging transaction. A broker without an authorizer serves it to anybody, and
 * asks no coordinator: a marker for a producer that nobody knows is written too, and one more where
 * the transaction has ended already (seen on 3.9.1 and 4.3.1).
 *
 * An unknown topic or partition, or a node without a replica → UNKNOWN_TOPIC_OR_PARTITION; a
 * follower → NOT_LEADER_OR_FOLLOWER; an epoch below 0 → UNKNOWN_SERVER_ERROR; an epoch older than
 * the partition knows → INVALID_PRODUCER_EPOCH (seen on both).
 *
 * Not served: coordinator epochs (there are no restarts, so there is one), version 2.
 */
import { errorCode, type ErrorName } from '#protocol';
import { appendMarker } from '../append.ts';
import { offsetsTopic } from '../groups/offsets-log.ts';
import { handler } from '../handler.ts';
import type { BrokerState } from '../state.ts';

interface Marker {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly transactionResult: boolean;
  readonly topics: readonly {
    readonly name: string;
    readonly partitionIndexes: readonly number[];
  }[];
}

export const writeTxnMarkers = handler('WriteTxnMarkers', ({ state, request, nowMs }) =>
  state.parking.together(nowMs, () => ({
    markers: request.body.markers.map((marker: Marker) => ({
      producerId: marker.producerId,
      topics: marker.topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({
          partitionIndex,
          errorCode: errorCode(write(state, request.node, marker, name, partitionIndex, nowMs)),
        })),
      })),
    })),
  })),
);

function write(
  state: BrokerState,
  node: number,
  { producerId, producerEpoch, transactionResult }: Marker,
  topic: string,
  partition: number,
  nowMs: number,
): ErrorName {
  const producer = { producerId, producerEpoch };
  const outcome = transactionResult ? 'commit' : 'abort';
  if (topic === offsetsTopic) return state.groups.endTransaction(partition, producer, outcome);
  const found = state.topics.partition(topic, partition);
  if (!found?.replicas.includes(node)) return 'UNKNOWN_TOPIC_OR_PARTITION';
  if (found.leader !== node) return 'NOT_LEADER_OR_FOLLOWER';
  if (producerEpoch < 0) return 'UNKNOWN_SERVER_ERROR';
  return appendMarker(state, found, { topic, partition, ...producer, outcome }, nowMs);
}
