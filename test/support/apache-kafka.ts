/**
 * A real Apache Kafka on this machine, from the jars of Maven Central: one node, KRaft, free ports,
 * data in a folder that goes with it. The jars are fetched once into node_modules/.cache.
 *
 * Groups form at once, the internal topics have one partition each, timed-out transactions are
 * looked for every second and logs are not cleaned, so that a test is quick and sees what it
 * wrote; everything else is Kafka's default.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { createKafkaClient } from '#live';

/** One of each line that is kept, the newest that is known to behave as the contract says. */
export type KafkaVersion = '3.9.1' | '4.3.1';

export interface ApacheKafka {
  readonly address: string;
  stop(): Promise<void>;
}

const run = promisify(execFile);
/** A test broker lives for a minute: the quick compiler and the small collector are enough. */
const quickJava = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

const cacheOf = (version: KafkaVersion): string =>
  join(process.cwd(), 'node_modules/.cache/crashproof', `kafka-${version}`);

/** Why it cannot be started here, in a sentence; nothing = it can. */
export async function missingForKafka(version: KafkaVersion): Promise<string | undefined> {
  const skipped = `Apache Kafka ${version} is not tried here: it needs`;
  try {
    const { stderr } = await run('java', ['-version']);
    const java = Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0);
    const oldest = version.startsWith('4.') ? 17 : 11;
    if (java < oldest) return `${skipped} Java ${oldest}, and java in the path is ${java}.`;
    if (!existsSync(cacheOf(version))) await run('mvn', ['-version']);
    return undefined;
  } catch {
    return `${skipped} java and mvn in the path.`;
  }
}

/** Downloads the jars where they are not there yet. */
async function fetchKafka(version: KafkaVersion): Promise<void> {
  const cache = cacheOf(version);
  if (existsSync(cache)) return;
  mkdirSync(join(cache, '..'), { recursive: true });
  // Maven's own store does not like two at a time.
  await alone(join(cache, '..', 'maven.lock'), async () => {
    if (existsSync(cache)) return;
    const half = `${cache}.${process.pid}`;
    mkdirSync(half, { recursive: true });
    const dependencies = ['kafka_2.13', 'kafka-tools', 'kafka-clients'].map(
      (artifact) =>
        `<dependency><groupId>org.apache.kafka</groupId><artifactId>${artifact}</artifactId>` +
        `<version>${version}</version></dependency>`,
    );
    writeFileSync(
      join(half, 'pom.xml'),
      '<project><modelVersion>4.0.0</modelVersion><groupId>crashproof</groupId>' +
        '<artifactId>kafka</artifactId><version>1</version>' +
        `<dependencies>${dependencies.join('')}</dependencies></project>`,
    );
    const libraries = `-DoutputDirectory=${join(half, 'libs')}`;
    await run('mvn', ['-q', '-B', 'dependency:copy-dependencies', libraries], { cwd: half });
    renameSync(half, cache);
  });
}

/** One process at a time. The lock of one that died is taken over. */
async function alone(lock: string, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch {
      if (!holderLives(lock)) rmSync(lock, { force: true });
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  try {
    await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function holderLives(lock: string): boolean {
  try {
    const holder = Number(readFileSync(lock, 'utf8'));
    // Empty for an instant: taken, and the number not written yet.
    if (holder !== 0) process.kill(holder, 0);
    return true;
  } catch {
    return false;
  }
}

export async function startKafka(
  version: KafkaVersion,
  settings: Readonly<Record<string, string>> = {},
): Promise<ApacheKafka> {
  await fetchKafka(version);
  const folder = mkdtempSync(join(tmpdir(), 'crashproof-kafka-'));
  const [port, controllerPort] = await Promise.all([freePort(), freePort()]);
  const properties = join(folder, 'server.properties');
  writeFileSync(properties, propertiesOf(folder, port, controllerPort, settings));
  const libraries = join(cacheOf(version), 'libs');
  const jars = readdirSync(libraries).filter((name) => name.endsWith('.jar'));
  const classPath = jars.map((name) => join(libraries, name)).join(delimiter);
  const storage = ['kafka.tools.StorageTool', 'format', '--standalone', '-c', properties];
  const cluster = 'MkU3OEVBNTcwNTJENDM2Qk';
  await run('java', [...quickJava, '-cp', classPath, ...storage, '-t', cluster], { cwd: folder });
  const java = spawn(
    'java',
    [...quickJava, '-Xmx512m', '-cp', classPath, 'kafka.Kafka', properties],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const said: string[] = [];
  java.stdout.on('data', (bytes: Buffer) => said.push(bytes.toString()));
  java.stderr.on('data', (bytes: Buffer) => said.push(bytes.toString()));
  const address = `127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    await ended(java);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await answers(address, java, said);
  } catch (error) {
    await stop();
    throw error;
  }
  return { address, stop };
}

function propertiesOf(
  folder: string,
  port: number,
  controllerPort: number,
  settings: Readonly<Record<string, string>>,
): string {
  const listeners = `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`;
  const all = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.bootstrap.servers': `127.0.0.1:${controllerPort}`,
    listeners,
    'advertised.listeners': listeners,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(folder, 'data'),
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
    'group.initial.rebalance.delay.ms': '0',
    // A busy machine is no reason to be fenced by oneself.
    'broker.session.timeout.ms': '120000',
    // Nothing is deleted for its age in the life of a test.
    'log.initial.task.delay.ms': '3600000',
    ...settings,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

async function answers(address: string, java: ChildProcess, said: string[]): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    if (java.exitCode !== null || Date.now() > deadline) {
      throw new Error(`Apache Kafka did not start:\n${said.join('').slice(-2_000)}`);
    }
    try {
      const client = await createKafkaClient(address);
      client.close();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

function ended(java: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (java.exitCode !== null || java.signalCode !== null) return resolve();
    java.once('exit', () => resolve());
    java.kill('SIGKILL');
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
