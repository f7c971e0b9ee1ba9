/** Statements belong to the calls that asked for them, also where the driver queues them. */
import { expect, test } from 'vitest';
import type { ChapterDefinition } from '#kit';
import { careful, databaseOf, schema, withTables, writer } from './support/database.ts';
import { course } from './support/course.ts';
import { lineOf, looked, told, type Looked } from './support/look.ts';

const change: Partial<ChapterDefinition> = {
  ...withTables,
  flow: {
    id: { orders: ({ value }) => (JSON.parse(String(value)) as { id: string }).id },
    effects: ({ tables }) => (tables['ledger'] ?? []).map(({ id }) => ({ id: String(id) })),
  },
};
const database = await databaseOf(
  { roles: { worker: course.roles['worker'] as never }, ...withTables },
  schema,
);

async function look(code: string): Promise<Looked> {
  const found = await looked({ 'service.ts': code }, change, database);
  expect(found.marked.traceHash).toBe(found.plain.traceHash);
  expect(found.marked.ending.kind).toBe('rest');
  return found;
}

/** What the first order made of each statement: `line operation cause`. */
const firsts = (found: Looked, call: RegExp, count: number): readonly string[] =>
  told(found, call).slice(0, count);

test('a transaction on one connection, statement by statement', async () => {
  const code = writer(careful);
  const found = await look(code);
  expect(firsts(found, /^client\.query\('begin/, 1)).toEqual([`${lineOf(code, "query('begin")}`]);
  expect(firsts(found, /^client\.query\($/, 2)).toEqual([
    `${lineOf(code, 'client.query(\n')} INSERT m1`,
    `${lineOf(code, 'client.query(\n')} INSERT m2`,
  ]);
  expect(firsts(found, /^client\.query\("update/, 1)).toEqual([
    `${lineOf(code, 'client.query("update')} UPDATE m1`,
  ]);
  expect(firsts(found, /^client\.query\('commit/, 1)).toEqual([
    `${lineOf(code, "client.query('commit")} COMMIT m1`,
  ]);
});

/** The parameter is the name of a command, so that the place of the statement bears it. */
const statement = (n: number): string =>
  `db.query('insert into jobs (body) values ($1)', ['m${n}'])`;

test.each([
  ['a connection each', ''],
  ['one connection for all', 'db.options.max = 1;'],
])('queries of a pool at once: %s', async (_name, setUp) => {
  const code = writer(
    `await Promise.all([
      ${statement(1)},
      ${statement(2)},
      ${statement(3)},
    ]);`,
    setUp,
  );
  const found = await look(code);
  const line = lineOf(code, 'db.query');
  // All of them ask for the same statement: the parameters tell them apart.
  expect(firsts(found, /^db\.query/, 3)).toEqual(
    [1, 2, 3].map((n, index) => `${line + index} INSERT m${n}`),
  );
  const [all] = told(found, /^Promise\.all/);
  expect(all?.match(/INSERT/g)).toHaveLength(3);
});

test('queries that one connection has to take after another', async () => {
  const code = writer(`
    const client = await db.connect();
    await Promise.all([
      client.query("insert into ledger values ($1, 1) on conflict do nothing", [order.id]),
      client.query("update accounts set balance = balance + 1 where id = $1", ['a']),
      client.query({ text: "insert into jobs (body) values ($1)", values: [order.id] }),
    ]);
    client.release();`);
  const found = await look(code);
  const line = lineOf(code, 'client.query("insert into ledger');
  const operations = firsts(found, /^client\.query/, 3).map((text) => text.split(' ').slice(0, 2));
  expect(operations).toEqual([
    [`${line}`, 'INSERT'],
    [`${line + 1}`, 'UPDATE'],
    [`${line + 2}`, 'INSERT'],
  ]);
});

test('a query that nobody waits for', async () => {
  const code = writer(`
    void ${statement(1)};
    await ${statement(2)};`);
  const found = await look(code);
  expect(firsts(found, /^db\.query/, 2)).toEqual([
    `${lineOf(code, 'void db')} INSERT m1`,
    `${lineOf(code, 'await db.query')} INSERT m2`,
  ]);
});
