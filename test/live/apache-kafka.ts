/**
 * A real Apache Kafka on this machine, from the jars of Maven Central: one node, KRaft, free ports,
 * data in a folder that goes with it. The jars are fetched once into node_modules/.cache.
 *
 * Groups form at once and their topic has one partition, so that a test is quick; everything else
 * is Kafka's default.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { createKafkaClient } from '#live';

export interface ApacheKafka {
  readonly address: string;
  stop(): Promise<void>;
}

const version = '3.9.1';
const cache = join(process.cwd(), 'node_modules/.cache/crashproof', `kafka-${version}`);
const run = promisify(execFile);

/** Why it cannot be started here, in a sentence; nothing = it can. */
export async function missingForKafka(): Promise<string | undefined> {
  try {
    await run('java', ['-version']);
    if (!existsSync(cache)) await run('mvn', ['-version']);
    return undefined;
  } catch {
    return 'Apache Kafka is not tried here: it needs java and mvn in the path.';
  }
}

/** Downloads the jars where they are not there yet. */
export async function fetchKafka(): Promise<void> {
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
}

export async function startKafka(): Promise<ApacheKafka> {
  await fetchKafka();
  const folder = mkdtempSync(join(tmpdir(), 'crashproof-kafka-'));
  const [port, controllerPort] = [await freePort(), await freePort()];
  const properties = join(folder, 'server.properties');
  writeFileSync(properties, propertiesOf(folder, port, controllerPort));
  const jars = readdirSync(join(cache, 'libs')).filter((name) => name.endsWith('.jar'));
  const classPath = jars.map((name) => join(cache, 'libs', name)).join(delimiter);
  const storage = ['kafka.tools.StorageTool', 'format', '--standalone', '-c', properties];
  await run('java', ['-cp', classPath, ...storage, '-t', 'MkU3OEVBNTcwNTJENDM2Qk'], {
    cwd: folder,
  });
  const java = spawn('java', ['-Xmx512m', '-cp', classPath, 'kafka.Kafka', properties], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
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

function propertiesOf(folder: string, port: number, controllerPort: number): string {
  const listeners = `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`;
  return `process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:${controllerPort}
listeners=${listeners}
advertised.listeners=${listeners}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=${join(folder, 'data')}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
`;
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
