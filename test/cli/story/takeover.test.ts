/** What is said where somebody takes over from somebody else, who may not know it. */
import { expect, test } from 'vitest';
import { invariant } from '#kernel';
import { renderReport, type RenderOptions } from '../../../harness/cli/story/render.ts';
import * as plots from './plots.ts';
import { faultAt, report, type Plot } from './scribe.ts';

const plain: RenderOptions = { columns: 100, color: false, plain: true, full: false };

test('who reads the same in another group takes nothing over and says nothing of what is done', () => {
  const text = renderReport(report(plots.bystander()), plain);
  expect(text).toContain('payer-0 stood still for 45 s');
  expect(text).not.toContain('took it for dead');
  const crash = faultAt('crash', 'payer-0', 'psp.charge', '', ['m1'], 'after apply');
  const died = renderReport(report({ ...plots.bystander(), faults: [crash] }), plain);
  expect(died).toContain('payer-0 died after psp.charge had taken m1 and before Kafka knew');
});

test('who joins to take over from a zombie is no second cause', () => {
  const plot = plots.zombie();
  const [freezes] = plot.faults;
  invariant(freezes !== undefined, 'the plot has a fault');
  const cause = (faults: Plot['faults']): string => {
    const text = renderReport(report({ ...plot, faults }), plain);
    return (text.split('\n\n')[2] ?? '').replaceAll(/\s+/g, ' ');
  };
  const alone = cause(plot.faults);
  expect(alone).toContain('Kafka took it for dead and gave its partition to greeter-1.');
  const struck = plot.scribe.facts.findIndex(({ kind }) => kind === 'fault');
  const { seq = 0 } = plot.scribe.facts[struck] ?? {};
  const joins = { kind: 'fault', seq: seq + 0.5, atMs: 13, index: 1, fault: 'fault 1' } as const;
  plot.scribe.facts.splice(struck + 1, 0, joins);
  expect(cause([...plot.faults, { ...freezes, kind: 'join', on: 'greeter' }])).toBe(alone);
});

test('who takes a transactional id from somebody else is told by name and epoch', () => {
  const told = (slot: string, epoch: number): string => {
    const plot = plots.zombie();
    const who = { kind: 'operation', operation: 'InitProducerId', target: 'books' } as const;
    const taken = { ...who, incarnation: 1, cause: [], ordinal: 1, step: 'applied' } as const;
    plot.scribe.facts.splice(
      1,
      0,
      { seq: 0.25, atMs: 9, ...taken, slot: 'greeter-1', told: 'epoch 0' },
      { seq: 0.5, atMs: 10, ...taken, slot, told: `epoch ${epoch}` },
    );
    return renderReport(report(plot), plain);
  };
  expect(told('greeter-0', 1)).toContain('takes the id books from greeter-1: epoch 1');
  expect(told('greeter-1', 1)).not.toContain('takes the id');
});
