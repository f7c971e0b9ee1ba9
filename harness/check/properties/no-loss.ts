/**
 * NO-LOSS: at rest, every command that was acknowledged has at least one effect, unless a record
 * of it is a documented skip. Commands whose answer never came may have happened or not; closing
 * commands count like any other.
 */
import type { SharedDefinition } from '../sight.ts';

export const noLoss: SharedDefinition = {
  name: 'no-loss',
  says: 'every command that was acknowledged is done',
  when: 'at rest',
  start: () => (sight) => {
    const lost = sight.done.filter(({ id }) => !sight.effectCounts.has(id));
    if (lost.length === 0) return undefined;
    const wanted = new Set(lost.map(({ id }) => id));
    const records = Object.values(sight.topics)
      .flatMap(({ committed }) => committed)
      .filter(({ command }) => command !== undefined && wanted.has(command));
    const skipped = new Set(
      records.filter((record) => sight.skipped(record)).map(({ command }) => command),
    );
    const [first, ...more] = lost.filter(({ id }) => !skipped.has(id));
    if (first === undefined) return undefined;
    const record = records.find(({ command }) => command === first.id);
    const others = more.length === 0 ? '' : ` The same is true of ${listed(more)}.`;
    const what =
      record === undefined
        ? `${first.id} was acknowledged, yet no record of it is visible and it was never done.`
        : `${first.id} was acknowledged and is in ${record.topic}/${record.partition} ` +
          `(offset ${record.offset}), yet it was never done.`;
    const ackedAt = sight.facts.find(
      (fact) => fact.kind === 'command' && fact.id === first.id && fact.state === 'acked',
    );
    return {
      sentence: `${what}${others}`,
      witnesses: [ackedAt?.seq ?? first.seq, ...(record === undefined ? [] : [record.seq])],
      shape: record === undefined ? 'acknowledged, not stored' : 'stored, not done',
    };
  },
};

function listed(commands: readonly { readonly id: string }[]): string {
  const names = commands.slice(0, 3).map(({ id }) => id);
  const rest = commands.length - names.length;
  return rest > 0 ? `${names.join(', ')} and ${rest} more` : names.join(', ');
}
