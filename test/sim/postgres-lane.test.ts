/** Services with an unmodified `pg` against a real PostgreSQL in virtual time. */
import { expect, test } from 'vitest';
import { careful, onTables, writer } from './support/database.ts';
import { facts, services } from './support/play.ts';

const stage = await onTables(writer(careful));

const last = (run: Awaited<ReturnType<typeof stage.play>>, table: string): unknown =>
  facts(run, 'table').findLast(({ tables }) => tables[table] !== undefined)?.tables[table];

test('a service talks to the database of its chapter, and its tables are recorded at commits', async () => {
  const run = await stage.play();
  expect(run.ending).toEqual({ kind: 'rest' });
  const [seeds, first] = facts(run, 'table');
  const accounts = [
    { id: 'a', balance: 0 },
    { id: 'b', balance: 0 },
  ];
  expect(seeds).toMatchObject({ tables: { accounts, ledger: [], jobs: [] } });
  expect(seeds?.slot).toBeUndefined();
  expect(first).toMatchObject({
    slot: 'worker-0',
    incarnation: 1,
    tables: {
      ledger: [{ id: 'm1', amount: 5 }],
      accounts: [
        { id: 'b', balance: 0 },
        { id: 'a', balance: 5 },
      ],
    },
  });
  expect(last(run, 'ledger')).toHaveLength(3 + facts(run, 'command', { closing: true }).length / 2);
});

test('places have the verb, the table and the command, also where only the transaction knows it', async () => {
  const run = await stage.play({ commands: 1 });
  const places = run.crossings
    .filter(({ target }) => target === 'sql')
    .map(({ point: { operation, target, cause }, phase }) => [operation, target, cause, phase]);
  const phases = ['before apply', 'after apply'];
  expect(places).toEqual([
    ...phases.map((phase) => ['INSERT', 'ledger', ['m1'], phase]),
    ...phases.map((phase) => ['UPDATE', 'accounts', ['m1'], phase]),
    ...phases.map((phase) => ['COMMIT', '', ['m1'], phase]),
  ]);
});

test.each([
  ['INSERT ledger', 'before apply', false],
  ['UPDATE accounts', 'after apply', false],
  ['COMMIT', 'before apply', false],
  ['COMMIT', 'after apply', true],
])('a crash at %s %s leaves all of a transaction or nothing', async (what, phase, committed) => {
  const crash = `crash worker-0 · ${what} (m1) · #1 · ${phase}`;
  const run = await stage.play({ commands: 1, faults: [crash] });
  expect(run.fired).toEqual([0]);
  expect(run.findings).toEqual([]);
  const bySecond = facts(run, 'table').filter(({ incarnation }) => incarnation === 2);
  const first = facts(run, 'table').find(({ incarnation }) => incarnation === 1);
  expect(first !== undefined).toBe(committed);
  // The closing command, and m1 where it was rolled back.
  expect(bySecond).toHaveLength(committed ? 1 : 2);
});

test('a lost answer to a COMMIT leaves the change, and the service is told that the connection is gone', async () => {
  const lost = 'lose-response worker-0 · COMMIT (m1) · #1 · after apply';
  const run = await stage.play({ commands: 1, faults: [lost] });
  expect(run.findings).toEqual([]);
  expect(run.ending).toEqual({ kind: 'rest' });
  expect(facts(run, 'table').filter(({ tables }) => tables['ledger'] !== undefined)).toHaveLength(
    3,
  );
});

test('a cut parts a process from Kafka and leaves it its database', async () => {
  const cut = 'cut worker-0 · INSERT ledger (m1) · #1 · before apply · 45000 ms';
  const run = await stage.play({ commands: 1, faults: [cut] });
  const commits = facts(run, 'operation', { operation: 'COMMIT', step: 'answered' });
  expect(commits[0]).toMatchObject({ cause: ['m1'], incarnation: 1 });
  expect(commits[0]?.error).toBeUndefined();
});

test('without tables, connecting says that there is no database', async () => {
  const bare = await services(
    writer(careful, "await db.query('select 1').catch((e) => console.log(e.message));"),
  );
  const said = facts(await bare.play({ commands: 0 }), 'console').map(({ text }) => text.trim());
  expect(said).toContain('this chapter has no database');
});

test('a zombie that holds a row keeps its successor waiting, and both count once', async () => {
  const frozen = [
    'freeze worker-0 · UPDATE accounts (m1) · #1 · after apply · 45000 ms',
    'join worker at worker-0 · UPDATE accounts (m1) · #1 · after apply',
  ];
  const runs = [];
  for (const fresh of [false, true]) runs.push(await stage.play({ faults: frozen, fresh }));
  const [run, again] = runs as [(typeof runs)[0], (typeof runs)[0]];
  expect(again.traceHash).toBe(run.traceHash);
  expect(run.ending).toEqual({ kind: 'rest' });
  expect(run.findings).toEqual([]);
  // The row that both want to insert is the first that the successor waits for.
  const [wait] = facts(run, 'operation', { step: 'waits' });
  expect(wait).toMatchObject({ slot: 'worker-1', operation: 'INSERT', target: 'ledger' });
  const [thaw] = facts(run, 'instance', { state: 'thawed' });
  const commit = facts(run, 'table').find(({ slot }) => slot === 'worker-0');
  expect(commit?.atMs).toBeGreaterThanOrEqual(thaw?.atMs ?? Infinity);
});
