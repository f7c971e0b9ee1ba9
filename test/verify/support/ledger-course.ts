/**
 * A course with one chapter whose world has tables: payments are counted on accounts, once each. Lies in a temporary
 * folder beside the installed packages, with the data directories of PostgreSQL that all tests share.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectRoot } from '#content';

export const chapter = '50-ledger';

export interface LedgerCourse {
  readonly root: string;
  /** A folder with a service, relative to the root. */
  lay(name: string, files: Readonly<Record<string, string>>): string;
  remove(): void;
}

export function ledgerCourse(): LedgerCourse {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'ledger-')));
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  const shared = join(tmpdir(), 'crashproof-test-postgres');
  mkdirSync(shared, { recursive: true });
  mkdirSync(join(root, '.crashproof/cache'), { recursive: true });
  symlinkSync(shared, join(root, '.crashproof/cache/postgres'), 'junction');
  symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'), 'junction');
  write('package.json', '{ "name": "course", "type": "module" }');
  write(`chapters/${chapter}/chapter.ts`, definition);
  write(`chapters/${chapter}/schema.sql`, schema);
  write(`chapters/${chapter}/chapter.mdx`, '# Ledger\n');
  for (const place of [`chapters/${chapter}/stub`, `exercises/${chapter}`]) {
    write(`${place}/projector.ts`, projector(naive));
  }
  write(`solutions/${chapter}/projector.ts`, projector(careful));
  return {
    root,
    lay(name, files) {
      for (const [file, text] of Object.entries(files)) write(`services/${name}/${file}`, text);
      return `services/${name}`;
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

const schema = `
create table accounts (id text primary key, balance int not null default 0);
create table ledger (id text primary key, account text not null, amount int not null);
insert into accounts (id) values ('a'), ('b');
`;

const definition = `
import * as fc from 'fast-check';

const payments = fc
  .array(fc.record({ account: fc.constantFrom('a', 'b'), amount: fc.integer({ min: 1, max: 9 }) }), {
    minLength: 1, maxLength: 6,
  })
  .map((list) => list.map((each, index) => ({ id: 'p' + (index + 1), ...each })));

export const ledger = {
  title: 'Ledger',
  promise: 'Every payment is counted once.',
  minutes: 1,
  needs: [],
  pass: 2,
  roles: { projector: { file: 'projector.ts', instances: [1, 2] } },
  topics: { payments: { partitions: 2 } },
  groups: ['projector'],
  tables: {
    accounts: 'select id, balance from accounts order by id',
    ledger: 'select id, account, amount from ledger',
  },
  workload: {
    example: [
      { id: 'p1', account: 'a', amount: 5 },
      { id: 'p2', account: 'b', amount: 7 },
      { id: 'p3', account: 'a', amount: 2 },
    ],
    commands: payments,
    id: ({ id }) => id,
    send: (payment) => ({ topic: 'payments', key: payment.account, value: JSON.stringify(payment) }),
    closing: (n) => ({ id: 'closing-' + n, account: n % 2 === 0 ? 'a' : 'b', amount: 1 }),
  },
  flow: {
    id: { payments: ({ value }) => JSON.parse(String(value)).id },
    effects: ({ tables }) => (tables.ledger ?? []).map(({ id, amount }) => ({ id, value: amount })),
    value: ({ amount }) => amount,
    projections: {
      balances: ({ tables }) => tables.accounts,
      payments: ({ tables }) => tables.ledger.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    },
  },
  properties: {
    'counted-once': {
      says: 'each balance is the sum of its payments',
      when: 'at rest',
      broken: ({ tables }) => {
        for (const { id, balance } of tables.accounts) {
          const sum = tables.ledger
            .filter(({ account }) => account === id)
            .reduce((total, { amount }) => total + amount, 0);
          if (sum !== balance) return 'account ' + id + ' has ' + balance + ', its payments sum up to ' + sum;
        }
        return undefined;
      },
    },
    'no-loss': 'shared',
    'commit-safe': 'shared',
    progress: 'shared',
    'crash-consistent': 'shared',
  },
  stub: { breaks: 'counted-once', by: 'crash projector-0 · INSERT ledger (p1) · #1 · after apply' },
  hints: {},
  mutants: {},
  variants: {},
};
`;

/** What happens to a payment; `db` is a pool. */
export const projector = (handler: string): string => `
import { Kafka } from 'kafkajs';
import { Pool } from 'pg';

export const projector = async ({ kafka, database }) => {
  const db = new Pool(database);
  db.on('error', () => {});
  const consumer = new Kafka(kafka).consumer({ groupId: 'projector' });
  consumer.on('consumer.crash', ({ payload }) => payload.restart || process.exit(1));
  await consumer.connect();
  await consumer.subscribe({ topics: ['payments'], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const { id, account, amount } = JSON.parse(String(message.value));
${handler}
    },
  });
  return { stop: async () => { await consumer.disconnect(); await db.end(); } };
};
`;

export const naive = `
      await db.query('insert into ledger values ($1, $2, $3) on conflict do nothing', [id, account, amount]);
      await db.query('update accounts set balance = balance + $1 where id = $2', [amount, account]);
`;

export const careful = `
      const client = await db.connect();
      let broken;
      try {
        await client.query('begin');
        const { rowCount } = await client.query(
          'insert into ledger values ($1, $2, $3) on conflict do nothing', [id, account, amount]);
        if (rowCount === 1) {
          await client.query('update accounts set balance = balance + $1 where id = $2', [amount, account]);
        }
        await client.query('commit');
      } catch (error) {
        broken = error;
        throw error;
      } finally {
        client.release(broken);
      }
`;
