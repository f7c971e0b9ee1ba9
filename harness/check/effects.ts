/**
 * Effects as `flow.effects` tells them, asked for again only when a part changed that it looked
 * at the last time. Each that came by growing is stamped with the fact after which it was there;
 * of rows, each that was not there before.
 */
import type { ChapterDefinition, Effect, Moment } from '#kit';
import { canonical } from '#kernel';
import { asked, ChapterTrouble } from './sight.ts';

type Seen = Pick<Moment, 'calls' | 'topics' | 'tables'>;

export function createEffects(chapter: ChapterDefinition, world: Seen, troubles: string[]) {
  const counts = new Map<string, number>();
  const looked = new Set<string>();
  const list: Effect[] = [];
  let edition = 0;
  let trouble: ChapterTrouble | undefined;
  const part = watched(world, looked);

  const ask = (seq: number | undefined): void => {
    looked.clear();
    const answer = asked('flow.effects', () => [...chapter.flow.effects(part)]);
    // What comes from calls and records only grows, as a rule; rows change in place.
    const hasRows = looked.has('tables');
    const same = hasRows ? isEqual : isSame;
    const grown = list.every((old, index) => same(old, answer[index]));
    const known = grown || !hasRows ? new Map<string, Effect[]>() : byContent(list);
    if (!grown) {
      list.length = 0;
      counts.clear();
      edition += 1;
    }
    for (const effect of answer.slice(list.length)) {
      const { id } = effect;
      counts.set(id, (counts.get(id) ?? 0) + 1);
      const before = known.get(contentOf(effect))?.shift();
      const since = before === undefined ? (grown || hasRows ? seq : undefined) : before.seq;
      const stamp = effect.seq === undefined && since !== undefined;
      list.push(stamp ? { ...effect, seq: since } : effect);
    }
  };

  const attempt = (seq: number | undefined): void => {
    try {
      ask(seq);
      trouble = undefined;
    } catch (error) {
      if (!(error instanceof ChapterTrouble)) throw error;
      trouble = error;
      if (!troubles.includes(error.message)) troubles.push(error.message);
    }
  };
  attempt(undefined);

  return {
    counts,
    changed(what: string, seq: number): void {
      if (looked.has(what) || trouble !== undefined) attempt(seq);
    },
    all(): readonly Effect[] {
      if (trouble !== undefined) throw trouble;
      return list;
    },
    edition: () => edition,
  };
}

/** The world, noting which parts are looked at. */
function watched(world: Seen, looked: Set<string>): Seen {
  return {
    get calls() {
      looked.add('calls');
      return world.calls;
    },
    get topics() {
      looked.add('topics');
      return world.topics;
    },
    get tables() {
      looked.add('tables');
      return world.tables;
    },
  };
}

/** Objects are made anew each time; what they hold comes from facts, which do not change. */
function isSame(before: Effect, now: Effect | undefined): boolean {
  if (now === undefined || before.id !== now.id) return false;
  return typeof before.value === 'object' || Object.is(before.value, now.value);
}

/** Rows may change what they hold. */
function isEqual(before: Effect, now: Effect | undefined): boolean {
  return now !== undefined && contentOf(before) === contentOf(now);
}

function contentOf({ id, value }: Effect): string {
  return canonical([id, value]);
}

function byContent(list: readonly Effect[]): Map<string, Effect[]> {
  const found = new Map<string, Effect[]>();
  for (const effect of list) {
    const key = contentOf(effect);
    found.set(key, [...(found.get(key) ?? []), effect]);
  }
  return found;
}
