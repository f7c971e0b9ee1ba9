/** Services that look for work again and again with a statement that would also claim it. */
import { expect, test } from 'vitest';
import { onTables, writer } from './support/database.ts';
import { facts, type Run } from './support/play.ts';

const polling = (statement: string, handler: string): string =>
  writer(handler, `setInterval(() => void db.query(\`${statement}\`), 50);`);

const updates = (run: Run, table: string) =>
  facts(run, 'operation', { operation: 'UPDATE', target: table, step: 'applied' });

const places = (run: Run, table: string, phase: string): number =>
  run.crossings.filter(
    ({ point, phase: at }) =>
      point.operation === 'UPDATE' && point.target === table && at === phase,
  ).length;

test('what finds nothing again and again is no place, and nothing to tell', async () => {
  const stage = await onTables(
    polling(
      'update jobs set taken_by = $$me$$ where taken_by is null returning body',
      `await db.query('insert into jobs (body) values ($1)', [order.id]);
       await db.query('insert into ledger values ($1, 5)', [order.id]);`,
    ),
  );
  const run = await stage.play();
  expect(run.ending).toEqual({ kind: 'rest' });
  // Twenty a second for at least the five seconds of a long poll.
  expect(run.virtualMs).toBeGreaterThan(5_000);
  expect(updates(run, 'jobs').length).toBeLessThan(40);
  expect(places(run, 'jobs', 'before apply')).toBeGreaterThan(0);
  const [last] = facts(run, 'table').slice(-1);
  expect(last?.tables['jobs']?.map(({ taken_by: by }) => by)).toEqual(Array(4).fill('me'));
});

test('after a change it is a place again, from its beginning', async () => {
  const stage = await onTables(
    polling(
      'update jobs set taken_by = $$me$$ where taken_by is null returning body',
      `await db.query('insert into ledger values ($1, 5)', [order.id]);
       await new Promise((resolve) => setTimeout(resolve, 5_000));
       await db.query('insert into jobs (body) values ($1)', [order.id]);`,
    ),
  );
  const { crossings } = await stage.play({ commands: 1 });
  const jobs = crossings.filter(({ point }) => point.target === 'jobs');
  const written = jobs.findIndex(({ point }) => point.operation === 'INSERT');
  const claims = jobs
    .slice(written)
    .filter(({ point, phase }) => point.operation === 'UPDATE' && phase === 'before apply');
  expect(written).toBeGreaterThan(0);
  expect(claims.length).toBeGreaterThan(0);
});

test('what the clock alone makes find something is told of, and has its answer as a place', async () => {
  const stage = await onTables(
    polling(
      `update ledger set amount = 6
       where amount = 5 and at < clock_timestamp() - interval '3 seconds'`,
      `await db.query('insert into ledger values ($1, 5)', [order.id]);`,
    ),
  );
  const run = await stage.play({ commands: 1 });
  const [last] = facts(run, 'table').slice(-1);
  expect(last?.tables['ledger']?.map(({ amount }) => amount)).toEqual([6, 6]);
  const before = places(run, 'ledger', 'before apply');
  expect(places(run, 'ledger', 'after apply')).toBeGreaterThan(before);
});
