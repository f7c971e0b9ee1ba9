/**
 * What a group of a client's messages is about, in the chapter's words: the statement that names it, what it does to
 * the database, and the commands behind its values.
 *
 * A place for faults is what may change something, and a query once it has brought rows; what only opens, sets or
 * looks and finds nothing is none, as a Fetch without records is none: a process that dies there dies as well just
 * before or after. What takes locks is a place from its beginning, once it found something to lock or came to wait. A
 * COMMIT is about what its transaction was about.
 *
 * Left out: what a function does that a query calls beside reading a table.
 */
import { healthySqlErrors } from '#schedule';
import { targetOf, type MessageGroup, type ReadGroup, type SqlOperation } from '#postgres';
import type { Statement } from './passage.ts';

export type Nature =
  /** May change rows, also of a transaction that is not over. */
  | 'change'
  /** Ends a transaction that changed something. */
  | 'commit'
  /** Changes no row, and keeps others waiting: a query that locks rows or takes an advisory lock, LOCK. */
  | 'lock'
  | 'query'
  /** Nobody could tell afterwards whether it ran. */
  | 'nothing';

/** What a session's open transaction did so far. */
export interface Transaction {
  readonly changed: boolean;
  /** It has rows or tables that others may wait for. */
  readonly holdsLocks: boolean;
  readonly cause: readonly string[];
  /** Those that it wrote to, by name. */
  readonly tables: readonly string[];
  /** Those of which it has locked rows. */
  readonly lockedTables: readonly string[];
}

export const noTransaction: Transaction = {
  changed: false,
  holdsLocks: false,
  cause: [],
  tables: [],
  lockedTables: [],
};

export interface NamedGroup {
  readonly nature: Nature;
  readonly operation: string;
  readonly target: string;
  readonly cause: readonly string[];
  readonly statements: readonly Statement[];
  readonly verbs: readonly string[];
  /** What a query among them locks. */
  readonly locks: 'rows' | 'others' | undefined;
}

const silent = new Set(
  (
    'BEGIN,ROLLBACK,ROLLBACK TO,SAVEPOINT,RELEASE,SET,RESET,SHOW,DISCARD,LISTEN,UNLISTEN,PREPARE,' +
    'DEALLOCATE,DECLARE,CLOSE,MOVE,EXPLAIN,CHECKPOINT,'
  ).split(','),
);
const looking = new Set(['SELECT', 'VALUES', 'TABLE', 'FETCH', 'LOCK']);

export function nameGroup(
  operations: readonly SqlOperation[],
  transaction: Transaction,
  causeOf: (statement: Statement) => readonly string[],
): NamedGroup {
  const natures = operations.map((operation) => natureOf(operation, transaction));
  const nature = strongest(new Set(natures));
  const chosen = operations[Math.max(natures.indexOf(nature), 0)];
  const statements = operations.map(({ text, values }) => ({
    text,
    values,
    isBound: /\$\d/.test(text),
  }));
  const own = [...new Set(statements.flatMap(causeOf))];
  return {
    nature,
    operation: chosen?.described.verb ?? '',
    target: chosen === undefined ? '' : targetOf(chosen.described),
    cause: own.length > 0 ? own : transaction.cause,
    statements,
    verbs: operations.flatMap(({ described }) => described.verbs),
    locks: operations.map(locksOf).find((locks) => locks !== undefined),
  };
}

const advisory = /\bpg_(try_)?advisory_(xact_)?lock(_shared)?\s*\(/i;

function locksOf({ text, described }: SqlOperation): NamedGroup['locks'] {
  if (described.locksRows) return 'rows';
  return described.verbs.includes('LOCK') || advisory.test(text) ? 'others' : undefined;
}

const order: readonly Nature[] = ['change', 'commit', 'lock', 'query'];

function natureOf(operation: SqlOperation, { changed }: Transaction): Nature {
  const { text, described } = operation;
  const looks = locksOf(operation) === undefined ? 'query' : 'lock';
  const natureOfVerb = (verb: string): Nature => {
    if (silent.has(verb)) return 'nothing';
    if (verb === 'COMMIT') return changed ? 'commit' : 'nothing';
    if (verb === 'COPY') return copies(text);
    if (!looking.has(verb)) return 'change';
    return verb === 'SELECT' && mayChange(text, described.table) ? 'change' : looks;
  };
  return strongest(new Set(described.verbs.map(natureOfVerb)));
}

function strongest(natures: ReadonlySet<Nature>): Nature {
  return order.find((each) => natures.has(each)) ?? 'nothing';
}

/** Stands for the verb of a COPY whose data are there. */
const copied = 'COPY DATA';

/** COPY … FROM STDIN only opens: what changes something are the data. */
function copies(text: string): Nature {
  if (/\bto\s+stdout\b/i.test(text)) return 'query';
  return opensCopy(text) ? 'nothing' : 'change';
}

export function opensCopy(text: string): boolean {
  return /\bfrom\s+stdin\b/i.test(text);
}

/** Functions of PostgreSQL that change no row. */
const harmless = new RegExp(
  `^(pg_(?!notify)\\w+|current_\\w+|txid_\\w+|now|version|random|clock_timestamp|gen_random_uuid|` +
    `count|exists|coalesce)\\(\\)$`,
);

/** A query with changes in its WITH part, or a call of a function that may do anything. */
function mayChange(text: string, table: string | undefined): boolean {
  if (table === undefined) {
    return /\b(insert|(?<!\bfor\s+(no\s+key\s+)?)update|delete|merge)\b/i.test(text);
  }
  return table.endsWith('()') && !harmless.test(table);
}

/** What has become of the transaction when the group is answered. */
export function continued(before: Transaction, named: NamedGroup, isOpen: boolean): Transaction {
  const { nature, cause, target, verbs, locks } = named;
  if (!isOpen) return noTransaction;
  const begun = verbs.includes('COMMIT') ? noTransaction : before;
  return {
    changed: begun.changed || nature === 'change',
    holdsLocks: begun.holdsLocks || nature === 'change' || locks !== undefined,
    cause: [...new Set([...begun.cause, ...cause])],
    tables: nature === 'change' ? [...begun.tables, target] : begun.tables,
    lockedTables: locks === 'rows' ? [...begun.lockedTables, target] : begun.lockedTables,
  };
}

/** What a healthy server may answer to it in this state of its session. */
export function mayFailWith(
  { nature, verbs, statements, locks }: NamedGroup,
  { holdsLocks }: Transaction,
  session: { readonly isolation: string; readonly status: string },
): readonly string[] {
  if (nature === 'query' || nature === 'nothing') return [];
  const upserts = statements.some(({ text }) => /\bon\s+conflict\b/i.test(text));
  const { isolation, status } = session;
  const hasFailed = status === 'E';
  return healthySqlErrors({ verbs, upserts, locks, isolation, holdsLocks, hasFailed });
}

/** Verbs that wait for whoever keeps a table from being written to. */
const writing = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

/** The table for which it would wait, if somebody had that; not one that its transaction has. */
export function lockableTable(
  { operation, target }: NamedGroup,
  { tables }: Transaction,
  { status }: { readonly status: string },
): string | undefined {
  if (!writing.has(operation) || target.startsWith('~')) return undefined;
  return status === 'E' || tables.includes(target) ? undefined : target;
}

/** Whether it wants rows that are there, and that somebody else could have; not such as its transaction has. */
export function wantsRows(
  { operation, target, verbs, locks }: NamedGroup,
  { tables, lockedTables, holdsLocks }: Transaction,
  { status }: { readonly status: string },
): boolean {
  if (verbs.length !== 1 || status === 'E') return false;
  if (operation !== 'UPDATE' && operation !== 'DELETE' && locks !== 'rows') return false;
  return target.startsWith('~')
    ? !holdsLocks
    : !tables.includes(target) && !lockedTables.includes(target);
}

/** Whether others may see something new now. */
export function mayHaveCommitted(
  before: Transaction,
  { nature, verbs }: NamedGroup,
  isOpen: boolean,
): boolean {
  const changed = before.changed || nature === 'change';
  return changed && (!isOpen || verbs.includes('COMMIT'));
}

/** The data that a COPY was waiting for, as an operation of the statement that opened it. */
export function copiedOperation(
  opened: SqlOperation,
  { frames }: Pick<MessageGroup, 'frames'>,
): SqlOperation {
  const data = frames
    .filter(({ type }) => type === 'd')
    .map(({ bytes }) => bytes.toString('utf8', 5));
  const values = data.flatMap((text) => text.split(/[\t\n,]/)).filter((value) => value !== '');
  return { ...opened, values, described: { ...opened.described, verbs: [copied] } };
}

export function operationsOf(
  { operations, frames }: ReadGroup,
  opened: SqlOperation | undefined,
): readonly SqlOperation[] {
  const endsCopy = frames.some(({ type }) => type === 'c' || type === 'f');
  if (opened === undefined || !endsCopy) return operations;
  return [copiedOperation(opened, { frames }), ...operations];
}
