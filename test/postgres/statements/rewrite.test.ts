import { describe, expect, test } from 'vitest';
import {
  messages,
  rewriteStatement,
  StatementReader,
  uncontrolledIn,
  boundValues,
  literalValues,
  frame,
  cString,
} from '#postgres';

const rewritten = (text: string): string => rewriteStatement(text).text;

describe('words that read the clock become calls', () => {
  test.each([
    ['select current_timestamp', 'select sim."current_timestamp"()'],
    ['select CURRENT_TIMESTAMP(3)', 'select sim."current_timestamp"(3)'],
    ['select current_date, CURRENT_TIME', 'select sim."current_date"(), sim."current_time"()'],
    ['select localtime, localtimestamp(0)', 'select sim."localtime"(), sim."localtimestamp"(0)'],
    ['insert into t values (current_date-1)', 'insert into t values (sim."current_date"()-1)'],
    ['do $$ begin x := current_date; end $$', 'do $$ begin x := sim."current_date"(); end $$'],
    [
      'create function f() returns date language sql as $f$ select current_date $f$',
      'create function f() returns date language sql as $f$ select sim."current_date"() $f$',
    ],
    ["set local lock_timeout = '1s'", "set local sim.lock_timeout = '1s'"],
    ['show statement_timeout', 'show sim.statement_timeout'],
    ['reset lock_timeout', 'reset sim.lock_timeout'],
  ])('%s', (text, result) => {
    expect(rewritten(text)).toBe(result);
  });

  test.each([
    "select 'current_timestamp', $$current_date$$",
    'select "current_timestamp", t.current_date from t',
    'select 1 as current_date -- current_time',
    'select current_user, current_timestamps, lock_timeout from t',
    'select /* localtime */ 1',
  ])('left as it is: %s', (text) => {
    expect(rewriteStatement(text)).toMatchObject({ text, changed: false });
  });

  test('an error points to where it is in the text that the client wrote', () => {
    const text = "select '🙂', current_date, current_time, nothing";
    const { text: better, originalPosition } = rewriteStatement(text);
    const place = (whole: string): number =>
      Array.from(whole.slice(0, whole.indexOf('nothing'))).length + 1;
    expect(originalPosition(place(better))).toBe(place(text));
    expect(originalPosition(8)).toBe(8);
    const called = better.indexOf('current_date');
    expect(originalPosition(called)).toBe(text.indexOf('current_date'));
  });
});

describe('what cannot be controlled is named', () => {
  test.each([
    ['set search_path to shop', 'search_path'],
    ["select set_config('search_path', 'shop', false)", 'search_path'],
    ['alter role relay set search_path = shop, pg_catalog, sim', 'search_path'],
    ["copy t from program 'cat'", 'PROGRAM'],
    ["copy t to '/tmp/x'", 'file'],
    ["select * from dblink('host=x', 'select 1')", 'dblink'],
    ['create server s foreign data wrapper w', 'foreign'],
    ['select pg_catalog.now()', 'pg_catalog'],
    ['select pg_catalog.pg_sleep(1)', 'pg_catalog'],
    ["select 'now'::timestamptz", 'special values'],
    ["select date 'today'", 'special values'],
    ["select cast('tomorrow' as date)", 'special values'],
    ['select pg_terminate_backend(1)', 'signals'],
    ['select * from t tablesample bernoulli (5)', 'TABLESAMPLE'],
    ['alter system set fsync = off', 'settings'],
  ])('%s', (text, part) => {
    expect(uncontrolledIn(text)).toEqual([expect.stringContaining(part)]);
  });

  test.each([
    'set search_path = shop, sim, pg_catalog',
    "select set_config('search_path', 'shop, sim, pg_catalog', true)",
    'set search_path to default',
    "select 'now' as word, 'copy t from program'",
    'copy t from stdin',
    "copy (select 'a' from t) to stdout",
    "select * from t where search_path = 'x'",
    'select now(), random(), pg_sleep(1)',
    'select * from t tablesample bernoulli (5) repeatable (1)',
  ])('nothing against: %s', (text) => {
    expect(uncontrolledIn(text)).toEqual([]);
  });
});

describe('values', () => {
  const value = (hex: string): { binary: boolean; value: Buffer } => ({
    binary: true,
    value: Buffer.from(hex, 'hex'),
  });
  const bound = (hex: string, type: number) =>
    boundValues({ portal: '', statement: '', parameters: [value(hex)] }, [type])[0];

  test('bound in binary are read where the type is known', () => {
    expect(bound('0000002a', 23)).toBe('42');
    expect(bound('ffffffffffffffff', 20)).toBe('-1');
    expect(bound('01', 16)).toBe('t');
    expect(bound('3ff8000000000000', 701)).toBe('1.5');
    expect(bound('a416ba0ecb25403f931ef5151f685bd8', 2950)).toBe(
      'a416ba0e-cb25-403f-931e-f5151f685bd8',
    );
    expect(bound('017b7d', 3802)).toBe('{}');
    expect(bound('0102', 1700)).toBe('\\x0102');
    expect(bound('0102', 23)).toBe('\\x0102');
  });

  test('written as literals are found in the text', () => {
    const text = "insert into t values ('it''s', E'a\\n', $x$b$x$, 4.5, null) -- 'no'";
    expect(literalValues(text)).toEqual(["it's", 'a\n', 'b', '4.5']);
  });

  test('of a group belong to the statement that its portal runs', () => {
    const reader = new StatementReader();
    reader.read([messages.parse('select $1 /* current_date */', 'a')]);
    const parameter = Buffer.from([0, 0, 0, 1, 0, 0, 0, 2, 0x6d, 0x31, 0, 0]);
    const binding = frame('B', cString('p'), cString('a'), parameter);
    const { operations } = reader.read([binding, messages.execute('p'), messages.sync]);
    expect(operations.map(({ text, values }) => [text, values])).toEqual([
      ['select $1 /* current_date */', ['m1']],
    ]);
  });

  test('and what only prepares or describes is no operation', () => {
    const reader = new StatementReader();
    const group = reader.read([messages.parse('select 1'), messages.sync]);
    expect(group.operations).toEqual([]);
  });
});
