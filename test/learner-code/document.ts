/** docs/learner-code.md, made of the rows that the tests run. */
import { asInNode } from './as-in-node.ts';
import { connections } from './connections.ts';
import { endings, memory } from './endings.ts';
import { outside } from './outside.ts';
import type { Row } from './rows.ts';
import { state } from './state.ts';

const exits = 'Exit 0: holds, 1: broken, 3: unknown, 4: does not load.';

export function documentOf(): string {
  return `# What your code may do

One row per odd thing that a service may do, and what you read then. Every row is a test: chapter
0's solution with those lines in it (\`test/learner-code\`). ${exits}

Written by \`npx vitest run --project project test/learner-code --update\`; not by hand.

## It does not come back, does not stay, or does not start

A process that exits is started again, with a pause that doubles; ten exits in a row without a fault
are a finding. What cannot be evaluated at all ends with 4 and the five lines around the place.

${tableOf([...endings, ...memory])}

## It keeps something where a crash should end it

Each of these commits first and keeps what it has not recorded yet in a place of its own. If that
place outlived the process, nothing would be lost; so none of them may hold. Either the place dies
with the process and the crash between the two lines is found, or the place is named.

${tableOf(state)}

Not caught: a service that sets out to deceive, and fetches Node's own modules from the thread by
\`Function('return process')()\`. It deceives its author only.

## It reaches for what is not there

What has no answer in the simulation makes the check *unknown*, never green: with the line and what
to do instead.

${tableOf(outside)}

## It loses its connections to the database

These rows are services of a chapter with tables. A pool tells nobody who waits for it, and a
connection is given back as it is; so what is read says where it went wrong first.

${tableOf(connections)}

## It works as in Node

Time is virtual and starts at 2026-01-05T08:00:00Z; chance is drawn from the seed, so a second run
sees the same. Work of Node's thread pool is answered from its synchronous form.

${tableOf(asInNode)}
`;
}

export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ does, reads, exit }) =>
      `| ${cell(does)} | ${reads === undefined ? 'it holds' : cell(reads)} | ${exit} |`,
  );
  return ['| your code | what you read | exit |', '| --- | --- | --- |', ...lines].join('\n');
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
