/** A course of tiny chapters in a temporary folder, whole unless a test damages it. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { checkChapters, findChapters, loadChapter, type Chapter } from '#content';

export interface Course {
  readonly root: string;
  readonly write: (file: string, text: string) => void;
  readonly remove: (file: string) => void;
  /** Every sentence of the check. */
  readonly sentences: () => Promise<readonly string[]>;
  readonly load: (number?: number) => Promise<Chapter>;
}

export function course(...folders: readonly string[]): Course {
  const root = mkdtempSync(join(tmpdir(), 'content-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const write = (file: string, text: string): void => {
    const path = join(root, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  write('package.json', '{ "type": "module" }');
  symlinkSync(
    join(import.meta.dirname, '../../node_modules'),
    join(root, 'node_modules'),
    'junction',
  );
  for (const folder of folders) writeChapter(folder, write);
  return {
    root,
    write,
    remove: (file) => rmSync(join(root, file), { recursive: true }),
    sentences: async () => (await checkChapters(root)).map(({ sentence }) => sentence),
    load: async (number = 1) => {
      const found = (await findChapters(root)).find((chapter) => chapter.number === number);
      if (!found) throw new Error(`no chapter ${number} in ${root}`);
      return loadChapter(found);
    },
  };
}

/** The definition of a tiny chapter as source; a test replaces a part of it. */
export const definition = `
import * as fc from 'fast-check';
export const tiny = {
  title: 'Tiny',
  promise: 'It holds.',
  minutes: 5,
  needs: [],
  pass: 1,
  roles: { worker: { file: 'worker.ts', instances: [1, 1] } },
  topics: { work: { partitions: 1 } },
  groups: ['worker'],
  workload: {
    example: [{ id: 'm1' }, { id: 'm2' }],
    commands: fc.uniqueArray(fc.nat().map((n) => ({ id: 'g' + n })), { selector: ({ id }) => id }),
    id: (command) => command.id,
    send: (command) => ({ topic: 'work', value: command.id }),
    closing: (n) => ({ id: 'closing-' + n }),
  },
  flow: { id: { work: (record) => String(record.value) }, effects: () => [] },
  properties: { 'no-loss': 'shared' },
  stub: { breaks: 'no-loss', by: 'crash worker-0 · Fetch work (m1) · #1 · after apply' },
  hints: { 'no-loss': ['What?', 'What exactly?'] },
  mutants: { hasty: { breaks: 'no-loss', says: 'does not wait' } },
  variants: { slow: { says: 'waits twice' } },
};
`;

export const words = 'Words that say why it breaks. '.repeat(60);

export const text = `
## Break it first

<Code from="stub/worker.ts" region="worker" />

${words}

## Make it hold

Read [on](#break-it-first), and [Kafka](https://kafka.apache.org/documentation/#semantics).
`;

export function worker(body: string): string {
  return `export const worker = async () => {\n  ${body}\n  return { stop: async () => {} };\n};\n`;
}

function writeChapter(folder: string, write: Course['write']): void {
  write(`chapters/${folder}/chapter.ts`, definition);
  write(`chapters/${folder}/chapter.mdx`, text);
  write(`chapters/${folder}/stub/worker.ts`, worker("console.log('stub');"));
  write(`exercises/${folder}/worker.ts`, worker("console.log('stub');"));
  write(`solutions/${folder}/worker.ts`, worker("console.log('right');"));
  write(`chapters/${folder}/mutants/hasty/worker.ts`, worker("console.log('hasty');"));
  write(`chapters/${folder}/variants/slow/worker.ts`, worker("console.log('slow');"));
}
