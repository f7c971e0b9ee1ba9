/**
 * The chapter's tables in a real PostgreSQL: a fresh database for each run, made from the chapter's SQL and removed
 * after it. On a server that somebody brings along (DATABASE_URL) nothing else is touched: the database that the
 * address names is only for connecting, and what a killed check left goes by its name, which nobody else has.
 *
 * Every service logs in as whoever the address names, for roles would belong to the whole server. Where each has a
 * schema of its own it looks into that one only; that it has no right on another's is judged in simulation.
 *
 * Left out: encryption between the workbench and the server; poolers that keep no settings of a session.
 */
import { randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import {
  createTableReader,
  ownDatabase,
  quoted,
  startPostgres,
  wrongSchema,
  type PostgresServer,
  type Schema,
  type SchemaText,
  type TableReader,
  type TableRows,
} from '#postgres';
import { accessTo, admittedBy, query, type Access } from './database-access.ts';
import type { DatabaseLogin } from './messages.ts';
import { openNotes } from './notes.ts';

export interface LiveDatabasePlan extends Omit<Schema, 'atMs'> {
  /** What properties see: a query each. */
  readonly tables: Readonly<Record<string, string>>;
}

/** The server that a check uses. */
export interface DatabaseServer {
  fresh(plan: LiveDatabasePlan): Promise<FreshDatabase>;
  close(): Promise<void>;
}

/** One run's own. */
export interface FreshDatabase {
  readonly name: string;
  /** Of the server, as `net.connect` takes it. */
  readonly address: { readonly path: string } | { readonly host: string; readonly port: number };
  /** How this role's processes log in; where, is for whoever stands between to say. */
  login(role: string): Omit<DatabaseLogin, 'host' | 'port'>;
  /** The declared tables that changed since this was last asked; undefined = none. */
  changedTables(): Promise<TableRows | undefined>;
  /** A table that cannot be read, for somebody has it for himself. */
  waitsFor(): string | undefined;
  remove(): Promise<void>;
}

export interface DatabaseServerOptions {
  /** DATABASE_URL, where somebody brings a server along; left out = one of our own is started. */
  readonly url?: string | undefined;
  /** For our own: `.crashproof/cache/postgres`. */
  readonly cacheDirectory: string;
  /** Where the names of databases that we made are kept. */
  readonly memory: string;
}

/** Rejects with a `Failure` that says what to do. */
export async function openDatabaseServer(options: DatabaseServerOptions): Promise<DatabaseServer> {
  const { url, cacheDirectory, memory } = options;
  const own = ownDatabase({ DATABASE_URL: url });
  const started = own === undefined ? await startPostgres({ cacheDirectory }) : undefined;
  try {
    return await openServer(
      accessTo(own?.url ?? addressOf(started), own !== undefined),
      memory,
      started,
    );
  } catch (error) {
    await started?.close();
    throw error;
  }
}

const superuser = 'postgres';

function addressOf(server: PostgresServer | undefined): string {
  return server?.url(superuser, superuser) ?? '';
}

async function openServer(
  given: Access,
  memory: string,
  started: PostgresServer | undefined,
): Promise<DatabaseServer> {
  const { client: admin, access } = await admittedBy(given);
  const notes = openNotes(memory);
  await clearLeftovers(admin, notes.all());
  return {
    async fresh(plan) {
      const name = `crashproof_${randomBytes(6).toString('hex')}`;
      notes.add(name);
      await create(admin, access, name);
      const remove = async (): Promise<void> => {
        await query(admin, access, `drop database if exists ${quoted(name)} with (force)`);
        notes.remove(name);
      };
      try {
        return await build({ access: { ...access, database: name }, plan, remove });
      } catch (error) {
        await remove();
        throw error;
      }
    },
    async close() {
      await admin.end();
      await started?.close();
    },
  };
}

/** Not from template1, which may hold anything, unless there is no other. */
async function create(admin: Client, access: Access, name: string): Promise<void> {
  const text = `create database ${quoted(name)}`;
  const [template] = await query(
    admin,
    access,
    `select from pg_catalog.pg_database where datname = 'template0'`,
  );
  await query(admin, access, template === undefined ? text : `${text} template template0`);
}

/** Only such as nobody is in: another check may be at work. */
async function clearLeftovers(admin: Client, names: readonly string[]): Promise<void> {
  for (const name of names.filter((each) => /^crashproof_[0-9a-f]{12}$/.test(each))) {
    // oxlint-disable-next-line no-await-in-loop
    await admin.query(`drop database if exists ${quoted(name)}`).catch(() => undefined);
  }
}

interface Building {
  readonly access: Access;
  readonly plan: LiveDatabasePlan;
  readonly remove: () => Promise<void>;
}

async function build({ access, plan, remove }: Building): Promise<FreshDatabase> {
  const { client } = await admittedBy(access);
  const ask = (text: string) => query(client, access, text);
  const { roles, schemas, texts, tables } = plan;
  if (schemas !== undefined) {
    await ask(roles.map((role) => `create schema ${quoted(role)}`).join('; '));
  }
  for (const text of texts) {
    // One after the other: the second may be about what the first has made.
    // oxlint-disable-next-line no-await-in-loop
    await load(client, access, text);
  }
  const path = schemas === undefined ? shared : 'pg_catalog';
  await ask(`set search_path = ${path}; set lock_timeout = '${lockPatience}'`);
  await ask(`set TimeZone = 'UTC'; set DateStyle = 'ISO'; set default_transaction_read_only = on`);
  const { user, password, database, address } = access;
  const reader = createTableReader({ query: ask }, tables);
  return {
    name: database,
    address,
    login: (role) => ({
      user,
      database,
      ssl: false,
      ...(password !== undefined && { password }),
      options: `-c search_path=${schemas === undefined ? shared : quoted(role)}`,
    }),
    ...watched(reader),
    async remove() {
      await client.end();
      await remove();
    },
  };
}

const shared = 'public';
/** A table that somebody holds for himself is not read now. */
const lockPatience = '20ms';

async function load(client: Client, access: Access, text: SchemaText): Promise<void> {
  const path = text.role === undefined ? shared : quoted(text.role);
  await query(client, access, `set search_path = ${path}`);
  await query(client, access, text.text, (refused) => wrongSchema(text, refused));
}

function watched(reader: TableReader): Pick<FreshDatabase, 'changedTables' | 'waitsFor'> {
  // One question at a time: the second would otherwise say again what the first has found.
  let last: Promise<unknown> = Promise.resolve();
  return {
    changedTables() {
      const next = last.then(() => reader.changed());
      last = next.catch(() => undefined);
      return next;
    },
    waitsFor: () => (reader.isShut ? 'somebody has a table of the chapter for himself' : undefined),
  };
}
