/**
 * IDLE-RESTART: restarting everything at rest does nothing twice. Judged only in runs whose
 * faults end with such a restart: a command that had an effect before it gains none after it. A
 * record may be delivered again as long as nothing comes of it; commands that were sent or first
 * done after the restart, the closing ones above all, are no witnesses. Commands of a partition
 * whose last commit was lost (lost-commit.ts) may be done again.
 */
import { fold, restartsEverything } from '../fold.ts';
import { lags } from '../lag.ts';
import { lostLastCommit } from '../lost-commit.ts';
import type { SharedDefinition, Sight } from '../sight.ts';
import { seqsOf } from '../sight.ts';

export const idleRestart: SharedDefinition = {
  name: 'idle-restart',
  says: 'restarting everything when all is done does nothing twice',
  when: 'at rest',
  judgedIn: ({ restartedAtSeq, facts }) =>
    restartedAtSeq !== undefined &&
    facts.every(
      (fact) =>
        fact.kind !== 'fault' || fact.seq < restartedAtSeq || restartsEverything(fact.fault),
    ),
  start: (chapter) => (sight) => {
    const restartedAt = sight.restartedAtSeq;
    if (restartedAt === undefined) return undefined;
    const before = fold(
      sight.facts.filter(({ seq }) => seq < restartedAt),
      chapter,
    ).sight;
    const excused = excusedCommands(before);
    for (const [id, count] of sight.effectCounts) {
      const had = before.effectCounts.get(id) ?? 0;
      if (had === 0 || count <= had || excused.has(id)) continue;
      const mine = sight.effects.filter((effect) => effect.id === id);
      const again = seqsOf(mine).filter((seq) => seq > restartedAt);
      return {
        sentence: `${id} was done, everything was at rest, and after a restart it was done again.`,
        witnesses: [...seqsOf(mine).slice(0, 1), restartedAt, ...again.slice(0, 1)],
        shape: 'done again',
      };
    }
    return undefined;
  },
};

function excusedCommands(before: Sight): ReadonlySet<string | undefined> {
  const excused = lags(before).filter((lag) => lostLastCommit(before, lag) !== undefined);
  return new Set(excused.flatMap(({ behind }) => behind.map(({ command }) => command)));
}
