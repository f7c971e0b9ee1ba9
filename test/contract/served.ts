/** The embedded broker behind an address, on this machine's clock. */
import { createBroker, serveBroker, type BrokerOptions } from '#broker';
import { realClock } from '../broker/real-clock.ts';
import { nodeIds } from './settings.ts';
import { overTcp, type Running } from './wire.ts';

export async function serve(options: BrokerOptions, nodes = 1): Promise<Running> {
  const troubles: unknown[] = [];
  const server = await serveBroker({
    port: 0,
    nodeIds: nodeIds(nodes),
    clock: realClock,
    onTrouble: (error) => troubles.push(error),
    broker: (address) => createBroker({ ...options, ...address }),
  });
  const addresses = server.nodes.map(({ host, port }) => `${host}:${port}`);
  return overTcp(addresses, async () => {
    await server.close();
    if (troubles.length > 0) throw troubles[0];
  });
}
