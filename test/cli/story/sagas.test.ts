/** Errors that no fault brought about, what happens a second time, and records by their names. */
import { expect, test } from 'vitest';
import { renderReport, type RenderOptions } from '../../../harness/cli/story/render.ts';
import { rejection } from './plots.ts';
import { report, type Plot } from './scribe.ts';
import * as sagas from './saga-plots.ts';

const wide: RenderOptions = { columns: 100, color: false, plain: false, full: false };
const told = (plot: Plot): string => renderReport(report(plot), wide).replaceAll(/\s+/g, ' ');

test('what happens a second time is what broke, not what was harmless', () => {
  const text = told(sagas.refundedTwice());
  expect(text).toContain('psp.refund took o1 a second time.');
  expect(text).not.toContain('psp.charge took o1 a second time');
});

test('an error that comes each time is the cause, and a row though all else is proof', () => {
  const text = told(sagas.refusedAfterCharge());
  expect(text).toContain(
    'From then on the insert into payments (o1) was answered 23505 duplicate key value violates' +
      ' unique constraint "payments_pkey", each time.',
  );
  expect(text).toMatch(/30 023 insert into payments \(o1\) → 23505/);
  expect(text).not.toContain('a second time');
});

test('the error that somebody acted upon is said, and not the harmless repeat before it', () => {
  const text = told(sagas.refusedOnce());
  expect(text).toContain(
    'so Kafka delivered o1 again. Then the insert into payments (o1) was answered 23505 duplicate' +
      ' key value violates unique constraint "payments_pkey".',
  );
  expect(text).not.toContain('a second time');
});

test('who waits behind what is refused is told what that is', () => {
  const text = told(sagas.refusedBeforeIt());
  expect(text).toContain(
    'psp.charge o3 was rejected each time: card/49 was used for something else. Ten minutes',
  );
  expect(text).toMatch(/ 15 psp\.charge \(o3\) → card\/49 was used for something else/);
});

test('an error that was done after all is a row, and no cause', () => {
  const plot = sagas.refusedBeforeIt();
  plot.scribe.at(9_000).port({ slot: 'payer-0' }, 'psp.charge', 'o3');
  plot.scribe.operation({ slot: 'payer-0' }, 'psp.charge', '', ['o3'], 'answered');
  expect(told(plot)).not.toContain('each time');
});

test('the second half of a transaction is no second time', () => {
  expect(told(sagas.inTwoHalves())).toContain('No fault struck. ');
  expect(told(sagas.inTwoHalves())).not.toContain('a second time');
});

test('what a fault rejects is told by the fault', () => {
  expect(told(rejection())).not.toMatch(/was rejected each time|→ REJECTED/);
});

test('a record has the name that its chapter gives it, and comes again only under the same', () => {
  const text = told(sagas.namedRecords());
  expect(text).toContain('payer-0 died after PaymentCompleted o1 stood in payments');
  expect(text).toContain('PaymentCompleted o1 was sent to payments a second time.');
  expect(text).toContain('so Kafka delivered OrderPlaced o1 again and');
  const spoken = renderReport(report(sagas.namedRecords()), { ...wide, plain: true });
  expect(spoken.replaceAll(/\s+/g, ' ')).toContain(
    'receives OrderPlaced o1 again and OrderCancelled o1 from orders/0',
  );
  expect(text).toMatch(/sends OrderCancelled o1 1 OrderCancelled o1/);
  expect(text).toMatch(/sends PaymentRefunded o1 2 PaymentRefunded o1 ✗/);
});

test('who asks without a record of his own is seen where he is answered', () => {
  expect(told(sagas.namedRecords())).toMatch(/ 19 called: cancelOrder o1 20 sends OrderCancelled/);
  const spoken = renderReport(report(sagas.namedRecords()), { ...wide, plain: true });
  expect(spoken).toContain('At 19 ms: shop-0 is called: cancelOrder o1.');
  const placed = sagas.namedRecords();
  placed.scribe.facts.splice(2, 0, {
    kind: 'command',
    seq: 1.5,
    atMs: 8,
    id: 'o1',
    state: 'sent',
    closing: false,
    value: { id: 'o1' },
    slot: 'shop-0',
    call: 'placeOrder',
  });
  expect(told(placed)).not.toContain('called: placeOrder');
});
