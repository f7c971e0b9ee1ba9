import { expect, test } from 'vitest';
import { canonicalSchedule, createGenerator, levelOf, singles } from '#schedule';
import type { Level } from '#kit';
import { calmRun, chapterOne } from './chapter-one.ts';

const calm = calmRun();
const all = (level: Level) =>
  singles({ chapter: chapterOne, level, calm }).map(({ schedule }) => schedule);

test('a single fault belongs to the level that tries it first', () => {
  const mild = all(1);
  expect(new Set(mild.map((schedule) => levelOf(schedule, chapterOne)))).toEqual(new Set([1]));
  const known = new Set(mild.map(canonicalSchedule));
  const harsher = all(2).filter((schedule) => !known.has(canonicalSchedule(schedule)));
  expect(harsher.length).toBeGreaterThan(mild.length);
  expect(new Set(harsher.map((schedule) => levelOf(schedule, chapterOne)))).toEqual(new Set([2]));
  const silent = all(3).filter(({ faults }) => faults.some(({ kind }) => kind === 'silence'));
  expect(silent.length).toBeGreaterThan(0);
  expect(new Set(silent.map((schedule) => levelOf(schedule, chapterOne)))).toEqual(new Set([3]));
});

test('no mix that a level draws is beyond it', () => {
  for (const level of [1, 2] as const) {
    const draw = createGenerator({ chapter: chapterOne, level, calm });
    const levels = Array.from({ length: 200 }, (_, index) => levelOf(draw(7, index), chapterOne));
    expect(Math.max(...levels)).toBe(level);
  }
});
