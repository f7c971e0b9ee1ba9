/**
 * The rules that keep the tree readable, each with samples that it refuses. A rule that refuses
 * nothing would be green for ever.
 *
 * Left out: exercises/, which are a learner's own, and what types, oxlint and oxfmt already say.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importBreaches, importCycles } from './tidy/imports.ts';
import {
  exerciseTestBreaches,
  existsBelow,
  foldersIn,
  lockBreaches,
  packageBreaches,
  topLevelBreaches,
  type PackageFile,
} from './tidy/project.ts';
import { allFiles, isTypeScript, parse, root, type Breach, type Parsed } from './tidy/source.ts';
import * as style from './tidy/style.ts';

type Sample = readonly [path: string, text: string];

interface Rule {
  readonly judge: (file: Parsed) => readonly Breach[];
  readonly refuses: readonly Sample[];
  readonly accepts: readonly Sample[];
}

const inSim = 'harness/sim/sample.ts';
const handlerPath = 'harness/broker/handlers/offset-commit.ts';
const lines = (count: number): string => 'x;\n'.repeat(count);
const header = '/** Why. */\n';

const rules: Readonly<Record<string, Rule>> = {
  'files are named in kebab-case': {
    judge: style.nameBreaches,
    refuses: [
      ['harness/sim/kafkaLane.ts', ''],
      ['harness/sim/Lane.ts', ''],
      ['test/kafka_lane.test.ts', ''],
    ],
    accepts: [
      ['test/kafka-3.9.1-bytes.txt', ''],
      ['harness/broker/UNSUPPORTED.md', ''],
    ],
  },
  'nothing is exported by default': {
    judge: style.defaultExportBreaches,
    refuses: [
      [inSim, 'export default 1;'],
      [inSim, 'const a = 1;\nexport { a as default };'],
    ],
    accepts: [
      [inSim, 'export const a = 1;'],
      ['vite.config.ts', 'export default {};'],
    ],
  },
  'there are no enums and no namespaces': {
    judge: style.enumBreaches,
    refuses: [
      [inSim, 'enum Phase { Before }'],
      [inSim, 'namespace a { export const b = 1; }'],
    ],
    accepts: [[inSim, "type Phase = 'before';"]],
  },
  'files stay under 400 lines': {
    judge: style.lengthBreaches,
    refuses: [[inSim, lines(400)]],
    accepts: [[inSim, lines(399)]],
  },
  'functions stay under 70 lines': {
    judge: style.functionBreaches,
    refuses: [
      [inSim, `function long() {\n${lines(68)}}`],
      [inSim, `const long = () => {\n${lines(68)}};`],
      [inSim, `class A {\n  long() {\n${lines(68)}}\n}`],
    ],
    accepts: [
      [inSim, `function short() {\n${lines(67)}}`],
      ['test/a.test.ts', `describe('a', () => {\n${lines(100)}});`],
    ],
  },
  'lines stay within 100 columns, comments within 120': {
    judge: style.columnBreaches,
    refuses: [
      [inSim, `const a = ${'1 + '.repeat(25)}1;`],
      [inSim, `const a = '${'b'.repeat(100)}';`],
      [inSim, `// ${'b'.repeat(118)}`],
      [inSim, `const a = ${'1 + '.repeat(25)}1; // b`],
      ['test/a.test.ts', `const a = '${'b'.repeat(110)}';`],
    ],
    accepts: [
      [inSim, `// ${'b'.repeat(117)}`],
      ['test/a.test.ts', `const a = '${'b'.repeat(100)}';`],
    ],
  },
  'clock, chance and terminal stay with kernel, cli, workbench and live': {
    judge: style.clockBreaches,
    refuses: [
      [inSim, 'const a = Date.now();'],
      [inSim, 'const a = new Date();'],
      [inSim, 'const a = Math.random();'],
      [inSim, 'setTimeout(() => {}, 1);'],
      [inSim, 'const a = { wait: setTimeout };'],
      [inSim, "console.log('a');"],
    ],
    accepts: [
      ['harness/cli/sample.ts', "console.log('a');"],
      [inSim, 'const a = { console: 1 }; a.console;'],
      [inSim, 'function a({ setTimeout }) { setTimeout(); }'],
      [inSim, 'interface A { setTimeout(): void }'],
      [inSim, 'const a = new Date(0);'],
    ],
  },
  'every file of the harness begins with why it is there': {
    judge: style.headerBreaches,
    refuses: [
      [inSim, 'export const a = 1;'],
      [inSim, '// Why.\nexport const a = 1;'],
      [inSim, "import { b } from './b.ts';\n/** Why. */\nexport const a = b;"],
    ],
    accepts: [
      [inSim, `${header}export const a = 1;`],
      ['harness/cli/crash.ts', `#!/usr/bin/env node\n${header}export const a = 1;`],
    ],
  },
  "a broker handler's header names its API and its versions": {
    judge: style.handlerBreaches,
    refuses: [
      [handlerPath, '/** Remembers how far a group has read. */'],
      [handlerPath, '/** OffsetCommit (8): remembers. */'],
      [handlerPath, '/**\n * OffsetFetch (9), versions 0–9: answers.\n */'],
    ],
    accepts: [[handlerPath, '/**\n * OffsetCommit (8), versions 0–9: remembers.\n */']],
  },
  'nothing is put off in a comment': {
    judge: style.laterBreaches,
    refuses: [
      [inSim, '// TO' + 'DO later'],
      [inSim, '// FIX' + 'ME'],
    ],
    accepts: [[inSim, '// todos is a name']],
  },
  'no file names a place on a machine': {
    judge: style.machineBreaches,
    refuses: [
      [inSim, "const a = '/ho" + "me/me/project';"],
      [inSim, '// see /wo' + 'rk/notes.md'],
    ],
    accepts: [
      [inSim, "const a = '/home/service';"],
      [inSim, "import '../a/work/b.ts';"],
    ],
  },
  'tests mock nothing and leave nothing focused': {
    judge: style.testBreaches,
    refuses: [
      ['test/a.test.ts', 'vi.mo' + "ck('#sim');"],
      ['test/a.test.ts', 'test.on' + "ly('a', () => {});"],
      ['test/a.test.ts', 'test.to' + "do('a');"],
    ],
    accepts: [['test/a.test.ts', "test('a', () => {});"]],
  },
  'modules import by the rule, and only through doors': {
    judge: importBreaches,
    refuses: [
      ['harness/kernel/a.ts', "import { b } from '#protocol';"],
      ['harness/protocol/a.ts', "import type { b } from '#broker';"],
      ['harness/broker/a.ts', "import { b } from '#sim';"],
      ['harness/kit/a.ts', "import type { b } from '#kernel';"],
      ['harness/schedule/a.ts', "import { b } from '#check';"],
      ['harness/check/a.ts', "import type { b } from '#sim';"],
      ['harness/sim/a.ts', "import { b } from '#live';"],
      ['harness/sim/a.ts', "import { b } from '../broker/log.ts';"],
      ['harness/sim/a.ts', "export { b } from '../broker/log.ts';"],
      ['harness/sim/a.ts', "const b = await import('#verify');"],
      ['harness/sim/a.ts', "import { b } from './b';"],
      ['harness/sim/a.ts', "import { b } from '#sim';"],
      ['harness/content/a.ts', "import { b } from '#verify';"],
      ['harness/verify/a.ts', "import { b } from '#cli';"],
      ['harness/verify/a.ts', "import { b } from '#chapters/00-first-crash/given.ts';"],
      ['harness/verify/a.ts', "import { b } from '../../solutions/00-first-crash/greeter.ts';"],
      ['harness/unheard/a.ts', "import { b } from '#kernel';"],
      ['chapters/01-a/chapter.ts', "import { b } from '#check';"],
      ['chapters/01-a/chapter.ts', "import { b } from '#chapters/02-b/given.ts';"],
      ['chapters/01-a/chapter.ts', "import { b } from '../02-b/properties.ts';"],
      ['chapters/01-a/stub/a.ts', "import { Kafka } from '#broker';"],
      ['chapters/01-a/mutants/b/a.ts', "import { chapter } from '#kit';"],
      ['chapters/01-a/mutants/b/a.ts', "import { type Service } from '#kit';"],
      ['solutions/01-a/a.ts', "import { b } from '../02-b/b.ts';"],
      ['solutions/01-a/a.ts', "import { b } from '#chapters/02-b/given.ts';"],
      ['solutions/01-a/a.ts', "import lodash from 'lodash';"],
    ],
    accepts: [
      ['harness/schedule/a.ts', "import type { b } from '#check';"],
      ['harness/sim/a.ts', "import { b } from '#broker';\nimport { c } from './c/d.ts';"],
      ['harness/cli/a.ts', "import { b } from '#verify';\nimport { c } from 'node:fs';"],
      ['chapters/01-a/chapter.ts', "import { b } from '#kit';\nimport { c } from './given.ts';"],
      ['chapters/01-a/chapter.ts', "import { b } from './properties.ts';"],
      ['solutions/01-a/a.ts', "import type { Service } from '#kit';\nimport { b } from './b.ts';"],
    ],
  },
};

const files = allFiles();
const parsed = files.filter(isTypeScript).map(parse);
const sampleOf = ([path, text]: Sample): Parsed => parse({ path, text });

/** Other files have a name and a text, and no program. */
const bare = files
  .filter((file) => !isTypeScript(file))
  .map((file): Parsed => ({ ...parse({ path: 'empty.ts', text: '' }), ...file }));
const textRules = new Set<Rule['judge']>([
  style.nameBreaches,
  style.laterBreaches,
  style.machineBreaches,
]);

describe.each(Object.entries(rules))('%s', (_name, { judge, refuses, accepts }) => {
  test('in the whole tree', () => {
    const judged = textRules.has(judge) ? [...parsed, ...bare] : parsed;
    expect(judged.flatMap(judge)).toEqual([]);
  });

  test('which refuses its bad samples', () => {
    expect(refuses.filter((sample) => judge(sampleOf(sample)).length !== 1)).toEqual([]);
    expect(refuses.length).toBeGreaterThan(0);
  });

  test('which accepts its good samples', () => {
    expect(accepts.flatMap((sample) => judge(sampleOf(sample)))).toEqual([]);
  });
});

describe('a module has one door, and no barrel behind it', () => {
  const harness = (text: string, path: string): Parsed => sampleOf([path, text]);

  test('in the whole tree', () => {
    expect(style.doorBreaches(parsed)).toEqual([]);
  });

  test.each([
    ['a second index.ts', harness('export const a = 1;', 'harness/sim/net/index.ts')],
    ['a barrel', harness("export * from './a.ts';", 'harness/sim/all.ts')],
    ['a barrel of names', harness("export { a } from './a.ts';", 'harness/sim/all.ts')],
  ])('which refuses %s', (_name, file) => {
    expect(style.doorBreaches([file])).toHaveLength(1);
  });

  test('which accepts the door itself', () => {
    const door = harness("export * from './a.ts';", 'harness/sim/index.ts');
    expect(style.doorBreaches([door])).toEqual([]);
  });
});

describe('no file reaches itself again by its imports', () => {
  const a = sampleOf(['harness/sim/a.ts', "import { b } from './b.ts';"]);
  const back = sampleOf(['harness/sim/b.ts', "import { a } from './a.ts';"]);
  const typeBack = sampleOf(['harness/sim/b.ts', "import type { a } from './a.ts';"]);

  test('in the whole tree', () => {
    expect(importCycles(parsed)).toEqual([]);
  });

  test('where a cycle of two files is refused, and one of types is not', () => {
    expect(importCycles([a, back])).toHaveLength(1);
    expect(importCycles([a, typeBack])).toEqual([]);
  });
});

describe('the project as a whole', () => {
  test('has nothing unknown at its top level', () => {
    expect(topLevelBreaches(readdirSync(root))).toEqual([]);
    expect(topLevelBreaches(['scripts', 'README.md', '.ci'])).toHaveLength(1);
  });

  test('has doors, programs and scripts that lead somewhere', () => {
    const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as PackageFile;
    expect(packageBreaches(own, existsBelow(root))).toEqual([]);
    const bad = { imports: { '#a': './a.ts' }, bin: { b: 'b.ts' }, scripts: { c: 'tsx c.ts' } };
    expect(packageBreaches(bad, () => false)).toHaveLength(3);
    expect(packageBreaches(bad, () => true)).toEqual([]);
  });

  test('has a lock that names no host', () => {
    const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
    expect(lockBreaches(lock)).toEqual([]);
    expect(lockBreaches('"resolved": "https://packages.example/a/-/a-1.0.0.tgz"')).toHaveLength(1);
  });

  test('has the properties of each chapter as tests of their own', () => {
    const tests = readdirSync(join(root, 'test/exercises')).filter((name) =>
      name.endsWith('.exercise.ts'),
    );
    expect(exerciseTestBreaches(foldersIn(join(root, 'chapters')), tests)).toEqual([]);
    expect(exerciseTestBreaches(['01-a'], [])).toHaveLength(1);
    expect(exerciseTestBreaches([], ['01-a.exercise.ts'])).toHaveLength(1);
  });
});
