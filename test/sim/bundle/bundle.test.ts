import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { bundle, type BundleRequest, serviceOf } from '../../../harness/sim/bundle/bundle.ts';
import { checkTypes } from '../../../harness/sim/bundle/check-types.ts';
import { LoadFailure } from '../../../harness/sim/bundle/load-failure.ts';
import { prepare } from '../../../harness/sim/bundle/prepare.ts';
import { evaluateLibraries, evaluateService } from '../../../harness/sim/injected/evaluate.ts';
import { createGlobals, globalNames } from '../../../harness/sim/injected/globals.ts';
import { FakeHost } from '../injected/fake-host.ts';
import { bundled, project, start } from '../injected/learner.ts';

const requestOf = (root: string, folders: string[], file = 'service.ts'): BundleRequest => ({
  projectRoot: root,
  folders,
  entries: { service: file },
});

/** What bundling these files fails with. */
async function failureOf(files: Record<string, string>): Promise<LoadFailure> {
  const error: unknown = await bundled(files).catch((failure: unknown) => failure);
  if (error instanceof LoadFailure) return error;
  throw new Error(`expected a LoadFailure, not ${String(error)}`);
}

test('a later folder provides a file also to files of an earlier one', async () => {
  const root = project({
    'solution/service.ts': `import { rule } from './rule.ts'; export const says = rule();`,
    'solution/rule.ts': `import { name } from './deep/name.ts'; export const rule = () => 'solution ' + name;`,
    'solution/deep/name.ts': `export const name: string = 'a';`,
    'mutant/rule.ts': `import { name } from './deep/name.ts'; export const rule = () => 'mutant ' + name;`,
  });
  const says = async (folders: string[]): Promise<string> =>
    start(await bundle(requestOf(root, folders))).exports.says;
  expect(await says(['solution'])).toBe('solution a');
  expect(await says(['solution', 'mutant'])).toBe('mutant a');
});

test('chapters and types of the kit are part of the service', async () => {
  const root = project({
    'chapters/01-first/given.ts': `export const readGreeting = (text: string) => ({ body: text });`,
    'exercise/service.ts': `
      import { Service } from '#kit';
      import { readGreeting } from '#chapters/01-first/given.ts';
      export const service: Service = async () => ({ stop: async () => {}, body: readGreeting('hi').body });
    `,
  });
  const made = await bundle(requestOf(root, ['exercise']));
  const { exports } = start(made);
  expect((await exports.service()).body).toBe('hi');
  expect(made.service.inputs).toEqual(['chapters/01-first/given.ts', 'exercise/service.ts']);
  expect(made.files.get('chapters/01-first/given.ts')).toContain('readGreeting');
});

test('a process evaluates the file of its own role only', async () => {
  const root = project({
    'exercise/orders.ts': `console.log('orders is here'); export const orders = 1;`,
    'exercise/relay.ts': `console.log('relay is here'); export const relay = 2;`,
  });
  const made = await bundle({
    projectRoot: root,
    folders: ['exercise'],
    entries: { orders: 'orders.ts', relay: 'relay.ts' },
  });
  const host = new FakeHost();
  const globals = createGlobals(host, { projectRoot: root });
  const prepared = prepare(made, globalNames);
  const roles = evaluateService(prepared, globals, evaluateLibraries(prepared, globals));
  expect(roles.relay?.().relay).toBe(2);
  expect(host.lines).toEqual(['out: relay is here']);
});

test('equal sources give equal hashes wherever they lie, and an edit changes the service only', async () => {
  const files = { 'service.ts': `import { Kafka } from 'kafkajs'; export const service = Kafka;` };
  const [first, second, edited] = await Promise.all([
    bundled(files),
    bundled(files),
    bundled({ 'service.ts': `${files['service.ts']} export const more = 1;` }),
  ]);
  expect(second.service.hash).toBe(first.service.hash);
  expect(edited.service.hash).not.toBe(first.service.hash);
  expect(edited.libraries.packages).toEqual(['kafkajs']);
});

test('the libraries are built once and kept until an input changes', async () => {
  const root = project({
    'exercise/service.ts': `import { tiny } from 'tiny'; export const service = tiny;`,
    'exercise/node_modules/tiny/package.json': '{"name":"tiny","version":"1.0.0"}',
    'exercise/node_modules/tiny/index.js': `exports.tiny = 1;`,
  });
  const first = await bundle(requestOf(root, ['exercise']));
  const again = await bundle(requestOf(root, ['exercise']));
  expect(again.libraries).toEqual(first.libraries);
  writeFileSync(join(root, 'exercise/node_modules/tiny/index.js'), `exports.tiny = 'other';`);
  const changed = await bundle(requestOf(root, ['exercise']));
  expect(changed.libraries.hash).not.toBe(first.libraries.hash);
  expect(start(changed).exports.service).toBe('other');
});

test('packages of both kinds give their default and named exports', async () => {
  const root = project({
    'exercise/service.ts': `
      import esm, { named } from 'only-esm';
      import cjs, { other } from 'old-cjs';
      import * as all from 'only-esm';
      export const seen = [esm, named, cjs.other, other, all.named, all.default];
    `,
    'exercise/node_modules/only-esm/package.json':
      '{"name":"only-esm","type":"module","exports":{"import":"./index.js"}}',
    'exercise/node_modules/only-esm/index.js': `export default 'd'; export const named = 'n';`,
    'exercise/node_modules/old-cjs/package.json': '{"name":"old-cjs"}',
    'exercise/node_modules/old-cjs/index.js': `
      exports.other = 'o';
      try { require('not-installed-anywhere') } catch (error) { exports.other += error.code }
    `,
  });
  const { exports } = start(await bundle(requestOf(root, ['exercise'])));
  const other = 'oMODULE_NOT_FOUND';
  expect(exports.seen).toEqual(['d', 'n', other, other, 'n', 'd']);
});

test('libraries may be shared by processes or fresh in each', async () => {
  const made = await bundled({
    'service.ts': `import { Kafka } from 'kafkajs'; export { Kafka };`,
  });
  const globals = () => createGlobals(new FakeHost(), { projectRoot: made.projectRoot });
  const prepared = prepare(made, globalNames);
  const shared = evaluateLibraries(prepared, globals());
  const kafkaOf = (libraries: (name: string) => unknown): unknown =>
    evaluateService(prepared, globals(), libraries).service?.().Kafka;
  expect(kafkaOf(shared)).toBe(kafkaOf(shared));
  expect(kafkaOf(evaluateLibraries(prepared, globals()))).not.toBe(kafkaOf(shared));
});

test('the same two files run as a plain Node process', async () => {
  const made = await bundled({
    'service.ts': `
      import { Kafka } from 'kafkajs';
      import { hostname } from 'node:os';
      export const service = async () => [typeof Kafka, typeof hostname(), typeof (await import('node:path')).join];
    `,
  });
  const file = join(made.projectRoot, '.crashproof/live.cjs');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, made.service.code);
  const live = createRequire(file)(file) as {
    roles: { service(): { service(): Promise<unknown> } };
  };
  expect(await live.roles.service().service()).toEqual(['function', 'string', 'function']);
});

test('a syntax error says where and what', async () => {
  const failure = await failureOf({ 'service.ts': `const a = 1;\nconst b = = 2;\n` });
  expect(failure.code).toBe('DOES_NOT_LOAD');
  expect(failure.message).toBe('service.ts:2 does not compile: Unexpected "=".');
  expect(failure.problem).toMatchObject({ file: 'exercise/service.ts', line: 2, column: 11 });
});

test('a missing file is named, with the one that was meant', async () => {
  const failure = await failureOf({
    'service.ts': `\nimport { a } from './ledgr.ts'; console.log(a);`,
    'ledger.ts': `export const a = 1;`,
  });
  expect(failure.message).toBe(
    'service.ts:2 imports ./ledgr.ts, which does not exist. Did you mean ./ledger.ts?',
  );
});

test('a package that is not installed says how to install it', async () => {
  const failure = await failureOf({ 'service.ts': `import x from '@nobody/nothing/deep'; x();` });
  expect(failure.message).toBe(
    'service.ts:1 imports @nobody/nothing/deep, which is not installed: npm install @nobody/nothing.',
  );
});

test('a slip of the pen is not answered with a package of that name', async () => {
  const failure = await failureOf({ 'service.ts': `import { Kafka } from 'kafka-js'; Kafka();` });
  expect(failure.message).toBe(
    'service.ts:1 imports kafka-js, which is not installed. Did you mean kafkajs?',
  );
});

test('a name that a file does not export is named', async () => {
  const failure = await failureOf({
    'service.ts': `import { readPaymnt } from './given.ts'; readPaymnt();`,
    'given.ts': `export const readPayment = () => 1;`,
  });
  expect(failure.message).toMatch(
    /^service\.ts:1 imports readPaymnt from given\.ts, which does not export it\./,
  );
});

test('await outside a function says where to move it', async () => {
  const failure = await failureOf({
    'service.ts': `export const a = 1;\nawait Promise.resolve();`,
  });
  expect(failure.message).toMatch(/^service\.ts:2 awaits outside a function: move it into/);
  expect(failure.problem.line).toBe(2);
});

test('parts of the workbench cannot be imported', async () => {
  const failure = await failureOf({ 'service.ts': `import { random } from '#kernel'; random(1);` });
  expect(failure.message).toContain('imports #kernel, a part of the workbench');
});

test('a package with a part in machine code is refused as uncontrolled', async () => {
  const root = project({
    'exercise/service.ts': `import fast from 'fast-addon'; fast();`,
    'exercise/node_modules/fast-addon/package.json': '{"name":"fast-addon","gypfile":true}',
    'exercise/node_modules/fast-addon/index.js': `module.exports = require('./build/fast.node');`,
  });
  const failure = await bundle(requestOf(root, ['exercise'])).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'UNCONTROLLED' });
  expect(String(failure)).toContain('service.ts:1 imports fast-addon, which has a part in machine');
});

test('a missing role names what the file does export', async () => {
  const root = project({ 'exercise/service.ts': `export const projektor = () => 1;` });
  const request = requestOf(root, ['exercise']);
  const { exports } = start(await bundle(request));
  expect(() => serviceOf(exports, 'service', request)).toThrow(
    'service.ts does not export service, the service that the chapter starts; it exports projektor.',
  );
  await expect(bundle(requestOf(root, ['exercise'], 'none.ts'))).rejects.toThrow(
    'none.ts does not exist; it holds the role service.',
  );
});

test('types are checked on request, in the learner’s terms', async () => {
  const root = project({
    'exercise/service.ts': `import type { Pool } from 'pg';\nexport const go = (db: Pool) => db.qury('x');\n`,
  });
  expect(await checkTypes(['exercise/service.ts'], root)).toEqual([
    {
      file: 'exercise/service.ts',
      line: 2,
      column: 36,
      message: "Property 'qury' does not exist on type 'Pool'. Did you mean 'query'?",
    },
  ]);
});
