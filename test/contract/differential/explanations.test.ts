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
  'committed before or behind a marker': {
    explained: [committed([5, 4], [0, 0]), committed([5, 3], [0, 1])],
    not: [
      // A record is between.
      [committed([5, 4], [0, 0]), committed([5, 3], [0, 0])],
      [committed([5, 5], [0, 0]), committed([5, 3], [0, 1])],
      [committed([5, 1], [0, 0]), committed([5, -1], [0, 2])],
      [committed([5, 4], [0, 0]), committed([5, 3], [0, 1], 'more')],
      // Nobody commits by itself.
      [
        { kind: 'committed', error: 'NONE', offsets: [['NONE', 4, '']] },
        { kind: 'committed', error: 'NONE', offsets: [['NONE', 3, '']] },
      ],
      [
        { kind: 'client looks', at: 'topic offsets', told: [4] },
        { kind: 'client looks', at: 'topic offsets', told: [3] },
      ],
    ],
  },
};

function committed(
  ends: readonly number[],
  markers: readonly number[],
  metadata = '',
): Observation {
  const offsets = ends.map((end) => ['NONE', end, metadata]);
  return { kind: 'committed', error: 'NONE', offsets, markers };
}

test.each(explanations)(
  '$name: explains its sample, and not its look-alike',
  ({ name, explains }) => {
    const sample = samples[name];
    expect(sample).toBeDefined();
    expect(explains(...sample!.explained)).toBe(true);
    for (const [embedded, real] of sample!.not) expect(explains(embedded, real)).toBe(false);
  },
);
