/**
 * Transaction markers: control batches of one record that end a producer's transaction in a
 * partition.
 */
import { encodeBatch, type RecordBatch } from './record-batch.ts';

export interface Marker {
  readonly type: 'commit' | 'abort';
  readonly coordinatorEpoch: number;
}

export interface NewMarker extends Marker {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly timestamp: number;
  readonly baseOffset?: number;
  readonly partitionLeaderEpoch?: number;
}

/** Key: version 0, type (0 abort, 1 commit). Value: version 0, coordinator epoch. */
export function encodeMarker(marker: NewMarker): Buffer {
  const { type, coordinatorEpoch, timestamp, ...where } = marker;
  const key = Buffer.alloc(4);
  key.writeInt16BE(type === 'commit' ? 1 : 0, 2);
  const value = Buffer.alloc(6);
  value.writeInt32BE(coordinatorEpoch, 2);
  return encodeBatch({
    ...where,
    transactional: true,
    control: true,
    records: [{ key, value, timestamp }],
  });
}

/** Undefined when the batch is no control batch with a transaction marker. */
export function decodeMarker(batch: RecordBatch): Marker | undefined {
  if (!batch.control) return undefined;
  const [record] = batch.records;
  const { key, value } = record ?? { key: null, value: null };
  if (key === null || key.length < 4 || value === null || value.length < 6) return undefined;
  const type = key.readInt16BE(2);
  if (type !== 0 && type !== 1) return undefined;
  return { type: type === 1 ? 'commit' : 'abort', coordinatorEpoch: value.readInt32BE(2) };
}
