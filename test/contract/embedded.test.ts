import { createBroker, serveBroker, type BrokerOptions } from '#broker';
import { describe } from 'vitest';
import { realClock } from '../broker/real-clock.ts';
import { runAgainst, runInProcess } from './run.ts';
import { overTcp, type Running } from './wire.ts';

/** As the real ones are started (test/support/apache-kafka.ts). */
const settings: BrokerOptions = {
  autoCreateTopics: true,
  groupInitialRebalanceDelayMs: 0,
  transactionTimeoutCheckIntervalMs: 1_000,
};

async function serve(options: BrokerOptions): Promise<Running> {
  const troubles: unknown[] = [];
  const server = await serveBroker({
    port: 0,
    clock: realClock,
    onTrouble: (error) => troubles.push(error),
    broker: (address) => createBroker({ ...options, ...address }),
  });
  return overTcp(`${server.host}:${server.port}`, async () => {
    await server.close();
    if (troubles.length > 0) throw troubles[0];
  });
}

describe.each([
  ['3.9', 'kafka-3.9'],
  ['4', 'kafka-4'],
] as const)('as Kafka %s', (line, profile) => {
  const options = { ...settings, profile };

  describe('in process', () => {
    runInProcess(line, options);
  });

  describe('over TCP', () => {
    runAgainst(line, false, () => serve(options), 10_000);
  });
});
