/**
 * Writes learners' files into a folder of their own, bundles them and evaluates them as an
 * incarnation does.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { type Bundle, bundle } from '../../../harness/sim/bundle/bundle.ts';
import { prepare } from '../../../harness/sim/bundle/prepare.ts';
import { evaluateLibraries, evaluateService } from '../../../harness/sim/injected/evaluate.ts';
import { createGlobals, globalNames, type Globals } from '../../../harness/sim/injected/globals.ts';
import { FakeHost } from './fake-host.ts';

export const repository = join(import.meta.dirname, '../../..');
const made: string[] = [];

afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A project that sees the packages of this one. */
export function project(files: Readonly<Record<string, string>>): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'crashproof-')));
  made.push(root);
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'));
  for (const [name, text] of Object.entries({ 'package.json': '{"type":"module"}', ...files })) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

/** The bundle of `exercise/<files>` with one role in `service.ts`. */
export const bundled = (files: Readonly<Record<string, string>>): Promise<Bundle> =>
  bundle({
    folders: ['exercise'],
    entries: { service: 'service.ts' },
    projectRoot: project(
      Object.fromEntries(Object.entries(files).map(([name, text]) => [`exercise/${name}`, text])),
    ),
  });

// What a learner's file exports is known to the test that wrote it.
// oxlint-disable-next-line no-explicit-any
export type Exports = any;

export function start(made: Bundle, host = new FakeHost()): { exports: Exports; globals: Globals } {
  const globals = createGlobals(host, { projectRoot: made.projectRoot });
  const prepared = prepare(made, globalNames);
  const libraries = evaluateLibraries(prepared, globals);
  return { exports: evaluateService(prepared, globals, libraries).service?.(), globals };
}

/** Evaluates one file as a fresh process. */
export async function run(
  text: string,
  host = new FakeHost(),
): Promise<{ exports: Exports; host: FakeHost; bundle: Bundle }> {
  const made = await bundled({ 'service.ts': text });
  return { exports: start(made, host).exports, host, bundle: made };
}
