/**
 * A course whose services get in each other's way in the database. Three movers begin in a circle in which each wants
 * what the next one has, so that one of them is undone; then they move amounts between few accounts, each locking one
 * row and then another over a pause. Three relays publish what was moved: they are woken by NOTIFY and skip what is
 * locked. `frozen` stands still while it has a row that a mover wants.
 */
import type { HashRequest, HashRow } from '#verify';
import { layCourse, type Ground } from './ground.ts';

export const contention = '90-contention';

/** In every schedule: a relay stands still while it has a row, for less than its session lasts. */
export const frozen = 'freeze relay-0 · SELECT outbox · #1 · after apply · 20000 ms';

/** What has to happen in a schedule that counts: waits, a deadlock, a relay that is woken, the one that is frozen. */
const wanted = ['waits', '40P01', 'INSERT heard', frozen];

export function layContention(): Ground {
  return layCourse(contention, {
    chapter: { 'chapter.ts': definition, 'schema.sql': schema },
    solution: { 'mover.ts': mover, 'relay.ts': relay },
  });
}

/** What is drawn for this course, and what has to happen in each that counts. */
export function contentionRequest(
  { root, solution }: Ground,
  how: Pick<HashRequest, 'seed' | 'count' | 'workers' | 'fresh'>,
): HashRequest {
  return {
    root,
    chapter: contention,
    folders: [solution],
    level: 2,
    faults: [frozen],
    wanted,
    ...how,
  };
}

/** Any that differs is told, by its number; of the others, how often each thing happened. */
export function compareContended(one: readonly HashRow[], other: readonly HashRow[]) {
  const hashes = new Map(other.map(({ index, traceHash }) => [index, traceHash]));
  const happened = Object.fromEntries(
    wanted.map((name) => [name, one.reduce((sum, { counts }) => sum + (counts[name] ?? 0), 0)]),
  );
  const different = one
    .filter(({ index, traceHash }) => hashes.get(index) !== traceHash)
    .map(({ index }) => index);
  return { classes: new Set(one.map(({ traceClass }) => traceClass)).size, happened, different };
}

const schema = `
create table accounts (id text primary key, balance int not null);
create table moves (id text primary key);
create table gates (id int primary key, passed int not null);
create table outbox (
  id bigserial primary key, body text not null, noted int default 0, sent bool default false
);
create table heard (id bigserial primary key, by text not null);
insert into accounts values ('a', 100), ('b', 100), ('c', 100);
insert into gates values (0, 0), (1, 0), (2, 0);
insert into outbox (body) values ('first'), ('second'), ('third');
`;

const definition = `
import * as fc from 'fast-check';

const account = fc.constantFrom('a', 'b', 'c');
const moves = fc
  .array(fc.record({ from: account, to: account, amount: fc.integer({ min: 1, max: 9 }) }), {
    minLength: 3, maxLength: 6,
  })
  .map((list) => list.map((each, index) => ({ id: 'v' + (index + 1), ...each })));

export const contention = {
  title: 'Contention',
  promise: 'Every move is made once.',
  minutes: 1,
  needs: [],
  pass: 2,
  roles: {
    mover: { file: 'mover.ts', instances: [3, 3] },
    relay: { file: 'relay.ts', instances: [3, 3] },
  },
  topics: { moves: { partitions: 3 }, moved: { partitions: 1 } },
  groups: ['mover'],
  tables: {
    accounts: 'select id, balance from accounts order by id',
    moves: 'select id from moves',
  },
  workload: {
    example: ['ab', 'bc', 'ca', 'ba'].map(([from, to], index) => (
      { id: 'v' + (index + 1), from, to, amount: index + 1 })),
    commands: moves,
    id: ({ id }) => id,
    // Moves come together, so that they meet in the database.
    send: (move) => ({
      topic: 'moves', partition: move.id.length % 3 === 0 ? 0 : Number(move.id.at(-1)) % 3,
      value: JSON.stringify(move),
    }),
    closing: (n) => ({ id: 'closing-' + n, from: 'a', to: 'b', amount: 1 }),
  },
  flow: {
    id: { moves: ({ value }) => JSON.parse(String(value)).id },
    effects: ({ tables }) => (tables.moves ?? []).map(({ id }) => ({ id })),
  },
  properties: { 'no-loss': 'shared', 'commit-safe': 'shared', progress: 'shared' },
  stub: { breaks: 'no-loss', by: 'crash mover-0 · COMMIT (v1) · #1 · after apply' },
  hints: {},
  mutants: {},
  variants: {},
};
`;

const mover = `
import { Kafka } from 'kafkajs';
import { Pool } from 'pg';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Whoever is undone tries again. */
const inTransaction = async (db, work) => {
  const client = await db.connect();
  let broken;
  try {
    await client.query('begin');
    await work(client);
    await client.query('commit');
  } catch (error) {
    broken = error;
    throw error;
  } finally {
    client.release(broken);
  }
};

const enter = async (db, number) => {
  const pass = (client, gate) =>
    client.query('update gates set passed = passed + 1 where id = $1', [gate % 3]);
  for (;;) {
    try {
      return await inTransaction(db, async (client) => {
        await pass(client, number);
        await pause(4000);
        await pass(client, number + 1);
        if (number === 0) await client.query('update outbox set noted = noted + 1 where id = 1');
      });
    } catch (error) {
      if (error.code !== '40P01') throw error;
      await pause(100);
    }
  }
};

export const mover = async ({ kafka, database, slot }) => {
  const db = new Pool(database);
  db.on('error', () => {});
  await enter(db, Number(slot.at(-1)));
  const consumer = new Kafka(kafka).consumer({ groupId: 'mover' });
  consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
  await consumer.connect();
  await consumer.subscribe({ topics: ['moves'], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const { id, from, to, amount } = JSON.parse(String(message.value));
      await inTransaction(db, async (client) => {
        const add = (account, sum) =>
          client.query('update accounts set balance = balance + $1 where id = $2', [sum, account]);
        await add(from, -amount);
        await pause(7);
        await client.query('insert into moves values ($1) on conflict do nothing', [id]);
        await client.query('insert into outbox (body) values ($1)', [id]);
        await client.query("select pg_notify('outbox', $1)", [id]);
        await add(to, amount);
      });
    },
  });
  return { stop: async () => { await consumer.disconnect(); await db.end(); } };
};
`;

const relay = `
import { Kafka } from 'kafkajs';
import { Pool } from 'pg';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export const relay = async ({ kafka, database, slot }) => {
  const db = new Pool(database);
  db.on('error', () => {});
  const producer = new Kafka(kafka).producer();
  await producer.connect();
  const take = async () => {
    const client = await db.connect();
    let broken;
    try {
      await client.query('begin');
      const { rows: [next] } = await client.query(
        'select id, body from outbox where not sent order by id limit 1 for update skip locked');
      if (next !== undefined) {
        await producer.send({ topic: 'moved', messages: [{ value: next.body }] });
        await client.query('update outbox set sent = true where id = $1', [next.id]);
      }
      await client.query('commit');
      return next !== undefined;
    } catch (error) {
      broken = error;
      throw error;
    } finally {
      client.release(broken);
    }
  };
  let stopped = false;
  let woken = () => {};
  const listener = await db.connect();
  listener.on('error', () => process.exit(1));
  listener.on('notification', () => woken());
  await listener.query('listen outbox');
  const work = (async () => {
    while (!stopped) {
      while (!stopped && (await take()));
      const told = new Promise((resolve) => (woken = () => resolve(true)));
      if (await Promise.race([told, pause(30_000)])) {
        await db.query('insert into heard (by) values ($1)', [slot]);
      }
    }
  })().catch(() => process.exit(1));
  return {
    stop: async () => {
      stopped = true;
      woken();
      await work;
      listener.release();
      await producer.disconnect();
      await db.end();
    },
  };
};
`;
