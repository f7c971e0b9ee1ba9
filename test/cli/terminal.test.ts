/** What is known about the place we write to, and the line that moves. */
import { expect, test } from 'vitest';
import { progressText, terminal } from '../../harness/cli/terminal.ts';

test.each([
  [0, 80],
  [39, 80],
  [40, 40],
  [132, 132],
])('a terminal of %i columns is written at %i', (columns, expected) => {
  expect(terminal({ isTTY: true, columns }, {}).columns).toBe(expected);
});

test('a pipe has the columns that it is told, or a hundred', () => {
  expect(terminal({}, { COLUMNS: '60' }).columns).toBe(60);
  expect(terminal({}, {}).columns).toBe(100);
});

test('making a schedule smaller counts attempts, every other phase schedules', () => {
  const event = { done: 0, broken: 1 };
  expect(progressText({ ...event, phase: 'shrinking', runs: 0 })).toBe('  making it smaller');
  expect(progressText({ ...event, phase: 'shrinking', runs: 3 })).toBe(
    '  making it smaller · 3 attempts',
  );
  expect(progressText({ ...event, phase: 'singles', runs: 1, of: 9 })).toBe(
    '  every single fault 0 of 9 · 1 schedule run · 1 broken',
  );
});
