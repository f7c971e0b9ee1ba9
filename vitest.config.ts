import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'project',
          include: ['test/**/*.test.ts'],
          testTimeout: 120_000,
          // A browser or a server may take its time to start on a busy machine.
          hookTimeout: 120_000,
          // Cases of the contract mostly wait: for a session to end, for a long poll.
          maxConcurrency: 60,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'exercises',
          include: ['test/exercises/*.exercise.ts'],
          // One check uses every core, so that exercises wait for each other.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
