import { afterAll, describe, expect, test } from 'vitest';
import { endings, memory } from './endings.ts';
import { openCourse } from './course.ts';

const course = openCourse({ stuckAfterMs: 500 });
const small = openCourse({ heapMb: 128, stuckAfterMs: 60_000 });
afterAll(() => Promise.all([course.close(), small.close()]));

const rows = [
  ...endings.map((row) => ({ ...row, where: course })),
  ...memory.map((row) => ({ ...row, where: small })),
];

describe('code that does not come back, stay or start', () => {
  test.each(rows)('$does', async ({ where, ...row }) => {
    const { exit, reads, shows } = await where.check(row);
    expect({ exit, reads, shows }).toEqual({
      exit: row.exit,
      reads: row.reads,
      shows: row.shows ?? [],
    });
  });
});
