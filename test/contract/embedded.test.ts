import { describe } from 'vitest';
import { runAgainst, runInProcess } from './run.ts';
import { serve } from './served.ts';
import { embeddedAs } from './settings.ts';

describe.each(['3.9', '4'] as const)('as Kafka %s', (line) => {
  describe('in process', () => {
    runInProcess(line);
  });

  describe('over TCP', () => {
    runAgainst(
      line,
      false,
      (settings) => serve(embeddedAs(line, settings), settings.nodes),
      10_000,
    );
  });
});
