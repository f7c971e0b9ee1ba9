import { expect, test } from 'vitest';
import type { Observation } from './commands.ts';
import { explanations } from './explanations.ts';

/** What it explains, and what looks like it and is a finding. */
const samples: Record<
  string,
  { explained: [Observation, Observation]; not: [Observation, Observation][] }
> = {
  'words of another version': {
    explained: [
      { kind: 'write', error: 'TRANSACTION_ABORTABLE' },
      { kind: 'write', error: 'INVALID_TXN_STATE' },
    ],
    not: [
      [
        { kind: 'write', error: 'TRANSACTION_ABORTABLE' },
        { kind: 'write', error: 'NONE' },
      ],
      [
        { kind: 'end', error: 'TRANSACTION_ABORTABLE' },
        { kind: 'end', error: 'INVALID_TXN_STATE' },
      ],
    ],
  },
};

test.each(explanations)(
  '$name: explains its sample, and not its look-alike',
  ({ name, explains }) => {
    const sample = samples[name];
    expect(sample).toBeDefined();
    expect(explains(...sample!.explained)).toBe(true);
    for (const [embedded, real] of sample!.not) expect(explains(embedded, real)).toBe(false);
  },
);
