/**
 * What a shared property sees: the chapter's moment and, beside it, the look-ups that make it
 * cheap, and the facts so far. Chapters see the Moment only.
 */
import type { Json } from '#kernel';
import type { ChapterDefinition, Effect, Moment, RecordView, SharedProperty } from '#kit';
import type { Fact } from './facts.ts';

/** What the same commands leave when nothing strikes. */
export interface CrashFree {
  /** By the chapter's `flow.projections`. */
  readonly projections: Readonly<Record<string, Json>>;
  /** The commands that were sent to come to rest. */
  readonly closing: readonly string[];
}

export interface Sight extends Moment {
  readonly chapter: ChapterDefinition;
  readonly facts: readonly Fact[];
  /** Absent where nobody ran that. */
  readonly crashFree?: CrashFree | undefined;
  /** As a read_committed reader sees it, in offset order. */
  readonly visible: (topic: string, partition: number) => readonly RecordView[];
  /** Partitions that exist or ever held a record, by topic. */
  readonly partitions: (topic: string) => number;
  readonly effectCounts: ReadonlyMap<string, number>;
  /** Changes whenever the effects changed in another way than by growing at the end. */
  readonly effectsEdition: number;
  /** The chapter's reason why a record needs no effect. */
  readonly skipped: (record: RecordView) => string | undefined;
  /**
   * The record needs nothing any more: its effect is complete, it is skipped, or it is about no
   * command.
   */
  readonly isDone: (record: RecordView) => boolean;
}

export interface Breach {
  /** In the learner's nouns. */
  readonly sentence: string;
  /** `seq` of the facts that prove it. */
  readonly witnesses: readonly number[];
  /**
   * What stays the same when the same finding shows with other records; left out = from the
   * sentence.
   */
  readonly shape?: string;
}

export interface SharedDefinition {
  readonly name: SharedProperty;
  readonly says: string;
  readonly when: 'always' | 'at rest';
  /** always: the facts that can break it. */
  readonly after?: readonly Fact['kind'][];
  /** Whether this run can tell; left out = every run. */
  readonly judgedIn?: (sight: Sight) => boolean;
  /** Sentences that are no finding: what was excused, and why. */
  readonly notes?: (sight: Sight) => readonly string[];
  /** Begins one run; what it returns may remember what it has already seen of that run. */
  readonly start: (chapter: ChapterDefinition) => (sight: Sight) => Breach | undefined;
}

/**
 * The chapter's own code failed or answered nonsense: the verdict is unknown, and the learner is
 * not to blame.
 */
export class ChapterTrouble extends Error {
  override readonly name = 'ChapterTrouble';
}

/** Runs a function of the chapter; what it throws becomes a sentence that says where. */
export function asked<Value>(what: string, ask: () => Value): Value {
  try {
    return ask();
  } catch (error) {
    if (error instanceof ChapterTrouble) throw error;
    throw new ChapterTrouble(`The chapter's ${what} failed: ${firstLine(error)}.`, {
      cause: error,
    });
  }
}

export function firstLine(error: unknown): string {
  const [line = ''] = String(error).split('\n');
  return line.replace(/\.$/, '');
}

/** `m1 (offset 0)`, or `the record at offset 0` where it is about no command. */
export function nameOf({ command, offset }: RecordView): string {
  return command === undefined ? `the record at offset ${offset}` : `${command} (offset ${offset})`;
}

/** The facts that show these effects, where known. */
export function seqsOf(effects: readonly Effect[]): number[] {
  return effects.flatMap(({ seq }) => seq ?? []);
}
