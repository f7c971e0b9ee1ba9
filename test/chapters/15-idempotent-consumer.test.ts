/** What chapter 15 says of rows and records, each beside a world that is right. */
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadChapter, resolveChapter } from '#content';
import type { Broken, Command, Effect, Moment, RecordView, Row, Sending } from '#kit';

const chapter = await loadChapter(await resolveChapter('idempotent-consumer'));
const { workload, flow, properties } = chapter.definition;
const send = workload.send as (command: Command) => Sending;
const idOf = workload.id as (command: Command) => string;
const topic = 'payments.captured';

const [first, namesake, equal] = workload.example as [Command, Command, Command];
const again = { ...first, attempt: 2 };

test('two sources may use one id, and an account may be paid the same twice', () => {
  expect([first, namesake, equal, again].map(idOf)).toEqual([
    'shop:p1',
    'till:p1',
    'shop:p2',
    'shop:p1.2',
  ]);
  expect(namesake['id']).toBe(first['id']);
  const { account, amount } = namesake;
  expect([equal['account'], equal['amount']]).toEqual([account, amount]);
});

test('all holds while rows say what records ask for, however often they ask', () => {
  const world = worldOf([first, namesake, equal, again, first], [first, namesake, equal]);
  expect(judged('counted-once', world)).toBeUndefined();
  expect(judged('ledger-agrees', world)).toBeUndefined();
});

test('a payment that was added twice is named with its account', () => {
  const world = worldOf([first, namesake, equal, again], [first, first, namesake, equal]);
  expect(sentence('counted-once', world)).toBe(
    'Account alice holds 60; its distinct payments sum to 30. The ledger has shop:p1 (30) twice.',
  );
  expect(sentence('ledger-agrees', world)).toBe('The ledger has shop:p1 twice.');
});

test('a payment that is missing is named, too', () => {
  const world = worldOf([first, namesake, equal], [namesake, equal]);
  expect(sentence('counted-once', world)).toBe(
    'Account alice holds 0; its distinct payments sum to 30. shop:p1 (30) is not in the ledger.',
  );
  expect(judged('ledger-agrees', world)).toBeUndefined();
});

test('a balance that was raised without a row shows in both', () => {
  const world = worldOf([first, namesake, equal], [first, namesake, equal], { alice: '60' });
  expect(sentence('counted-once', world)).toBe(
    'Account alice holds 60; its distinct payments sum to 30. The ledger has each of them once.',
  );
  expect(sentence('ledger-agrees', world)).toBe(
    'Account alice holds 60; its rows in the ledger sum to 30.',
  );
});

test('an account without a row holds nothing', () => {
  const world = { ...worldOf([namesake], [namesake]), balances: {} };
  expect(sentence('counted-once', world)).toMatch(/^Account carol holds 0;/);
});

test('the witnesses are the records and rows that are told of, and no others', () => {
  const world = worldOf([first, namesake, equal, again], [first, first, namesake, equal]);
  // Records have the sequence numbers 0 to 3; the effects of rows follow, then the balances.
  expect(witnesses('counted-once', world)).toEqual([0, 3, 4, 5, 6, 7, 10]);
  expect(witnesses('ledger-agrees', world)).toEqual([4, 5, 6, 7]);
});

test('a row is an effect of every record about its payment, and of no other', () => {
  const { effects } = momentOf(worldOf([first, again, namesake], [first]));
  const value = { account: 'alice', amount: 30 };
  expect(effects.map(({ id, value: is }) => ({ id, value: is }))).toEqual([
    { id: 'shop:p1', value },
    { id: 'shop:p1.2', value },
  ]);
});

test('a row that nobody asked for keeps its own name', () => {
  const stranger = { ...first, source: 'nobody' };
  expect(momentOf(worldOf([first], [stranger])).effects.map(({ id }) => id)).toEqual(['nobody:p1']);
});

test('what commands ask for in whatever order is what right rows hold', () => {
  fc.assert(
    fc.property(workload.commands, (commands) => {
      const rows = commands.filter((command) => command['attempt'] === 1);
      const world = worldOf(commands, rows);
      expect(judged('counted-once', world)).toBeUndefined();
      expect(judged('ledger-agrees', world)).toBeUndefined();
      const { effects } = momentOf(world);
      expect(new Set(effects.map(({ id }) => id))).toEqual(new Set(commands.map(idOf)));
      for (const { id, value } of effects) {
        expect(value).toEqual(flow.value?.(commands.find((one) => idOf(one) === id) as Command));
      }
    }),
    { seed: 15, numRuns: 100 },
  );
});

test('the workload has what the chapter is about', () => {
  const lists = fc.sample(workload.commands, { seed: 15, numRuns: 300 });
  const count = (has: (list: readonly Command[]) => boolean): number => lists.filter(has).length;
  const copies = (list: readonly Command[]) => list.filter(({ attempt }) => attempt === 2);
  const ids = (list: readonly Command[]) =>
    list.filter(({ attempt }) => attempt === 1).map(({ id }) => id);
  expect(count((list) => copies(list).length > 0)).toBeGreaterThan(100);
  expect(count((list) => new Set(ids(list)).size < ids(list).length)).toBeGreaterThan(100);
  expect(count((list) => list.some(({ amount }) => Number(amount) > 2 ** 31))).toBeGreaterThan(50);
  expect(count((list) => list[0]?.['attempt'] === 2)).toBeGreaterThan(20);
  expect(Math.max(...lists.map(({ length }) => length))).toBeLessThanOrEqual(40);
});

test('a statement is about the payments whose source and id are among its values', () => {
  const about = flow.statement;
  expect(about?.(['shop', 'p1', 'alice', '30'])).toEqual(['shop:p1']);
  expect(about?.(['30', 'carol'])).toEqual([]);
  expect(about?.(['projector', 'till', 'g1x', null])).toEqual(['till:g1x']);
  expect(about?.(['shop', 'till', 'p1', 'p2'])).toEqual(['shop:p1', 'till:p2']);
});

test('no two wrong services are the same program', () => {
  const programs = chapter.mutants.map(({ path, files }) =>
    files.map((file) => readFileSync(`${path}/${file}`, 'utf8')).join(),
  );
  const solution = readFileSync(`${chapter.solutionPath}/projector.ts`, 'utf8');
  expect(new Set([...programs, solution]).size).toBe(chapter.mutants.length + 1);
});

interface World {
  readonly records: readonly Command[];
  /** One for each row of the ledger. */
  readonly rows: readonly Command[];
  readonly balances: Readonly<Record<string, string>>;
}

/** Balances are those of the rows, but where they are given. */
function worldOf(
  records: readonly Command[],
  rows: readonly Command[],
  balances: Readonly<Record<string, string>> = {},
): World {
  const sums: Record<string, string> = {};
  for (const row of rows) {
    const account = String(row['account']);
    sums[account] = String(BigInt(sums[account] ?? 0) + BigInt(Number(row['amount'])));
  }
  return { records, rows, balances: { ...sums, ...balances } };
}

function momentOf({ records, rows, balances }: World): Moment {
  const committed = records.map(recordOf);
  const tables: Moment['tables'] = {
    accounts: Object.entries(balances).map(([id, balance]) => ({ id, balance })),
    ledger: rows.map(({ source, id, account, amount }): Row => ({
      event_source: source,
      event_id: id,
      account,
      amount,
    })),
  };
  const topics = { [topic]: { committed, uncommitted: committed } };
  const effects = flow
    .effects({ calls: [], topics, tables })
    .map((effect, index): Effect => ({ ...effect, seq: records.length + index }));
  const after = records.length + effects.length;
  const since = { accounts: Object.keys(balances).map((_, index) => after + index) };
  return { topics, tables, effects, since } as Partial<Moment> as Moment;
}

function recordOf(command: Command, seq: number): RecordView {
  const sending = send(command);
  if (!('topic' in sending)) throw new Error('a payment is a record');
  const record = { key: Buffer.from(sending.key ?? ''), value: Buffer.from(sending.value) };
  const about = flow.id[topic]?.(record);
  return {
    ...record,
    topic,
    partition: 0,
    offset: seq,
    command: about,
    bySlot: undefined,
    seq,
    atMs: 0,
  };
}

function judged(name: string, world: World): Broken | undefined {
  const property = properties[name];
  if (typeof property !== 'object') throw new Error(`${name} is not the chapter's own`);
  return property.broken(momentOf(world));
}

function sentence(name: string, world: World): string | undefined {
  const broken = judged(name, world);
  return typeof broken === 'object' ? broken.sentence : broken;
}

function witnesses(name: string, world: World): readonly number[] {
  const broken = judged(name, world);
  return typeof broken === 'object' ? broken.witnesses : [];
}
