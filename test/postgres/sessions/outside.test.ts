import { beforeEach, describe, expect, test } from 'vitest';
import { messages } from '#postgres';
import { sceneOf, startMs } from '../support/scene.ts';

const scene = sceneOf('create table accounts (id text primary key, balance int not null);');

const isFree = async (): Promise<boolean> => {
  const [row] = await scene.server.control.query(
    `select count(*) as locks from pg_locks where relation = 'shop.accounts'::regclass`,
  );
  return row?.['locks'] === '0';
};

test('whoever has a table keeps others from having it, until he gives it back', async () => {
  const { outside } = scene.sessions;
  const lock = await outside.lock('shop.accounts');
  expect(lock && outside.has(lock.pid)).toBe(true);
  expect(await outside.lock('shop.accounts')).toBeUndefined();
  await lock?.giveBack();
  expect(lock && outside.has(lock.pid)).toBe(false);
  expect(await isFree()).toBe(true);
});

test('a table that somebody writes to is not waited for', async () => {
  const client = await scene.client();
  await client.query('begin');
  await client.query(`insert into accounts values ('a', 1)`);
  expect(await scene.sessions.outside.lock('shop.accounts')).toBeUndefined();
  await client.query('rollback');
});

test.each(['shop.nothing', 'nowhere.accounts'])('%s cannot be had', async (name) => {
  expect(await scene.sessions.outside.lock(name)).toBeUndefined();
});

test('at the end of a run nobody has anything', async () => {
  const lock = await scene.sessions.outside.lock('shop.accounts');
  expect(lock).toBeDefined();
  await scene.sessions.giveAllBack();
  expect(await isFree()).toBe(true);
  await lock?.giveBack();
});

describe('whoever has the rows that a statement wants', () => {
  /** What a client asks for, as the session that has it reads it. */
  const group = async (text: string, values: readonly string[] = []) => {
    const client = await scene.client();
    const [session] = scene.sessions.lent.slice(-1);
    const frames =
      values.length === 0
        ? [messages.query(text)]
        : [messages.parse(text), messages.bind('', '', values), messages.execute(), messages.sync];
    return { client, session: session!, group: session!.read(frames) };
  };
  const rows = async (id: string): Promise<string[]> => {
    const found = await scene.server.control.query(
      `select id from shop.accounts where id like '${id}' for update skip locked`,
    );
    return found.map((row) => row['id'] ?? '');
  };

  beforeEach(async () => {
    await scene.server.control.query(
      "truncate shop.accounts; insert into shop.accounts values ('a', 1), ('b', 2), ('c', 3)",
    );
  });

  test.each([
    ['select id from accounts order by id limit 2 for update', [], ['c']],
    ['update accounts set balance = 0 where id = $1', ['b'], ['a', 'c']],
    ['delete from accounts where balance > $1', ['1'], ['a']],
  ])('has these and no others: %s', async (text, values, free) => {
    const { session, group: asked } = await group(text, values);
    const lock = await scene.sessions.outside.lockRows(session, asked, startMs);
    expect(lock && scene.sessions.outside.has(lock.pid)).toBe(true);
    expect(await rows('%')).toEqual(free);
    await lock?.giveBack();
    expect(await scene.server.control.query('select * from shop.accounts order by id')).toEqual([
      { id: 'a', balance: '1' },
      { id: 'b', balance: '2' },
      { id: 'c', balance: '3' },
    ]);
  });

  test('has none where there are none, where it would have to wait, or where it is no statement', async () => {
    const { outside } = scene.sessions;
    const nobody = await group("update accounts set balance = 0 where id = 'nobody'");
    expect(await outside.lockRows(nobody.session, nobody.group, startMs)).toBeUndefined();
    const wrong = await group('update accounts set nothing = 0');
    expect(await outside.lockRows(wrong.session, wrong.group, startMs)).toBeUndefined();
    const many = await group('update accounts set balance = 0');
    await many.client.query('begin');
    await many.client.query("select id from accounts where id = 'c' for update");
    expect(await outside.lockRows(many.session, many.group, startMs)).toBeUndefined();
    expect(await rows('%')).toEqual(['a', 'b']);
    await many.client.query('rollback');
    expect(await rows('%')).toEqual(['a', 'b', 'c']);
  });

  test('finds rows, or that it would have to wait, and leaves nothing locked', async () => {
    const { outside } = scene.sessions;
    const finds = async (text: string): Promise<boolean> => {
      const { session, group: asked } = await group(text);
      return outside.finds(session, asked, startMs);
    };
    expect(await finds("select id from accounts where id = 'a' for share")).toBe(true);
    expect(await finds("select id from accounts where id = 'x' for share")).toBe(false);
    const holder = await scene.client();
    await holder.query("begin; update accounts set balance = 0 where id = 'a'");
    expect(await finds("select id from accounts where id = 'a' for update")).toBe(true);
    expect(await finds("select id from accounts where id = 'a' for update skip locked")).toBe(
      false,
    );
    await holder.query('rollback');
    expect(await rows('%')).toEqual(['a', 'b', 'c']);
  });
});
