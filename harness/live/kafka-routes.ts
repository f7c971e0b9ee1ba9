/**
 * Which node of a Kafka to ask about what. Leaders and coordinators are looked up once and again
 * after an error; what a Kafka says while it is finding itself is asked again for a while.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure, stopwatch, type Milliseconds } from '#kernel';
import { errorName, type ApiName } from '#protocol';
import { addressOf, connectKafka, nameOf, type Address } from './kafka-connection.ts';
import type { Body, KafkaConnection } from './kafka-connection.ts';

export type Ask = (api: ApiName, body: object) => Promise<Body>;

export interface Routes {
  readonly any: Ask;
  readonly metadata: (topics: readonly string[]) => Promise<Body>;
  readonly leader: (topic: string, partition: number) => Ask;
  readonly coordinator: (group: string) => Ask;
  readonly everyNode: () => Promise<readonly Ask[]>;
  /** Until it throws no `Passing` any more, within patience. */
  readonly patiently: <Value>(work: () => Promise<Value>) => Promise<Value>;
  readonly close: () => void;
}

const patienceMs: Milliseconds = 30_000;
const againMs: Milliseconds = 100;

/** A topic or coordinator that is just moving, loading or not known everywhere yet. */
const passing: ReadonlySet<string> = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'NOT_CONTROLLER',
  'REQUEST_TIMED_OUT',
]);

/** Not wrong, only not yet. */
export class Passing extends Error {}

/** Throws unless the code is no error. */
export function demand(api: ApiName, code: number): void {
  if (code === 0) return;
  const name = errorName(code);
  if (passing.has(name)) throw new Passing(`${api} answered ${name}`);
  throw new Failure('TROUBLE', `Kafka answered ${api} with ${name}.`);
}

export async function createRoutes(broker: string): Promise<Routes> {
  const first = await connectKafka(addressOf(broker));
  const connections = new Map<string, Promise<KafkaConnection>>();
  const kept = new Map<string, Promise<KafkaConnection>>();

  const at = (node: Address): Promise<KafkaConnection> => {
    const { host, port } = node;
    return remembered(connections, nameOf(node), () => connectKafka({ host, port }));
  };
  const metadata = (names: readonly string[]): Promise<Body> => {
    const topics = names.map((name) => ({ name }));
    return first.ask('Metadata', { topics, allowAutoTopicCreation: false });
  };
  const leaderOf = async (topic: string, partition: number): Promise<KafkaConnection> => {
    const { brokers, topics } = await metadata([topic]);
    const found = topics[0]?.partitions.find((each: Body) => each.partitionIndex === partition);
    const node = brokers.find((each: Body) => each.nodeId === found?.leaderId);
    if (node === undefined) throw new Passing(`${topic}/${partition} has no leader`);
    return at(node);
  };
  const coordinatorOf = async (group: string): Promise<KafkaConnection> => {
    const node = await first.ask('FindCoordinator', { key: group, keyType: 0 });
    demand('FindCoordinator', node.errorCode);
    return at(node);
  };
  const through =
    (key: string, find: () => Promise<KafkaConnection>): Ask =>
    async (api, body) =>
      (await remembered(kept, key, find)).ask(api, body);

  return {
    any: (api, body) => first.ask(api, body),
    metadata,
    leader: (topic, partition) =>
      through(`${topic}/${partition}`, () => leaderOf(topic, partition)),
    coordinator: (group) => through(group, () => coordinatorOf(group)),
    async everyNode() {
      const { brokers } = await metadata([]);
      const nodes: Address[] = brokers;
      return nodes.map(
        (node): Ask =>
          async (api, body) =>
            (await at(node)).ask(api, body),
      );
    },
    patiently: (work) => patiently(work, () => kept.clear()),
    close() {
      first.close();
      for (const connection of connections.values()) {
        connection.then(
          (open) => open.close(),
          () => undefined,
        );
      }
    },
  };
}

function remembered<Value>(
  known: Map<string, Promise<Value>>,
  key: string,
  make: () => Promise<Value>,
): Promise<Value> {
  const old = known.get(key);
  if (old !== undefined) return old;
  const made = make();
  known.set(key, made);
  made.catch(() => known.delete(key));
  return made;
}

async function patiently<Value>(work: () => Promise<Value>, forget: () => void): Promise<Value> {
  const elapsed = stopwatch();
  for (;;) {
    try {
      // One try after the other: that is the point.
      return await work();
    } catch (error) {
      if (!(error instanceof Passing)) throw error;
      if (elapsed() > patienceMs) {
        const says = `Kafka did not get ready in ${patienceMs / 1_000} s: ${error.message}.`;
        throw new Failure('TROUBLE', says, { cause: error });
      }
      forget();
      await sleep(againMs);
    }
  }
}
