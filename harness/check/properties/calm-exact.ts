/**
 * CALM-EXACT: at rest, where no fault struck and no group changed its members after it had begun
 * to read, each acknowledged command has exactly one effect, or none where its record is a
 * documented skip; and none is refused without a trace: who takes nothing would always hold.
 */
import type { CommandView, RecordView } from '#kit';
import type { Breach, SharedDefinition, Sight } from '../sight.ts';
import { firstLine, seqsOf } from '../sight.ts';

export const calmExact: SharedDefinition = {
  name: 'calm-exact',
  says: 'when nothing goes wrong, everything is done exactly once',
  when: 'at rest',
  judgedIn: ({ calm }) => calm,
  start: () => (sight) => {
    for (const { id, seq } of sight.done) {
      const count = sight.effectCounts.get(id) ?? 0;
      if (count === 1) continue;
      const record = recordOf(id, sight);
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
    const refused = sight.unknown.find(
      ({ id }) => !sight.effectCounts.has(id) && recordOf(id, sight) === undefined,
    );
    return refused && notTaken(sight, refused);
  },
};

function recordOf(id: string, { topics }: Sight): RecordView | undefined {
  return Object.values(topics)
    .flatMap(({ committed }) => committed)
    .find(({ command }) => command === id);
}

function notTaken({ facts }: Sight, { id, seq }: CommandView): Breach {
  const answer = facts.find(
    (fact) => fact.kind === 'command' && fact.id === id && fact.state === 'unknown',
  );
  const reason = answer?.kind === 'command' ? answer.reason : undefined;
  const why = reason === undefined ? '' : `: ${firstLine(reason)}`;
  return {
    sentence: `Nothing went wrong, yet ${id} was not acknowledged${why}.`,
    witnesses: [answer?.seq ?? seq],
    shape: 'not acknowledged',
  };
}
