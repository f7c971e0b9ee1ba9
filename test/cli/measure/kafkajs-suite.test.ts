/** How a run of kafkajs's own tests is held against runs on Apache Kafka. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { baselineOf, compare } from '../../../harness/cli/measure/kafkajs-suite/compare.ts';
import {
  pointedAt,
  runSuite,
  type SuiteTest,
} from '../../../harness/cli/measure/kafkajs-suite/run.ts';
import { kafkajsSuite } from '../../../harness/cli/measure/kafkajs-suite/proof.ts';

const file = 'src/admin/a.spec.js';
const versions = { kafkajs: '2.2.4', kafka: '3.9.1' };

function run(statuses: Record<string, SuiteTest['status']>): readonly SuiteTest[] {
  return Object.entries(statuses).map(([name, status]) => ({ file, name, status }));
}

const baseline = baselineOf(
  [
    run({ good: 'passed', bad: 'failed', wavering: 'passed', old: 'skipped' }),
    run({ good: 'passed', bad: 'failed', wavering: 'failed', old: 'skipped' }),
  ],
  versions,
);

test('the baseline tells what fails always, now and then, and never ran', () => {
  expect(baseline).toEqual({
    ...versions,
    runs: 2,
    files: { [file]: 4 },
    fails: { [file]: ['bad'] },
    flaky: { [file]: ['wavering'] },
    skipped: { [file]: ['old'] },
  });
});

describe('a run', () => {
  test('is as good as Kafka when what always passed there passes', () => {
    const here = run({ good: 'passed', bad: 'failed', wavering: 'failed', old: 'skipped' });
    expect(compare(here, baseline)).toEqual({
      required: 1,
      passed: 1,
      worse: [],
      missing: [],
      better: 0,
    });
  });

  test('is worse when a test fails that always passed, or is skipped', () => {
    for (const status of ['failed', 'skipped'] as const) {
      const here = run({ good: status, bad: 'passed', wavering: 'passed', old: 'skipped' });
      expect(compare(here, baseline)).toMatchObject({
        passed: 0,
        better: 2,
        worse: [{ name: 'good', status }],
      });
    }
  });

  test('that lost tests on the way says of which file', () => {
    expect(compare(run({ good: 'passed' }), baseline).missing).toEqual([file]);
  });
});

test('the helpers of the suite are pointed at our brokers, and call no docker', () => {
  const helpers = [
    "const Cluster = require('../src/cluster')",
    "const getHost = () => 'localhost'",
    'const plainTextBrokers = (host = getHost()) => [`${host}:9092`, `${host}:9095`]',
    'const kafka = new Kafka({ brokers: [`${getHost()}:9092`] })',
    'const ssl = { port: 9093 }',
    '  execa.commandSync(cmd, { shell: true })',
  ].join('\n');
  const rewritten = pointedAt(['127.0.0.1:4001', '127.0.0.1:4002'], '/source', helpers);
  expect(rewritten).toContain("require('/source/src/cluster')");
  expect(rewritten).toContain('plainTextBrokers = () => ["127.0.0.1:4001","127.0.0.1:4002"]');
  expect(rewritten).toContain('`${getHost()}:4001`');
  expect(rewritten).toContain('admin.createPartitions');
  expect(rewritten).not.toMatch(/localhost|909\d|execa/);
});

test('without the source the section is skipped, in a line that says what it needs', async () => {
  const skipped = await kafkajsSuite({ kafkajs: undefined, kafka: undefined, say: () => {} });
  expect(skipped).toMatchObject({ skipped: true, figures: { skipped: true } });
  expect(skipped.says).toContain('--kafkajs folder');
});

test('a folder that is no checkout is refused with what to do', async () => {
  await expect(runSuite('/nowhere', ['127.0.0.1:1'])).rejects.toThrow(
    '/nowhere is no checkout of kafkajs with its packages installed',
  );
});

test('the tests of another version are refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafkajs-of-another-version-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const path of ['testHelpers/index.js', 'node_modules/jest/bin/jest.js', 'package.json']) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), JSON.stringify({ version: '2.2.3' }));
  }
  await expect(runSuite(folder, ['127.0.0.1:1'])).rejects.toThrow(
    /has kafkajs 2\.2\.3\. Take tag v2\.2\.4/,
  );
});
