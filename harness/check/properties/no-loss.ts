/**
 * NO-LOSS: at rest, every command that was acknowledged has at least one effect, unless a record of
 * it is a documented skip. Commands whose answer never came may have happened or not; closing
 * commands count like any other.
 */
import type { CommandView, RecordView } from '#kit';
import { deadConsumers, type DeadConsumer } from '../dead-consumers.ts';
import { lags } from '../lag.ts';
import type { Breach, SharedDefinition, Sight } from '../sight.ts';

export const noLoss: SharedDefinition = {
  name: 'no-loss',
  says: 'every command that was acknowledged is done',
  when: 'at rest',
  start: () => (sight) => {
    const undone = sight.done.filter(({ id }) => !sight.effectCounts.has(id));
    if (undone.length === 0) return undefined;
    const wanted = new Set(undone.map(({ id }) => id));
    const records = Object.values(sight.topics)
      .flatMap(({ committed }) => committed)
      .filter(({ command }) => command !== undefined && wanted.has(command));
    const skipped = new Set(
      records.filter((record) => sight.skipped(record) !== undefined).map(({ command }) => command),
    );
    const [first, ...more] = undone.filter(({ id }) => !skipped.has(id));
    if (first === undefined) return undefined;
    const others = more.length === 0 ? '' : ` The same is true of ${listed(more)}.`;
    const record = records.find(({ command }) => command === first.id);
    const breach = record === undefined ? unstored(sight, first) : stored(sight, first, record);
    return { ...breach, sentence: `${breach.sentence}${others}` };
  },
};

function unstored(sight: Sight, command: CommandView): Breach {
  return {
    sentence:
      `${command.id} was acknowledged, ` + 'yet no record of it is visible and it was never done.',
    witnesses: [answerTo(sight, command)],
    shape: 'acknowledged, not stored',
  };
}

function stored(sight: Sight, command: CommandView, record: RecordView): Breach {
  const { topic, partition, offset, seq } = record;
  const dead = deadBefore(sight, record);
  const reason =
    dead && ` ${dead.slot} is alive but its consumer died of ${dead.reason}; nobody restarted it.`;
  return {
    sentence:
      `${command.id} was acknowledged and is in ${topic}/${partition} (offset ${offset}), ` +
      `yet it was never done.${reason ?? ''}`,
    witnesses: [answerTo(sight, command), seq, ...(dead === undefined ? [] : [dead.seq])],
    shape: dead === undefined ? 'stored, not done' : 'stored, not done, dead consumer',
  };
}

/** A consumer that died and left this record uncommitted. */
function deadBefore(sight: Sight, record: RecordView): DeadConsumer | undefined {
  const left = lags(sight).filter(({ behind }) => behind.includes(record));
  return deadConsumers(sight).find(({ groups }) =>
    left.some(({ group }) => groups.length === 0 || groups.includes(group)),
  );
}

function answerTo(sight: Sight, { id, seq }: CommandView): number {
  const answer = sight.facts.find(
    (fact) => fact.kind === 'command' && fact.id === id && fact.state === 'acked',
  );
  return answer?.seq ?? seq;
}

function listed(commands: readonly CommandView[]): string {
  const names = commands.slice(0, 3).map(({ id }) => id);
  const rest = commands.length - names.length;
  return rest > 0 ? `${names.join(', ')} and ${rest} more` : names.join(', ');
}
