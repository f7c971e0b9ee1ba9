import { describe } from 'vitest';
import { missingForKafka, startKafka } from '../support/apache-kafka.ts';
import { runAgainst } from './run.ts';
import { overTcp } from './wire.ts';

const missing = await missingForKafka('3.9.1');
if (missing !== undefined) process.stderr.write(`${missing}\n`);

describe.skipIf(missing !== undefined)('Apache Kafka 3.9.1', () => {
  runAgainst(
    '3.9',
    true,
    async () => {
      const kafka = await startKafka('3.9.1');
      return overTcp(kafka.address, () => kafka.stop());
    },
    300_000,
  );
});
