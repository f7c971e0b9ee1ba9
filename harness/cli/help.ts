/** The short help: what there is to type. */
import { options } from './arguments.ts';

export function help(): string {
  const lines = Object.entries(options).map(([name, { sample, says }]) => {
    const value = sample === undefined ? '' : name === 'fault' ? " '…'" : ` ${sample}`;
    return `  ${`--${name}${value}`.padEnd(26)}${says}`;
  });
  return [
    'npx crash 1                 check exercise 1: your code under every crash',
    'npx crash reset 1           start over; what you had is kept in .crashproof/attempts',
    'npm start                   the chapters, in the browser',
    '',
    ...lines,
    '',
    'It ends with 0: holds, 1: broken, 2: wrong command or a port that is taken, 3: unknown,',
    '4: does not compile or load, 5: trouble of the workbench itself.',
    '',
  ].join('\n');
}
