/** A PostgreSQL for one test file, and stages whose chapter has tables in it. */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import {
  prepareDatabase,
  startPostgres,
  type PostgresServer,
  type PreparedDatabase,
  type SchemaText,
} from '#postgres';
import type { ChapterDefinition } from '#kit';
import { epochMs } from '#sim';
import { services, type Stage } from './play.ts';

export const testCache = join(tmpdir(), 'crashproof-test-postgres');

let server: Promise<PostgresServer> | undefined;
const databases = new Map<string, Promise<PreparedDatabase>>();

afterAll(async () => {
  for (const database of databases.values()) await (await database).close();
  await (await server)?.close();
});

function serverOfFile(): Promise<PostgresServer> {
  mkdirSync(testCache, { recursive: true });
  server ??= startPostgres({ cacheDirectory: testCache });
  return server;
}

/** The same again for equal wishes. */
export async function databaseOf(
  { roles, tables = {}, schemas }: Pick<ChapterDefinition, 'roles' | 'tables' | 'schemas'>,
  ...schema: readonly (string | SchemaText)[]
): Promise<PreparedDatabase> {
  const texts = schema.map((each): SchemaText =>
    typeof each === 'string' ? { text: each, file: 'schema.sql', from: 'chapter' } : each,
  );
  const plan = { texts, schemas, roles: Object.keys(roles), tables, atMs: epochMs };
  const key = JSON.stringify(plan);
  const database = databases.get(key) ?? prepareDatabase(await serverOfFile(), plan);
  databases.set(key, database);
  database.catch(() => databases.delete(key));
  return database;
}

export const schema = `
  create table accounts (id text primary key, balance int not null);
  create table ledger (id text primary key, amount int not null, at timestamptz default now());
  create table jobs (id bigserial primary key, body text not null, taken_by text);
  insert into accounts values ('a', 0), ('b', 0);
`;

/** The effects of a command are its rows in the ledger. */
export const withTables: Partial<ChapterDefinition> = {
  tables: {
    accounts: 'select id, balance from accounts',
    ledger: 'select id, amount from ledger',
    jobs: 'select id, body, taken_by from jobs',
  },
  ports: {},
};

export type DatabaseStage = Stage & { readonly database: PreparedDatabase };

/** The tiny course with tables, and its services. */
export async function onTables(
  code: string,
  change: Partial<ChapterDefinition> = {},
  ...more: readonly string[]
): Promise<DatabaseStage> {
  const stage = await services(code, { ...ledgerFlow, ...withTables, ...change });
  const database = await databaseOf(stage.chapter, schema, ...more);
  return { ...stage, play: (plot = {}) => stage.play({ ...plot, database }), database };
}

const ledgerFlow: Pick<ChapterDefinition, 'flow'> = {
  flow: {
    id: { orders: ({ value }) => (JSON.parse(String(value)) as { id: string }).id },
    effects: ({ tables }) => (tables['ledger'] ?? []).map(({ id }) => ({ id: String(id) })),
  },
};

/** A consumer with a pool: what it does with an order is the test's. */
export const writer = (handler: string, setUp = ''): string => `
  import { Kafka } from 'kafkajs';
  import pg from 'pg';
  import Cursor from 'pg-cursor';
  import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
  import { pipeline } from 'node:stream/promises';
  import { Readable, Writable } from 'node:stream';
  export const worker = async ({ kafka, database, slot }) => {
    const db = new pg.Pool(database);
    db.on('error', (error) => console.log('idle client:', error.message));
    const consumer = new Kafka(kafka).consumer({ groupId: 'workers' });
    consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
    await consumer.connect();
    await consumer.subscribe({ topics: ['orders'], fromBeginning: true });
    ${setUp}
    await consumer.run({
      autoCommitThreshold: 1,
      eachMessage: async ({ message }) => {
        const order = JSON.parse(message.value.toString());
        ${handler}
      },
    });
    return { stop: async () => { await consumer.disconnect(); await db.end(); } };
  };
`;

/** Everything in one transaction, duplicates set aside. */
export const careful = `
  const client = await db.connect();
  try {
    await client.query('begin');
    const { rowCount } = await client.query(
      'insert into ledger values ($1, $2) on conflict do nothing', [order.id, 5]);
    if (rowCount > 0) await client.query("update accounts set balance = balance + 5 where id = 'a'");
    await client.query('commit');
  } catch (error) { await client.query('rollback').catch(() => {}); throw error; }
  finally { client.release(); }
`;
