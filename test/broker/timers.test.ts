import { expect, test } from 'vitest';
import { createTimers } from '../../harness/broker/timers.ts';

function table() {
  const timers = createTimers();
  const set = (name: string, atMs: number): void => timers.set(name, atMs, () => {});
  const drain = (): string[] => {
    const names = [];
    for (let next = timers.next(); next !== undefined; next = timers.next()) {
      names.push(next.name);
      timers.clear(next.name);
    }
    return names;
  };
  return { ...timers, set, drain };
}

test('timers come by time, and at the same time in the order in which they were set', () => {
  const { set, drain } = table();
  for (const [name, atMs] of [
    ['b', 5],
    ['a', 5],
    ['late', 9],
    ['early', 1],
  ] as const)
    set(name, atMs);
  expect(drain()).toEqual(['early', 'b', 'a', 'late']);
});

test('setting a timer again moves it, behind the others of that instant', () => {
  const { set, next, drain } = table();
  set('a', 5);
  set('b', 6);
  expect(next()!.name).toBe('a');
  set('a', 6);
  expect(next()!.name).toBe('b');
  set('c', 1);
  set('c', 7);
  expect(drain()).toEqual(['b', 'a', 'c']);
});

test('a cleared timer does not come, whether or not it was looked at', () => {
  const { set, clear, next, drain } = table();
  set('a', 1);
  set('b', 2);
  set('c', 3);
  expect(next()!.name).toBe('a');
  clear('a');
  set('d', 9);
  clear('b');
  clear('never set');
  expect(drain()).toEqual(['c', 'd']);
  expect(next()).toBeUndefined();
});
