/**
 * Which versions the broker advertises, per API: those of Kafka 3.9, less the old formats that it
 * does not serve. `servedFrom`: advertised lower than served, because librdkafka before 2.11 turns
 * compression off where Produce does not start at 0 (Kafka 4 does the same, for the same reason).
 */
import type { ApiName } from '#protocol';

export interface ServedVersions {
  readonly min: number;
  readonly max: number;
  readonly servedFrom?: number;
}

export const servedVersions: Readonly<Partial<Record<ApiName, ServedVersions>>> = {
  Produce: { min: 0, max: 11, servedFrom: 3 },
  Fetch: { min: 4, max: 17 },
  ListOffsets: { min: 1, max: 9 },
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
  InitProducerId: { min: 0, max: 5 },
  OffsetForLeaderEpoch: { min: 0, max: 4 },
  SaslAuthenticate: { min: 0, max: 2 },
  DeleteGroups: { min: 0, max: 2 },
};

export function serves(api: ApiName, version: number): boolean {
  const served = servedVersions[api];
  if (served === undefined) return false;
  return version >= (served.servedFrom ?? served.min) && version <= served.max;
}
