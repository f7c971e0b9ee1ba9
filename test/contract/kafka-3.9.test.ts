import { describe } from 'vitest';
import { missingForKafka } from '../support/apache-kafka.ts';
import { runOnKafka } from './real.ts';

const missing = await missingForKafka('3.9.1');
if (missing !== undefined) process.stderr.write(`${missing}\n`);

describe.skipIf(missing !== undefined)('Apache Kafka 3.9.1', () => {
  runOnKafka('3.9', '3.9.1');
});
