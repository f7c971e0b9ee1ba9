/** What a broker can be told. Kafka's defaults, except that topics are not created by asking. */
import { invariant } from '#kernel';
import type { Profile } from './transactions/transactions.ts';

export interface BrokerConfig {
  /** Of the cluster; at least one. The first is the controller that clients are told of. */
  readonly nodes: readonly BrokerNode[];
  readonly clusterId: string;
  /**
   * Metadata creates a topic that is asked for, the way KRaft does: error 3 now, there afterwards.
   */
  readonly autoCreateTopics: boolean;
  /** `delete.topic.enable`. */
  readonly deleteTopics: boolean;
  readonly defaultPartitions: number;
  readonly defaultReplicationFactor: number;
  readonly messageMaxBytes: number;
  readonly offsetMetadataMaxBytes: number;
  readonly groupInitialRebalanceDelayMs: number;
  readonly groupMinSessionTimeoutMs: number;
  readonly groupMaxSessionTimeoutMs: number;
  /** Members of a group. */
  readonly groupMaxSize: number;
  /** Which Kafka it answers as, where 3.9 and 4 differ (UNSUPPORTED.md says where it does). */
  readonly profile: Profile;
  /**
   * From EndTxn until the markers are in the logs; a step of its own also at 0. Nobody sets this in
   * a Kafka, where it depends on load: 4 is the median that was seen, 100 the most.
   */
  readonly markerDelayMs: number;
  /**
   * From the markers until the coordinator is ready for the next transaction. Late records are
   * refused with NOT_ENOUGH_REPLICAS meanwhile.
   */
  readonly completionDelayMs: number;
  readonly transactionMaxTimeoutMs: number;
  /** How often open transactions are looked at for their age. */
  readonly transactionTimeoutCheckIntervalMs: number;
  readonly transactionalIdExpirationMs: number;
  /** After its last record a partition forgets a producer, at the next look. */
  readonly producerIdExpirationMs: number;
  readonly producerIdExpirationCheckIntervalMs: number;
  /**
   * Kinder than any Kafka: committed readers are sent no records of aborted transactions. Whoever
   * then reads better has a client that cannot skip them.
   */
  readonly hidesAborted: boolean;
  /** A member without an id is first given one and must come back with it (JoinGroup v4+). */
  readonly memberIdRequired: boolean;
  /** Ids (members, topics) are drawn from this, so equal histories have equal ids. */
  readonly idSeed: number;
}

export interface BrokerNode {
  readonly nodeId: number;
  /** The address told to clients. */
  readonly host: string;
  readonly port: number;
}

export type BrokerOptions = Partial<BrokerConfig>;

const defaults: BrokerConfig = {
  nodes: [{ nodeId: 1, host: '127.0.0.1', port: 9092 }],
  clusterId: 'crashproof-cluster',
  autoCreateTopics: false,
  deleteTopics: true,
  defaultPartitions: 1,
  defaultReplicationFactor: 1,
  messageMaxBytes: 1_048_588,
  offsetMetadataMaxBytes: 4096,
  groupInitialRebalanceDelayMs: 3000,
  groupMinSessionTimeoutMs: 6000,
  groupMaxSessionTimeoutMs: 1_800_000,
  groupMaxSize: 0x7fffffff,
  profile: 'kafka-3.9',
  markerDelayMs: 4,
  completionDelayMs: 0,
  transactionMaxTimeoutMs: 900_000,
  transactionTimeoutCheckIntervalMs: 10_000,
  transactionalIdExpirationMs: 604_800_000,
  producerIdExpirationMs: 86_400_000,
  producerIdExpirationCheckIntervalMs: 600_000,
  hidesAborted: false,
  memberIdRequired: true,
  idSeed: 0,
};

export function brokerConfig(options: BrokerOptions): BrokerConfig {
  const config = { ...defaults, ...options };
  invariant(config.nodes.length > 0, 'a cluster has a node');
  return config;
}
