import { expect, test } from 'vitest';
import { firstLearnerFrame, mapStack, mapText } from '../../../harness/sim/bundle/stacks.ts';
import { bundled, start } from '../injected/learner.ts';

const files = {
  'service.ts': `import { charge } from './charge.ts';
import type { Payment } from './charge.ts';

export const handle = async (payment: Payment): Promise<void> => {
  await Promise.resolve();
  await charge(payment);
};
export const log = (error: unknown) => console.error(error);
export const later = () => [1].map((n) => new Error('in a callback ' + n))[0];
`,
  'charge.ts': `export interface Payment {
  id: string;
}
export async function charge(payment: Payment): Promise<void> {
  throw new Error('no money for ' + payment.id);
}
`,
};

test('frames are the learner’s files and lines, innermost first, and nothing else', async () => {
  const made = await bundled(files);
  const { exports } = start(made);
  const error = (await exports.handle({ id: 'p1' }).catch((e: unknown) => e)) as Error;
  expect(mapStack(error.stack ?? '', made)).toEqual([
    { file: 'charge.ts', path: 'exercise/charge.ts', line: 5, column: 9, name: 'charge' },
    { file: 'service.ts', path: 'exercise/service.ts', line: 6, column: 9, name: 'handle' },
  ]);
  expect(firstLearnerFrame(exports.later().stack, made)).toMatchObject({
    file: 'service.ts',
    line: 9,
  });
  expect(firstLearnerFrame(new Error('ours').stack ?? '', made)).toBeUndefined();
});

test('an error on the console shows the learner’s places', async () => {
  const made = await bundled(files);
  const { exports, globals } = start(made);
  const error = await exports.handle({ id: 'p1' }).catch((e: unknown) => e);
  exports.log(error);
  const { lines } = globals.host as unknown as { lines: string[] };
  expect(mapText(lines[0] ?? '', made)).toBe(
    [
      'err: Error: no money for p1',
      '    at charge (charge.ts:5:9)',
      '    at handle (service.ts:6:9)',
    ].join('\n'),
  );
  expect(mapText('no stack here', made)).toBe('no stack here');
});

test('frames of another bundle are not taken for this one', async () => {
  const made = await bundled(files);
  const other = await bundled({ 'service.ts': `export const fail = () => new Error('x');` });
  expect(mapStack(start(other).exports.fail().stack, made)).toEqual([]);
});
