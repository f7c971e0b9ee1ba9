/**
 * What a service imports by name: packages stay outside its bundle (they go into the libraries),
 * Node's own modules are answered by the world, `#kit` and `#chapters/…` are part of the learner's
 * code.
 *
 * A package that is only written as an ES module gets a small stand-in, so that `import x from`
 * means its default export although the library file is CommonJS.
 */
import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import type { ImportKind, OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild';
import type { FailureCode } from '#kernel';
import { nearest } from '#schedule';
import type { ProblemDetail } from './load-failure.ts';

/** Filled while the service is built: specifier to the file it resolves to. */
export type Packages = Map<string, string>;

const ours = { crashproof: true };
const standIn = 'stand-in';
const harness = join(import.meta.dirname, '../..');

export function packagesPlugin(projectRoot: string, packages: Packages): Plugin {
  return {
    name: 'packages',
    setup(build) {
      build.onResolve({ filter: /^#/ }, (args) => resolveHash(projectRoot, args));
      build.onResolve({ filter: /^[^.#/]/ }, (args) => {
        if (args.pluginData === ours) return undefined;
        if (isBuiltin(args.path)) return { path: args.path, external: true };
        if (args.namespace === standIn) return { path: args.path, external: true };
        return resolvePackage(build, args, projectRoot, packages);
      });
      build.onLoad({ filter: /.*/, namespace: standIn }, ({ path }) => ({
        contents: `import * as library from ${JSON.stringify(path)};
export default library["default"]; export * from ${JSON.stringify(path)};`,
        resolveDir: projectRoot,
      }));
    },
  };
}

function resolveHash(projectRoot: string, args: OnResolveArgs): OnResolveResult | undefined {
  if (args.pluginData === ours) return undefined;
  if (args.path === '#kit') return { path: join(harness, 'kit/index.ts') };
  if (args.path.startsWith('#chapters/')) {
    const path = [projectRoot, dirname(harness)]
      .map((root) => join(root, 'chapters', args.path.slice('#chapters/'.length)))
      .find((candidate) => existsSync(candidate));
    return path === undefined ? problem(`imports ${args.path}, which does not exist.`) : { path };
  }
  if (existsSync(join(harness, args.path.slice(1), 'index.ts'))) {
    return problem(
      `imports ${args.path}, a part of the workbench: a service can import #kit and #chapters.`,
    );
  }
  return undefined;
}

/** A slip of the pen must not become advice to install whatever bears that name. */
const usual = ['kafkajs', 'pg', '#kit'];

function absent(path: string, name: string): string {
  const meant = nearest(name, usual);
  return meant === undefined
    ? `imports ${path}, which is not installed: npm install ${name}.`
    : `imports ${path}, which is not installed. Did you mean ${meant}?`;
}

async function resolvePackage(
  build: PluginBuild,
  args: OnResolveArgs,
  projectRoot: string,
  packages: Packages,
): Promise<OnResolveResult> {
  const found = await locate(build, args.path, args.kind, [args.resolveDir, projectRoot]);
  if (found === undefined) {
    const name = packageName(args.path);
    return existsSync(join(projectRoot, 'node_modules', name))
      ? problem(`imports ${args.path}, which the package ${name} does not offer.`)
      : problem(absent(args.path, name));
  }
  const native = nativePart(found);
  if (native !== undefined) {
    return problem(
      `imports ${args.path}, which has a part in machine code that the simulation cannot ` +
        'replay. Use a client written in JavaScript.',
      'UNCONTROLLED',
    );
  }
  packages.set(args.path, found);
  return args.kind !== 'require-call' && isModuleFile(found)
    ? { path: args.path, namespace: standIn }
    : { path: args.path, external: true };
}

/** As `require` finds it, so that two-faced packages exist once; else as `import` does. */
export async function locate(
  build: PluginBuild,
  path: string,
  kind: ImportKind,
  folders: readonly string[],
): Promise<string | undefined> {
  const kinds: ImportKind[] = ['require-call', kind, 'import-statement'];
  for (const resolveDir of folders) {
    for (const each of kinds) {
      // One after the other: the first that resolves decides.
      // oxlint-disable-next-line no-await-in-loop
      const result = await build.resolve(path, { kind: each, resolveDir, pluginData: ours });
      if (result.errors.length === 0 && !result.external) return result.path;
    }
  }
  return undefined;
}

const problem = (text: string, code?: FailureCode): OnResolveResult => {
  const detail: ProblemDetail = { crashproof: code === undefined ? { text } : { text, code } };
  return { errors: [{ text, detail }] };
};

/** `@scope/name/deep/file` → `@scope/name` */
export function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

interface Manifest {
  readonly folder: string;
  readonly type?: string;
  readonly gypfile?: boolean;
  readonly binary?: unknown;
}

/** The package.json above a file. */
function manifestOf(file: string): Manifest | undefined {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (!existsSync(path)) continue;
    const content = JSON.parse(readFileSync(path, 'utf8')) as Omit<Manifest, 'folder'>;
    return { ...content, folder };
  }
  return undefined;
}

function isModuleFile(file: string): boolean {
  if (file.endsWith('.mjs')) return true;
  return !file.endsWith('.cjs') && manifestOf(file)?.type === 'module';
}

function nativePart(file: string): string | undefined {
  if (file.endsWith('.node')) return file;
  const manifest = manifestOf(file);
  if (manifest === undefined) return undefined;
  const marks = ['binding.gyp', 'prebuilds', 'build/Release'];
  const mark = marks.find((name) => existsSync(join(manifest.folder, name)));
  return (
    mark ?? (manifest.gypfile === true || manifest.binary !== undefined ? 'binary' : undefined)
  );
}
