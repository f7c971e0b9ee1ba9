/** One schedule that was asked for: what it could not judge is said, also where it broke something. */
import { expect, test } from 'vitest';
import { check } from '#verify';

const chapter = '00-first-crash';

test('a run with a fault says that nobody restarted it at rest, and which question it asks', async () => {
  const report = await check({
    root: process.cwd(),
    chapter,
    folders: [`chapters/${chapter}/stub`],
    remember: false,
    faults: ['crash greeter-0 · OffsetCommit greeter (m1) · #1 · after apply'],
  });
  expect(report.verdict).toBe('broken');
  expect(report.notJudged).toEqual(['idle-restart', 'calm-exact']);
  expect(report.findings[0]?.hint).toEqual({ number: 1, of: 3 });
});
