import { afterAll, describe, expect, test } from 'vitest';
import { loadChapter, resolveChapter } from '#content';
import { openInProcess } from '#verify';
import { chapter, openCourse } from './course.ts';
import type { Row } from './rows.ts';
import { state } from './state.ts';

const course = openCourse();
afterAll(() => course.close());

const named = (does: string): Row => {
  const row = state.find((each) => each.does === does);
  if (row === undefined) throw new Error(`no row: ${does}`);
  return row;
};

const between = 'crash greeter-0 · OffsetCommit greeter (m1) · #1 · after apply';

describe('nothing survives a crash but what Kafka and the ports keep', () => {
  test.each(state)('$does', async (row) => {
    const { exit, reads, shows } = await course.check(row);
    expect({ exit, reads, shows }).toEqual({
      exit: row.exit,
      reads: row.reads,
      shows: row.shows ?? [],
    });
  });

  test('none of them holds', () => {
    expect(state.filter(({ exit }) => exit === 0)).toEqual([]);
  });

  test('a place that does outlive the process would have passed, had it not been named', async () => {
    const run = async ({ code }: Row) => {
      const folders = [`solutions/${chapter}`, course.lay({ code })];
      const loaded = await loadChapter(await resolveChapter(chapter, course.root));
      const program = await openInProcess(loaded, folders);
      const schedules = await program.crashes(program.exampleWith([]));
      const findings: string[] = [];
      const leaks = new Set<string>();
      for (const schedule of schedules) {
        const outcome = await program.run(schedule, { fresh: true });
        findings.push(...outcome.findings.map(({ property }) => property));
        for (const leak of outcome.leaks) leaks.add(leak);
      }
      return { findings: [...new Set(findings)], leaks: [...leaks] };
    };
    expect(await run(named('a property of `Array.prototype`'))).toEqual({
      findings: [],
      leaks: ['Array.prototype.kept was added'],
    });
    expect(await run(named('a variable of the module'))).toEqual({
      findings: ['no-loss'],
      leaks: [],
    });
  });

  test('a single schedule is not said to hold either', async () => {
    const { exit, reads } = await course.check(named('a property of `Array.prototype`'), [between]);
    expect(exit).toBe(3);
    expect(reads).toContain('Array.prototype.kept was added');
  });
});
