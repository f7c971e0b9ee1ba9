/**
 * COMMIT-SAFE: always, a committed offset c of a judged group promises that every visible record
 * below c is done: its effect is complete, or it is a documented skip. A record about no command
 * needs nothing. Judged at every moment, so that a loss counts when it becomes possible, not when
 * it shows; a commit that comes true later was false before. An offset below 0 promises nothing.
 */
import type { SharedDefinition } from '../sight.ts';
import { nameOf } from '../sight.ts';

export const commitSafe: SharedDefinition = {
  name: 'commit-safe',
  says: 'a committed offset promises that every record below it is done',
  when: 'always',
  // An append counts too: a commit may promise what is not even written.
  after: ['commit', 'append', 'marker'],
  start: (chapter) => (sight) => {
    for (const { group, topic, partition, offset, bySlot, seq } of sight.committed) {
      if (!chapter.groups.includes(group)) continue;
      const undone = sight
        .visible(topic, partition)
        .find((record) => record.offset < offset && !sight.isDone(record));
      if (undone === undefined) continue;
      const who = bySlot ?? `Group ${group}`;
      return {
        sentence:
          `${who} committed ${offset} on ${topic}/${partition}, ` +
          `yet ${nameOf(undone)} was not done.`,
        witnesses: [undone.seq, seq],
        shape: `${group} ${topic}`,
      };
    }
    return undefined;
  },
};
