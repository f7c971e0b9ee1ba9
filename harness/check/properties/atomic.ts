/**
 * ATOMIC: always, of the chapter's pair of facts, both or neither are visible in one snapshot of the database. A
 * snapshot is what a commit left: a moment inside a transaction is none.
 */
import type { SharedDefinition } from '../sight.ts';
import { asked, ChapterTrouble } from '../sight.ts';

export const atomic: SharedDefinition = {
  name: 'atomic',
  says: 'what belongs together is there together or not at all',
  when: 'always',
  after: ['table'],
  start: (chapter) => (sight) => {
    const { pair } = chapter.flow;
    if (pair === undefined)
      throw new ChapterTrouble('The chapter judges atomic without flow.pair.');
    const [first, second] = asked('flow.pair', () =>
      pair.of(sight.tables).map((ids) => new Set(ids)),
    );
    if (first === undefined || second === undefined) return undefined;
    const [here, there] = pair.names;
    const half = lone(first, second, here, there) ?? lone(second, first, there, here);
    const snapshot = sight.facts.findLast(({ kind }) => kind === 'table');
    return half && { ...half, witnesses: snapshot === undefined ? [] : [snapshot.seq] };
  },
};

function lone(
  ids: ReadonlySet<string>,
  others: ReadonlySet<string>,
  here: string,
  there: string,
): { sentence: string; shape: string } | undefined {
  const id = [...ids].find((each) => !others.has(each));
  if (id === undefined) return undefined;
  return { sentence: `${id} has its ${here} and not its ${there}.`, shape: `${here}, no ${there}` };
}
