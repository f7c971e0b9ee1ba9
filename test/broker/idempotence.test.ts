import { expect, test } from 'vitest';
import { Desk } from './desk.ts';

test('InitProducerId refuses transactional ids plainly, and "" as invalid', () => {
  const desk = new Desk();
  const ask = (transactionalId: string) =>
    desk.ask('InitProducerId', 4, { transactionalId, transactionTimeoutMs: 1000 });
  expect(ask('tx')).toMatchObject({ errorCode: 53, producerId: -1 });
  expect(ask('').errorCode).toBe(42);
});
