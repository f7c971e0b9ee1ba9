/**
 * What a commit did to the tables, in few words: `ledger + shop p1 alice 30`, `accounts alice 0 →
 * 30`. Rows are known by their first column where it tells them apart; nothing else is known of
 * them.
 */
import type { Fact } from '#check';

type TableFact = Extract<Fact, { kind: 'table' }>;
type Row = TableFact['tables'][string][number];

/** By the commit's `seq`, one text for each row that it changed. */
export function changesByCommit(facts: readonly Fact[]): ReadonlyMap<number, readonly string[]> {
  const changes = new Map<number, readonly string[]>();
  const latest = new Map<string, readonly Row[]>();
  for (const fact of facts) {
    if (fact.kind !== 'table') continue;
    const texts = Object.entries(fact.tables).flatMap(([name, rows]) => {
      const before = latest.get(name) ?? [];
      latest.set(name, rows);
      return changesOf(before, rows).map((text) => `${name} ${text}`);
    });
    changes.set(fact.seq, texts);
  }
  return changes;
}

function changesOf(before: readonly Row[], after: readonly Row[]): string[] {
  const gone = without(before, after);
  const come = without(after, before);
  const texts: string[] = [];
  for (const row of come) {
    const at = gone.findIndex((old) => isSameThing(old, row, [before, after]));
    const [old] = at < 0 ? [] : gone.splice(at, 1);
    const again = before.some((other) => textOf(other) === textOf(row)) ? ' again' : '';
    texts.push(old === undefined ? `+ ${valuesOf(row)}${again}` : changeOf(old, row));
  }
  return [...texts, ...gone.map((row) => `− ${valuesOf(row)}`)];
}

/** Each row of the second list takes one equal row out of the first. */
function without(rows: readonly Row[], others: readonly Row[]): Row[] {
  const left = new Map<string, number>();
  for (const other of others) left.set(textOf(other), (left.get(textOf(other)) ?? 0) + 1);
  return rows.filter((row) => {
    const count = left.get(textOf(row)) ?? 0;
    left.set(textOf(row), count - 1);
    return count <= 0;
  });
}

/** Equal in the first column, which no other row of either list has. */
function isSameThing(old: Row, row: Row, lists: readonly (readonly Row[])[]): boolean {
  const first = firstOf(row);
  if (firstOf(old) !== first) return false;
  return lists.every((rows) => rows.filter((other) => firstOf(other) === first).length === 1);
}

function firstOf(row: Row): string {
  return shown(Object.values(row)[0]);
}

function changeOf(old: Row, row: Row): string {
  const changed = Object.keys(row).filter((column) => shown(old[column]) !== shown(row[column]));
  const parts = changed.map((column) => {
    const name = changed.length > 1 ? `${column} ` : '';
    return `${name}${shown(old[column])} → ${shown(row[column])}`;
  });
  return `${firstOf(row)} ${parts.join(', ')}`;
}

function valuesOf(row: Row): string {
  return Object.values(row).map(shown).join(' ');
}

function textOf(row: Row): string {
  return JSON.stringify(row);
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
}
