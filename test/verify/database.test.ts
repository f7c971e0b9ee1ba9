/** Checks of a chapter whose world has a database. */
import { afterAll, expect, test } from 'vitest';
import { check, hashesOf, type HashRow, type Report } from '#verify';
import { seedBase } from '../../harness/cli/seeds.ts';
import { careful, chapter, ledgerCourse, naive, projector } from './support/ledger-course.ts';

const course = ledgerCourse();
afterAll(() => course.remove());

const request = { root: course.root, chapter, remember: false, budgetMs: 300_000 };
const exercise = `exercises/${chapter}`;
const solution = `solutions/${chapter}`;
const behind = 'crash projector-0 · UPDATE accounts · #1 · after apply';

const one = (folders: readonly string[], fault: string): Promise<Report> =>
  check({ ...request, folders, faults: [fault] });

test('a service that counts in two steps is broken by a crash, and the run is confirmed', async () => {
  const { verdict, findings } = await check({ ...request, folders: [exercise] });
  expect(verdict).toBe('broken');
  const [finding] = findings;
  expect(finding).toMatchObject({ property: 'counted-once', confirmed: true, minimal: true });
  expect(finding?.faults).toHaveLength(1);
  expect(finding?.faults[0]).toMatch(/^crash projector-0 · (INSERT ledger|UPDATE accounts)/);
}, 300_000);

test('a finding shows the call that asked, also behind the queue of a pool', async () => {
  const [finding] = (await one([exercise], behind)).findings;
  const [shown] = finding?.code ?? [];
  const struck = shown?.text[shown.line - shown.from];
  expect(struck).toContain("await db.query('update accounts set balance");
});

test('where an error keeps coming, its line is shown before that of the crash', async () => {
  const once = projector(naive.replace(' on conflict do nothing', ''));
  const folder = course.lay('refused', { 'projector.ts': once });
  const { findings } = await one([exercise, folder], behind);
  const [shown] = findings.find(({ property }) => property === 'progress')?.code ?? [];
  expect(shown?.text[shown.line - shown.from]).toContain("await db.query('insert into ledger");
});

test('the same crash does nothing to a service that counts in one transaction', async () => {
  const crash = 'crash projector-0 · UPDATE accounts (p1) · #1 · after apply';
  expect(await one([solution], crash)).toMatchObject({ verdict: 'holds', findings: [] });
});

test('what agrees with itself, and yet is not what it is without the crash, is found', async () => {
  const adds = careful
    .replace('do nothing', '(id) do update set amount = ledger.amount + excluded.amount')
    .replace('rowCount === 1', 'rowCount > 0');
  const folder = course.lay('adds-again', { 'projector.ts': projector(adds) });
  const crash = 'crash projector-0 · COMMIT (p1) · #1 · after apply';
  const { findings } = await one([exercise, folder], crash);
  expect(findings).toMatchObject([
    {
      property: 'crash-consistent',
      confirmed: true,
      sentence: 'Without the crash {"balance":7,"id":"a"} is in balances; with it, it is not.',
    },
  ]);
  expect(await one([solution], crash)).toMatchObject({ verdict: 'holds', notJudged: [] });
});

test("a service's own schema is applied after the chapter's", async () => {
  const counts = `
    create function count_payment() returns trigger language plpgsql as $$
      begin update accounts set balance = balance + new.amount where id = new.account; return new; end $$;
    create trigger counts after insert on ledger for each row execute function count_payment();
  `;
  const insert = naive.split('\n')[1] ?? '';
  const files = { 'schema.sql': counts, 'projector.ts': projector(insert) };
  const folders = [exercise, course.lay('trigger', files)];
  const crash = 'crash projector-0 · INSERT ledger (p1) · #1 · after apply';
  expect(await one(folders, crash)).toMatchObject({ verdict: 'holds' });
  expect(await one([exercise], behind)).toMatchObject({ verdict: 'broken' });
});

test("a mistake in a service's own schema is told as a mistake in what was written", async () => {
  const folder = course.lay('wrong', { 'schema.sql': '\ncreate table ledger (id int);' });
  await expect(one([exercise, folder], behind)).rejects.toMatchObject({
    code: 'DOES_NOT_LOAD',
    message: 'schema.sql does not load: relation "ledger" already exists.',
  });
});

/** Other schedules at every commit. */
const seed = seedBase();

test(`schedules of seed ${seed} hash alike in two processes, on one thread and on two`, async () => {
  const count = 24;
  const rows = (workers: number, fresh: boolean): Promise<readonly HashRow[]> => {
    const { root } = course;
    return hashesOf({ root, chapter, folders: [solution], level: 3, seed, count, workers, fresh });
  };
  const alone = await rows(1, false);
  expect(await rows(2, true)).toEqual(alone);
  expect(alone).toHaveLength(count);
  expect(new Set(alone.map(({ traceClass }) => traceClass)).size).toBeGreaterThan(count / 2);
}, 300_000);
