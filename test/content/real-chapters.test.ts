import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkChapters, findChapters, loadChapter, resolveChapter } from '#content';
import type { Command, PortCall, SimpleRecord } from '#kit';

test('the chapters of this package are whole', async () => {
  const problems = await checkChapters();
  expect(problems).toEqual([]);
});

test('the course begins with chapters 0 and 1', async () => {
  const names = (await findChapters()).map(({ folder }) => folder);
  expect(names.slice(0, 2)).toEqual(['00-first-crash', '01-producer-consumer']);
});

describe.each(['first-crash', 'producer-consumer'])('%s', async (name) => {
  const { definition, mutants, solutionPath } = await loadChapter(await resolveChapter(name));
  const { workload, flow, ports = {} } = definition;

  test('a greeting goes through its record and the sink unchanged, whatever its body', () => {
    fc.assert(
      fc.property(workload.commands, (commands) => {
        const state = ports.sink?.state() as Command[];
        const record = ports.sink?.record as (state: Command[], entry: Command) => void;
        for (const command of commands) {
          const value = Buffer.from(JSON.stringify(command));
          expect(idOf({ key: null, value })).toBe(command.id);
          record(state, command);
        }
        const calls = state.map((entry, seq) => call(entry, seq));
        const effects = flow.effects({ calls, topics: {}, tables: {} });
        expect(effects).toEqual(
          commands.map((command, seq) => ({ id: command.id, value: flow.value?.(command), seq })),
        );
      }),
      { seed: 7, numRuns: 50 },
    );
  });

  test('a rejected call of the sink is no effect', () => {
    const rejected = { ...call({ id: 'm1', body: '' }, 0), outcome: 'rejected' as const };
    expect(flow.effects({ calls: [rejected], topics: {}, tables: {} })).toEqual([]);
  });

  test('no two mutants are the same program', () => {
    const file = Object.values(definition.roles)[0]?.file ?? '';
    const programs = mutants.map(({ path }) => readFileSync(`${path}/${file}`, 'utf8'));
    expect(new Set([...programs, readFileSync(`${solutionPath}/${file}`, 'utf8')]).size).toBe(
      mutants.length + 1,
    );
  });

  function idOf(record: SimpleRecord): string | undefined {
    return flow.id['greetings.v1']?.(record);
  }
});

function call(entry: Command, seq: number): PortCall {
  return {
    name: 'sink.record',
    args: [entry],
    outcome: 'applied',
    slot: 'greeter-0',
    incarnation: 1,
    seq,
    atMs: 0,
  };
}
