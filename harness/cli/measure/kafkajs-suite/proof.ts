/**
 * kafkajs's own tests against this broker: three nodes, plain text, nobody asked who he is; the
 * same as the Apache Kafka that the baseline was taken on. It is the broker of `npm run broker --
 * --nodes 3` but for what the tests count on: ids from 0, two partitions a topic, slower answers.
 * With `kafka` (the addresses of three such nodes with ids 0, 1, 2) the baseline is taken anew, in
 * three runs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createBroker, serveBroker } from '#broker';
import { baselineOf, compare, type Baseline } from './compare.ts';
import { runSuite, version, type SuiteTest } from './run.ts';
import type { Proven } from '../proofs.ts';

const baselineFile = new URL('baseline.json', import.meta.url);
const baselineRuns = 3;
/** What the baseline is for; no Kafka tells more than its line. */
const baselineKafka = '3.9.1';
/**
 * Tests of timeouts count on a broker that takes more than 1 ms for anything: at 2 an answer comes
 * with the look at the clock that should find it late, and now and then before it.
 */
const latencyMs = 5;

export interface SuiteWanted {
  /** A checkout of kafkajs v2.2.4 with its packages installed. */
  readonly kafkajs: string | undefined;
  readonly kafka: string | undefined;
  readonly say: (line: string) => void;
}

export async function kafkajsSuite({ kafkajs, kafka, say }: SuiteWanted): Promise<Proven> {
  if (kafkajs === undefined) {
    const says =
      'skipped: it needs a checkout of kafkajs v2.2.4 with its packages installed ' +
      '(--kafkajs folder)';
    return { held: true, skipped: true, says, figures: { skipped: true } };
  }
  if (kafka !== undefined) return takeBaseline(kafkajs, kafka.split(','), say);
  const baseline = JSON.parse(readFileSync(baselineFile, 'utf8')) as Baseline;
  const tests = await againstOurs(kafkajs, say);
  const { required, passed, worse, missing, better } = compare(tests, baseline);
  for (const { file, name, status, why } of worse) {
    say(`  ✗ ${file} › ${name}: ${status}${why === undefined ? '' : `, ${why}`}`);
  }
  for (const file of missing) say(`  ✗ ${file}: not all of its tests ran`);
  return {
    held: worse.length === 0 && missing.length === 0,
    says:
      `${passed} of the ${required} tests that passed ${baseline.runs} times on Apache Kafka ` +
      `${baseline.kafka} pass here`,
    figures: {
      kafkajs: baseline.kafkajs,
      kafka: baseline.kafka,
      tests: tests.length,
      required,
      passed,
      betterThanKafka: better,
      worse: worse.map(({ file, name }) => `${file} › ${name}`),
    },
  };
}

async function againstOurs(
  kafkajs: string,
  say: (line: string) => void,
): Promise<readonly SuiteTest[]> {
  const server = await serveBroker({
    port: 0,
    // Two tests compare the address that they are told with this name.
    host: 'localhost',
    nodeIds: [0, 1, 2],
    latencyMs,
    clock: {
      nowMs: () => Date.now(),
      after(delayMs, run) {
        const timer = setTimeout(run, Math.min(delayMs, 0x7fffffff));
        return () => clearTimeout(timer);
      },
    },
    onTrouble: (error) => say(`  ✗ the broker stumbled over a request: ${String(error)}`),
    broker: ({ nodes }) =>
      createBroker({
        nodes,
        autoCreateTopics: true,
        defaultPartitions: 2,
        defaultReplicationFactor: 2,
        groupInitialRebalanceDelayMs: 0,
      }),
  });
  try {
    return await runSuite(
      kafkajs,
      server.nodes.map(({ host, port }) => `${host}:${port}`),
    );
  } finally {
    await server.close();
  }
}

async function takeBaseline(
  kafkajs: string,
  brokers: readonly string[],
  say: (line: string) => void,
): Promise<Proven> {
  const runs: (readonly SuiteTest[])[] = [];
  for (let run = 1; run <= baselineRuns; run++) {
    runs.push(await runSuite(kafkajs, brokers));
    const failed = runs.at(-1)!.filter(({ status }) => status === 'failed').length;
    say(`  run ${run}: ${failed} of ${runs.at(-1)!.length} failed`);
  }
  const baseline = baselineOf(runs, { kafkajs: version, kafka: baselineKafka });
  writeFileSync(baselineFile, `${JSON.stringify(baseline, null, 2)}\n`);
  return { held: true, says: 'the baseline was taken anew', figures: { runs: runs.length } };
}
