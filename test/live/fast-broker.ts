/**
 * Our own broker over TCP, its clock four times as fast as that of the clients: the session of a
 * killed member ends after 7.5 s instead of 30, and nothing else is different for them.
 */
import { createBroker, serveBroker, type BrokerOptions } from '#broker';

export interface FastBroker {
  readonly address: string;
  stop(): Promise<void>;
}

const factor = 4;

export async function startFastBroker(
  topics: Readonly<Record<string, number>> = {},
  options: BrokerOptions = {},
): Promise<FastBroker> {
  const start = Date.now();
  const troubles: unknown[] = [];
  const server = await serveBroker({
    port: 0,
    clock: {
      nowMs: () => start + (Date.now() - start) * factor,
      after(delayMs, run) {
        const timer = setTimeout(run, delayMs / factor);
        return () => clearTimeout(timer);
      },
    },
    onTrouble: (error) => troubles.push(error),
    broker: (address) => {
      const idSeed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
      const quick = { groupInitialRebalanceDelayMs: 0, idSeed };
      const broker = createBroker({ ...quick, ...options, ...address });
      for (const [name, partitions] of Object.entries(topics)) broker.createTopic(name, partitions);
      return broker;
    },
  });
  return {
    address: `${server.host}:${server.port}`,
    async stop() {
      await server.close();
      if (troubles.length > 0) throw troubles[0];
    },
  };
}
