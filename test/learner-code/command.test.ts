/** The rows as a learner meets them: a process, its screen and its exit code. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { projectRoot } from '#content';
import { openCourse } from './course.ts';
import { endings } from './endings.ts';
import { outside } from './outside.ts';
import type { Row } from './rows.ts';

const course = openCourse();
afterAll(() => course.close());

function crash({ code, files = {} }: Row): { exit: number | null; screen: string } {
  const folder = join(course.root, course.lay({ code, files }));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(projectRoot, 'harness/cli/crash.ts'), '0', '--solution', '--from', folder, '--plain'],
    { encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '', NO_COLOR: '1', COLUMNS: '200' } },
  );
  return { exit: status, screen: stdout + stderr };
}

const does = (rows: readonly Row[], text: string): Row => {
  const row = rows.find((each) => each.does === text);
  if (row === undefined) throw new Error(`no row: ${text}`);
  return row;
};

test.each([
  [does(endings, 'throws at the top of the file'), 'JSON.parse'],
  [does(endings, 'a syntax error'), 'const = 1'],
  [does(endings, '`process.exit(0)` at the top of the file'), 'process.exit(0)'],
  [does(outside, '`fetch`'), 'await fetch'],
])('$does: the sentence, the line, the code and no stack of ours', (row, line) => {
  const { exit, screen } = crash(row);
  expect(exit).toBe(row.exit);
  expect(screen).toContain(row.reads?.split('. ')[0]?.replace(/\.$/, ''));
  expect(screen).toContain(line);
  expect(screen).not.toMatch(/\n\s+at |harness\/|node:internal/);
});
