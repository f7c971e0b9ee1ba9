import { describe } from 'vitest';
import { missingForKafka, startKafka } from '../support/apache-kafka.ts';
import { runAgainst } from './run.ts';
import { overTcp } from './wire.ts';

const missing = await missingForKafka('4.3.1');
if (missing !== undefined) process.stderr.write(`${missing}\n`);

describe.skipIf(missing !== undefined)('Apache Kafka 4.3.1', () => {
  runAgainst(
    '4',
    true,
    async () => {
      const kafka = await startKafka('4.3.1');
      return overTcp(kafka.address, () => kafka.stop());
    },
    300_000,
  );
});
