/**
 * CRASH-CONSISTENT: at rest after a single crash, what the chapter projects of the world is what it is after the same
 * commands without the crash. An oracle that knows nothing of the chapter but what must not depend on a crash.
 *
 * Only projections are compared: duplicates that at-least-once allows, an order or a time that may be another are left
 * out by the chapter, not guessed here. Not judged where the runs are not about the same commands: one that is unknown
 * may have happened or not, and another number of closing ones leaves other facts.
 */
import { canonical, type Json } from '#kernel';
import type { ChapterDefinition } from '#kit';
import type { Fact } from '../facts.ts';
import { createFold } from '../fold.ts';
import type { Breach, CrashFree, SharedDefinition, Sight } from '../sight.ts';
import { asked, ChapterTrouble } from '../sight.ts';

export const crashConsistent: SharedDefinition = {
  name: 'crash-consistent',
  says: 'after a crash everything is as it is without one',
  when: 'at rest',
  judgedIn: (sight) =>
    sight.crashFree !== undefined &&
    crashIn(sight) !== undefined &&
    sight.unknown.length === 0 &&
    canonical(closingOf(sight)) === canonical(sight.crashFree.closing),
  start: (chapter) => (sight) => {
    const { crashFree } = sight;
    const crash = crashIn(sight);
    if (crashFree === undefined || crash === undefined) return undefined;
    for (const [name, here] of Object.entries(projected(sight, chapter))) {
      const breach = difference(name, here, crashFree.projections[name] ?? null);
      if (breach !== undefined) return { ...breach, witnesses: [crash.seq] };
    }
    return undefined;
  },
};

/** What a run without faults left, to compare others with; undefined = it cannot be compared with. */
export function crashFreeOf(
  facts: readonly Fact[],
  chapter: ChapterDefinition,
): CrashFree | undefined {
  const fold = createFold(chapter);
  for (const fact of facts) fold.push(fact);
  const { sight } = fold;
  if (fold.troubles.length > 0 || sight.unknown.length > 0) return undefined;
  return { projections: projected(sight, chapter), closing: closingOf(sight) };
}

function projected(sight: Sight, chapter: ChapterDefinition): Readonly<Record<string, Json>> {
  const { projections } = chapter.flow;
  if (projections === undefined) {
    throw new ChapterTrouble('The chapter judges crash-consistent without flow.projections.');
  }
  return Object.fromEntries(
    Object.entries(projections).map(([name, of]) => [
      name,
      asked(`flow.projections.${name}`, () => JSON.parse(JSON.stringify(of(sight))) as Json),
    ]),
  );
}

function closingOf({ sent }: Sight): readonly string[] {
  return sent.flatMap(({ id, closing }) => (closing ? [id] : [])).toSorted();
}

/** The only fault that struck, if it is a crash. */
function crashIn({ facts }: Sight): Fact | undefined {
  const [fault, ...others] = facts.filter(({ kind }) => kind === 'fault');
  if (fault?.kind !== 'fault' || others.length > 0) return undefined;
  return fault.fault.startsWith('crash ') ? fault : undefined;
}

function difference(name: string, here: Json, there: Json): Omit<Breach, 'witnesses'> | undefined {
  if (canonical(here) === canonical(there)) return undefined;
  if (Array.isArray(here) && Array.isArray(there)) {
    const lacking = without(there, here);
    if (lacking !== undefined) {
      const sentence = `Without the crash ${lacking} is in ${name}; with it, it is not.`;
      return { sentence, shape: `${name} lacks something` };
    }
    const besides = without(here, there);
    if (besides !== undefined) {
      const sentence = `With the crash ${besides} is in ${name}; without it, it is not.`;
      return { sentence, shape: `${name} has more` };
    }
  }
  return {
    sentence: `With the crash ${name} is ${shown(here)}; without it, it is ${shown(there)}.`,
    shape: `${name} differs`,
  };
}

/** The first that `others` do not have, or have less often. */
function without(items: readonly Json[], others: readonly Json[]): string | undefined {
  const left = others.map((other) => canonical(other));
  const first = items.find((item) => {
    const at = left.indexOf(canonical(item));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return first === undefined ? undefined : shown(first);
}

const shownCharacters = 120;

function shown(value: Json): string {
  const text = canonical(value);
  return text.length <= shownCharacters ? text : `${text.slice(0, shownCharacters)}…`;
}
