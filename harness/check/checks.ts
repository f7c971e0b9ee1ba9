/** The properties of a chapter, shared or its own, ready to be asked. */
import { InvariantError } from '#kernel';
import type { ChapterDefinition, Moment, PropertyDefinition, SharedProperty } from '#kit';
import type { Fact } from './facts.ts';
import { sharedProperties } from './shared-properties.ts';
import { asked, ChapterTrouble, type Breach, type Sight } from './sight.ts';

/** A property of either kind, ready for one run. */
export interface Check {
  readonly name: string;
  readonly says: string;
  readonly when: 'always' | 'at rest';
  readonly after: ReadonlySet<Fact['kind']>;
  readonly judgedIn: (sight: Sight) => boolean;
  readonly notes: (sight: Sight) => readonly string[];
  readonly start: () => (sight: Sight) => Breach | undefined;
}

const moving: ReadonlySet<Fact['kind']> = new Set<Fact['kind']>([
  'append',
  'marker',
  'commit',
  'port',
  'table',
  'command',
  'assign',
  'instance',
]);

export function checksOf(chapter: ChapterDefinition): readonly Check[] {
  return Object.entries(chapter.properties).map(([name, property]) =>
    property === 'shared' ? sharedCheck(name, chapter) : chapterCheck(name, property),
  );
}

function sharedCheck(name: string, chapter: ChapterDefinition): Check {
  const definition = Object.hasOwn(sharedProperties, name)
    ? sharedProperties[name as SharedProperty]
    : undefined;
  if (definition === undefined) {
    return chapterCheck(name, {
      says: `there is a shared property of the name ${name}`,
      when: 'at rest',
      broken: () => {
        throw new ChapterTrouble(`There is no shared property “${name}”.`);
      },
    });
  }
  const { says, when, after, judgedIn, notes, start } = definition;
  return {
    name,
    says,
    when,
    after: new Set(after),
    judgedIn: judgedIn ?? (() => true),
    notes: notes ?? (() => []),
    start: () => start(chapter),
  };
}

function chapterCheck(name: string, { says, when, broken }: PropertyDefinition): Check {
  return {
    name,
    says,
    when,
    after: moving,
    judgedIn: () => true,
    notes: () => [],
    start: () => (sight) => answerOf(name, ask(name, broken, sight)),
  };
}

function ask(name: string, broken: PropertyDefinition['broken'], moment: Moment): unknown {
  try {
    return broken(moment);
  } catch (error) {
    if (error instanceof InvariantError) throw error;
    return asked(`property ${name}`, () => {
      throw error;
    });
  }
}

/** A breach is never guessed from nonsense, and nonsense is never taken for "holds". */
function answerOf(name: string, answer: unknown): Breach | undefined {
  if (answer === undefined) return undefined;
  if (typeof answer === 'string' && answer !== '') return { sentence: answer, witnesses: [] };
  const { sentence, witnesses } = (answer ?? {}) as Partial<Breach>;
  if (typeof sentence === 'string' && sentence !== '' && Array.isArray(witnesses)) {
    return { sentence, witnesses };
  }
  throw new ChapterTrouble(
    `The chapter's property ${name} failed: it answered neither nothing nor a sentence.`,
  );
}
