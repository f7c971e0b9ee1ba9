import { createBroker, serveBroker } from '#broker';
import { describe } from 'vitest';
import { realClock } from '../broker/real-clock.ts';
import { runAgainst, runInProcess } from './run.ts';
import { overTcp } from './wire.ts';

const options = { autoCreateTopics: true, groupInitialRebalanceDelayMs: 0 };

describe('in process', () => {
  runInProcess('3.9', options);
});

describe('over TCP', () => {
  runAgainst(
    '3.9',
    false,
    async () => {
      const server = await serveBroker({
        port: 0,
        clock: realClock,
        broker: (address) => createBroker({ ...options, ...address }),
      });
      return overTcp(`${server.host}:${server.port}`, () => server.close());
    },
    10_000,
  );
});
