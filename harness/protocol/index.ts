/**
 * The Kafka wire, pure: message schemas as data, codec, framing, record batches, CRC-32C, error table.
 * (Signatures first; the bodies follow in the next commits.)
 */
export type ApiName =
  | 'Produce'
  | 'Fetch'
  | 'ListOffsets'
  | 'Metadata'
  | 'OffsetCommit'
  | 'OffsetFetch'
  | 'FindCoordinator'
  | 'JoinGroup'
  | 'Heartbeat'
  | 'LeaveGroup'
  | 'SyncGroup'
  | 'DescribeGroups'
  | 'ListGroups'
  | 'SaslHandshake'
  | 'ApiVersions'
  | 'CreateTopics'
  | 'DeleteTopics'
  | 'DeleteRecords'
  | 'InitProducerId'
  | 'OffsetForLeaderEpoch'
  | 'AddPartitionsToTxn'
  | 'AddOffsetsToTxn'
  | 'EndTxn'
  | 'TxnOffsetCommit'
  | 'DescribeAcls'
  | 'CreateAcls'
  | 'DeleteAcls'
  | 'DescribeConfigs'
  | 'AlterConfigs'
  | 'DescribeLogDirs'
  | 'SaslAuthenticate'
  | 'CreatePartitions'
  | 'DeleteGroups'
  | 'ElectLeaders'
  | 'IncrementalAlterConfigs'
  | 'AlterPartitionReassignments'
  | 'ListPartitionReassignments'
  | 'OffsetDelete'
  | 'DescribeCluster'
  | 'DescribeProducers'
  | 'DescribeTransactions'
  | 'ListTransactions'
  | 'DescribeTopicPartitions';

export interface VersionRange {
  readonly min: number;
  readonly max: number;
}
export interface ApiSchema {
  readonly key: number;
  /** Versions this codec reads and writes; what a broker advertises is its own affair. */
  readonly versions: VersionRange;
  /** First flexible version (KIP-482); Infinity = none. */
  readonly flexibleFrom: number;
  readonly request: readonly Field[];
  readonly response: readonly Field[];
}
export interface Field {
  readonly name: string;
  readonly type: string;
}
export declare const apis: Readonly<Record<ApiName, ApiSchema>>;
export declare function apiOfKey(key: number): ApiName | undefined;

export type ProtocolErrorKind =
  | 'unknown-api'
  | 'unsupported-version'
  | 'malformed'
  | 'unsupported-codec';
export interface KnownHeader {
  readonly api?: ApiName;
  readonly apiKey?: number;
  readonly version?: number;
  readonly correlationId?: number;
  readonly clientId?: string | null;
}
export declare class ProtocolError extends Error {
  readonly kind: ProtocolErrorKind;
  readonly header: KnownHeader;
  constructor(kind: ProtocolErrorKind, message: string, header?: KnownHeader);
}

export interface DecodedRequest {
  readonly api: ApiName;
  readonly apiKey: number;
  readonly version: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  readonly body: any;
}
/** A frame is without its 4-byte length; what the encoders return has it. */
export declare function decodeRequest(frame: Buffer): DecodedRequest;
export declare function encodeRequest(
  api: ApiName,
  version: number,
  correlationId: number,
  clientId: string | null,
  body: object,
): Buffer;
export declare function encodeResponse(
  api: ApiName,
  version: number,
  correlationId: number,
  body: object,
): Buffer;
export declare function decodeResponse(
  api: ApiName,
  version: number,
  frame: Buffer,
): { correlationId: number; body: any };
/** Splits a byte stream into frames without their length prefix. */
export declare class FrameReader {
  push(bytes: Uint8Array): Buffer[];
}

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd' | 'unknown';
export interface RecordHeader {
  readonly key: string;
  readonly value: Buffer | null;
}
export interface BatchRecord {
  readonly offset: number;
  /** Max timestamp of the batch where the batch is stamped with log append time. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
}
export interface BatchHeader {
  readonly baseOffset: number;
  /** Bytes of the whole batch, its 12-byte prefix included. */
  readonly sizeBytes: number;
  readonly partitionLeaderEpoch: number;
  readonly magic: number;
  /** Unsigned. */
  readonly crc: number;
  readonly attributes: number;
  readonly lastOffsetDelta: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly count: number;
  readonly compression: Compression;
  readonly transactional: boolean;
  readonly control: boolean;
  readonly logAppendTime: boolean;
}
export interface RecordBatch extends BatchHeader {
  /** Decoded at the first look: may throw ProtocolError 'unsupported-codec' or 'malformed'. */
  readonly records: readonly BatchRecord[];
}
export interface NewRecord {
  readonly key?: Buffer | string | null;
  readonly value?: Buffer | string | null;
  readonly headers?: readonly { readonly key: string; readonly value: Buffer | string | null }[];
  /** Left out: the base timestamp of the batch. */
  readonly timestamp?: number;
  /** Left out: one more than the record before. */
  readonly offset?: number;
}
export interface NewBatch {
  readonly records: readonly NewRecord[];
  readonly baseOffset?: number; // 0
  readonly partitionLeaderEpoch?: number; // -1
  readonly producerId?: number; // -1
  readonly producerEpoch?: number; // -1
  readonly baseSequence?: number; // -1
  readonly compression?: 'none' | 'gzip' | 'zstd';
  readonly transactional?: boolean;
  readonly control?: boolean;
  readonly logAppendTime?: boolean;
  readonly baseTimestamp?: number; // the first record's, else 0
  readonly maxTimestamp?: number; // the highest of the records
  readonly lastOffsetDelta?: number; // from the records
}
export interface Marker {
  readonly type: 'commit' | 'abort';
  readonly coordinatorEpoch: number;
}
export declare function encodeBatch(batch: NewBatch): Buffer;
export declare function decodeBatch(buffer: Buffer, at?: number): RecordBatch;
export declare function readBatchHeader(buffer: Buffer, at?: number): BatchHeader;
/** Announced bytes with the 12-byte prefix, also when the buffer ends earlier; undefined when under 12 bytes are left. */
export declare function batchLength(buffer: Buffer, at?: number): number | undefined;
/** The magic byte lies at the same place in all formats; undefined when the buffer ends before. */
export declare function batchMagic(buffer: Buffer, at?: number): number | undefined;
/** Every whole batch in the buffer; a cut one at the end (legal in fetch answers) is left out. */
export declare function batchesIn(buffer: Buffer): Generator<RecordBatch, void, undefined>;
export declare function encodeMarker(
  marker: Marker & {
    readonly producerId: number;
    readonly producerEpoch: number;
    readonly timestamp: number;
    readonly baseOffset?: number;
    readonly partitionLeaderEpoch?: number;
  },
): Buffer;
/** Undefined when the batch is no control batch with a transaction marker. */
export declare function decodeMarker(batch: RecordBatch): Marker | undefined;
/** In place; outside the CRC. */
export declare function rewriteBaseOffset(
  buffer: Buffer,
  baseOffset: number,
  partitionLeaderEpoch: number,
  at?: number,
): void;
/** In place; sets or clears the log-append-time bit; renews the CRC only where something changed. */
export declare function rewriteTimestamp(
  buffer: Buffer,
  stamp: { readonly maxTimestamp: number; readonly logAppendTime: boolean },
  at?: number,
): void;
export declare function checkCrc(buffer: Buffer, at?: number): boolean;
export declare function crc32c(buffer: Uint8Array, start?: number, end?: number): number;

export interface KafkaErrorRow {
  readonly code: number;
  readonly retriable: boolean;
}
export type ErrorName = 'NONE' | 'UNKNOWN_SERVER_ERROR' | (string & {});
export declare const errors: Readonly<Record<ErrorName, KafkaErrorRow>>;
export declare function errorCode(name: ErrorName): number;
/** Codes not in the table are UNKNOWN_SERVER_ERROR. */
export declare function errorName(code: number): ErrorName;

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}
export interface RequestSummary {
  readonly api: ApiName;
  readonly topics: string[];
  readonly group?: string;
  readonly transactionalId?: string;
  readonly partitions: TopicPartition[];
}
export declare function describe(request: DecodedRequest): RequestSummary;
