/**
 * NO-INVENTION: always, each effect belongs to a command that was sent, answered or not, and
 * carries what `flow.value` says it must, where the chapter says so. How often it happened is
 * another property's business.
 */
import { canonical } from '#kernel';
import type { ChapterDefinition, Effect } from '#kit';
import type { Breach, SharedDefinition, Sight } from '../sight.ts';
import { asked, seqsOf } from '../sight.ts';

export const noInvention: SharedDefinition = {
  name: 'no-invention',
  says: 'what is done was asked for, and is done as it was asked for',
  when: 'always',
  after: ['port', 'append', 'table'],
  start: (chapter) => {
    // An effect that was right stays right while the list only grows.
    let checked = 0;
    let edition = 0;
    return (sight) => {
      if (edition !== sight.effectsEdition) checked = 0;
      edition = sight.effectsEdition;
      for (; checked < sight.effects.length; checked += 1) {
        const breach = invented(chapter, sight, sight.effects[checked] as Effect);
        if (breach !== undefined) return breach;
      }
      return undefined;
    };
  },
};

function invented(chapter: ChapterDefinition, sight: Sight, effect: Effect): Breach | undefined {
  const { id, value } = effect;
  const command = sight.sent.find((sent) => sent.id === id);
  if (command === undefined) {
    const what = typeof id === 'string' && id !== '' ? id : 'Something without a name';
    return {
      sentence: `${what} was done, yet nobody asked for it.`,
      witnesses: seqsOf([effect]),
      shape: 'not asked for',
    };
  }
  const { value: valueOf } = chapter.flow;
  if (valueOf === undefined) return undefined;
  const expected = asked('flow.value', () => valueOf(command.value));
  if (canonical(value) === canonical(expected)) return undefined;
  return {
    sentence: `${id} was done with ${shown(value)}, yet it was sent with ${shown(expected)}.`,
    witnesses: [command.seq, ...seqsOf([effect])],
    shape: 'done with another value',
  };
}

const longest = 60;

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? value : canonical(value);
  const short = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return typeof value === 'string' ? JSON.stringify(short) : short;
}
