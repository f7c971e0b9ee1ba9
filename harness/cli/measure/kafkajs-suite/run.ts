/**
 * Runs kafkajs's own tests, as its authors wrote them, against three brokers. The folder is a
 * checkout of kafkajs at tag v2.2.4 with its packages installed; it is read, never changed. Its
 * helpers name fixed ports and call docker: a copy of that one file that does neither takes their
 * place for the run.
 *
 * TLS and SASL listeners are not there, so tests that need them fail, as in the baseline.
 */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Failure } from '#kernel';

export interface SuiteTest {
  readonly file: string;
  /** Of tests with the same name in one file, the second is called `… #2`. */
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  /** The first lines of what went wrong, in one. */
  readonly why?: string;
}

export const folders = ['broker', 'admin', 'producer', 'consumer', 'cluster', 'network'];
/** Whose tests the baseline counts. */
export const version = '2.2.4';
const limitMs = 40 * 60_000;
/** What the suite's own set-up creates before it runs. */
const neededTopic = 'test-topic-already-exists';

/** `brokers` are `host:port`, of nodes 0, 1 and 2. */
export async function runSuite(
  checkout: string,
  brokers: readonly string[],
): Promise<readonly SuiteTest[]> {
  const source = existsSync(checkout) ? realpathSync(checkout) : checkout;
  checkSource(source);
  const scratch = mkdtempSync(join(tmpdir(), 'crashproof-kafkajs-'));
  try {
    await createNeededTopic(source, brokers);
    const results = join(scratch, 'results.json');
    await runJest(source, configIn(scratch, source, brokers), results);
    return testsIn(source, results);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function checkSource(source: string): void {
  const missing = ['package.json', 'testHelpers/index.js', 'node_modules/jest/bin/jest.js'].find(
    (path) => !existsSync(join(source, path)),
  );
  const advice =
    `Take tag v${version} of its repository (the npm package has no tests) ` +
    'and run npm install in it.';
  if (missing !== undefined) {
    const text = `${source} is no checkout of kafkajs with its packages installed`;
    throw new Failure('USAGE', `${text}: ${missing} is not there. ${advice}`);
  }
  const manifest = readFileSync(join(source, 'package.json'), 'utf8');
  const { version: found } = JSON.parse(manifest) as { readonly version?: string };
  if (found === version) return;
  throw new Failure('USAGE', `${source} has kafkajs ${String(found)}. ${advice}`);
}

function configIn(scratch: string, source: string, brokers: readonly string[]): string {
  const helpers = join(scratch, 'test-helpers.js');
  const original = readFileSync(join(source, 'testHelpers/index.js'), 'utf8');
  writeFileSync(helpers, pointedAt(brokers, source, original));
  const file = join(scratch, 'jest.json');
  const config = {
    rootDir: source,
    roots: [join(source, 'src')],
    testEnvironment: 'node',
    testRunner: 'jest-circus/runner',
    moduleNameMapper: { '(^|/)testHelpers$': helpers },
    modulePaths: [join(source, 'node_modules')],
    setupFilesAfterEnv: [join(source, 'testHelpers/setup.js')],
    testPathIgnorePatterns: ['/node_modules/'],
    testRegex: `/src/(${folders.join('|')})/(.*[./])?spec\\.js$`,
    cacheDirectory: join(scratch, 'cache'),
    reporters: ['default'],
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** The helpers with our addresses, absolute paths, and the admin API in place of docker. */
export function pointedAt(brokers: readonly string[], source: string, helpers: string): string {
  const [first = ''] = brokers;
  const host = first.slice(0, first.lastIndexOf(':'));
  const port = first.slice(first.lastIndexOf(':') + 1);
  const addPartitions =
    "{ const kafka = new Kafka({ clientId: 'addPartitions', brokers: plainTextBrokers() }); " +
    'const admin = kafka.admin(); await admin.connect(); ' +
    'await admin.createPartitions({ topicPartitions: [{ topic, count: partitions }] }); ' +
    'await admin.disconnect() }';
  return helpers
    .replaceAll("require('../", `require('${source.replaceAll(sep, '/')}/`)
    .replace("getHost = () => 'localhost'", `getHost = () => '${host}'`)
    .replace(/plainTextBrokers = .*/, `plainTextBrokers = () => ${JSON.stringify(brokers)}`)
    .replaceAll(/\b9092\b/g, port)
    .replaceAll(/\b90(93|94|96|97|99)\b|\b9100\b/g, '1')
    .replace('execa.commandSync(cmd, { shell: true })', `void cmd; ${addPartitions}`);
}

async function createNeededTopic(source: string, brokers: readonly string[]): Promise<void> {
  const { Kafka, logLevel } = createRequire(join(source, 'package.json'))('./index.js');
  const admin = new Kafka({ clientId: 'suite', brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const topic = { topic: neededTopic, numPartitions: 2, replicationFactor: 1 };
  await admin.createTopics({ waitForLeaders: true, topics: [topic] });
  await admin.disconnect();
}

function runJest(source: string, config: string, results: string): Promise<void> {
  const jest = join(source, 'node_modules/jest/bin/jest.js');
  // One after the other, as for the baseline: side by side they take half the time, and one test
  // that counts on quick answers failed once in that way.
  const options = ['--runInBand', '--forceExit', '--ci', '--json', '--outputFile', results];
  const child = spawn(process.execPath, [jest, '-c', config, ...options], {
    cwd: source,
    stdio: 'ignore',
    env: {
      ...process.env,
      NODE_ENV: 'test',
      // What the suite knows of versions ends there; it leaves out tests of older brokers by it.
      KAFKA_VERSION: '2.4',
      KAFKAJS_DEBUG_PROTOCOL_BUFFERS: '1',
      KAFKAJS_NO_PARTITIONER_WARNING: '1',
      NODE_NO_WARNINGS: '1',
    },
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('exit', () => {
      clearTimeout(limit);
      if (existsSync(results)) return done();
      const text = `kafkajs's tests left no result, or took more than ${limitMs / 60_000} minutes.`;
      fail(new Failure('TROUBLE', text));
    });
  });
}

interface JestResults {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

function testsIn(source: string, results: string): readonly SuiteTest[] {
  const { testResults } = JSON.parse(readFileSync(results, 'utf8')) as JestResults;
  return testResults.flatMap(({ name: path, message, assertionResults }) => {
    const file = relative(source, path).replaceAll(sep, '/');
    if (assertionResults.length === 0) {
      return [
        { file, name: '(the file itself)', status: 'failed' as const, why: summaryOf(message) },
      ];
    }
    const seen = new Map<string, number>();
    return assertionResults.map(({ fullName, status, failureMessages }): SuiteTest => {
      const nth = (seen.get(fullName) ?? 0) + 1;
      seen.set(fullName, nth);
      const name = nth === 1 ? fullName : `${fullName} #${nth}`;
      if (status === 'passed') return { file, name, status };
      if (status !== 'failed') return { file, name, status: 'skipped' };
      return { file, name, status, why: summaryOf(failureMessages[0] ?? '') };
    });
  });
}

/** Enough for what was expected and what came. */
function summaryOf(text: string): string {
  const lines = stripVTControlCharacters(text).split('\n');
  const said = lines.map((line) => line.trim()).filter((line) => line !== '');
  return said.slice(0, 6).join(' ').slice(0, 300);
}
