/** Rows: services that wait for a connection for ever, or go on with one in a failed transaction. */
import { projector } from '../verify/support/ledger-course.ts';
import type { Row } from './rows.ts';

interface ConnectionRow extends Row {
  /** What brings it about; left out = the example alone. */
  readonly fault?: string;
  /** The question that comes with it. */
  readonly asks: string;
}

const whichWay =
  'Follow the connection through your handler: on which way out is it not given back?';
const whoEnds =
  'Which statement failed first? Who ends its transaction before the connection is used again?';

const insert = `client.query('insert into ledger values ($1, $2, $3)', [id, account, amount])`;
const update = `client.query('update accounts set balance = balance + $1 where id = $2', [amount, account])`;

/** As in the course, with so many connections at most. */
const pooled = (most: number, handler: string): string =>
  projector(handler).replace(
    'new Pool(database)',
    `new Pool({ ...database, max: ${most}, idleTimeoutMillis: 0 })`,
  );

export const connections: readonly ConnectionRow[] = [
  {
    does: 'a `connect()` for every message and no `release()`',
    code: pooled(
      2,
      `      const client = await db.connect();
      await ${insert};
      await ${update};`,
    ),
    reads:
      'p3 was acknowledged and is in payments/0 (offset 2), yet it was never done. The same is ' +
      'true of closing-1. projector-0 waits for db.connect() at projector.ts:15: both ' +
      'connections of the pool are out, last used at projector.ts:17, and nobody gives one back.',
    asks: whichWay,
    exit: 1,
  },
  {
    does: 'a `release()` that a `return` goes past, and `query()` of the pool afterwards',
    code: pooled(
      1,
      `      if (id === 'p1') {
        const client = await db.connect();
        await ${insert};
        await ${update};
        return;
      }
      await db.${insert.slice('client.'.length)};
      await db.${update.slice('client.'.length)};`,
    ),
    reads:
      'p2 was acknowledged and is in payments/0 (offset 1), yet it was never done. The same is ' +
      'true of p3, closing-1. projector-0 waits for db.query() at projector.ts:21: the only ' +
      'connection of the pool is out, last used at projector.ts:18, and nobody gives one back.',
    asks: whichWay,
    exit: 1,
  },
  {
    does: 'a unique violation taken for "done", and the connection given back without `rollback`',
    fault: 'republish p1 at rest',
    code: pooled(
      1,
      `      const client = await db.connect();
      try {
        await client.query('begin');
        await ${insert};
        await ${update};
        await client.query('commit');
      } catch (error) {
        if (error.code !== '23505') throw error;
      } finally {
        client.release();
      }`,
    ),
    reads:
      'closing-1 was acknowledged and is in payments/0 (offset 4), yet it was never done. Ten ' +
      'minutes later: projector-0 goes on with a connection whose transaction has failed: INSERT ' +
      'ledger at projector.ts:18 got 23505, nobody rolled back, and what is asked since gets ' +
      '25P02 (current transaction is aborted).',
    asks: whoEnds,
    exit: 1,
  },
];
