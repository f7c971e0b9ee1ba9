import { expect, test } from 'vitest';
import { sceneOf } from '../support/scene.ts';

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
