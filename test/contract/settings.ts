/** The embedded broker with what the real ones are started with (test/support/apache-kafka.ts). */
import type { BrokerOptions } from '#broker';
import type { Line } from './area.ts';

export function embeddedAs(line: Line): BrokerOptions {
  return {
    autoCreateTopics: true,
    groupInitialRebalanceDelayMs: 0,
    transactionTimeoutCheckIntervalMs: 1_000,
    profile: line === '4' ? 'kafka-4' : 'kafka-3.9',
  };
}
