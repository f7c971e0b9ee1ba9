/**
 * Which versions the broker advertises, per API: those of Kafka 3.9, less the old formats that it
 * does not serve. `servedFrom`: advertised lower than served, because librdkafka before 2.11 turns
 * compression off where Produce does not start at 0 (Kafka 4 does the same, for the same reason).
 *
 * As `kafka-4`: the lowest versions of 4.3, and the three that KIP-890 needs. Its other new
 * versions (topic ids in Produce 13, OffsetCommit 10, OffsetFetch 10 and the like) are missing, as
 * is whatever else it added.
 */
import type { ApiName } from '#protocol';
import type { Profile } from './transactions/transactions.ts';

export interface ServedVersions {
  readonly min: number;
  readonly max: number;
  readonly servedFrom?: number;
}

type Served = Readonly<Partial<Record<ApiName, ServedVersions>>>;

const asKafka39: Served = {
  Produce: { min: 0, max: 11, servedFrom: 3 },
  Fetch: { min: 4, max: 17 },
  ListOffsets: { min: 0, max: 9 },
  Metadata: { min: 0, max: 12 },
  OffsetCommit: { min: 0, max: 9 },
  OffsetFetch: { min: 0, max: 9 },
  FindCoordinator: { min: 0, max: 6 },
  JoinGroup: { min: 0, max: 9 },
  Heartbeat: { min: 0, max: 4 },
  LeaveGroup: { min: 0, max: 5 },
  SyncGroup: { min: 0, max: 5 },
  DescribeGroups: { min: 0, max: 5 },
  ListGroups: { min: 0, max: 5 },
  SaslHandshake: { min: 0, max: 1 },
  ApiVersions: { min: 0, max: 4 },
  CreateTopics: { min: 0, max: 7 },
  DeleteTopics: { min: 0, max: 6 },
  DeleteRecords: { min: 0, max: 2 },
  InitProducerId: { min: 0, max: 5 },
  OffsetForLeaderEpoch: { min: 0, max: 4 },
  DescribeAcls: { min: 0, max: 3 },
  CreateAcls: { min: 0, max: 3 },
  DeleteAcls: { min: 0, max: 3 },
  DescribeConfigs: { min: 0, max: 4 },
  AlterConfigs: { min: 0, max: 2 },
  DescribeLogDirs: { min: 0, max: 4 },
  SaslAuthenticate: { min: 0, max: 2 },
  CreatePartitions: { min: 0, max: 3 },
  DeleteGroups: { min: 0, max: 2 },
  AddPartitionsToTxn: { min: 0, max: 5 },
  AddOffsetsToTxn: { min: 0, max: 4 },
  EndTxn: { min: 0, max: 4 },
  WriteTxnMarkers: { min: 0, max: 1 },
  TxnOffsetCommit: { min: 0, max: 4 },
  DescribeProducers: { min: 0, max: 0 },
  DescribeTransactions: { min: 0, max: 0 },
  ListTransactions: { min: 0, max: 1 },
  ElectLeaders: { min: 0, max: 2 },
  IncrementalAlterConfigs: { min: 0, max: 1 },
  AlterPartitionReassignments: { min: 0, max: 0 },
  ListPartitionReassignments: { min: 0, max: 0 },
  OffsetDelete: { min: 0, max: 0 },
  DescribeCluster: { min: 0, max: 1 },
};

const asKafka4: Served = {
  ...asKafka39,
  Produce: { min: 0, max: 12, servedFrom: 3 },
  ListOffsets: { min: 1, max: 9 },
  OffsetCommit: { min: 2, max: 9 },
  OffsetFetch: { min: 1, max: 9 },
  CreateTopics: { min: 2, max: 7 },
  DeleteTopics: { min: 1, max: 6 },
  OffsetForLeaderEpoch: { min: 2, max: 4 },
  EndTxn: { min: 0, max: 5 },
  WriteTxnMarkers: { min: 1, max: 1 },
  TxnOffsetCommit: { min: 0, max: 5 },
  DescribeAcls: { min: 1, max: 3 },
  CreateAcls: { min: 1, max: 3 },
  DeleteAcls: { min: 1, max: 3 },
  DescribeConfigs: { min: 1, max: 4 },
  DescribeLogDirs: { min: 1, max: 4 },
};

export function servedVersions(profile: Profile): Served {
  return profile === 'kafka-4' ? asKafka4 : asKafka39;
}

export function serves(profile: Profile, api: ApiName, version: number): boolean {
  const served = servedVersions(profile)[api];
  if (served === undefined) return false;
  return version >= (served.servedFrom ?? served.min) && version <= served.max;
}
