/**
 * A course whose services get in each other's way in the database: three workers move amounts between few accounts,
 * each locking one row and then another over a pause, so that they wait for each other and sometimes die of it. Laid
 * into a temporary folder, beside the packages of this project and its prepared data directories of PostgreSQL.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectRoot } from '#content';

export const contention = '90-contention';

export interface Ground {
  readonly root: string;
  readonly solution: string;
  remove(): void;
}

export function layContention(): Ground {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'contention-')));
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  const link = (path: string): void => {
    mkdirSync(join(projectRoot, path), { recursive: true });
    mkdirSync(dirname(join(root, path)), { recursive: true });
    symlinkSync(join(projectRoot, path), join(root, path), 'junction');
  };
  link('node_modules');
  link('.crashproof/cache/postgres');
  write('package.json', '{ "name": "contention", "type": "module" }');
  write(`chapters/${contention}/chapter.ts`, definition);
  write(`chapters/${contention}/schema.sql`, schema);
  const solution = `solutions/${contention}`;
  write(`${solution}/mover.ts`, mover);
  return { root, solution, remove: () => rmSync(root, { recursive: true, force: true }) };
}

const schema = `
create table accounts (id text primary key, balance int not null);
create table moves (id text primary key);
insert into accounts values ('a', 100), ('b', 100), ('c', 100);
`;

const definition = `
import * as fc from 'fast-check';

const account = fc.constantFrom('a', 'b', 'c');
const moves = fc
  .array(fc.record({ from: account, to: account, amount: fc.integer({ min: 1, max: 9 }) }), {
    minLength: 4, maxLength: 8,
  })
  .map((list) => list.map((each, index) => ({ id: 'v' + (index + 1), ...each })));

export const contention = {
  title: 'Contention',
  promise: 'Every move is made once.',
  minutes: 1,
  needs: [],
  pass: 2,
  roles: { mover: { file: 'mover.ts', instances: [3, 3] } },
  topics: { moves: { partitions: 3 } },
  groups: ['mover'],
  tables: {
    accounts: 'select id, balance from accounts order by id',
    moves: 'select id from moves',
  },
  workload: {
    example: ['ab', 'bc', 'ca', 'ba', 'ab', 'cb'].map(([from, to], index) => (
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

export const mover = async ({ kafka, database }) => {
  const db = new Pool(database);
  db.on('error', () => {});
  const consumer = new Kafka(kafka).consumer({ groupId: 'mover' });
  consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
  await consumer.connect();
  await consumer.subscribe({ topics: ['moves'], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const { id, from, to, amount } = JSON.parse(String(message.value));
      const client = await db.connect();
      let broken;
      try {
        await client.query('begin');
        const add = (account, sum) =>
          client.query('update accounts set balance = balance + $1 where id = $2', [sum, account]);
        await add(from, -amount);
        await pause(7);
        await client.query('insert into moves values ($1) on conflict do nothing', [id]);
        await add(to, amount);
        await client.query('commit');
      } catch (error) {
        broken = error;
        throw error;
      } finally {
        client.release(broken);
      }
    },
  });
  return { stop: async () => { await consumer.disconnect(); await db.end(); } };
};
`;
