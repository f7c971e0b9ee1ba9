/**
 * A database that one run after another finds as if it were the first: built once, put back between runs, built anew
 * from its own copy after a run that changed more than rows. Belongs to one simulation thread.
 */
import { createHash } from 'node:crypto';
import type { Milliseconds } from '#kernel';
import { prepareReset, recreateDatabase, type Reset } from '../reset/reset.ts';
import { openAdmin, type Admin } from '../sessions/admin.ts';
import { looksOf } from '../sessions/dials.ts';
import type { ServerAddress } from '../sessions/connection.ts';
import { openSessions, type LendingServer, type Sessions } from '../sessions/sessions.ts';
import { quoted } from '../virtual/roles.ts';
import { adminPath, applySchema, loginSql, schemasOf, seedSql, type Schema } from './schema.ts';
import {
  createTableReader,
  rowsOf,
  type TableReader,
  type TableRows,
  type TableState,
} from './tables.ts';

/** A server to build databases in. */
export type HostingServer = Omit<LendingServer, 'database' | 'admin'>;

export interface DatabasePlan extends Schema {
  /** What properties see: a query each. */
  readonly tables: Readonly<Record<string, string>>;
}

export interface ReadLogin {
  readonly address: ServerAddress;
  readonly user: string;
  readonly database: string;
}

export interface PreparedDatabase {
  /** Others after a run that changed the schema: ask anew for each run. */
  readonly sessions: Sessions;
  /** The rows that every run begins with. */
  readonly seedRows: TableRows;
  /** Before each run: everything is as before the first. */
  begin(seed: number): Promise<void>;
  /** Tells of statements that leave a mark which is not seen otherwise. */
  saw(verbs: readonly string[]): void;
  /** The declared tables that changed since this was last asked; undefined = none. */
  changedTables(): Promise<TableRows | undefined>;
  /** A login that can read every table and change none, for whoever looks on from outside. */
  reader(): Promise<ReadLogin>;
  /** After each run: nobody holds a session any more. */
  end(): Promise<void>;
  close(): Promise<void>;
}

const superuser = 'postgres';
const readerRole = 'crashproof_reader';
/** Kept ready for each service: most have one pool with one connection at work. */
const warm = 1;
/** A table that somebody holds for himself is not read now. Only who is really blocked waits this long. */
const lockPatience = '20ms';

export async function prepareDatabase(
  server: HostingServer,
  plan: DatabasePlan,
): Promise<PreparedDatabase> {
  const mark = markOf(plan);
  const names = { database: `world_${mark}`, template: `template_${mark}` };
  const maintenance = await openAdmin({ ...server, user: superuser, database: superuser });
  const { seed, state } = await build(server, maintenance, names.database, plan);
  const parts = { server, plan, names, maintenance, seed };
  return new Database(parts, await connect(parts), state);
}

interface Parts {
  readonly server: HostingServer;
  readonly plan: DatabasePlan;
  readonly names: { readonly database: string; readonly template: string };
  readonly maintenance: Admin;
  readonly seed: string;
}

interface Connected {
  readonly sessions: Sessions;
  readonly reset: Reset;
  readonly reader: TableReader;
}

async function build(
  server: HostingServer,
  maintenance: Admin,
  database: string,
  plan: DatabasePlan,
): Promise<{ seed: string; state: TableState }> {
  await maintenance.query(`create database ${quoted(database)} strategy file_copy`);
  const admin = await openAdmin({ ...server, user: superuser, database });
  try {
    await applySchema(admin, plan);
    const reader = createTableReader(admin, plan.tables);
    await reader.changed();
    return { seed: await seedSql(admin, schemasOf(plan)), state: reader.state };
  } finally {
    await admin.close();
  }
}

async function connect({ server, plan, names, maintenance, seed }: Parts): Promise<Connected> {
  const { database } = names;
  const roles = plan.roles.map((name) => ({ name, warm }));
  const texts = plan.texts.map(({ text }) => text).join('\n');
  const options = { roles, schemaLooks: looksOf(texts) };
  // A database that was dropped takes such settings along.
  await maintenance.query(loginSql(database, plan));
  const sessions = await openSessions({ ...server, database, admin: superuser }, options);
  const { admin } = sessions;
  await admin.query(`set search_path = ${adminPath(plan)}; set lock_timeout = '${lockPatience}'`);
  const reset = await prepareReset(admin, { schemas: schemasOf(plan), seedSql: seed });
  return { sessions, reset, reader: createTableReader(admin, plan.tables) };
}

class Database implements PreparedDatabase {
  readonly seedRows: TableRows;
  readonly #parts: Parts;
  readonly #seedState: TableState;
  #connected: Connected;
  #hasTemplate = false;

  constructor(parts: Parts, connected: Connected, seedState: TableState) {
    this.#parts = parts;
    this.#connected = connected;
    this.#seedState = seedState;
    this.seedRows = rowsOf(seedState);
  }

  get sessions(): Sessions {
    return this.#connected.sessions;
  }

  async begin(seed: number): Promise<void> {
    if ((await this.#connected.reset.needsFreshDatabase()) !== undefined) await this.#renew();
    const { reset, reader, sessions } = this.#connected;
    await reset.restore(this.#parts.plan.atMs satisfies Milliseconds);
    reader.forget(this.#seedState);
    sessions.seed = seed;
  }

  saw(verbs: readonly string[]): void {
    this.#connected.reset.saw(verbs);
  }

  changedTables(): Promise<TableRows | undefined> {
    return this.#connected.reader.changed();
  }

  async reader(): Promise<ReadLogin> {
    const { server, names, maintenance, plan } = this.#parts;
    const role = quoted(readerRole);
    await maintenance.query(
      `do $$ begin create role ${role} login; exception when duplicate_object then null; end $$;
       grant pg_read_all_data to ${role};
       alter role ${role} set search_path = ${adminPath(plan)};
       alter role ${role} set default_transaction_read_only = on;`,
    );
    return { address: server.address, user: readerRole, database: names.database };
  }

  end(): Promise<void> {
    return this.sessions.giveAllBack();
  }

  async close(): Promise<void> {
    await this.sessions.close();
    await this.#parts.maintenance.close();
  }

  /** The copy is made when it is first needed: most services change no schema. */
  async #renew(): Promise<void> {
    const { server, maintenance, names, plan } = this.#parts;
    await this.sessions.close();
    if (!this.#hasTemplate) await build(server, maintenance, names.template, plan);
    this.#hasTemplate = true;
    await recreateDatabase(maintenance, names);
    this.#connected = await connect(this.#parts);
  }
}

/** Equal plans have equal names, in whatever order a thread meets them. */
function markOf({ texts, roles, schemas, tables, atMs }: DatabasePlan): string {
  const text = JSON.stringify([texts, roles, schemas ?? null, tables, atMs]);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
