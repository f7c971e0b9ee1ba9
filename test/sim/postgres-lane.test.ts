/** Services with an unmodified `pg` against a real PostgreSQL in virtual time. */
import { expect, test } from 'vitest';
import { careful, onTables, writer } from './support/database.ts';
import { facts } from './support/play.ts';

const stage = await onTables(writer(careful));

test('a service talks to the database of its chapter, and its tables are recorded at commits', async () => {
  const run = await stage.play();
  console.log(run.ending, run.virtualMs, run.steps);
  console.log(JSON.stringify(run.facts.filter(f=>f.kind!=='operation'||true).map(f=>({...f})), null, 0).slice(0,6000));
  expect(run.ending).toEqual({ kind: 'rest' });
  expect(facts(run, 'table').length).toBeGreaterThan(3);
});
