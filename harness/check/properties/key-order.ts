/**
 * KEY-ORDER: at rest, the first effects of the commands of one key come in the order in which
 * their records stand in the log of a partition. Later copies, of a record or of an effect, do
 * not count, so that redelivery is no finding. The key is `flow.key` of the command, else the
 * record's; a record without key has no order to keep. Records of one key in two partitions are
 * not compared: the log itself does not order them.
 */
import type { ChapterDefinition, RecordView } from '#kit';
import type { SharedDefinition, Sight } from '../sight.ts';
import { asked, nameOf } from '../sight.ts';

export const keyOrder: SharedDefinition = {
  name: 'key-order',
  says: 'what has one key is done in the order of the log',
  when: 'at rest',
  start: (chapter) => (sight) => {
    const firstDone = new Map<
      string,
      { readonly place: number; readonly seq: number | undefined }
    >();
    sight.effects.forEach(({ id, seq }, place) => {
      if (!firstDone.has(id)) firstDone.set(id, { place, seq });
    });
    for (const topic of Object.keys(chapter.flow.id)) {
      for (let partition = 0; partition < sight.partitions(topic); partition += 1) {
        const latest = new Map<string, RecordView>();
        for (const record of firstCopies(sight.visible(topic, partition))) {
          const key = keyOf(chapter, sight, record);
          const done = firstDone.get(record.command);
          if (key === undefined || done === undefined) continue;
          const before = latest.get(key);
          const doneBefore = before && firstDone.get(before.command as string);
          if (before !== undefined && doneBefore !== undefined && doneBefore.place > done.place) {
            return {
              sentence:
                `${nameOf(record)} was done before ${nameOf(before)}, ` +
                `which stands before it on ${topic}/${partition} under the same key.`,
              witnesses: [before.seq, record.seq, ...(done.seq === undefined ? [] : [done.seq])],
              shape: topic,
            };
          }
          latest.set(key, record);
        }
      }
    }
    return undefined;
  },
};

type About = RecordView & { readonly command: string };

function firstCopies(records: readonly RecordView[]): readonly About[] {
  const seen = new Set<string>();
  return records.filter((record): record is About => {
    if (record.command === undefined || seen.has(record.command)) return false;
    seen.add(record.command);
    return true;
  });
}

function keyOf(chapter: ChapterDefinition, sight: Sight, record: About): string | undefined {
  const { key } = chapter.flow;
  if (key === undefined) return record.key?.toString('base64');
  const command = sight.sent.find(({ id }) => id === record.command);
  return command && asked('flow.key', () => key(command.value));
}
