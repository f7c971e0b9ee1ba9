/**
 * Puts a database back to where it was before the first run, physically: a query without ORDER BY gives its rows in
 * the order of the pages, and the planner looks at their number. Touched tables are emptied by DELETE and VACUUM, which
 * gives their pages back; where an index has grown beyond its root, TRUNCATE makes it anew. Then sequences are set back
 * and seed rows inserted again. TRUNCATE alone would do, at six times the cost, and each leaves files behind that only
 * a checkpoint removes.
 *
 * A table is touched when it has pages, whoever wrote them; a rolled back transaction leaves pages too. A schema change
 * leaves a count behind (event triggers in `sim`): then only a new database from the template will do.
 *
 * Left out: large objects, and statistics objects of the learner's own.
 */
import { invariant, type Milliseconds } from '#kernel';
import type { Admin, Row } from '../sessions/admin.ts';
import { literal, quoted } from '../virtual/roles.ts';

export interface ResetOptions {
  /** Whose tables and sequences are put back. */
  readonly schemas: readonly string[];
  /** Inserts the rows that every run begins with; unqualified names are looked for in `schemas`. */
  readonly seedSql?: string;
}

export interface Reset {
  /** A sentence when this run changed more than rows: the database has to be made anew. */
  needsFreshDatabase(): Promise<string | undefined>;
  /** Tells of statements that leave their mark without being a schema change. */
  saw(verbs: readonly string[]): void;
  /** Everything is as before the first run; the clock stands at this time. No session may be lent. */
  restore(atMs: Milliseconds): Promise<void>;
}

interface Sequence {
  readonly name: string;
  readonly state: string;
}

interface Layout {
  readonly tables: ReadonlyMap<string, string>;
  /** For each table, those that must be truncated with it because they refer to it. */
  readonly referrers: ReadonlyMap<string, readonly string[]>;
  readonly sequences: readonly Sequence[];
  readonly changes: string;
}

/** Dead rows in the catalog are cleared away before they slow things down. */
const runsPerCleaning = 250;

/** Statements that change statistics, roles or stored results, which no event trigger sees. */
const lasting =
  /^(ANALYZE|VACUUM|CLUSTER|REFRESH MATERIALIZED|(CREATE|ALTER|DROP) (ROLE|USER|GROUP|DATABASE))$/;

export async function prepareReset(admin: Admin, options: ResetOptions): Promise<Reset> {
  const layout = await readLayout(admin, options.schemas);
  await remake(admin, layout, [...layout.tables.keys()]);
  const probe = probeSql(layout);
  const path = [...options.schemas.map(quoted), 'sim', 'pg_catalog'].join(', ');
  const seed =
    options.seedSql === undefined ? '' : `set local search_path = ${path}; ${options.seedSql}`;
  let restored = 0;
  let changed: string | undefined;
  /** What the question about a new database has seen: nobody moves between that and `restore`. */
  let probed: Row | undefined;
  const look = async (): Promise<Row> => {
    const [state] = await admin.query(probe);
    invariant(state !== undefined, 'the state of the tables is one row');
    return state;
  };
  const clean = async (): Promise<void> => {
    if (++restored % runsPerCleaning === 0) await admin.query('vacuum pg_catalog.pg_class');
  };
  return {
    async needsFreshDatabase() {
      if (changed !== undefined) return changed;
      const { changes } = (probed = await look());
      return changes !== layout.changes ? 'the run changed the schema of the database' : undefined;
    },
    saw(verbs) {
      const verb = verbs.find((name) => lasting.test(name));
      if (verb !== undefined) changed ??= `the run said ${verb}`;
    },
    async restore(atMs) {
      const state = probed ?? (await look());
      probed = undefined;
      const touched = listOf(state['touched']);
      const last = [clockSql(atMs), ...setBack(layout.sequences, state), seed].join('\n');
      // Mostly nothing has grown: then one round trip does it all.
      const grown = await empty(admin, layout, touched, last);
      if (grown.length === 0) return clean();
      await empty(admin, layout, touched);
      await remake(admin, layout, grown);
      await admin.query(last);
      await clean();
    },
  };
}

/** A new database from the template; nobody may be connected to either. */
export async function recreateDatabase(
  maintenance: Admin,
  { database, template }: { readonly database: string; readonly template: string },
): Promise<void> {
  await maintenance.query(`drop database if exists ${quoted(database)} with (force)`);
  await maintenance.query(
    `create database ${quoted(database)} template ${quoted(template)} strategy file_copy`,
  );
}

async function readLayout(admin: Admin, schemas: readonly string[]): Promise<Layout> {
  const quotedNames = schemas.map((name) => literal(quoted(name))).join();
  const own = `relnamespace = any (array[${quotedNames}]::regnamespace[])`;
  const tables = await admin.query(
    `select oid::text, oid::regclass::text as name from pg_class` +
      ` where relkind = 'r' and ${own} order by oid`,
  );
  const sequences = await admin.query(
    `select oid::regclass::text as name from pg_class where relkind = 'S' and ${own} order by oid`,
  );
  const references = await admin.query(
    `select confrelid::text as to, conrelid::text as by from pg_constraint where contype = 'f'`,
  );
  const names = sequences.map(({ name }) => name ?? '');
  const [state] = names.length === 0 ? [] : await admin.query(sequenceSql(names));
  const [changes] = await admin.query('select last_value from sim.changes');
  return {
    tables: new Map(tables.map(({ oid, name }) => [oid ?? '', name ?? ''])),
    referrers: referrersOf(references),
    sequences: names.map((name, index) => ({ name, state: state?.[`s${index}`] ?? '' })),
    changes: changes?.['last_value'] ?? '',
  };
}

function referrersOf(references: readonly Row[]): Map<string, string[]> {
  const referrers = new Map<string, string[]>();
  for (const { to, by } of references) {
    referrers.set(to ?? '', [...(referrers.get(to ?? '') ?? []), by ?? '']);
  }
  return referrers;
}

function sequenceColumns(names: readonly string[]): string[] {
  return names.map(
    (name, index) => `(select last_value || '/' || is_called from ${name}) s${index}`,
  );
}

function sequenceSql(names: readonly string[]): string {
  return `select ${sequenceColumns(names).join()}`;
}

function probeSql({ tables, sequences }: Layout): string {
  const touched =
    `array(select oid from unnest('{${[...tables.keys()].join()}}'::oid[]) oid` +
    ` where pg_relation_size(oid) > 0) touched`;
  const changes = '(select last_value from sim.changes) changes';
  const states = sequenceColumns(sequences.map(({ name }) => name));
  return `select ${[touched, changes, ...states].join()}`;
}

function namesOf({ tables }: Layout, oids: readonly string[]): string[] {
  return oids.flatMap((oid) => tables.get(oid) ?? []);
}

/** Statistics of the whole database are not brought up to date each time: that reads the whole catalog. */
const vacuum = 'vacuum (index_cleanup on, truncate on, skip_database_stats on)';

/** Says which of them kept pages; `then` is done in the same round trip, before that is known. */
async function empty(
  admin: Admin,
  layout: Layout,
  touched: readonly string[],
  ...then: readonly string[]
): Promise<string[]> {
  if (touched.length === 0) {
    await admin.queryAll(then);
    return [];
  }
  const names = namesOf(layout, touched);
  const deletes = names.map((name) => `delete from ${name};`);
  const rows = await admin.queryAll([
    // As a replica, so that neither triggers nor references are asked.
    `set local session_replication_role = replica; ${deletes.join('\n')}`,
    `${vacuum} ${names.join()}`,
    grownSql(touched),
    ...then,
  ]);
  return rows.flatMap(({ grown }) => grown ?? []);
}

/** Pages of a B-tree that holds or held a few rows: what it is, and its root. */
const smallIndexPages = 2;

/** Tables that kept pages, or whose indexes have grown, or are of a kind that remembers. */
function grownSql(oids: readonly string[]): string {
  return (
    `select t.oid::text as grown from unnest('{${oids.join()}}'::oid[]) t(oid)` +
    ` where pg_relation_size(t.oid) > 0 or exists (select from pg_index i` +
    ` join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam` +
    ` where i.indrelid = t.oid and (a.amname <> 'btree' or pg_relation_size(c.oid) >` +
    ` ${smallIndexPages} * current_setting('block_size')::int))`
  );
}

/**
 * New tables, with the statistics that VACUUM leaves behind, so that the planner sees the same before the first run
 * and before any other.
 */
async function remake(admin: Admin, layout: Layout, oids: readonly string[]): Promise<void> {
  const all = new Set(oids);
  for (const oid of all) for (const by of layout.referrers.get(oid) ?? []) all.add(by);
  const names = namesOf(layout, [...all]).join();
  if (names === '') return;
  await admin.query(`truncate ${names}`);
  await admin.query(`${vacuum} ${names}`);
  await admin.query(
    `update pg_class c set relpages = ${smallIndexPages} from pg_index i, pg_am a` +
      ` where i.indrelid = any ('{${[...all].join()}}'::oid[]) and c.oid = i.indexrelid` +
      ` and a.oid = c.relam and a.amname = 'btree'`,
  );
}

function setBack(sequences: readonly Sequence[], now: Row): string[] {
  return sequences.flatMap(({ name, state }, index) => {
    if (now[`s${index}`] === state) return [];
    const [value, called] = state.split('/');
    return `select setval(${literal(name)}, ${value}, ${called});`;
  });
}

/** Seed rows are of the time at which the run begins. */
function clockSql(atMs: Milliseconds): string {
  const names = ['clock', 'tx_admin', 'statement_admin', 'chance_admin'];
  const values = names.map(
    (name) => `setval('sim.${name}', ${name === 'chance_admin' ? 1 : atMs})`,
  );
  return `select ${values.join()};`;
}

function listOf(array: string | null | undefined): string[] {
  return (array ?? '').replaceAll(/[{}]/g, '').split(',').filter(Boolean);
}
