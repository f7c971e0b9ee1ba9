/**
 * Since when each row of a table stands as it does: the commit that first showed it so, row for
 * row. Of equal rows the later commits brought the later ones. Worked out only where somebody asks,
 * for most runs break nothing.
 */
import { canonical } from '#kernel';
import type { Moment } from '#kit';
import type { Fact } from './facts.ts';

export function sinceOf(facts: readonly Fact[]): Moment['since'] {
  const since: Record<string, readonly number[]> = {};
  const contents: Record<string, readonly string[]> = {};
  for (const fact of facts) {
    if (fact.kind !== 'table') continue;
    for (const [name, rows] of Object.entries(fact.tables)) {
      const known = new Map<string, number[]>();
      (contents[name] ?? []).forEach((content, index) => {
        known.set(content, [...(known.get(content) ?? []), since[name]?.[index] ?? fact.seq]);
      });
      const now = rows.map((row) => canonical(row));
      since[name] = now.map((content) => known.get(content)?.shift() ?? fact.seq);
      contents[name] = now;
    }
  }
  return since;
}
