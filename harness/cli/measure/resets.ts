/**
 * One server, thousands of runs, and the same schedule among them again and again: its service asks for rows without
 * ORDER BY and hears where they stand, so that whatever a reset leaves behind shows in the trace hash. In between,
 * others crash, roll back, fill pages and, now and then, change the schema, after which the database is made anew.
 */
import { loadChapter, resolveChapter } from '#content';
import { random, type Random } from '#kernel';
import type { Schedule } from '#schedule';
import { openInProcess } from '#verify';
import { layCourse } from './ground.ts';

const disorder = '91-disorder';

export interface Resets {
  readonly runs: number;
  /** How often the same schedule was among them, and how often another database was made. */
  readonly same: number;
  readonly anew: number;
  /** Numbers of the runs that were not as the first. */
  readonly different: readonly number[];
}

const everySame = 10;
const everyAnew = 251;

export async function sameAfterResets(
  seed: number,
  runs: number,
  progress: (done: number) => void,
): Promise<Resets> {
  const ground = layCourse(disorder, {
    chapter: { 'chapter.ts': definition, 'schema.sql': schema },
    solution: { 'clerk.ts': clerk },
  });
  const chapter = await loadChapter(await resolveChapter(disorder, ground.root));
  const subject = await openInProcess(chapter, [ground.solution]);
  try {
    const example = subject.exampleWith([]);
    const first = (await subject.run(example)).traceHash;
    const crashes = await subject.crashes(example);
    const different: number[] = [];
    let [same, anew] = [1, 0];
    for (let run = 2; run <= runs; run++) {
      if (run % Math.ceil(runs / 10) === 0) progress(run);
      if (run % everySame === 0 || run === runs) {
        same++;
        if ((await subject.run(example)).traceHash !== first) different.push(run);
        continue;
      }
      const changes = run % everyAnew === 0;
      if (changes) anew++;
      const crash = crashes[run % crashes.length] as Schedule;
      await subject.run(another(crash, random(seed, `run ${run}`), changes));
    }
    return { runs, same, anew, different };
  } finally {
    await subject.close();
    ground.remove();
  }
}

const steps = ['insert', 'update', 'delete', 'undo', 'fill', 'look'] as const;

/** The same crash, and more commands behind those that it is about. */
function another(crash: Schedule, draw: Random, changesSchema: boolean): Schedule {
  const more = Array.from({ length: 1 + draw.below(4) }, (_, index) => {
    const step = changesSchema && index === 0 ? 'schema' : steps[draw.below(steps.length)];
    return { id: `n${index}`, value: { id: `n${index}`, step, n: draw.below(5) } };
  });
  return { ...crash, seed: draw.uint32(), commands: [...crash.commands, ...more] };
}

const schema = `
create table accounts (id text primary key, balance int not null, at timestamptz default now());
create table ledger (id bigserial primary key, account text references accounts, note text);
create table quiet (id int);
create index on ledger (account);
insert into accounts select 'a' || n, 0 from generate_series(0, 4) n;
`;

const definition = `
import * as fc from 'fast-check';

export const disorder = {
  title: 'Disorder',
  promise: 'Every run finds the database as the first one did.',
  minutes: 1,
  needs: [],
  pass: 1,
  roles: { clerk: { file: 'clerk.ts', instances: [1, 1] } },
  topics: { orders: { partitions: 1 } },
  groups: ['clerk'],
  tables: {
    accounts: 'select id, balance from accounts', ledger: 'select id, account from ledger',
  },
  workload: {
    example: ['fill', 'update', 'delete', 'insert', 'undo', 'look'].map((step, index) => (
      { id: 'v' + (index + 1), step, n: index })),
    commands: fc.constant([]),
    id: ({ id }) => id,
    send: (order) => ({ topic: 'orders', value: JSON.stringify(order) }),
    closing: (n) => ({ id: 'closing-' + n, step: 'look', n: 0 }),
  },
  flow: { id: { orders: ({ value }) => JSON.parse(String(value)).id }, effects: () => [] },
  properties: { progress: 'shared' },
  stub: { breaks: 'progress', by: 'crash clerk-0 · INSERT ledger (v4) · #1 · after apply' },
  hints: {},
  mutants: {},
  variants: {},
};
`;

const clerk = `
import { Kafka } from 'kafkajs';
import { Pool } from 'pg';

const steps = {
  insert: async (db, n) => {
    const { rows } = await db.query(
      'insert into ledger (account, note) values ($1, random()::text) returning id, ctid',
      ['a' + n]);
    return rows;
  },
  update: (db, n) => db.query('update accounts set balance = balance + 1 where id = $1', ['a' + n]),
  delete: (db, n) => db.query('delete from ledger where id % $1 = 0', [2 + n]),
  undo: (db) => db.query('begin; insert into quiet values (1), (2); delete from ledger; rollback'),
  fill: (db) => db.query(
    "insert into ledger (note) select repeat('x', 100) from generate_series(1, 60)"),
  schema: (db) => db.query('create table if not exists mine (id int); create index on quiet (id)'),
  look: () => {},
};

export const clerk = async ({ kafka, database }) => {
  const db = new Pool(database);
  db.on('error', () => {});
  const consumer = new Kafka(kafka).consumer({ groupId: 'clerk' });
  consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
  await consumer.connect();
  await consumer.subscribe({ topics: ['orders'], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const { step, n } = JSON.parse(String(message.value));
      await steps[step](db, n);
      await db.query('select *, ctid from accounts');
      await db.query('select *, ctid from ledger');
      await db.query('select ctid from quiet');
    },
  });
  return { stop: async () => { await consumer.disconnect(); await db.end(); } };
};
`;
