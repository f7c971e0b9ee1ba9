/** Who of those that wait for each other is undone: the one who closed the circle, or another. */
import { describe, expect, test } from 'vitest';
import { printFault, shrink, singles } from '#schedule';
import { onTables, type DatabaseStage } from './support/database.ts';
import { facts, type Plot, type Run } from './support/play.ts';

/** Each has a row of its own, and then wants the next one's, in the order of their numbers. */
const circle = (members: number): string => `
  import pg from 'pg';
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  export const worker = async ({ database, slot }) => {
    const db = new pg.Pool(database);
    const number = Number(slot.split('-')[1]);
    const ids = ['a', 'b', 'c'];
    (async () => {
      const client = await db.connect();
      const add = (id) => client.query('update accounts set balance = balance + 1 where id = $1', [id]);
      try {
        await client.query('begin');
        await add(ids[number]);
        await pause(20 + number * 5);
        await add(ids[(number + 1) % ${members}]);
        await client.query('commit');
        console.log('done');
      } catch (error) {
        console.log(error.code);
        await client.query('rollback');
      }
      client.release();
    })();
    return { stop: () => db.end() };
  };
`;

const third = "insert into accounts values ('c', 0)";

const said = (run: Run): readonly string[] =>
  facts(run, 'console')
    .map(({ slot, text }) => `${slot} ${text.trim()}`)
    .toSorted();

const choosing = (slot: string): string => `victim ${slot} · UPDATE accounts · #2 · before apply`;

/** A fault that never strikes: nothing is a place for faults once a run has begun to end. */
const never = 'stop worker-0 after command m9';

const plotOf = (instances: number, faults: readonly string[] = []): Plot => ({
  commands: 0,
  instances: { worker: instances },
  faults: [...faults, never],
});

/** In this thread twice, once with nothing shared. */
async function twice(stage: DatabaseStage, instances: number, faults: readonly string[] = []) {
  const plot = plotOf(instances, faults);
  const [run, again] = [await stage.play(plot), await stage.play({ ...plot, fresh: true })];
  expect(again.traceHash).toBe(run.traceHash);
  expect(run.ending).toEqual({ kind: 'rest' });
  return run;
}

const candidates = (stage: DatabaseStage, run: Run, instances: number): readonly string[] =>
  singles({
    chapter: stage.chapter,
    level: 2,
    calm: {
      schedule: stage.schedule({ ...plotOf(instances), faults: [] }),
      crossings: run.crossings,
    },
  })
    .filter(({ family }) => family === 'victim')
    .flatMap(({ schedule }) => schedule.faults.map(printFault));

describe.each([2, 3])('a circle of %d', (members) => {
  const slots = ['worker-0', 'worker-1', 'worker-2'].slice(0, members);
  const closer = slots.at(-1) as string;
  const outcome = (victim: string): readonly string[] =>
    slots.map((slot) => `${slot} ${slot === victim ? '40P01' : 'done'}`);

  test('undoes the one who closed it; each of the others can be chosen', async () => {
    const stage = await onTables(circle(members), {}, third);
    const run = await twice(stage, members);
    expect(said(run)).toEqual(outcome(closer));
    expect(candidates(stage, run, members).toSorted()).toEqual(slots.slice(0, -1).map(choosing));
  });

  test.each(slots.slice(0, -1))('undoes %s where the schedule says so', async (slot) => {
    const stage = await onTables(circle(members), {}, third);
    const run = await twice(stage, members, [choosing(slot)]);
    expect(said(run)).toEqual(outcome(slot));
    expect(run.fired).toEqual([0]);
    const failed = facts(run, 'operation', { slot, step: 'answered' }).find(
      ({ error }) => error !== undefined,
    );
    expect(failed).toMatchObject({ operation: 'UPDATE', error: '40P01 deadlock detected' });
    // The one who closed it could have been the one, and is no choice.
    expect(candidates(stage, run, members)).not.toContain(choosing(closer));
  });

  test('is as without a choice where the one who closes it is chosen, and nothing has struck', async () => {
    const stage = await onTables(circle(members), {}, third);
    const run = await twice(stage, members, [choosing(closer)]);
    expect(said(run)).toEqual(outcome(closer));
    expect(run.fired).toEqual([]);
    expect(run.traceHash).toBe((await twice(stage, members)).traceHash);
  });

  test('is forgotten in the next run', async () => {
    const stage = await onTables(circle(members), {}, third);
    await twice(stage, members, [choosing('worker-0')]);
    expect(said(await twice(stage, members))).toEqual(outcome(closer));
  });
});

test('a choice that nothing depends on is left out when a schedule is made small', async () => {
  const stage = await onTables(circle(3), {}, third);
  const schedule = stage.schedule(plotOf(3, [choosing('worker-1')]));
  const fails = async (wanted: (run: Run) => boolean) =>
    shrink(
      schedule,
      async (candidate) => {
        const run = await stage.run(candidate, { database: stage.database });
        return { signature: wanted(run) ? 'failed' : undefined, fired: run.fired, held: run.held };
      },
      'failed',
    );
  const anybody = await fails((run) => said(run).some((text) => text.endsWith('40P01')));
  expect(anybody).toMatchObject({ minimal: true, schedule: { faults: [] } });
  const second = await fails((run) => said(run).includes('worker-1 40P01') && said(run).length > 2);
  expect(second.schedule.faults.map(printFault)).not.toEqual([]);
  expect(second.minimal).toBe(true);
});
