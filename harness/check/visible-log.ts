/**
 * The logs as readers see them: read_uncommitted readers every record as it comes, read_committed
 * readers what visibility.ts lets through, when a marker comes.
 */
import type { ChapterDefinition, RecordView } from '#kit';
import { fromBytes, type AppendFact, type Fact, type MarkerFact } from './facts.ts';
import { firstLine } from './sight.ts';
import { Visibility } from './visibility.ts';

type Appended = Fact & AppendFact;
type Topics = Record<string, { committed: RecordView[]; uncommitted: RecordView[] }>;

export function createLog(chapter: ChapterDefinition, troubles: string[]) {
  const topics = Object.create(null) as Topics;
  const visible = new Map<string, RecordView[][]>();
  const readers = new Map<string, Visibility<RecordView>>();
  const readerOf = (topic: string, partition: number): Visibility<RecordView> => {
    const key = `${topic}/${partition}`;
    let reader = readers.get(key);
    if (reader === undefined) readers.set(key, (reader = new Visibility<RecordView>()));
    return reader;
  };
  const show = (records: readonly RecordView[]): void => {
    for (const record of records) {
      topics[record.topic]?.committed.push(record);
      visible.get(record.topic)?.[record.partition]?.push(record);
    }
  };
  const open = (topic: string, partitions: number): void => {
    const logs = visible.get(topic) ?? [];
    visible.set(topic, logs);
    topics[topic] ??= { committed: [], uncommitted: [] };
    while (logs.length < partitions) logs.push([]);
  };
  for (const [topic, { partitions }] of Object.entries(chapter.topics)) open(topic, partitions);

  const commandOf = (fact: AppendFact, record: Pick<RecordView, 'key' | 'value' | 'headers'>) => {
    if (fact.command !== undefined) return fact.command;
    const read = Object.hasOwn(chapter.flow.id, fact.topic) && chapter.flow.id[fact.topic];
    if (!read) return undefined;
    try {
      return read(record);
    } catch (error) {
      // A service may write what nobody can read; what the harness itself wrote must be readable.
      if (fact.slot === undefined) {
        troubles.push(`The chapter's flow.id failed on ${fact.topic}: ${firstLine(error)}.`);
      }
      return undefined;
    }
  };

  const appended = (fact: Appended): void => {
    const { topic, partition, offset, slot, seq, atMs } = fact;
    open(topic, partition + 1);
    const headers = fact.headers && {
      headers: Object.fromEntries(
        Object.entries(fact.headers).map(([name, value]) => [name, fromBytes(value)]),
      ),
    };
    const bytes = { key: fromBytes(fact.key), value: fromBytes(fact.value), ...headers };
    const command = commandOf(fact, bytes);
    const record = { ...bytes, topic, partition, offset, command, bySlot: slot, seq, atMs };
    topics[topic]?.uncommitted.push(record);
    // Whose it is may be unknown; then nothing ends it.
    const producerId = fact.transactional === true ? (fact.producerId ?? -1) : undefined;
    show(readerOf(topic, partition).append(record, producerId));
  };

  const marked = ({ topic, partition, producerId, outcome }: MarkerFact): void => {
    open(topic, partition + 1);
    show(readerOf(topic, partition).mark(producerId, outcome));
  };

  return { topics, visible, appended, marked };
}
