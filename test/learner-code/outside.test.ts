import { afterAll, describe, expect, test } from 'vitest';
import { outside } from './outside.ts';
import { openCourse } from './course.ts';

const course = openCourse();
afterAll(() => course.close());

describe('what cannot be repeated is named', () => {
  test.each(outside)('$does', async (row) => {
    const { exit, reads, shows } = await course.check(row);
    expect({ exit, reads, shows }).toEqual({
      exit: row.exit,
      reads: row.reads,
      shows: row.shows ?? [],
    });
  });
});
