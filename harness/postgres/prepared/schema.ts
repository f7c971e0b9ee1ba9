/**
 * A chapter's tables in a database of their own: the virtual functions, a login role for each service, the SQL of the
 * chapter and of whoever adds to it, and the rows that stand there before the first run.
 *
 * All services meet in the schema `public`, where PostgreSQL's users expect their tables. What one makes belongs to
 * all, through a role that each is a member of.
 *
 * Left out: a schema for each service; columns that only a superuser may fill.
 */
import { Failure, type Milliseconds } from '#kernel';
import { rewriteStatement } from '../statements/rewrite.ts';
import { simSchemaSql } from '../virtual/functions.ts';
import { literal, quoted, roleSql } from '../virtual/roles.ts';
import { Refused, type Admin } from '../sessions/admin.ts';

/** Where the tables of every service stand. */
export const sharedSchema = 'public';
/** Owns what stands there; nobody logs in as it. */
const owner = 'services';

export const searchPath = `${sharedSchema}, sim, pg_catalog`;

export interface Schema {
  /** SQL of the chapter first, then of whoever adds to it. */
  readonly texts: readonly string[];
  /** Services, by the name that they log in with. */
  readonly roles: readonly string[];
  /** When the rows that it inserts come to be. */
  readonly atMs: Milliseconds;
}

/** Builds everything in an empty database. */
export async function applySchema(admin: Admin, { texts, roles, atMs }: Schema): Promise<void> {
  const [version] = await admin.query('show server_version_num');
  const major = Math.floor(Number(version?.['server_version_num']) / 10_000);
  await admin.query([simSchemaSql(major), ...roles.map(serviceSql), ownerSql(roles)].join('\n'));
  const clocks = ['clock', 'tx_admin', 'statement_admin'];
  await admin.query(`select ${clocks.map((name) => `setval('sim.${name}', ${atMs})`).join()}`);
  await admin.query(`set search_path = ${searchPath}; set role ${owner}`);
  for (const [index, text] of texts.entries()) {
    // One after the other: the second may be about what the first has made.
    // oxlint-disable-next-line no-await-in-loop
    await admin.query(rewriteStatement(text).text).catch((error: unknown) => {
      throw error instanceof Refused ? wrongSchema(text, index, error) : error;
    });
  }
  await admin.query('reset role');
}

/** The chapter's own is our trouble, anything after it the learner's. */
function wrongSchema(text: string, index: number, { sqlMessage, position }: Refused): Failure {
  const line = position === undefined ? '' : `:${text.slice(0, position - 1).split('\n').length}`;
  const [code, whose] =
    index === 0 ? (['TROUBLE', "the chapter's "] as const) : (['DOES_NOT_LOAD', ''] as const);
  return new Failure(code, `${whose}schema.sql${line} does not load: ${sqlMessage}.`);
}

function serviceSql(role: string): string {
  return roleSql({ name: role, schema: sharedSchema });
}

function ownerSql(roles: readonly string[]): string {
  const members = roles.map((role) => {
    const grants = ['tables', 'sequences', 'functions', 'types'].map(
      (kind) =>
        `alter default privileges for role ${quoted(role)} grant all on ${kind} to ${owner};`,
    );
    return [`grant ${owner} to ${quoted(role)};`, ...grants].join('\n');
  });
  const current = `execute format('grant create on database %I to ${owner}', current_database())`;
  return [
    `do $$ begin create role ${owner}; exception when duplicate_object then null; end $$;`,
    `alter schema ${sharedSchema} owner to ${owner};`,
    `do $$ begin ${current}; end $$;`,
    ...members,
  ].join('\n');
}

/** SQL that inserts the rows which stand in the tables now, in the order in which they stand there. */
export async function seedSql(admin: Admin): Promise<string> {
  const tables = await admin.query(
    `select c.oid::regclass::text as name,` +
      ` string_agg(quote_ident(a.attname), ', ' order by attnum) as columns` +
      ` from pg_class c join pg_attribute a on a.attrelid = c.oid` +
      ` where c.relkind = 'r' and c.relnamespace = ${literal(sharedSchema)}::regnamespace` +
      ` and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''` +
      ` group by c.oid order by c.oid`,
  );
  // Rows are put back as they were: neither triggers nor references are asked.
  const statements = ['set local session_replication_role = replica;'];
  for (const { name, columns } of tables) {
    // oxlint-disable-next-line no-await-in-loop
    const [row] = await admin.query(
      `select json_agg(t)::text as rows from (select ${columns} from ${name}) t`,
    );
    const rows = row?.['rows'] ?? undefined;
    if (rows === undefined) continue;
    statements.push(
      `insert into ${name} (${columns}) overriding system value` +
        ` select ${columns} from json_populate_recordset(null::${name}, ${literal(rows)});`,
    );
  }
  return statements.join('\n');
}
