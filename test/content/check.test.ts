import { describe, expect, test } from 'vitest';
import { checkChapters, schemaOf } from '#content';
import { course, definition, text, words, worker } from './tiny-course.ts';

const chapter = 'chapters/01-tiny';

async function sentencesOf(file: string, content: string): Promise<readonly string[]> {
  const tiny = course('01-tiny');
  tiny.write(file, content);
  return tiny.sentences();
}

test('a whole chapter has no problem', async () => {
  expect(await course('01-tiny').sentences()).toEqual([]);
});

test('what a learner has done to an exercise is no problem', async () => {
  expect(await sentencesOf('exercises/01-tiny/worker.ts', 'const half = (')).toEqual([]);
});

test('a chapter that does not load is a problem and hides no other chapter', async () => {
  const tiny = course('01-tiny', '02-other');
  tiny.write(`${chapter}/chapter.ts`, 'nonsense(');
  tiny.remove('chapters/02-other/chapter.mdx');
  const sentences = await tiny.sentences();
  expect(sentences[0]).toMatch(/^chapters\/01-tiny\/chapter\.ts does not load: /);
  expect(sentences[1]).toBe('chapters/02-other/chapter.mdx does not exist.');
});

describe('definition', () => {
  const swap: readonly (readonly [string, string, string])[] = [
    ["title: 'Tiny'", "title: ' '", 'It has no title.'],
    ["'It holds.'", "'it holds'", 'The promise must be one sentence with a full stop.'],
    ['minutes: 5', 'minutes: 0', 'minutes must be a whole number above 0.'],
    ['pass: 1', 'pass: 4', 'pass must be level 1, 2 or 3.'],
    ['[1, 1]', '[2, 1]', 'Role worker must have instances [least, most] with 1 ≤ least ≤ most.'],
    ['partitions: 1', 'partitions: 0', 'Topic work must have at least one partition.'],
    ["['worker']", "['worker', 'worker']", 'A group is named twice.'],
    ["by: 'crash", "by: ['a', 'b', 'c'], and: 'crash", 'The stub must fail by one or two faults.'],
    [
      "stub: { breaks: 'no-loss'",
      "stub: { breaks: 'progress'",
      'The stub breaks progress, which is no property here.',
    ],
    [
      "hasty: { breaks: 'no-loss'",
      "hasty: { breaks: 'progress'",
      'Mutant hasty breaks progress, which is no property here.',
    ],
    [
      "hasty: { breaks: 'no-loss'",
      "hasty: { breaks: 'progress'",
      'No mutant breaks no-loss, so nothing shows that it can fail.',
    ],
    ["['What?', ", '[', 'Property no-loss needs two or three hints; it has 1.'],
    [
      'hints: {',
      "hints: { progress: ['a', 'b'],",
      'There are hints for progress, which is no property here.',
    ],
    [
      "id: 'm2' }",
      "id: 'm1' }",
      'The example has two commands with the id m1 (closing ones count).',
    ],
    [
      "id: 'm2' }",
      "id: 'closing-2' }",
      'The example has two commands with the id closing-2 (closing ones count).',
    ],
    [
      "id: 'm2' }",
      "id: 'm (2)' }",
      'The example has the id "m (2)": use letters, digits, - _ . :.',
    ],
    [
      "id: 'm2' }",
      "id: 'm2', at: undefined }",
      'The example has a command that is not plain data: m2.',
    ],
    [
      "id: 'g' + n",
      "id: 'closing-2'",
      'The arbitrary has two commands with the id closing-2 (closing ones count).',
    ],
    [
      "topic: 'work', v",
      "topic: 'play', v",
      'The example sends m1 to topic play, which is not declared.',
    ],
    [
      "topic: 'work', v",
      "topic: 'work', partition: 1, v",
      'The example sends m1 to partition 1, which is not there.',
    ],
    [
      "topic: 'work', v",
      "role: 'boss', v",
      'The example sends m1 to role boss, which is not declared.',
    ],
    ['id: { work:', 'id: { play:', 'flow.id names topic play, which is not declared.'],
    [
      'flow: {',
      "flow: { name: { play: () => 'Played' },",
      'flow.name names topic play, which is not declared.',
    ],
  ];
  test.each(swap)('%s → %s', async (from, to, sentence) => {
    expect(definition).toContain(from);
    const sentences = await sentencesOf(`${chapter}/chapter.ts`, definition.replace(from, to));
    expect(sentences).toContain(sentence);
  });

  test('a property that is not shared needs a definition of its own', async () => {
    const renamed = definition.replaceAll("'no-loss'", "'no-lass'");
    const sentences = await sentencesOf(`${chapter}/chapter.ts`, renamed);
    expect(sentences[0]).toMatch(/^There is no shared property no-lass: one of no-loss, /);
    const own = renamed.replace("'no-lass': 'shared'", "'no-lass': { says: '', when: 'always' }");
    expect(await sentencesOf(`${chapter}/chapter.ts`, own)).toEqual([]);
  });
});

describe('tables', () => {
  const withTables = (query: string): string =>
    definition.replace("groups: ['worker'],", `groups: ['worker'], tables: { done: '${query}' },`);

  test('declared tables and their schema come together', async () => {
    const tiny = course('01-tiny');
    tiny.write(`${chapter}/chapter.ts`, withTables('select id from done'));
    expect(await tiny.sentences()).toEqual([
      'It declares tables, but there is no schema.sql beside it.',
    ]);
    tiny.write(`${chapter}/schema.sql`, 'create table done (id text);');
    expect(await tiny.sentences()).toEqual([]);
  });

  test('by role, a file is named after its role', async () => {
    const tiny = course('01-tiny');
    const query = withTables('select id from worker.done').replace(
      'tables:',
      "schemas: 'by role', tables:",
    );
    tiny.write(`${chapter}/chapter.ts`, query);
    tiny.write(`${chapter}/schema.sql`, 'create table done (id text);');
    const [misplaced, missing] = await tiny.sentences();
    expect(misplaced).toBe('There is a schema.sql, but no role has its tables there.');
    expect(missing).toMatch(/^It declares tables, but there is no .*worker\.sql.* beside it\.$/);
    tiny.remove(`${chapter}/schema.sql`);
    tiny.write(`${chapter}/worker.sql`, 'create table done (id text);');
    expect(await tiny.sentences()).toEqual([]);
    tiny.write('solutions/01-tiny/worker.sql', 'create unique index on done (id);');
    const loaded = await tiny.load();
    expect(await schemaOf(loaded, [loaded.stubPath, loaded.solutionPath])).toEqual([
      { file: 'worker.sql', role: 'worker', from: 'chapter', text: 'create table done (id text);' },
      {
        file: 'worker.sql',
        role: 'worker',
        from: 'service',
        text: 'create unique index on done (id);',
      },
    ]);
  });

  test('a schema needs tables that are declared, a table a query', async () => {
    expect(await sentencesOf(`${chapter}/schema.sql`, 'create table done (id text);')).toEqual([
      'There is a schema.sql, but no tables are declared.',
    ]);
    const tiny = course('01-tiny');
    tiny.write(`${chapter}/schema.sql`, 'create table done (id text);');
    tiny.write(`${chapter}/chapter.ts`, withTables('delete from done'));
    expect(await tiny.sentences()).toEqual(['The query of table done reads nothing.']);
  });

  const texts = async (...of: Parameters<typeof schemaOf>): Promise<readonly string[]> =>
    (await schemaOf(...of)).map(({ text }) => text);

  test('a stub, a solution or an overlay may have a schema that the others have not', async () => {
    const tiny = course('01-tiny');
    tiny.write(`${chapter}/chapter.ts`, withTables('select id from done'));
    tiny.write(`${chapter}/schema.sql`, 'create table done (id text);');
    const index = 'create unique index on done (id);';
    tiny.write('solutions/01-tiny/schema.sql', index);
    tiny.write(`${chapter}/variants/slow/schema.sql`, 'create view seen as select id from done;');
    expect(await tiny.sentences()).toEqual([]);
    const loaded = await tiny.load();
    expect(await texts(loaded, [loaded.stubPath])).toEqual(['create table done (id text);']);
    const overlaid = [loaded.solutionPath, `${loaded.path}/mutants/hasty`];
    expect(await texts(loaded, overlaid)).toEqual(['create table done (id text);', index]);
    const [slow] = loaded.variants;
    expect(await texts(loaded, [loaded.solutionPath, slow?.path ?? ''])).toEqual([
      'create table done (id text);',
      'create view seen as select id from done;',
    ]);
  });
});

describe('services', () => {
  test('a stub that does not parse is named with its line', async () => {
    const tiny = course('01-tiny');
    tiny.write(`${chapter}/stub/worker.ts`, 'export const worker = 1;\nconst half = (;\n');
    const [problem] = await checkChapters(tiny.root);
    expect(problem).toMatchObject({ kind: 'services', file: `${chapter}/stub/worker.ts`, line: 2 });
    expect(problem?.sentence).toMatch(/^chapters\/01-tiny\/stub\/worker\.ts does not parse: /);
  });

  test.each([
    ['solutions/01-tiny/worker.ts', 'solutions/01-tiny/worker.ts must export role worker.'],
    [
      `${chapter}/mutants/hasty/worker.ts`,
      `${chapter}/mutants/hasty/worker.ts must export role worker.`,
    ],
  ])('%s must export its role', async (file, sentence) => {
    expect(await sentencesOf(file, 'export const other = 1;\n')).toContain(sentence);
  });

  test('stub and solution have the same files, among them that of each role', async () => {
    const tiny = course('01-tiny');
    tiny.remove('solutions/01-tiny/worker.ts');
    expect(await tiny.sentences()).toEqual([
      'The stub has worker.ts, the solution has not: they must have the same files.',
      'The solution has no worker.ts, the file of role worker.',
    ]);
  });

  test.each(['#kit', '../../../harness/kit/index.ts', 'fast-check', '#chapters/02-other/given.ts'])(
    'a service may not import %s',
    async (specifier) => {
      const source = `import { a } from '${specifier}';\n${worker('console.log(a);')}`;
      expect(await sentencesOf('solutions/01-tiny/worker.ts', source)).toEqual([
        `solutions/01-tiny/worker.ts imports ${specifier}; a service may not.`,
      ]);
    },
  );

  test('a service may import kit types, clients, its own files and what it is given', async () => {
    const source = [
      "import { randomUUID } from 'node:crypto';",
      "import { Kafka } from 'kafkajs';",
      "import type { Service } from '#kit';",
      "import { help } from './helper.ts';",
      "import { read } from '#chapters/01-tiny/given.ts';",
      'export const worker: Service = async () => [randomUUID, Kafka, help, read];',
    ].join('\n');
    const tiny = course('01-tiny');
    tiny.write(`${chapter}/variants/slow/worker.ts`, source);
    tiny.write(`${chapter}/variants/slow/helper.ts`, 'export const help = 1;\n');
    expect(await tiny.sentences()).toEqual([]);
  });

  test('given.ts stays free of the harness and of fast-check', async () => {
    const bundled = "goes into the learner's bundle: it may import no harness and no fast-check.";
    const source = "import * as fc from 'fast-check';\nexport const a = fc.nat();\n";
    expect(await sentencesOf(`${chapter}/given.ts`, source)).toEqual([
      `${chapter}/given.ts ${bundled}`,
    ]);
  });

  test('a region that is not closed is named', async () => {
    const source = `// region: a\n${worker('console.log(1);')}`;
    expect(await sentencesOf('solutions/01-tiny/worker.ts', source)).toEqual([
      'solutions/01-tiny/worker.ts: region "a" is never closed.',
    ]);
  });
});

describe('overlays', () => {
  test('folders and declarations are the same set', async () => {
    const tiny = course('01-tiny');
    tiny.write(`${chapter}/mutants/extra/worker.ts`, worker("console.log('extra');"));
    tiny.remove(`${chapter}/variants/slow`);
    expect(await tiny.sentences()).toEqual([
      'mutants/extra is not declared in chapter.ts.',
      'chapter.ts declares variants/slow, but there is no such folder.',
    ]);
  });

  test('a file that equals the solution is no overlay', async () => {
    const same = worker("console.log('right');");
    expect(await sentencesOf(`${chapter}/mutants/hasty/worker.ts`, same)).toEqual([
      "mutants/hasty/worker.ts equals the solution's: keep only files that differ.",
    ]);
  });
});

describe('text', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    [words, 'Short.', 'The text has 11 words; it needs 300 or more.'],
    ['## Break it first', '## Hello', 'The first section must be "Break it first".'],
    ['## Make it hold', '## Do it', 'The text needs a section "Make it hold".'],
    [
      'region="worker"',
      'region="loop"',
      '<Code> points at region loop of stub/worker.ts, which does not exist.',
    ],
    [
      'stub/worker.ts" region="worker"',
      'given.ts"',
      '<Code> points at given.ts, which does not exist.',
    ],
    ['#break-it-first', '#break-it', 'The link #break-it names a section that is not there.'],
    ['#break-it-first', '../07-none/chapter.mdx', 'The link ../07-none/chapter.mdx leads nowhere.'],
    [
      'https://kafka',
      'http://kafka',
      'The link http://kafka.apache.org/documentation/#semantics must begin with https://.',
    ],
  ];
  test.each(cases.map((row) => [row[2], ...row] as const))('%s', async (_, from, to, sentence) => {
    expect(text).toContain(from);
    const sentences = await sentencesOf(`${chapter}/chapter.mdx`, text.replace(from, to));
    expect(sentences).toContain(sentence);
  });

  test('a missing text is one problem', async () => {
    const tiny = course('01-tiny');
    tiny.remove(`${chapter}/chapter.mdx`);
    expect(await tiny.sentences()).toEqual([`${chapter}/chapter.mdx does not exist.`]);
  });

  test('a capture that was not made is a problem of its own kind, until it is there', async () => {
    const tiny = course('01-tiny');
    const tag = '<Captured from="captured/red.txt" run="npx crash 1" />';
    tiny.write(`${chapter}/chapter.mdx`, `${text}\n${tag}\n`);
    expect(await checkChapters(tiny.root)).toMatchObject([
      {
        kind: 'capture',
        sentence:
          'chapters/01-tiny/captured/red.txt has not been captured yet; ' +
          'it is the output of npx crash 1.',
      },
    ]);
    tiny.write(`${chapter}/captured/red.txt`, '✗\n');
    expect(await tiny.sentences()).toEqual([]);
  });
});

describe('order', () => {
  const needing = (...needs: readonly string[]): string =>
    definition.replace('needs: []', `needs: ${JSON.stringify(needs)}`);

  test('a prerequisite must exist, and not be the chapter itself', async () => {
    expect(await sentencesOf(`${chapter}/chapter.ts`, needing('zero', 'tiny'))).toEqual([
      'It needs zero, which is no chapter.',
      'It needs itself.',
    ]);
  });

  test('chapters that need each other are named in a row', async () => {
    const course3 = course('01-a', '02-b', '03-c');
    course3.write('chapters/01-a/chapter.ts', needing('c'));
    course3.write('chapters/02-b/chapter.ts', needing('a'));
    course3.write('chapters/03-c/chapter.ts', needing('b'));
    expect(await course3.sentences()).toEqual([
      'These chapters need each other: a → c → b → a. Remove one need.',
      'It needs 03-c, which comes later.',
    ]);
  });

  test('two chapters share neither number nor name, and no folder is left over', async () => {
    const twins = course('01-a', '01-b');
    twins.write('chapters/draft/chapter.ts', '');
    twins.write('solutions/09-gone/worker.ts', '');
    expect(await twins.sentences()).toEqual([
      'chapters/draft is no chapter: name it like 07-event-design.',
      'solutions/09-gone belongs to no chapter: remove it, or rename it as its chapter.',
      '01-b and 01-a share the number 1: rename one of them.',
    ]);
  });
});
