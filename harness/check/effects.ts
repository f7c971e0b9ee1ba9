/**
 * Effects as `flow.effects` tells them, asked for again only when a part changed that it looked
 * at the last time. Each that came by growing is stamped with the fact after which it was there.
 */
import type { ChapterDefinition, Effect, Moment } from '#kit';
import { asked, ChapterTrouble } from './sight.ts';

export function createEffects(
  chapter: ChapterDefinition,
  world: Pick<Moment, 'calls' | 'topics' | 'tables'>,
  troubles: string[],
) {
  const counts = new Map<string, number>();
  const looked = new Set<string>();
  const list: Effect[] = [];
  let edition = 0;
  let trouble: ChapterTrouble | undefined;
  const part = {
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

  const ask = (seq: number | undefined): void => {
    looked.clear();
    const answer = asked('flow.effects', () => [...chapter.flow.effects(part)]);
    // Rows change in place; what comes from calls and records only grows, as a rule.
    const grown = !looked.has('tables') && list.every((old, index) => isSame(old, answer[index]));
    if (!grown) {
      list.length = 0;
      counts.clear();
      edition += 1;
    }
    for (const effect of answer.slice(list.length)) {
      const { id } = effect;
      counts.set(id, (counts.get(id) ?? 0) + 1);
      const stamp = grown && effect.seq === undefined && seq !== undefined;
      list.push(stamp ? { ...effect, seq } : effect);
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

/** Objects are made anew each time; what they hold comes from facts, which do not change. */
function isSame(before: Effect, now: Effect | undefined): boolean {
  if (now === undefined || before.id !== now.id) return false;
  return typeof before.value === 'object' || Object.is(before.value, now.value);
}
