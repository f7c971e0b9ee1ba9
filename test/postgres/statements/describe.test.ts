import { describe, expect, test } from 'vitest';
import { describeStatement, targetOf, tokensOf } from '#postgres';

const named = (text: string): string => {
  const described = describeStatement(text);
  return `${described.verb} ${targetOf(described)}`.trim().replace(/~[0-9a-f]{8}$/, '~');
};

describe('a statement is named by its verb and its first table', () => {
  test.each([
    ['insert into outbox (id) values ($1)', 'INSERT outbox'],
    ['INSERT INTO shop."Order Lines" VALUES (1)', 'INSERT shop.Order_Lines'],
    ['update only accounts set balance = 0', 'UPDATE accounts'],
    ['delete from inbox using outbox where inbox.id = outbox.id', 'DELETE inbox'],
    ['select * from accounts a join ledger l on l.account = a.id for update', 'SELECT accounts'],
    ['select extract(epoch from now()), a.id from accounts a', 'SELECT accounts'],
    ['select a is distinct from b from pairs', 'SELECT pairs'],
    ['merge into stock s using moves m on s.id = m.id when matched then delete', 'MERGE stock'],
    ['copy accounts (id) from stdin', 'COPY accounts'],
    ['truncate table accounts, ledger', 'TRUNCATE accounts'],
    ['truncate accounts', 'TRUNCATE accounts'],
    ['lock table accounts in share mode', 'LOCK accounts'],
    ['table accounts', 'TABLE accounts'],
    ['listen orders', 'LISTEN orders'],
    ["notify orders, 'x'", 'NOTIFY orders'],
    ['create table if not exists a.b (id int)', 'CREATE TABLE a.b'],
    ['create unique index concurrently on accounts (id)', 'CREATE INDEX accounts'],
    ['drop materialized view sums', 'DROP MATERIALIZED sums'],
    ['alter table accounts add x int', 'ALTER TABLE accounts'],
    ['begin isolation level serializable', 'BEGIN'],
    ['start transaction', 'BEGIN'],
    ['COMMIT', 'COMMIT'],
    ['end', 'COMMIT'],
    ['rollback', 'ROLLBACK'],
    ['abort', 'ROLLBACK'],
    ['rollback to savepoint a', 'ROLLBACK TO'],
    ['savepoint a', 'SAVEPOINT'],
    ['release a', 'RELEASE'],
    ["set lock_timeout = '1s'", 'SET'],
    ['/* who */ -- why\n update /* x /* y */ */ accounts set a = 1', 'UPDATE accounts'],
    ['', ''],
    [' ; ', ''],
  ])('%s', (text, name) => {
    expect(named(text)).toBe(name);
  });
});

describe('where no single table is said, the name is a call or a fingerprint', () => {
  test.each([
    ['a function call', 'select settle($1, $2)', 'SELECT settle()'],
    ['a call of a schema', 'select shop.settle($1)', 'SELECT shop.settle()'],
    ['a function in FROM', 'select * from due_orders($1) d', 'SELECT due_orders()'],
    ['a procedure', 'call settle(1)', 'CALL settle()'],
    ['a subquery', 'select * from (select 1) s', 'SELECT ~'],
    ['a constant', 'select 1', 'SELECT ~'],
    ['a query with parts', 'with a as (delete from b returning *) select * from a', 'SELECT ~'],
    ['several statements', 'insert into a values (1); update b set c = 1', 'INSERT ~'],
    ['a bracketed union', '(select 1) union (select 2)', 'SELECT ~'],
    ['DO', 'do $$ begin delete from accounts; end $$', 'DO ~'],
  ])('%s', (_what, text, name) => {
    expect(named(text)).toBe(name);
  });

  test('a statement with parts that writes is named by what it writes', () => {
    const text =
      'with due as (select * from a), b as (select 1) insert into outbox select * from due';
    expect(named(text)).toBe('INSERT outbox');
  });

  test('transaction control around one statement does not hide it', () => {
    expect(named('begin; update accounts set a = 1; commit')).toBe('UPDATE accounts');
    expect(describeStatement('begin; update a set b = 1; commit').verbs).toEqual([
      'BEGIN',
      'UPDATE',
      'COMMIT',
    ]);
  });

  test("an ORM's text is named by its table", () => {
    const text =
      'SELECT "User"."id" AS "User_id", "User"."from" AS "User_from" FROM "public"."user" "User"' +
      ' LEFT JOIN "public"."post" "p" ON "p"."userId"="User"."id" WHERE (("User"."id" IN ($1, $2)))';
    expect(named(text)).toBe('SELECT public.user');
  });
});

describe('the texts that libraries write are named by their tables', () => {
  test.each([
    [
      'knex',
      'insert into "ledger" ("amount", "id") values ($1, $2) on conflict ("id") do nothing ' +
        'returning "id"',
      'INSERT ledger',
    ],
    [
      'drizzle',
      'update "accounts" set "balance" = "accounts"."balance" + $1 where "accounts"."id" = $2',
      'UPDATE accounts',
    ],
    [
      'typeorm',
      'INSERT INTO "shop"."payment"("id", "amount", "at") VALUES ($1, $2, DEFAULT) RETURNING "at"',
      'INSERT shop.payment',
    ],
    [
      'prisma',
      'SELECT "public"."Account"."id" FROM "public"."Account" WHERE (1=1 AND ' +
        '"public"."Account"."id" IN ($1,$2)) OFFSET $3',
      'SELECT public.Account',
    ],
    [
      'sequelize',
      'DELETE FROM "Outbox" WHERE "id" IN (SELECT "id" FROM "Outbox" WHERE "sent" = true LIMIT 1)',
      'DELETE Outbox',
    ],
    [
      'an upsert behind a comment for tracing',
      "/*traceparent='00-0af7-01'*/ insert into inbox as i (id) select x from " +
        'unnest($1::text[]) x on conflict (id) do update set seen = i.seen + 1',
      'INSERT inbox',
    ],
    [
      'a claim with SKIP LOCKED',
      'update jobs set taken_by = $1 where id in (select id from jobs where taken_by is ' +
        'null for update skip locked limit 1) returning *',
      'UPDATE jobs',
    ],
    [
      'an effect behind a gate in one text',
      'with fresh as (insert into ledger values ($1) on conflict do nothing returning ' +
        'amount) update accounts set balance = balance + fresh.amount from fresh',
      'UPDATE accounts',
    ],
    ['a lateral join', 'select * from only "a b" x, lateral f(x.id) y', 'SELECT a_b'],
  ])('%s', (_who, text, name) => {
    expect(named(text)).toBe(name);
  });
});

describe('fingerprints', () => {
  const print = (text: string): string => describeStatement(text).fingerprint;

  test('do not see literals, parameters, spaces, comments, case or the length of lists', () => {
    const one = print("select f(1) where x = 'a' and id in ($1, $2, $3)");
    expect(print('SELECT f ( 22 ) /* c */\nWHERE x = $$b$$ and id IN ($1)')).toBe(one);
  });

  test('do not see how many rows are inserted at once', () => {
    const one = print('insert into t (a, b) values ($1, $2)');
    expect(print('insert into t (a, b) values ($1, $2), ($3, $4), ($5, $6)')).toBe(one);
  });

  test('see quoted names, operators and other functions', () => {
    const texts = [
      'select f(1)',
      'select g(1)',
      'select "F"(1)',
      'select f(1) + 1',
      'select f(1) - 1',
    ];
    expect(new Set(texts.map(print)).size).toBe(texts.length);
  });
});

describe('tokens', () => {
  test.each([
    "select 'it''s', E'a\\'b', U&'d', B'01', N'x' from t",
    'select $tag$ $$ ; $other$ $tag$, $1, a$1, "a""b"',
    "select a->>'b', c::int, 1.5e-3, .5, 1..2, -1--comment\n, x/*y*/*2",
    "select 'open",
    '/* open',
    '$open$',
    'größe = "Öl" 🙂',
  ])('joined again are the text: %s', (text) => {
    const tokens = tokensOf(text);
    expect(tokens.map((token) => token.text).join('')).toBe(text);
    expect(tokens.every((token) => text.startsWith(token.text, token.at))).toBe(true);
  });

  test('a semicolon in a string, a comment, a body or a quoted name ends nothing', () => {
    const text = `select ';', $$;$$, ";" /* ; */ -- ;\n from t`;
    expect(describeStatement(text).verbs).toEqual(['SELECT']);
    const atomic =
      'create function f() returns int begin atomic select 1; select case when true then 1 end; end';
    expect(describeStatement(`${atomic}; commit`).verbs).toEqual(['CREATE FUNCTION', 'COMMIT']);
  });
});

test.each([
  ['select id from jobs for update', true],
  ['select id from jobs order by id limit 1 FOR NO KEY UPDATE of jobs skip locked', true],
  ['select id from jobs for share nowait', true],
  ['select id from jobs for key share', true],
  ['select * from (select id from jobs for update) locked', true],
  ['with next as (select id from jobs for update) select * from next', true],
  ["select 'for update' from jobs -- for update", false],
  ['select substring(body for 3) from jobs', false],
  ['update jobs set taken = true where id in (select id from jobs for update)', false],
  ['select id from jobs', false],
])('%s: locks rows by being a query, %s', (text, locks) => {
  expect(describeStatement(text).locksRows).toBe(locks);
});
