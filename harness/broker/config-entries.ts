/**
 * Configurations as DescribeConfigs and CreateTopics tell them, with where each value comes from:
 * 1 = set for the topic, 4 = the broker was started with it, 5 = default. A topic's default is the
 * broker's setting of another name; DescribeConfigs calls that a synonym.
 *
 * Kafka 3.9 tells 314 settings of a broker. Told here are those that this one has or topics take
 * their defaults from; none can be changed while it runs.
 */
import type { BrokerConfig, BrokerNode } from './config.ts';
import { topicConfigs, type Definition } from './topic-config.ts';

export interface ConfigEntry {
  readonly name: string;
  readonly value: string;
  readonly readOnly: boolean;
  readonly configSource: number;
  readonly isSensitive: boolean;
  readonly synonyms: readonly Synonym[];
  readonly configType: number;
  /** Kafka tells a text where it is asked for. */
  readonly documentation: null;
}

interface Synonym {
  readonly name: string;
  readonly value: string;
  readonly source: number;
}

const topicSource = 1;
const staticSource = 4;
const defaultSource = 5;
const typeNumbers = { BOOLEAN: 1, STRING: 2, INT: 3, LONG: 5, DOUBLE: 6, LIST: 7 };

/** The broker's setting that a topic's value falls back to; Kafka names none for the others. */
const brokerNames: Readonly<Record<string, string>> = {
  'cleanup.policy': 'log.cleanup.policy',
  'compression.gzip.level': 'compression.gzip.level',
  'compression.lz4.level': 'compression.lz4.level',
  'compression.type': 'compression.type',
  'compression.zstd.level': 'compression.zstd.level',
  'delete.retention.ms': 'log.cleaner.delete.retention.ms',
  'file.delete.delay.ms': 'log.segment.delete.delay.ms',
  'flush.messages': 'log.flush.interval.messages',
  'index.interval.bytes': 'log.index.interval.bytes',
  'local.retention.bytes': 'log.local.retention.bytes',
  'local.retention.ms': 'log.local.retention.ms',
  'max.compaction.lag.ms': 'log.cleaner.max.compaction.lag.ms',
  'max.message.bytes': 'message.max.bytes',
  'message.downconversion.enable': 'log.message.downconversion.enable',
  'message.format.version': 'log.message.format.version',
  'message.timestamp.after.max.ms': 'log.message.timestamp.after.max.ms',
  'message.timestamp.before.max.ms': 'log.message.timestamp.before.max.ms',
  'message.timestamp.difference.max.ms': 'log.message.timestamp.difference.max.ms',
  'message.timestamp.type': 'log.message.timestamp.type',
  'min.cleanable.dirty.ratio': 'log.cleaner.min.cleanable.ratio',
  'min.compaction.lag.ms': 'log.cleaner.min.compaction.lag.ms',
  'min.insync.replicas': 'min.insync.replicas',
  preallocate: 'log.preallocate',
  'retention.bytes': 'log.retention.bytes',
  'segment.bytes': 'log.segment.bytes',
  'segment.index.bytes': 'log.index.size.max.bytes',
  'unclean.leader.election.enable': 'unclean.leader.election.enable',
};

/** Every configuration of a topic, sorted by name. */
export function topicEntries(
  config: BrokerConfig,
  overrides: Readonly<Record<string, string>>,
): readonly ConfigEntry[] {
  const ofBroker = new Map(brokerSettings(config).map((setting) => [setting.name, setting]));
  return [...topicConfigs(config.profile)].map(([name, { type, default: fallback }]) => {
    const inherited = ofBroker.get(brokerNames[name] ?? '');
    const synonyms = inherited === undefined ? [] : synonymsOf(inherited);
    const set = overrides[name];
    return entry(
      name,
      type,
      false,
      set === undefined ? synonyms : [{ name, value: set, source: topicSource }, ...synonyms],
      fallback,
    );
  });
}

/** What a node tells of its own settings, sorted by name. */
export function brokerEntries(config: BrokerConfig, node: BrokerNode): readonly ConfigEntry[] {
  const id = String(node.nodeId);
  const itself: readonly BrokerSetting[] = [
    { name: 'broker.id', type: 'INT', value: id, default: '-1' },
    { name: 'node.id', type: 'INT', value: id, default: '-1' },
  ];
  return [...itself, ...brokerSettings(config)]
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((setting) => entry(setting.name, setting.type, true, synonymsOf(setting), ''));
}

interface BrokerSetting {
  readonly name: string;
  readonly type: Definition['type'];
  readonly value: string;
  readonly default: string;
}

function brokerSettings(config: BrokerConfig): readonly BrokerSetting[] {
  const own: readonly (readonly [string, boolean | number, boolean | number])[] = [
    ['auto.create.topics.enable', config.autoCreateTopics, true],
    ['delete.topic.enable', config.deleteTopics, true],
    ['default.replication.factor', config.defaultReplicationFactor, 1],
    ['group.initial.rebalance.delay.ms', config.groupInitialRebalanceDelayMs, 3000],
    ['group.max.session.timeout.ms', config.groupMaxSessionTimeoutMs, 1_800_000],
    ['group.max.size', config.groupMaxSize, 0x7fffffff],
    ['group.min.session.timeout.ms', config.groupMinSessionTimeoutMs, 6000],
    ['message.max.bytes', config.messageMaxBytes, 1_048_588],
    ['num.partitions', config.defaultPartitions, 1],
    ['offset.metadata.max.bytes', config.offsetMetadataMaxBytes, 4096],
  ];
  const settings = own.map(([name, value, fallback]): BrokerSetting => {
    const type = typeof value === 'boolean' ? 'BOOLEAN' : 'INT';
    return { name, type, value: String(value), default: String(fallback) };
  });
  const known = new Set(settings.map(({ name }) => name));
  for (const [topicName, { type, default: fallback }] of topicConfigs(config.profile)) {
    const name = brokerNames[topicName];
    if (name === undefined || known.has(name)) continue;
    settings.push({ name, type, value: fallback, default: fallback });
  }
  return settings;
}

function synonymsOf({ name, value, default: fallback }: BrokerSetting): readonly Synonym[] {
  const byDefault = { name, value: fallback, source: defaultSource };
  return value === fallback ? [byDefault] : [{ name, value, source: staticSource }, byDefault];
}

/** The first of its synonyms is in force. */
function entry(
  name: string,
  type: Definition['type'],
  readOnly: boolean,
  synonyms: readonly Synonym[],
  fallback: string,
): ConfigEntry {
  return {
    name,
    value: synonyms[0]?.value ?? fallback,
    readOnly,
    configSource: synonyms[0]?.source ?? defaultSource,
    isSensitive: false,
    synonyms,
    configType: typeNumbers[type],
    documentation: null,
  };
}
