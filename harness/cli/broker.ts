/**
 * `npm run broker`: the embedded broker as a program of its own.
 *
 *   npm run broker -- [--port 9092] [--host 127.0.0.1] [--topic name:partitions]…
 *                     [--profile kafka-3.9|kafka-4] [--quiet]
 *
 * Topics that clients ask for are created, as a Kafka with default settings does. Everything is in
 * memory and ends with the program. The profile says which Kafka it answers as, where the two
 * differ (harness/broker/UNSUPPORTED.md). Exit codes: 0 ended by a signal, 2 wrong usage or a busy
 * port, 5 trouble.
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

function start({ port, host, topics, profile }: Wanted): Promise<BrokerServer> {
  return serveBroker({
    port,
    host,
    clock,
    onTrouble: (error) => console.error('The broker stumbled over a request:', error),
    broker: (address) => {
      const idSeed = crypto.getRandomValues(new Uint32Array(1))[0]!;
      const broker = createBroker({ ...address, profile, autoCreateTopics: true, idSeed });
      for (const { name, partitions } of topics) broker.createTopic(name, partitions);
      return broker;
    },
  });
}

function greeting({ topics, profile }: Wanted, { host, port }: BrokerServer): string {
  const named = topics.map(({ name, partitions }) => `${name}:${partitions}`).join(' ');
  const also = named === '' ? '' : `, topics ${named}`;
  const as = profile === 'kafka-3.9' ? '' : `, as ${profile}`;
  return `Broker ready on ${host}:${port}${as}${also}. Ctrl+C ends it.`;
}

function readArguments(args: string[]): Wanted {
  try {
    const { values } = parseArgs({
      args,
      options: {
        port: { type: 'string', default: '9092' },
        host: { type: 'string', default: '127.0.0.1' },
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
    return { port, host, quiet, profile, topics: values.topic.map(readTopic) };
  } catch (error) {
    if (error instanceof Failure) throw error;
    const said = error instanceof Error ? error.message : String(error);
    throw new Failure('USAGE', `${said}\nUsage: npm run broker -- [--port 9092] [--topic name:3]`);
  }
}

function readTopic(text: string): { name: string; partitions: number } {
  const [, name, count = '1'] = /^([a-zA-Z0-9._-]{1,249})(?::([1-9]\d{0,3}))?$/.exec(text) ?? [];
  if (name === undefined || name === '.' || name === '..') {
    throw new Failure('USAGE', `--topic wants name:partitions, not "${text}".`);
  }
  return { name, partitions: Number(count) };
}
