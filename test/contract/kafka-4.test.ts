import { describe } from 'vitest';
import { missingForKafka } from '../support/apache-kafka.ts';
import { runOnKafka } from './real.ts';

const missing = await missingForKafka('4.3.1');
if (missing !== undefined) process.stderr.write(`${missing}\n`);

describe.skipIf(missing !== undefined)('Apache Kafka 4.3.1', () => {
  runOnKafka('4', '4.3.1');
});
