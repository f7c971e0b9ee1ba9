/**
 * What the tables of a chapter hold, as its queries tell it. Asked after each statement that may have committed
 * something, in one round trip for all of them; the texts are compared, so that only what changed is read as rows.
 */
import { invariant, type Json } from '#kernel';
import { Refused, type Admin, type Row } from '../sessions/admin.ts';

/** Rows by declared table. */
export type TableRows = Readonly<Record<string, readonly Readonly<Record<string, Json>>[]>>;

export interface TableReader {
  /** The tables that do not hold what they held when last asked; undefined = all do. */
  changed(): Promise<TableRows | undefined>;
  /** As at this state, which is asked for from the next time on. */
  forget(state: TableState): void;
  /** When last asked, somebody held a table for himself: nothing was read. */
  readonly isShut: boolean;
  /** What was read last. */
  readonly state: TableState;
}

export type TableState = ReadonlyMap<string, string>;

const lockNotAvailable = '55P03';

export function createTableReader(
  admin: Pick<Admin, 'query'>,
  queries: Readonly<Record<string, string>>,
): TableReader {
  const names = Object.keys(queries);
  const columns = Object.values(queries).map(
    (query, index) =>
      `(select coalesce(json_agg(declared), '[]')::text` +
      ` from (${query.replace(/;\s*$/, '')}) declared) as t${index}`,
  );
  const ask = prepared(admin, `select ${columns.join(', ')}`);
  let state: TableState = new Map();
  let isShut = false;
  return {
    get isShut() {
      return isShut;
    },
    get state() {
      return state;
    },
    forget(to) {
      state = to;
    },
    async changed() {
      if (names.length === 0) return undefined;
      const row = await rowOf(ask);
      isShut = row === undefined;
      if (row === undefined) return undefined;
      const now = new Map(names.map((name, index) => [name, row[`t${index}`] ?? '[]']));
      const other = [...now].filter(([name, rows]) => state.get(name) !== rows);
      state = now;
      if (other.length === 0) return undefined;
      return Object.fromEntries(other.map(([name, rows]) => [name, rowsIn(rows)]));
    },
  };
}

let statements = 0;

/** Read and planned once: that costs more than to run it. A change of the schema makes the server plan anew. */
function prepared(admin: Pick<Admin, 'query'>, text: string): () => Promise<Row[]> {
  const name = `declared_tables_${statements++}`;
  let isThere = false;
  return async () => {
    if (!isThere) await admin.query(`prepare ${name} as ${text}`);
    isThere = true;
    return admin.query(`execute ${name}`);
  };
}

export function rowsOf(state: TableState): TableRows {
  return Object.fromEntries([...state].map(([name, rows]) => [name, rowsIn(rows)]));
}

function rowsIn(text: string): TableRows[string] {
  return JSON.parse(text) as TableRows[string];
}

/** Nothing while somebody holds a table for himself: it is read when he lets go. */
async function rowOf(ask: () => Promise<Row[]>): Promise<Row | undefined> {
  try {
    const [row] = await ask();
    invariant(row !== undefined, 'the tables are read as one row');
    return row;
  } catch (error) {
    if (error instanceof Refused && error.sqlState === lockNotAvailable) return undefined;
    throw error;
  }
}
