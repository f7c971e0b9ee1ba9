/**
 * STABLE-ID: at rest, two copies of one logical event carry the same id and the same bytes: key, value and headers.
 * Copies are records that services wrote about the same `flow.event`, else about the same command, as a read_committed
 * reader sees them. What the harness wrote is not looked at.
 */
import { canonical } from '#kernel';
import type { ChapterDefinition, RecordView } from '#kit';
import { toBytes } from '../facts.ts';
import type { SharedDefinition } from '../sight.ts';
import { asked } from '../sight.ts';

export const stableId: SharedDefinition = {
  name: 'stable-id',
  says: 'copies of one event are the same to the byte',
  when: 'at rest',
  start: (chapter) => (sight) => {
    for (const [topic, { committed }] of Object.entries(sight.topics)) {
      const firsts = new Map<string, RecordView>();
      for (const record of committed) {
        const event = record.bySlot === undefined ? undefined : eventOf(chapter, record);
        if (event === undefined) continue;
        const first = firsts.get(event);
        if (first === undefined) firsts.set(event, record);
        else if (contentOf(first) !== contentOf(record))
          return unequal(topic, event, first, record);
      }
    }
    return undefined;
  },
};

function eventOf({ flow }: ChapterDefinition, record: RecordView): string | undefined {
  const named = flow.event?.[record.topic];
  return named === undefined ? record.command : asked('flow.event', () => named(record));
}

function unequal(topic: string, event: string, first: RecordView, again: RecordView) {
  const where = (record: RecordView): string => `${record.partition} (offset ${record.offset})`;
  const part = parts.find((name) => contentOf(first, name) !== contentOf(again, name)) ?? 'value';
  return {
    sentence:
      `${event} is in ${topic} twice, in partition ${where(first)} and ${where(again)}, ` +
      `and the ${part} of the copies differs.`,
    witnesses: [first.seq, again.seq],
    shape: `${topic} ${part}`,
  };
}

const parts = ['key', 'value', 'headers'] as const;

function contentOf(record: RecordView, only?: (typeof parts)[number]): string {
  const names = only === undefined ? parts : [only];
  return canonical(
    names.map((name) => {
      if (name !== 'headers') return toBytes(record[name]);
      const headers = Object.entries(record.headers ?? {});
      return headers.map(([key, value]) => [key, bytesIn(value)]);
    }),
  );
}

function bytesIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bytesIn);
  return value instanceof Uint8Array ? toBytes(value) : value;
}
