/** What a broker can be told. Kafka's defaults, except that topics are created by asking. */
export interface BrokerConfig {
  readonly nodeId: number;
  /** The address told to clients. */
  readonly host: string;
  readonly port: number;
  readonly clusterId: string;
  /**
   * Metadata creates a topic that is asked for, the way KRaft does: error 3 now, there afterwards.
   */
  readonly autoCreateTopics: boolean;
  readonly defaultPartitions: number;
  readonly messageMaxBytes: number;
  readonly offsetMetadataMaxBytes: number;
  readonly groupInitialRebalanceDelayMs: number;
  readonly groupMinSessionTimeoutMs: number;
  readonly groupMaxSessionTimeoutMs: number;
  /** A member without an id is first given one and must come back with it (JoinGroup v4+). */
  readonly memberIdRequired: boolean;
  /** Ids (members, topics) are drawn from this, so equal histories have equal ids. */
  readonly idSeed: number;
}

export type BrokerOptions = Partial<BrokerConfig>;

const defaults: BrokerConfig = {
  nodeId: 1,
  host: '127.0.0.1',
  port: 9092,
  clusterId: 'crashproof-cluster',
  autoCreateTopics: false,
  defaultPartitions: 1,
  messageMaxBytes: 1_048_588,
  offsetMetadataMaxBytes: 4096,
  groupInitialRebalanceDelayMs: 3000,
  groupMinSessionTimeoutMs: 6000,
  groupMaxSessionTimeoutMs: 1_800_000,
  memberIdRequired: true,
  idSeed: 0,
};

export function brokerConfig(options: BrokerOptions): BrokerConfig {
  return { ...defaults, ...options };
}
