import { afterAll, describe, expect, test } from 'vitest';
import { check } from '#verify';
import { chapter, ledgerCourse } from '../verify/support/ledger-course.ts';
import { exitCodeOf } from '../../harness/cli/check.ts';
import { connections } from './connections.ts';

const course = ledgerCourse();
afterAll(() => course.remove());

describe('code that loses its connections to the database', () => {
  test.each(connections)('$does', async ({ does, code, fault, asks, ...row }) => {
    const report = await check({
      root: course.root,
      chapter,
      folders: [
        `solutions/${chapter}`,
        course.lay(`row-${connections.findIndex((each) => each.does === does)}`, {
          'projector.ts': code,
        }),
      ],
      remember: false,
      ...(fault === undefined ? { calm: true } : { faults: [fault] }),
    });
    const [finding] = report.findings;
    expect({ exit: exitCodeOf(report), reads: finding?.sentence }).toEqual({
      exit: row.exit,
      reads: row.reads,
    });
    expect(finding).toMatchObject({ think: asks, hint: { number: 1, of: 1 } });
  });
});
