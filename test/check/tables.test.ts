import { expect, test } from 'vitest';
import { fold, judge } from '#check';
import type { ChapterDefinition, Moment } from '#kit';
import { greetings, history, rest, type Script } from './history.ts';

type Entry = Readonly<{ id: string; body: string }>;

/** The effects are the rows of a ledger. */
const ledger: Partial<ChapterDefinition> = {
  tables: { ledger: 'select id, body from ledger', balance: 'select id, sum from balance' },
  flow: {
    id: {},
    effects: ({ tables }) =>
      ((tables['ledger'] ?? []) as readonly Entry[]).map(({ id, body }) => ({ id, value: body })),
  },
};

const entry = (id: string, body = `Hello ${id}`): Entry => ({ id, body });

function committed(script: Script, tables: Readonly<Record<string, readonly Entry[]>>): Script {
  return script.add({ kind: 'table', tables, slot: 'greeter-0', incarnation: 1 });
}

test('a moment has the rows of the latest commit, and keeps those of tables it did not touch', () => {
  const script = committed(history(), { ledger: [entry('m1')], balance: [entry('b', '1')] });
  committed(script, { balance: [entry('b', '2')] });
  const { moment } = fold(script.facts, greetings(ledger));
  expect(moment.tables).toEqual({ ledger: [entry('m1')], balance: [entry('b', '2')] });
});

test('an effect in a row carries the commit that first showed it, also when rows change places', () => {
  const script = committed(history(), { ledger: [entry('m1'), entry('m2')] });
  committed(script, { ledger: [entry('m1'), entry('m2'), entry('m3')] });
  committed(script, { ledger: [entry('m2'), entry('m3'), entry('m1', 'other')] });
  const { moment } = fold(script.facts, greetings(ledger));
  const [first, second, third] = script.facts.filter(({ kind }) => kind === 'table');
  expect(moment.effects.map(({ id, seq }) => [id, seq])).toEqual([
    ['m2', first?.seq],
    ['m3', second?.seq],
    ['m1', third?.seq],
  ]);
});

test('each row stands as it does since a commit, whatever its place', () => {
  const script = committed(history(), { ledger: [entry('m1')], balance: [entry('b', '1')] });
  committed(script, { ledger: [entry('m1'), entry('m1'), entry('m2')] });
  committed(script, {
    ledger: [entry('m2'), entry('m1'), entry('m1')],
    balance: [entry('b', '2')],
  });
  const { moment } = fold(script.facts, greetings(ledger));
  const [first, second, third] = script.facts.flatMap(({ kind, seq }) =>
    kind === 'table' ? seq : [],
  );
  expect(moment.since).toEqual({ ledger: [second, first, second], balance: [third] });
});

test('what always holds is asked after each commit', () => {
  const seen: unknown[] = [];
  const broken = ({ tables }: Moment): undefined => void seen.push(tables['ledger']?.length);
  const properties = { own: { says: 'it is looked at', when: 'always', broken } as const };
  const script = committed(history(), { ledger: [entry('m1')] });
  committed(script, { ledger: [] });
  judge(script.facts, greetings({ ...ledger, properties }), rest, { everyMoment: true });
  expect(seen.slice(0, 2)).toEqual([1, 0]);
});
