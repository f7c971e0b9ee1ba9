import { createBroker, serveBroker } from '#broker';
import { describe } from 'vitest';
import { realClock } from '../broker/real-clock.ts';
import type { Line } from './area.ts';
import { runAgainst, runInProcess } from './run.ts';
import { embeddedAs } from './settings.ts';
import { overTcp, type Running } from './wire.ts';

async function serve(line: Line): Promise<Running> {
  const troubles: unknown[] = [];
  const server = await serveBroker({
    port: 0,
    clock: realClock,
    onTrouble: (error) => troubles.push(error),
    broker: (address) => createBroker({ ...embeddedAs(line), ...address }),
  });
  return overTcp(`${server.host}:${server.port}`, async () => {
    await server.close();
    if (troubles.length > 0) throw troubles[0];
  });
}

describe.each(['3.9', '4'] as const)('as Kafka %s', (line) => {
  describe('in process', () => {
    runInProcess(line, embeddedAs(line));
  });

  describe('over TCP', () => {
    runAgainst(line, false, () => serve(line), 10_000);
  });
});
