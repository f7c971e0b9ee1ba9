/**
 * The topic configurations of Kafka with their defaults, and what it says of a wrong one. Kafka 4
 * has three fewer, and is stricter with two (seen on 4.3.1).
 *
 * In force: cleanup.policy (null keys refused), max.message.bytes, segment.bytes
 * (RECORD_LIST_TOO_LARGE), message.timestamp.type, message.timestamp.before/after.max.ms. Known
 * and without effect: the rest. Refused although Kafka takes it: a compression.type other than
 * producer (we store batches as they come).
 */
import type { BrokerConfig } from './config.ts';
import type { Profile } from './transactions/transactions.ts';

export interface Definition {
  readonly type: 'LONG' | 'INT' | 'DOUBLE' | 'BOOLEAN' | 'LIST' | 'STRING';
  readonly default: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly oneOf?: readonly string[];
}

const longMax = '9223372036854775807';
const compression = ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'];

const int = (fallback: number, atLeast?: number, atMost?: number): Definition =>
  number('INT', String(fallback), atLeast, atMost);
const long = (fallback: string, atLeast?: number): Definition => number('LONG', fallback, atLeast);
const bool = (fallback: boolean): Definition => ({ type: 'BOOLEAN', default: String(fallback) });

function number(
  type: Definition['type'],
  fallback: string,
  atLeast?: number,
  atMost?: number,
): Definition {
  return {
    type,
    default: fallback,
    ...(atLeast === undefined ? {} : { atLeast }),
    ...(atMost === undefined ? {} : { atMost }),
  };
}

type Definitions = ReadonlyMap<string, Definition>;

/** Sorted by name, as CreateTopics tells them. */
const ofKafka39: Definitions = new Map<string, Definition>([
  ['cleanup.policy', { type: 'LIST', default: 'delete', oneOf: ['compact', 'delete'] }],
  ['compression.gzip.level', int(-1, -1, 9)],
  ['compression.lz4.level', int(9, 1, 17)],
  ['compression.type', { type: 'STRING', default: 'producer', oneOf: compression }],
  ['compression.zstd.level', int(3, -131072, 22)],
  ['delete.retention.ms', long('86400000', 0)],
  ['file.delete.delay.ms', long('60000', 0)],
  ['flush.messages', long(longMax, 1)],
  ['flush.ms', long(longMax, 0)],
  ['follower.replication.throttled.replicas', { type: 'LIST', default: '' }],
  ['index.interval.bytes', int(4096, 0)],
  ['leader.replication.throttled.replicas', { type: 'LIST', default: '' }],
  ['local.retention.bytes', long('-2', -2)],
  ['local.retention.ms', long('-2', -2)],
  ['max.compaction.lag.ms', long(longMax, 1)],
  ['max.message.bytes', int(1_048_588, 0)],
  ['message.downconversion.enable', bool(true)],
  ['message.format.version', { type: 'STRING', default: '3.0-IV1' }],
  ['message.timestamp.after.max.ms', long(longMax, 0)],
  ['message.timestamp.before.max.ms', long(longMax, 0)],
  ['message.timestamp.difference.max.ms', long(longMax, 0)],
  [
    'message.timestamp.type',
    { type: 'STRING', default: 'CreateTime', oneOf: ['CreateTime', 'LogAppendTime'] },
  ],
  ['min.cleanable.dirty.ratio', { type: 'DOUBLE', default: '0.5', atLeast: 0, atMost: 1 }],
  ['min.compaction.lag.ms', long('0', 0)],
  ['min.insync.replicas', int(1, 1)],
  ['preallocate', bool(false)],
  ['remote.log.copy.disable', bool(false)],
  ['remote.log.delete.on.disable', bool(false)],
  ['remote.storage.enable', bool(false)],
  ['retention.bytes', long('-1')],
  ['retention.ms', long('604800000', -1)],
  ['segment.bytes', int(1_073_741_824, 14)],
  ['segment.index.bytes', int(10_485_760, 4)],
  ['segment.jitter.ms', long('0', 0)],
  ['segment.ms', long('604800000', 1)],
  ['unclean.leader.election.enable', bool(false)],
]);

const goneInKafka4: ReadonlySet<string> = new Set([
  'message.downconversion.enable',
  'message.format.version',
  'message.timestamp.difference.max.ms',
]);

const otherInKafka4: Readonly<Record<string, Definition>> = {
  'message.timestamp.after.max.ms': long('3600000', 0),
  'segment.bytes': int(1_073_741_824, 1_048_576),
};

const ofKafka4: Definitions = new Map(
  [...ofKafka39]
    .filter(([name]) => !goneInKafka4.has(name))
    .map(([name, definition]) => [name, otherInKafka4[name] ?? definition]),
);

export function topicConfigs(profile: Profile): Definitions {
  return profile === 'kafka-4' ? ofKafka4 : ofKafka39;
}

/** What the append path asks for, read once. */
export interface TopicConfig {
  /** What was set for this topic; everything else is default. */
  readonly overrides: Readonly<Record<string, string>>;
  readonly compacted: boolean;
  /** By time or size, besides being compacted or not. */
  readonly alsoDeletes: boolean;
  readonly logAppendTime: boolean;
  readonly maxMessageBytes: number;
  readonly segmentBytes: number;
  readonly timestampBeforeMaxMs: number;
  readonly timestampAfterMaxMs: number;
}

export function topicConfig(
  { messageMaxBytes, profile }: BrokerConfig,
  overrides: Readonly<Record<string, string>>,
): TopicConfig {
  const known = topicConfigs(profile);
  const value = (name: string): string => overrides[name] ?? known.get(name)!.default;
  return {
    overrides,
    compacted: value('cleanup.policy').includes('compact'),
    alsoDeletes: value('cleanup.policy').includes('delete'),
    logAppendTime: value('message.timestamp.type') === 'LogAppendTime',
    maxMessageBytes: Number(overrides['max.message.bytes'] ?? messageMaxBytes),
    segmentBytes: Number(value('segment.bytes')),
    timestampBeforeMaxMs: Number(value('message.timestamp.before.max.ms')),
    timestampAfterMaxMs: Number(value('message.timestamp.after.max.ms')),
  };
}

/** Why Kafka refuses this setting, in its words; undefined when it is fine. */
export function configProblem(
  profile: Profile,
  name: string,
  value: string | null,
): string | undefined {
  const known = topicConfigs(profile).get(name);
  if (known === undefined) return `Unknown topic config name: ${name}`;
  if (value === null) return `Null value not supported for topic configs: ${name}`;
  const wrong = valueProblem(known, value.trim());
  if (wrong !== undefined) return `Invalid value ${value} for configuration ${name}: ${wrong}`;
  if (name === 'compression.type' && value !== 'producer') {
    return 'This broker keeps batches as they come: compression.type is served as producer only.';
  }
  return undefined;
}

function valueProblem(known: Definition, value: string): string | undefined {
  switch (known.type) {
    case 'BOOLEAN':
      return /^(true|false)$/i.test(value)
        ? undefined
        : 'Expected value to be either true or false';
    case 'INT':
    case 'LONG':
    case 'DOUBLE':
      return numberProblem(known, value);
    case 'LIST':
    case 'STRING': {
      const values = known.type === 'LIST' ? value.split(/\s*,\s*/).filter(Boolean) : [value];
      return known.oneOf === undefined || values.every((one) => known.oneOf!.includes(one))
        ? undefined
        : `String must be one of: ${known.oneOf.join(', ')}`;
    }
  }
}

function numberProblem(known: Definition, value: string): string | undefined {
  const shape = known.type === 'DOUBLE' ? /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i : /^[-+]?\d+$/;
  const fits = known.type === 'DOUBLE' || fitsBits(value, known.type === 'INT' ? 32 : 64);
  if (!shape.test(value) || !fits) return `Not a number of type ${known.type}`;
  if (known.atLeast !== undefined && Number(value) < known.atLeast) {
    return `Value must be at least ${known.atLeast}`;
  }
  if (known.atMost !== undefined && Number(value) > known.atMost) {
    return `Value must be no more than ${known.atMost}`;
  }
  return undefined;
}

function fitsBits(value: string, bits: number): boolean {
  if (!/^[-+]?\d+$/.test(value)) return false;
  const number = BigInt(value.replace('+', ''));
  return BigInt.asIntN(bits, number) === number;
}
