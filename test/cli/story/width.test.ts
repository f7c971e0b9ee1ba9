import { describe, expect, test } from 'vitest';
import { padEnd, truncate, visible, width, wrap } from '../../../harness/cli/story/width.ts';

describe('columns of a text', () => {
  test.each([
    ['plain', 5],
    ['Grüezi', 6],
    ['e\u0301', 1],
    ['会社', 4],
    ['こんにちは', 10],
    ['👋', 2],
    ['👩‍👩‍👧', 2],
    ['⚡', 2],
    ['✗ ✓ ← …', 7],
    ['', 0],
  ])('%s takes %i', (text, columns) => {
    expect(width(text)).toBe(columns);
  });
});

test('a cut text ends in an ellipsis and never splits a wide character', () => {
  expect(truncate('会社会社', 6)).toBe('会社…');
  expect(width(truncate('会社会社', 6))).toBeLessThanOrEqual(6);
  expect(truncate('short', 10)).toBe('short');
});

test('wrapping keeps every character, also of words longer than a line', () => {
  const text = 'one verylongwordwithoutanyspace 会社会社会社 end';
  const lines = wrap(text, 8);
  expect(lines.every((line) => width(line) <= 8)).toBe(true);
  expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
});

test('padding counts columns, not characters', () => {
  expect(width(padEnd('会社', 10))).toBe(10);
});

test('escapes, line breaks and characters that reorder a line become visible', () => {
  expect(visible('a\nb\u001b[1m\u202ec')).toBe('a⏎b\\u001b[1m\\u202ec');
});
