import { platform } from 'node:process';
import { expect, test } from 'vitest';
import { seedBase } from '../../harness/cli/seeds.ts';
import { killOne } from '../../harness/cli/measure/orphans.ts';

/** Another one, at another moment, at every commit; `npm run proof -- orphans` kills each. */
const seed = seedBase();
const victim = (['npm', 'command', 'simulation'] as const)[seed % 3] ?? 'npm';
const delayMs = seed % 1_000;

test.runIf(platform === 'linux')(
  `kill -9 of ${victim}, ${delayMs} ms into a check, leaves no process of it`,
  async () => {
    const { left, processes } = await killOne(victim, delayMs);
    expect(processes).toBeGreaterThan(2);
    expect(left).toEqual([]);
  },
);
