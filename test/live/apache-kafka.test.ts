import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkLive } from '#verify';
import { missingForKafka, startKafka, type ApacheKafka } from '../support/apache-kafka.ts';

const missing = await missingForKafka('3.9.1');
const root = process.cwd();
let kafka: ApacheKafka | undefined;

if (missing !== undefined) process.stderr.write(`${missing}\n`);

describe.skipIf(missing !== undefined)('on a real Apache Kafka', () => {
  beforeAll(async () => {
    kafka = await startKafka('3.9.1');
  }, 300_000);

  afterAll(() => kafka?.stop());

  const live = (chapter: string, folders: readonly string[], faults?: readonly string[]) =>
    checkLive({
      root,
      chapter,
      folders,
      broker: kafka?.address ?? '',
      remember: false,
      ...(faults === undefined ? { calm: true } : { faults }),
    });

  test('both solutions do everything once when nothing goes wrong', async () => {
    for (const name of ['00-first-crash', '01-producer-consumer']) {
      const report = await live(name, [`solutions/${name}`]);
      expect(report).toMatchObject({ verdict: 'holds', runs: 1 });
      expect(report.held).toContain('calm-exact');
    }
  });

  test('a transfer is booked once, its offset in the same transaction', async () => {
    const name = '19-transactions';
    for (const folders of [[], [`chapters/${name}/variants/one-instance`]]) {
      const report = await live(name, [`solutions/${name}`, ...folders]);
      expect(report).toMatchObject({ verdict: 'holds', runs: 1 });
      expect(report.held).toEqual(expect.arrayContaining(['pairing', 'no-loss', 'calm-exact']));
    }
  }, 90_000);

  test('committing first loses a greeting when the process is killed', async () => {
    const name = '01-producer-consumer';
    const fault = 'crash greeter-0 · sink.record (m2) · #1 · before apply';
    const folders = [`solutions/${name}`, `chapters/${name}/mutants/commit-first`];
    const report = await live(name, folders, [fault]);
    expect(report.findings).toMatchObject([{ property: 'no-loss', faults: [fault] }]);
  }, 90_000);
});
