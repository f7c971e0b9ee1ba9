import { platform } from 'node:process';
import { expect, test } from 'vitest';
import { seedBase } from '../../harness/cli/seeds.ts';
import {
  databaseChapter,
  databaseVictims,
  killOne,
  victims,
} from '../../harness/cli/measure/orphans.ts';

/** Another one, at another moment, at every commit; `npm run proof -- orphans` kills each. */
const seed = seedBase();
const chapter = await databaseChapter();
const whom = chapter === undefined ? victims : databaseVictims;
const victim = whom[seed % whom.length] ?? 'npm';
const delayMs = seed % 1_000;

test.runIf(platform === 'linux')(
  `kill -9 of ${victim}, ${delayMs} ms into a check, leaves no process of it`,
  async () => {
    const { left, processes } = await killOne(victim, delayMs, chapter);
    expect(processes).toBeGreaterThan(2);
    expect(left).toEqual([]);
  },
);
