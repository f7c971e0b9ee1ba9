/**
 * PROGRESS: at rest, no visible record, with a command or without, stands at or above what a
 * judged group has committed for its partition (below 0 = 0). Not "committed equals the end of
 * the log": markers and compacted gaps occupy offsets too. A group's partitions are those of the
 * topics that it was ever assigned or committed; a group that nobody ever joined is held to every
 * topic that carries commands.
 *
 * Excused, with a note: a partition that is behind only because its last commit was lost
 * (lost-commit.ts).
 */
import { invariant } from '#kernel';
import type { RecordView } from '#kit';
import { deadConsumers } from '../dead-consumers.ts';
import { lags, ownerOf, type Lag } from '../lag.ts';
import { lostLastCommit } from '../lost-commit.ts';
import type { Breach, SharedDefinition, Sight } from '../sight.ts';
import { nameOf } from '../sight.ts';

export const progress: SharedDefinition = {
  name: 'progress',
  says: 'everything that was written is read and committed in the end',
  when: 'at rest',
  notes: (sight) => lags(sight).flatMap((lag) => lostLastCommit(sight, lag)?.note ?? []),
  start: () => (sight) => {
    const lag = lags(sight).find((each) => lostLastCommit(sight, each) === undefined);
    return lag && (diedOfIt(sight, lag) ?? standsStill(sight, lag));
  },
};

/** The consumer that should have read it died in a process that lives on. */
function diedOfIt(sight: Sight, lag: Lag): Breach | undefined {
  const owner = ownerOf(sight, lag);
  const dead = deadConsumers(sight).find(
    ({ slot, groups }) =>
      slot === owner?.slot ||
      (owner === undefined && (groups.length === 0 || groups.includes(lag.group))),
  );
  if (dead === undefined) return undefined;
  const [waiting] = lag.behind as readonly [RecordView];
  const where = `${lag.topic}/${lag.partition}`;
  return {
    sentence:
      `${dead.slot} is alive but its consumer died of ${dead.reason} and nobody restarted it; ` +
      `on ${where} ${nameOf(waiting)} waits.`,
    witnesses: [dead.seq, waiting.seq],
    shape: `dead consumer ${lag.group}`,
  };
}

/** So often is a record delivered again only where handling it fails each time. */
const manyTimes = 3;

/** How often a member of the group was given the record. */
function deliveries({ facts }: Sight, { group, topic, partition }: Lag, offset: number): number {
  const slots = new Set(
    facts.flatMap((fact) =>
      fact.kind === 'assign' && fact.group === group ? fact.members.map(({ slot }) => slot) : [],
    ),
  );
  return facts.filter(
    (fact) =>
      fact.kind === 'deliver' &&
      fact.topic === topic &&
      fact.partition === partition &&
      fact.offsets.includes(offset) &&
      slots.has(fact.slot),
  ).length;
}

function standsStill(sight: Sight, lag: Lag): Breach {
  const { group, topic, partition, offset, seq, behind } = lag;
  const first = behind.find((record) => !sight.isDone(record)) ?? behind[0];
  invariant(first !== undefined, 'what lags has a record to lag behind');
  const done = sight.isDone(first) && first.command !== undefined;
  const owner = ownerOf(sight, lag);
  const unread = owner === undefined ? ', which nobody reads' : '';
  const stays =
    seq === undefined
      ? `Group ${group} has committed nothing on ${topic}/${partition}`
      : `Group ${group} stays at ${offset} on ${topic}/${partition}`;
  const count = deliveries(sight, lag, first.offset);
  const state =
    first.command === undefined
      ? 'is not committed'
      : done
        ? 'is done, yet not committed'
        : 'is neither done nor committed';
  const times = count < manyTimes ? '' : `, though it was delivered ${count} times`;
  return {
    sentence: `${stays}${unread}: ${nameOf(first)} ${state}${times}.`,
    witnesses: [first.seq, ...(seq === undefined ? [] : [seq])],
    shape: `${done ? 'done, not committed' : 'not committed'} ${group} ${topic}`,
  };
}
