import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that mostly wait, for two minutes: what needs a core goes on beside them, and nobody waits for them at the end. */
const waits = /\/test\/contract\/kafka-[^/]+\.test\.ts$/;

class WaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // Of the sequencer, no array's.
    // oxlint-disable-next-line unicorn/no-array-sort
    const sorted = await super.sort(files);
    const isFirst = ({ moduleId }: TestSpecification): boolean => waits.test(moduleId);
    return [...sorted.filter(isFirst), ...sorted.filter((file) => !isFirst(file))];
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: WaitingFirst },
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
