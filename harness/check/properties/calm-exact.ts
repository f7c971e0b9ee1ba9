/**
 * CALM-EXACT: at rest, where no fault struck and no group changed its members after it had begun
 * to read, each acknowledged command has exactly one effect, or none where its record is a
 * documented skip.
 */
import type { SharedDefinition } from '../sight.ts';
import { seqsOf } from '../sight.ts';

export const calmExact: SharedDefinition = {
  name: 'calm-exact',
  says: 'when nothing goes wrong, everything is done exactly once',
  when: 'at rest',
  judgedIn: ({ calm }) => calm,
  start: () => (sight) => {
    for (const { id, seq } of sight.done) {
      const count = sight.effectCounts.get(id) ?? 0;
      if (count === 1) continue;
      const record = Object.values(sight.topics)
        .flatMap(({ committed }) => committed)
        .find(({ command }) => command === id);
      if (count === 0 && record !== undefined && sight.skipped(record) !== undefined) continue;
      const effects = seqsOf(sight.effects.filter((effect) => effect.id === id));
      return {
        sentence:
          count === 0
            ? `Nothing went wrong, yet ${id} was not done.`
            : `Nothing went wrong, yet ${id} was done ${count === 2 ? 'twice' : `${count} times`}.`,
        witnesses: count === 0 ? [seq] : effects,
        shape: count === 0 ? 'not done' : 'done more than once',
      };
    }
    return undefined;
  },
};
