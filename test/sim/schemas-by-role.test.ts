/** Two services in one database, each with a login, a schema and rights of its own. */
import { describe, expect, test } from 'vitest';
import { databaseOf } from './support/database.ts';
import { byCall, course } from './support/course.ts';
import { facts, services } from './support/play.ts';

const code = `
  import { Kafka } from 'kafkajs';
  import pg from 'pg';
  const trying = async (db, text) =>
    db.query(text).then(({ rows }) => rows, ({ message }) => message);
  export const worker = async ({ kafka, database }) => {
    const db = new pg.Pool(database);
    const consumer = new Kafka(kafka).consumer({ groupId: 'workers' });
    await consumer.connect();
    await consumer.subscribe({ topics: ['orders'], fromBeginning: true });
    await consumer.run({ eachMessage: async ({ message }) => {
      await db.query('insert into jobs (id) values ($1) on conflict do nothing', [String(message.key)]);
    } });
    return { stop: async () => { await consumer.disconnect(); await db.end(); } };
  };
  export const caller = async ({ database }) => {
    const db = new pg.Pool(database);
    return {
      take: async ({ id }) => {
        await db.query('insert into jobs (id, body) values ($1, now()::text)', [id]);
        return {
          path: (await trying(db, 'show search_path'))[0].search_path,
          own: await trying(db, 'select id from jobs'),
          other: await trying(db, 'select id from worker.jobs'),
          write: await trying(db, "insert into worker.jobs (id) values ('stolen')"),
          shared: await trying(db, 'create table public.mine (id int)'),
          fresh: await trying(db, 'create schema mine'),
        };
      },
      stop: () => db.end(),
    };
  };
`;

const tables = {
  'worker.jobs': 'select id from worker.jobs',
  'caller.jobs': 'select id from caller.jobs',
};
const texts = [
  {
    role: 'worker',
    text: "create table jobs (id text primary key); insert into jobs values ('seed');",
  },
  { role: 'caller', text: 'create table jobs (n bigserial primary key, id text, body text);' },
] as const;
const stage = await services(code, {
  ...byCall,
  tables,
  ports: {},
  schemas: 'by role',
  properties: {},
});
const ownSchemas = await databaseOf(
  stage.chapter,
  ...texts.map((each) => ({ ...each, file: `${each.role}.sql`, from: 'chapter' as const })),
);
const play = () => stage.play({ commands: 1, database: ownSchemas });

describe('a schema for each role', () => {
  test('is where its names are found, and the only one it has rights on', async () => {
    const [acked] = facts(await play(), 'command', { id: 'm1', state: 'acked' });
    expect(acked?.result).toEqual({
      path: 'caller, sim, pg_catalog',
      own: [{ id: 'm1' }],
      other: 'permission denied for schema worker',
      write: 'permission denied for schema worker',
      shared: 'permission denied for schema public',
      fresh: expect.stringMatching(/^permission denied for database world_/),
    });
  });

  test('is seen by the properties under its name, and put back after every run', async () => {
    const [first, again] = [await play(), await play()];
    const [seeds] = facts(first, 'table');
    expect(seeds?.tables).toEqual({ 'worker.jobs': [{ id: 'seed' }], 'caller.jobs': [] });
    expect(facts(first, 'table').at(-1)?.tables).toMatchObject({
      'caller.jobs': [{ id: 'm1' }],
    });
    expect(again.traceHash).toBe(first.traceHash);
  });

  test('is where somebody outside looks for the table that he takes', async () => {
    const fault = 'lock caller-0 · INSERT jobs (m1) · #1 · before apply · 1500 ms';
    const run = await stage.play({ commands: 1, database: ownSchemas, faults: [fault] });
    expect(run.fired).toEqual([0]);
    const waits = facts(run, 'operation', { step: 'waits' });
    expect(waits.map(({ slot, target }) => [slot, target])).toEqual([['caller-0', 'jobs']]);
  });

  test('does not reach a database in which the same roles share their tables', async () => {
    const shared = await databaseOf(
      { roles: course.roles, tables: {} },
      'create table jobs (id text, body text);',
    );
    const run = await stage.play({ commands: 1, database: shared });
    const [acked] = facts(run, 'command', { id: 'm1', state: 'acked' });
    expect(acked?.result).toMatchObject({ path: 'public, sim, pg_catalog', own: [{ id: 'm1' }] });
    const [anew] = facts(await play(), 'command', { id: 'm1', state: 'acked' });
    expect(anew?.result).toMatchObject({ path: 'caller, sim, pg_catalog' });
  });

  test('a mistake in one is told with its file', async () => {
    const wrong = { role: 'caller', file: 'caller.sql', text: '\ncreate tabel jobs ();' } as const;
    const opened = databaseOf(stage.chapter, { ...wrong, from: 'service' });
    await expect(opened).rejects.toMatchObject({
      code: 'DOES_NOT_LOAD',
      message: 'caller.sql:2 does not load: syntax error at or near "tabel".',
    });
  });
});
