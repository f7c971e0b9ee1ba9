/**
 * A chapter's tables in a database of their own: the virtual functions, a login role for each service, the SQL of the
 * chapter and of whoever adds to it, and the rows that stand there before the first run.
 *
 * Shared, all services meet in the schema `public`, where PostgreSQL's users expect their tables. What one makes
 * belongs to all, through a role that each is a member of. By role, each has a schema of its own and no right on
 * another's: what one wants to know of another it has to be told.
 *
 * Left out: columns that only a superuser may fill.
 */
import { Failure, type Milliseconds } from '#kernel';
import { rewriteStatement } from '../statements/rewrite.ts';
import { simSchemaSql } from '../virtual/functions.ts';
import { literal, quoted, roleSql, searchPathOf } from '../virtual/roles.ts';
import { Refused, type Admin } from '../sessions/admin.ts';

/** Where the tables of every service stand, when they share them. */
const sharedSchema = 'public';
/** Owns what stands there; nobody logs in as it. */
const owner = 'services';

/** SQL that makes tables. */
export interface SchemaText {
  readonly text: string;
  /** For messages: `schema.sql`, `payment.sql`. */
  readonly file: string;
  /** Ours, or the learner's, which adds to it. */
  readonly from: 'chapter' | 'service';
  /** Whose schema it is about; left out = the shared one. */
  readonly role?: string;
}

export interface Schema {
  /** In this order: the chapter's first, then of whoever adds to it. */
  readonly texts: readonly SchemaText[];
  /** Services, by the name that they log in with. */
  readonly roles: readonly string[];
  /** Each service has its own; left out = they share one. */
  readonly schemas?: 'by role' | undefined;
  /** When the rows that it inserts come to be. */
  readonly atMs: Milliseconds;
}

/** Builds everything in an empty database. */
export async function applySchema(admin: Admin, schema: Schema): Promise<void> {
  const { texts, atMs } = schema;
  const [version] = await admin.query('show server_version_num');
  const major = Math.floor(Number(version?.['server_version_num']) / 10_000);
  await admin.query([simSchemaSql(major), servicesSql(schema)].join('\n'));
  const clocks = ['clock', 'tx_admin', 'statement_admin'];
  await admin.query(`select ${clocks.map((name) => `setval('sim.${name}', ${atMs})`).join()}`);
  for (const each of texts) {
    const maker = each.role === undefined ? owner : quoted(each.role);
    const path = searchPathOf(each.role ?? sharedSchema);
    // One after the other: the second may be about what the first has made.
    // oxlint-disable-next-line no-await-in-loop
    await admin.query(`set search_path = ${path}; set role ${maker}`);
    // oxlint-disable-next-line no-await-in-loop
    await admin.query(rewriteStatement(each.text).text).catch((error: unknown) => {
      throw error instanceof Refused ? wrongSchema(each, error) : error;
    });
  }
  await admin.query(`reset role; set search_path = ${adminPath(schema)}`);
}

/** The schemas with tables that a run may fill. */
export function schemasOf({
  roles,
  schemas,
}: Pick<Schema, 'roles' | 'schemas'>): readonly string[] {
  return schemas === undefined ? [sharedSchema] : roles;
}

/** For our own session: with several schemas every name has to say which one is meant. */
export function adminPath({ schemas }: Pick<Schema, 'schemas'>): string {
  return schemas === undefined ? searchPathOf(sharedSchema) : 'sim, pg_catalog';
}

/**
 * In which schema each service looks, said for this database: roles belong to the whole server, where another database
 * may have them meet elsewhere.
 */
export function loginSql(database: string, { roles, schemas }: Schema): string {
  return roles
    .map((role) => {
      const path = searchPathOf(schemas === undefined ? sharedSchema : role);
      const login = `${quoted(role)} in database ${quoted(database)}`;
      return `alter role ${login} set search_path = ${path};`;
    })
    .join('\n');
}

/** The chapter's own is our trouble, anything after it the learner's. */
export function wrongSchema(
  { text, file, from }: SchemaText,
  { sqlMessage, position }: Pick<Refused, 'sqlMessage' | 'position'>,
): Failure {
  const line = position === undefined ? '' : `:${text.slice(0, position - 1).split('\n').length}`;
  const [code, whose] =
    from === 'chapter'
      ? (['TROUBLE', "the chapter's "] as const)
      : (['DOES_NOT_LOAD', ''] as const);
  return new Failure(code, `${whose}${file}${line} does not load: ${sqlMessage}.`);
}

function servicesSql({ roles, schemas }: Schema): string {
  if (schemas === undefined) {
    const shared = roles.map((name) => roleSql({ name, schema: sharedSchema }));
    return [...shared, ownerSql(roles)].join('\n');
  }
  const own = roles.map((name) => roleSql({ name, schema: name }));
  return [...own, `revoke all on schema ${sharedSchema} from public;`].join('\n');
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
export async function seedSql(admin: Admin, schemas: readonly string[]): Promise<string> {
  const names = schemas.map((name) => `quote_ident(${literal(name)})`).join();
  const tables = await admin.query(
    `select c.oid::regclass::text as name,` +
      ` string_agg(quote_ident(a.attname), ', ' order by attnum) as columns` +
      ` from pg_class c join pg_attribute a on a.attrelid = c.oid` +
      ` where c.relkind = 'r' and c.relnamespace::regnamespace::text = any (array[${names}])` +
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
