/**
 * A broker on a free port, for clients that we did not write. Groups form at once, so that tests
 * are quick.
 */
import { createBroker, serveBroker, type BrokerOptions } from '#broker';
import { realClock } from '../broker/real-clock.ts';

export interface GuestBroker {
  readonly address: string;
  /** Of every node. */
  readonly addresses: readonly string[];
  stop(): Promise<void>;
}

export async function startBroker({
  topics = {},
  nodeIds = [1],
  ...options
}: BrokerOptions & {
  readonly nodeIds?: readonly number[];
  readonly topics?: Readonly<Record<string, number>>;
} = {}): Promise<GuestBroker> {
  const troubles: unknown[] = [];
  const server = await serveBroker({
    port: 0,
    nodeIds,
    clock: realClock,
    onTrouble: (error) => troubles.push(error),
    broker: (address) => {
      const quick = { autoCreateTopics: true, groupInitialRebalanceDelayMs: 0 };
      const broker = createBroker({ ...quick, ...options, ...address });
      for (const [name, partitions] of Object.entries(topics)) broker.createTopic(name, partitions);
      return broker;
    },
  });
  return {
    address: `${server.host}:${server.port}`,
    addresses: server.nodes.map(({ host, port }) => `${host}:${port}`),
    async stop() {
      await server.close();
      if (troubles.length > 0) throw troubles[0];
    },
  };
}
