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
  after: ['port', 'append', 'marker', 'table'],
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
    sentence: differs(id, value, expected),
    witnesses: [command.seq, ...seqsOf([effect])],
    shape: 'done with another value',
  };
}

const longest = 60;
/** What is shown before the first difference, where that lies far from the start. */
const leadIn = 20;

function differs(id: string, value: unknown, expected: unknown): string {
  const [done, sent] = [charactersOf(value), charactersOf(expected)];
  const first = done.findIndex((character, index) => character !== sent[index]);
  const at = first < 0 ? done.length : first;
  const from = at + leadIn / 2 < longest ? 0 : at - leadIn;
  return (
    `${id} was done with ${shown(value, done, from)}, ` +
    `yet it was sent with ${shown(expected, sent, from)}.`
  );
}

/** Whole characters: half of one cannot be shown. */
function charactersOf(value: unknown): readonly string[] {
  return value === undefined
    ? []
    : Array.from(typeof value === 'string' ? value : canonical(value));
}

function shown(value: unknown, characters: readonly string[], from: number): string {
  if (value === undefined) return 'nothing';
  const to = from + longest;
  const before = from > 0 ? '…' : '';
  const after = characters.length > to ? '…' : '';
  const text = `${before}${characters.slice(from, to).join('')}${after}`;
  return typeof value === 'string' ? JSON.stringify(text) : text;
}
