/**
 * The Kafka wire, pure: message schemas as data, codec, framing, record batches, CRC-32C, error
 * table. No sockets, no time, no state beyond compiled schemas and a scratch buffer.
 */
export { apiOfKey, apis, type ApiName } from './apis.ts';
export {
  batchLength,
  batchMagic,
  checkCrc,
  readBatchHeader,
  rewriteBaseOffset,
  rewriteTimestamp,
  type BatchHeader,
  type Compression,
} from './batch-header.ts';
export { crc32c } from './crc32c.ts';
export { describe, type RequestSummary, type TopicPartition } from './describe.ts';
export { errorCode, errorName, errors, type ErrorName, type KafkaErrorRow } from './errors.ts';
export { FrameReader } from './frame-reader.ts';
export { decodeMarker, encodeMarker, type Marker, type NewMarker } from './marker.ts';
export {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  type DecodedRequest,
} from './messages.ts';
export { ProtocolError, type KnownHeader, type ProtocolErrorKind } from './protocol-error.ts';
export {
  batchesIn,
  decodeBatch,
  encodeBatch,
  recordBytes,
  type BatchRecord,
  type NewBatch,
  type NewRecord,
  type RecordBatch,
  type RecordHeader,
} from './record-batch.ts';
export { covers, type ApiSchema, type Field, type VersionRange } from './schema.ts';
