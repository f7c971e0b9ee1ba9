import { afterAll, describe, expect, test } from 'vitest';
import { asInNode } from './as-in-node.ts';
import { openCourse } from './course.ts';
import { commit, greeter, record } from './greeter.ts';

const course = openCourse();
afterAll(() => course.close());

describe('what works as in Node holds', () => {
  test.each(asInNode)('$does', async (row) => {
    const { exit, reads, shows } = await course.check(row);
    expect({ exit, reads, shows }).toEqual({
      exit: row.exit,
      reads: row.reads,
      shows: row.shows ?? [],
    });
  });
});

test('what a process prints is kept with the process and its time, and is the same in every check', async () => {
  const code = greeter({
    handler: `${commit}
      const ms = Date.now() - Date.UTC(2026, 0, 5, 8);
      console.log(greeting.id, ms, Math.random(), crypto.randomUUID());
      ${record}`,
  });
  const prints = async () => {
    const { report } = await course.check({ code });
    return (report?.findings[0]?.history ?? []).flatMap((fact) =>
      fact.kind === 'console' ? [fact] : [],
    );
  };
  const [first, again] = [await prints(), await prints()];
  expect(first.length).toBeGreaterThan(0);
  expect(again).toEqual(first);
  for (const { slot, incarnation, atMs, text } of first) {
    expect(slot).toBe('greeter-0');
    expect(incarnation).toBeGreaterThan(1); // the first one died before it could say anything
    expect(text).toMatch(new RegExp(`^(m\\d|closing-\\d+) ${atMs} 0\\.\\d+ [0-9a-f-]{36}$`));
  }
});
