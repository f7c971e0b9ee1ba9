/**
 * `npm run broker`: the embedded broker as a program of its own.
 *
 *   npm run broker -- [--port 9092] [--host 127.0.0.1] [--nodes 3] [--topic name:partitions]…
 *                     [--profile kafka-3.9|kafka-4] [--quiet]
 *
 * Topics that clients ask for are created, as a Kafka with default settings does. `--nodes` is a
 * cluster in this one process: nodes 1, 2, … on the ports from `--port` on, every partition on as
 * many of them as there are, up to 3. Everything is in memory and ends with the program. The
 * profile says which Kafka it answers as, where the two differ (harness/broker/UNSUPPORTED.md).
 *
 * Exit codes: 0 ended by a signal, 2 wrong usage or a busy port, 5 trouble.
 */
import { parseArgs } from 'node:util';
import {
  createBroker,
  serveBroker,
  type BrokerServer,
  type Profile,
  type ServerClock,
} from '#broker';
import { Failure } from '#kernel';
import { exitCodes } from './failures.ts';

interface Wanted {
  readonly port: number;
  readonly host: string;
  readonly nodeIds: readonly number[];
  readonly topics: readonly { readonly name: string; readonly partitions: number }[];
  readonly profile: Profile;
  readonly quiet: boolean;
}

const profiles: readonly Profile[] = ['kafka-3.9', 'kafka-4'];

const clock: ServerClock = {
  nowMs: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(delayMs, 0x7fffffff));
    return () => clearTimeout(timer);
  },
};

try {
  const wanted = readArguments(process.argv.slice(2));
  const server = await start(wanted);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(0));
  if (!wanted.quiet) console.log(greeting(wanted, server));
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(error.message);
  process.exitCode = exitCodes[error.code];
}

function start({ port, host, nodeIds, topics, profile }: Wanted): Promise<BrokerServer> {
  return serveBroker({
    port,
    host,
    nodeIds,
    clock,
    onTrouble: (error) => console.error('The broker stumbled over a request:', error),
    broker: ({ nodes }) => {
      const idSeed = crypto.getRandomValues(new Uint32Array(1))[0]!;
      const defaultReplicationFactor = Math.min(3, nodes.length);
      const options = { nodes, profile, defaultReplicationFactor, idSeed };
      const broker = createBroker({ ...options, autoCreateTopics: true });
      for (const { name, partitions } of topics) broker.createTopic(name, partitions);
      return broker;
    },
  });
}

function greeting({ topics, profile }: Wanted, { nodes }: BrokerServer): string {
  const named = topics.map(({ name, partitions }) => `${name}:${partitions}`).join(' ');
  const also = named === '' ? '' : `, topics ${named}`;
  const as = profile === 'kafka-3.9' ? '' : `, as ${profile}`;
  const where = nodes.map(({ host, port }) => `${host}:${port}`).join(', ');
  const [what, them] = nodes.length === 1 ? ['Broker', 'it'] : [`${nodes.length} nodes`, 'them'];
  return `${what} ready on ${where}${as}${also}. Ctrl+C ends ${them}.`;
}

function readArguments(args: string[]): Wanted {
  try {
    const { values } = parseArgs({
      args,
      options: {
        port: { type: 'string', default: '9092' },
        host: { type: 'string', default: '127.0.0.1' },
        nodes: { type: 'string', default: '1' },
        topic: { type: 'string', multiple: true, default: [] },
        profile: { type: 'string', default: 'kafka-3.9' },
        quiet: { type: 'boolean', default: false },
      },
    });
    const { host, quiet } = values;
    const port = Number(values.port);
    if (!/^\d+$/.test(values.port) || port > 65_535) {
      throw new Failure('USAGE', `--port wants a number up to 65535, not "${values.port}".`);
    }
    const profile = profiles.find((name) => name === values.profile);
    if (profile === undefined) {
      const known = profiles.join(' or ');
      throw new Failure('USAGE', `--profile wants ${known}, not "${values.profile}".`);
    }
    const nodeIds = readNodes(values.nodes, port);
    return { port, host, quiet, nodeIds, profile, topics: values.topic.map(readTopic) };
  } catch (error) {
    if (error instanceof Failure) throw error;
    const said = error instanceof Error ? error.message : String(error);
    throw new Failure('USAGE', `${said}\nUsage: npm run broker -- [--port 9092] [--topic name:3]`);
  }
}

function readNodes(text: string, port: number): readonly number[] {
  if (!/^[1-9]$/.test(text)) {
    throw new Failure('USAGE', `--nodes wants a number from 1 to 9, not "${text}".`);
  }
  const count = Number(text);
  if (port + count - 1 > 65_535) {
    throw new Failure('USAGE', `--port ${port} leaves no room for ${count} nodes.`);
  }
  return Array.from({ length: count }, (_, index) => index + 1);
}

function readTopic(text: string): { name: string; partitions: number } {
  const [, name, count = '1'] = /^([a-zA-Z0-9._-]{1,249})(?::([1-9]\d{0,3}))?$/.exec(text) ?? [];
  if (name === undefined || name === '.' || name === '..') {
    throw new Failure('USAGE', `--topic wants name:partitions, not "${text}".`);
  }
  return { name, partitions: Number(count) };
}
