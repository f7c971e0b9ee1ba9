/**
 * Who waits for whom. A session that gets no answer is looked up in the server's lock table; a cycle there is a
 * deadlock, which the controller ends, because the server's own detector works by real time.
 *
 * PostgreSQL also counts those who wait in front of one as blocking. A cycle through such a queue is no deadlock: its
 * own detector would reorder the queue. Those are told apart by the conflicts of lock modes.
 */
import type { Row } from './admin.ts';

export type Pid = number;
/** For each session that waits, those it waits for. */
export type WaitGraph = ReadonlyMap<Pid, readonly Pid[]>;

/** Also waits for a safe snapshot (SERIALIZABLE READ ONLY DEFERRABLE), which holds no lock. */
export function lookUpSql(pids: readonly Pid[]): string {
  return (
    `select p pid, pg_blocking_pids(p) || pg_safe_snapshot_blocking_pids(p) by` +
    ` from unnest('{${pids.join()}}'::int[]) p`
  );
}

export function readLookUp(rows: readonly Row[]): Map<Pid, Pid[]> {
  return new Map(
    rows.map(({ pid, by }) => [
      Number(pid),
      [...new Set((by ?? '').replaceAll(/[{}]/g, '').split(',').filter(Boolean).map(Number))],
    ]),
  );
}

/** The cycle that begins and ends at `from`, in the order of waiting; the shortest, then the lowest pids. */
export function cycleFrom(from: Pid, graph: WaitGraph): Pid[] | undefined {
  const paths: Pid[][] = [[from]];
  const seen = new Set<Pid>();
  for (let path = paths.shift(); path !== undefined; path = paths.shift()) {
    const blockers = graph.get(path.at(-1) as Pid) ?? [];
    for (const next of blockers.toSorted((a, b) => a - b)) {
      if (next === from) return path;
      if (seen.has(next)) continue;
      seen.add(next);
      paths.push([...path, next]);
    }
  }
  return undefined;
}

export interface HeldLock {
  readonly pid: Pid;
  readonly granted: boolean;
  readonly mode: string;
  /** Equal for locks on the same thing. */
  readonly on: string;
  /** The thing in the words of PostgreSQL's deadlock report. */
  readonly described: string;
}

export function locksSql(pids: readonly Pid[]): string {
  return `select * from pg_locks where pid = any ('{${pids.join()}}'::int[])`;
}

export function readLocks(rows: readonly Row[]): HeldLock[] {
  return rows.map((row) => ({
    pid: Number(row['pid']),
    granted: row['granted'] === 't',
    mode: row['mode'] ?? '',
    on: tag.map((column) => row[column] ?? '').join('|'),
    described: (descriptions[row['locktype'] ?? ''] ?? (() => 'something else'))(row),
  }));
}

/** Only those who hold what is waited for, not those who wait in front. */
export function holders(locks: readonly HeldLock[]): Map<Pid, Pid[]> {
  const graph = new Map<Pid, Pid[]>();
  for (const wanted of locks.filter(({ granted }) => !granted)) {
    const by = locks.filter(
      ({ pid, granted, on, mode }) =>
        granted && pid !== wanted.pid && on === wanted.on && conflict(mode, wanted.mode),
    );
    graph.set(wanted.pid, [...new Set(by.map(({ pid }) => pid))]);
  }
  return graph;
}

const tag = [
  'locktype',
  'database',
  'relation',
  'page',
  'tuple',
  'virtualxid',
  'transactionid',
  'classid',
  'objid',
  'objsubid',
];

const descriptions: Readonly<Record<string, (row: Row) => string>> = {
  relation: (row) => `relation ${row['relation']} of database ${row['database']}`,
  extend: (row) => `extension of relation ${row['relation']} of database ${row['database']}`,
  page: (row) =>
    `page ${row['page']} of relation ${row['relation']} of database ${row['database']}`,
  tuple: (row) =>
    `tuple (${row['page']},${row['tuple']}) of relation ${row['relation']}` +
    ` of database ${row['database']}`,
  transactionid: (row) => `transaction ${row['transactionid']}`,
  virtualxid: (row) => `virtual transaction ${row['virtualxid']}`,
  spectoken: (row) => `speculative token ${row['objid']} of transaction ${row['transactionid']}`,
  object: (row) =>
    `object ${row['objid']} of class ${row['classid']} of database ${row['database']}`,
  advisory: (row) =>
    `advisory lock [${row['database']},${row['classid']},${row['objid']},${row['objsubid']}]`,
};

const modes = [
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
];
/** Row by row, the modes that each mode conflicts with (PostgreSQL's table of lock modes). */
const conflicts = ['7', '67', '4567', '34567', '23567', '234567', '1234567', '01234567'];

function conflict(held: string, wanted: string): boolean {
  const other = modes.indexOf(held);
  return conflicts[modes.indexOf(wanted)]?.includes(String(other)) === true;
}
