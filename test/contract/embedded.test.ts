import { createBroker, serveBroker } from '#broker';
import { describe } from 'vitest';
import { realClock } from '../broker/real-clock.ts';
import type { Line } from './area.ts';
import { runAgainst, runInProcess } from './run.ts';
import { embeddedAs, nodeIds, type Settings } from './settings.ts';
import { overTcp, type Running } from './wire.ts';

async function serve(line: Line, settings: Settings): Promise<Running> {
  const troubles: unknown[] = [];
  const server = await serveBroker({
    port: 0,
    nodeIds: nodeIds(settings.nodes),
    clock: realClock,
    onTrouble: (error) => troubles.push(error),
    broker: (address) => createBroker({ ...embeddedAs(line, settings), ...address }),
  });
  const addresses = server.nodes.map(({ host, port }) => `${host}:${port}`);
  return overTcp(addresses, async () => {
    await server.close();
    if (troubles.length > 0) throw troubles[0];
  });
}

describe.each(['3.9', '4'] as const)('as Kafka %s', (line) => {
  describe('in process', () => {
    runInProcess(line);
  });

  describe('over TCP', () => {
    runAgainst(line, false, (settings) => serve(line, settings), 10_000);
  });
});
