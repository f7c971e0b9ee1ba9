/**
 * Which versions of which API a Kafka offers on its client listener, as ApiVersions of a default
 * broker tells them: `from-to`, by key; `-` = not at all. And what of it the embedded broker does
 * not offer, with the reason.
 */
import type { Line } from './area.ts';

type Row = readonly [key: number, api: string, kafka39: string, kafka4: string];

const rows: readonly Row[] = [
  [0, 'Produce', '0-11', '0-13'],
  [1, 'Fetch', '0-17', '4-18'],
  [2, 'ListOffsets', '0-9', '1-11'],
  [3, 'Metadata', '0-12', '0-13'],
  [8, 'OffsetCommit', '0-9', '2-10'],
  [9, 'OffsetFetch', '0-9', '1-10'],
  [10, 'FindCoordinator', '0-6', '0-6'],
  [11, 'JoinGroup', '0-9', '0-9'],
  [12, 'Heartbeat', '0-4', '0-4'],
  [13, 'LeaveGroup', '0-5', '0-5'],
  [14, 'SyncGroup', '0-5', '0-5'],
  [15, 'DescribeGroups', '0-5', '0-6'],
  [16, 'ListGroups', '0-5', '0-5'],
  [17, 'SaslHandshake', '0-1', '0-1'],
  [18, 'ApiVersions', '0-4', '0-4'],
  [19, 'CreateTopics', '0-7', '2-7'],
  [20, 'DeleteTopics', '0-6', '1-6'],
  [21, 'DeleteRecords', '0-2', '0-2'],
  [22, 'InitProducerId', '0-5', '0-5'],
  [23, 'OffsetForLeaderEpoch', '0-4', '2-4'],
  [24, 'AddPartitionsToTxn', '0-5', '0-5'],
  [25, 'AddOffsetsToTxn', '0-4', '0-4'],
  [26, 'EndTxn', '0-4', '0-5'],
  [27, 'WriteTxnMarkers', '0-1', '1-2'],
  [28, 'TxnOffsetCommit', '0-4', '0-5'],
  [29, 'DescribeAcls', '0-3', '1-3'],
  [30, 'CreateAcls', '0-3', '1-3'],
  [31, 'DeleteAcls', '0-3', '1-3'],
  [32, 'DescribeConfigs', '0-4', '1-4'],
  [33, 'AlterConfigs', '0-2', '0-2'],
  [34, 'AlterReplicaLogDirs', '0-2', '1-2'],
  [35, 'DescribeLogDirs', '0-4', '1-5'],
  [36, 'SaslAuthenticate', '0-2', '0-2'],
  [37, 'CreatePartitions', '0-3', '0-3'],
  [38, 'CreateDelegationToken', '0-3', '1-3'],
  [39, 'RenewDelegationToken', '0-2', '1-2'],
  [40, 'ExpireDelegationToken', '0-2', '1-2'],
  [41, 'DescribeDelegationToken', '0-3', '1-3'],
  [42, 'DeleteGroups', '0-2', '0-2'],
  [43, 'ElectLeaders', '0-2', '0-2'],
  [44, 'IncrementalAlterConfigs', '0-1', '0-1'],
  [45, 'AlterPartitionReassignments', '0-0', '0-1'],
  [46, 'ListPartitionReassignments', '0-0', '0-0'],
  [47, 'OffsetDelete', '0-0', '0-0'],
  [48, 'DescribeClientQuotas', '0-1', '0-1'],
  [49, 'AlterClientQuotas', '0-1', '0-1'],
  [50, 'DescribeUserScramCredentials', '0-0', '0-0'],
  [51, 'AlterUserScramCredentials', '0-0', '0-0'],
  [55, 'DescribeQuorum', '0-2', '0-2'],
  [57, 'UpdateFeatures', '0-1', '0-2'],
  [60, 'DescribeCluster', '0-1', '0-2'],
  [61, 'DescribeProducers', '0-0', '0-0'],
  [64, 'UnregisterBroker', '0-0', '0-0'],
  [65, 'DescribeTransactions', '0-0', '0-0'],
  [66, 'ListTransactions', '0-1', '0-2'],
  [68, 'ConsumerGroupHeartbeat', '0-0', '0-1'],
  [69, 'ConsumerGroupDescribe', '0-0', '0-1'],
  [74, 'ListConfigResources', '0-0', '0-1'],
  [75, 'DescribeTopicPartitions', '0-0', '0-0'],
  [76, 'ShareGroupHeartbeat', '-', '1-1'],
  [77, 'ShareGroupDescribe', '-', '1-1'],
  [78, 'ShareFetch', '-', '1-2'],
  [79, 'ShareAcknowledge', '-', '1-2'],
  [80, 'AddRaftVoter', '0-0', '0-1'],
  [81, 'RemoveRaftVoter', '0-0', '0-0'],
  [83, 'InitializeShareGroupState', '-', '0-0'],
  [84, 'ReadShareGroupState', '-', '0-0'],
  [85, 'WriteShareGroupState', '-', '0-1'],
  [86, 'DeleteShareGroupState', '-', '0-0'],
  [87, 'ReadShareGroupStateSummary', '-', '0-1'],
  [88, 'StreamsGroupHeartbeat', '-', '0-0'],
  [89, 'StreamsGroupDescribe', '-', '0-0'],
  [90, 'DescribeShareGroupOffsets', '-', '0-1'],
  [91, 'AlterShareGroupOffsets', '-', '0-0'],
  [92, 'DeleteShareGroupOffsets', '-', '0-0'],
];

export interface Offered {
  readonly key: number;
  readonly api: string;
  readonly min: number;
  readonly max: number;
}

export function offeredBy(line: Line): readonly Offered[] {
  return rows.flatMap(([key, api, kafka39, kafka4]) => {
    const range = /^(\d+)-(\d+)$/.exec(line === '4' ? kafka4 : kafka39);
    return range === null ? [] : [{ key, api, min: Number(range[1]), max: Number(range[2]) }];
  });
}

const apisNotOffered = {
  'one place for all logs': ['AlterReplicaLogDirs'],
  'nobody is asked who he is': [
    'CreateDelegationToken',
    'RenewDelegationToken',
    'ExpireDelegationToken',
    'DescribeDelegationToken',
    'DescribeUserScramCredentials',
    'AlterUserScramCredentials',
  ],
  'no quotas': ['DescribeClientQuotas', 'AlterClientQuotas'],
  'no quorum, no other features': [
    'DescribeQuorum',
    'UpdateFeatures',
    'UnregisterBroker',
    'AddRaftVoter',
    'RemoveRaftVoter',
  ],
  'groups of KIP-848 are not served': ['ConsumerGroupHeartbeat', 'ConsumerGroupDescribe'],
  'no metrics of clients': ['ListConfigResources'],
  'nobody has needed it: Metadata tells the same': ['DescribeTopicPartitions'],
} as const;

const apisOfKafka4NotOffered = {
  'no share groups': [
    'ShareGroupHeartbeat',
    'ShareGroupDescribe',
    'ShareFetch',
    'ShareAcknowledge',
    'InitializeShareGroupState',
    'ReadShareGroupState',
    'WriteShareGroupState',
    'DeleteShareGroupState',
    'ReadShareGroupStateSummary',
    'DescribeShareGroupOffsets',
    'AlterShareGroupOffsets',
    'DeleteShareGroupOffsets',
  ],
  'no streams groups': ['StreamsGroupHeartbeat', 'StreamsGroupDescribe'],
} as const;

/** Versions that came with 4.x, besides those that transactions need. */
const versionsOfKafka4NotOffered = [
  'Produce 13-13',
  'Fetch 18-18',
  'ListOffsets 10-11',
  'Metadata 13-13',
  'OffsetCommit 10-10',
  'OffsetFetch 10-10',
  'DescribeGroups 6-6',
  'WriteTxnMarkers 2-2',
  'DescribeLogDirs 5-5',
  'AlterPartitionReassignments 1-1',
  'DescribeCluster 2-2',
  'ListTransactions 2-2',
];

/** By line of Kafka, what the embedded broker does not offer of it: `API` or `API from-to`. */
export const notOffered: Readonly<Record<Line, readonly string[]>> = {
  '3.9': ['Fetch 0-3', ...Object.values(apisNotOffered).flat()],
  '4': [
    ...versionsOfKafka4NotOffered,
    ...Object.values(apisNotOffered).flat(),
    ...Object.values(apisOfKafka4NotOffered).flat(),
  ],
};
