/**
 * What brokers are told before they start. Each of these is one start of a real Kafka for each
 * version, so that cases share them; the embedded broker is told the same, as far as it listens.
 */
import type { BrokerOptions } from '#broker';
import type { Line } from './area.ts';

export interface Settings {
  readonly name: string;
  /** Besides those in test/support/apache-kafka.ts. */
  readonly kafka: Readonly<Record<string, string>>;
  readonly embedded: BrokerOptions;
  /** Ids from 1 on. */
  readonly nodes: number;
}

export const usual: Settings = { name: 'usual', kafka: {}, embedded: {}, nodes: 1 };

/**
 * Forgets and cleans as soon as it may, forbids what can be forbidden, keeps groups small and late,
 * and has as many partitions for groups and transactions to start up with as Kafka has by default.
 */
export const strict: Settings = {
  name: 'strict and forgetful',
  nodes: 1,
  kafka: {
    'auto.create.topics.enable': 'false',
    'delete.topic.enable': 'false',
    'group.max.size': '2',
    'group.initial.rebalance.delay.ms': '3000',
    'offsets.topic.num.partitions': '50',
    'transaction.state.log.num.partitions': '50',
    'producer.id.expiration.ms': '4000',
    'producer.id.expiration.check.interval.ms': '500',
    'transactional.id.expiration.ms': '6000',
    'transaction.remove.expired.transaction.cleanup.interval.ms': '1000',
    'offsets.retention.minutes': '1',
    'offsets.retention.check.interval.ms': '2000',
    'log.cleaner.backoff.ms': '200',
    'log.retention.check.interval.ms': '500',
    'log.initial.task.delay.ms': '500',
  },
  embedded: {
    autoCreateTopics: false,
    deleteTopics: false,
    groupMaxSize: 2,
    groupInitialRebalanceDelayMs: 3_000,
    producerIdExpirationMs: 4_000,
    producerIdExpirationCheckIntervalMs: 500,
    transactionalIdExpirationMs: 6_000,
  },
};

export const threeNodes: Settings = { name: 'three nodes', kafka: {}, embedded: {}, nodes: 3 };

export const allSettings: readonly Settings[] = [usual, strict, threeNodes];

/** As the real ones are started (test/support/apache-kafka.ts). Ports matter over TCP only. */
export function embeddedAs(line: Line, { embedded, nodes }: Settings = usual): BrokerOptions {
  return {
    autoCreateTopics: true,
    groupInitialRebalanceDelayMs: 0,
    transactionTimeoutCheckIntervalMs: 1_000,
    profile: line === '4' ? 'kafka-4' : 'kafka-3.9',
    nodes: nodeIds(nodes).map((nodeId) => ({ nodeId, host: '127.0.0.1', port: 9091 + nodeId })),
    ...embedded,
  };
}

export function nodeIds(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}
