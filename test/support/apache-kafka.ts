/**
 * A real Apache Kafka on this machine, from the jars of Maven Central: KRaft, one node or more, free ports,
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
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { createKafkaClient } from '#live';

/** One of each line that is kept, the newest that is known to behave as the contract says. */
export type KafkaVersion = '3.9.1' | '4.3.1';

export interface ApacheKafka {
  /** Of the first node. */
  readonly address: string;
  readonly addresses: readonly string[];
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

/** `nodes` = that many brokers, with ids from 1 on; the first is the controller too. */
export async function startKafka(
  version: KafkaVersion,
  settings: Readonly<Record<string, string>> = {},
  nodes = 1,
): Promise<ApacheKafka> {
  await fetchKafka(version);
  const folder = mkdtempSync(join(tmpdir(), 'crashproof-kafka-'));
  const [controllerPort, ...ports] = await freePorts(nodes + 1);
  const libraries = join(cacheOf(version), 'libs');
  const jars = readdirSync(libraries).filter((name) => name.endsWith('.jar'));
  const classPath = jars.map((name) => join(libraries, name)).join(delimiter);
  const started: Program[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map(({ java }) => ended(java)));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (const [index, port] of ports.entries()) {
      const place = { folder, id: index + 1, port, controllerPort: controllerPort! };
      started.push(await startNode(classPath, place, settings));
    }
    const addresses = ports.map((port) => `127.0.0.1:${port}`);
    for (const [index, address] of addresses.entries()) await answers(address, started[index]!);
    return { address: addresses[0]!, addresses, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Program {
  readonly java: ChildProcess;
  readonly said: readonly string[];
}

interface NodePlace {
  readonly folder: string;
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
}

async function startNode(
  classPath: string,
  place: NodePlace,
  settings: Readonly<Record<string, string>>,
): Promise<Program> {
  const cwd = place.folder;
  const properties = join(cwd, `server-${place.id}.properties`);
  writeFileSync(properties, propertiesOf(place, settings));
  const quorum = place.id === 1 ? ['--standalone'] : [];
  const storage = ['kafka.tools.StorageTool', 'format', ...quorum, '-c', properties];
  const cluster = 'MkU3OEVBNTcwNTJENDM2Qk';
  await run('java', [...quickJava, '-cp', classPath, ...storage, '-t', cluster], { cwd });
  const java = spawn(
    'java',
    [...quickJava, '-Xmx512m', '-cp', classPath, 'kafka.Kafka', properties],
    { cwd, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const said: string[] = [];
  java.stdout.on('data', (bytes: Buffer) => said.push(bytes.toString()));
  java.stderr.on('data', (bytes: Buffer) => said.push(bytes.toString()));
  return { java, said };
}

function propertiesOf(
  { folder, id, port, controllerPort }: NodePlace,
  settings: Readonly<Record<string, string>>,
): string {
  const plain = `PLAINTEXT://127.0.0.1:${port}`;
  const controller = id === 1 ? `,CONTROLLER://127.0.0.1:${controllerPort}` : '';
  const all = {
    'process.roles': id === 1 ? 'broker,controller' : 'broker',
    'node.id': String(id),
    'controller.quorum.bootstrap.servers': `127.0.0.1:${controllerPort}`,
    listeners: `${plain}${controller}`,
    'advertised.listeners': `${plain}${controller}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(folder, `data-${id}`),
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

async function answers(address: string, { java, said }: Program): Promise<void> {
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

/** All at once, so that none comes twice. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(servers.map(listening));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
}
