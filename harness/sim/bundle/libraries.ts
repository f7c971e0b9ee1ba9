/**
 * One CommonJS file for all packages a service imports: `module.exports = { kafkajs: () =>
 * require('kafkajs'), … }`. Bodies are lazy, so one evaluation of the file gives fresh copies of
 * exactly what is used.
 *
 * Built once per set of packages and kept in `.crashproof/cache`; a kept file counts only while
 * every input has its size and time of change.
 *
 * Optional parts that are not installed (pg-native) fail when they are asked for, as they do in
 * Node.
 */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { build, version as esbuildVersion, type Plugin } from 'esbuild';
import { importMeta, isBuildFailure, sha256, sharedOptions } from './options.ts';
import { loadFailure } from './load-failure.ts';
import { packageName, type Packages } from './packages.ts';

export interface Libraries {
  readonly code: string;
  readonly hash: string;
  /** What the service imports by name, sorted. */
  readonly packages: readonly string[];
}

type Stamp = readonly [file: string, size: number, changedMs: number];

interface Kept {
  readonly code: string;
  readonly hash: string;
  readonly inputs: readonly Stamp[];
}

/** Changes when the way of building does. */
const format = 2;

export async function bundleLibraries(packages: Packages, projectRoot: string): Promise<Libraries> {
  const entries = [...packages].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const names = entries.map(([name]) => name);
  const key = sha256(JSON.stringify([format, esbuildVersion, entries]));
  const file = join(projectRoot, '.crashproof/cache', `libraries-${key.slice(0, 16)}.json`);
  const kept = read(file);
  if (kept) return { code: kept.code, hash: kept.hash, packages: names };
  const { code, inputs } = await compile(entries, projectRoot);
  const hash = sha256(code);
  keep(file, { code, hash, inputs });
  return { code, hash, packages: names };
}

async function compile(
  entries: readonly (readonly [name: string, path: string])[],
  projectRoot: string,
): Promise<{ code: string; inputs: Stamp[] }> {
  const lines = entries.map(
    ([name, path]) => `${JSON.stringify(name)}: () => require(${JSON.stringify(path)}),`,
  );
  const result = await build({
    ...sharedOptions,
    stdin: { contents: `module.exports = {\n${lines.join('\n')}\n};`, resolveDir: projectRoot },
    absWorkingDir: projectRoot,
    outfile: join(projectRoot, '.crashproof/libraries.cjs'),
    banner: { js: importMeta },
    plugins: [softPlugin],
  }).catch((error: unknown) => {
    throw isBuildFailure(error) ? loadFailure(error.errors, projectRoot) : error;
  });
  const inputs = Object.keys(result.metafile.inputs)
    .filter((path) => path !== '<stdin>' && !path.startsWith('absent:'))
    .map((path) => stampOf(join(projectRoot, path)));
  return { code: result.outputFiles[0]?.text ?? '', inputs };
}

const asked = { crashproof: true };

/** What a package asks for and nobody installed throws when it is asked for, not before. */
const softPlugin: Plugin = {
  name: 'soft',
  setup(plugins) {
    plugins.onResolve({ filter: /^[^./]/ }, async (args) => {
      if (args.pluginData === asked || args.kind === 'entry-point') return undefined;
      if (isBuiltin(args.path)) return { path: args.path, external: true };
      const { path, resolveDir, kind, importer } = args;
      const found = await plugins.resolve(path, { resolveDir, kind, importer, pluginData: asked });
      return found.errors.length === 0 ? found : { path, namespace: 'absent' };
    });
    plugins.onResolve({ filter: /\.node$/ }, ({ path }) => ({ path, namespace: 'absent' }));
    plugins.onLoad({ filter: /.*/, namespace: 'absent' }, ({ path }) => ({
      contents:
        `throw Object.assign(new Error(${JSON.stringify(`Cannot find module '${path}'`)}),` +
        ` { code: 'MODULE_NOT_FOUND', absent: ${JSON.stringify(packageName(path))} });`,
    }));
  },
};

function stampOf(file: string): Stamp {
  const { size, mtimeMs } = statSync(file);
  return [file, size, mtimeMs];
}

function read(file: string): Kept | undefined {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Kept;
    const fresh = kept.inputs.every(([path, size, changedMs]) => {
      const stat = statSync(path);
      return stat.size === size && stat.mtimeMs === changedMs;
    });
    return fresh && kept.hash === sha256(kept.code) ? kept : undefined;
  } catch {
    return undefined; // not there, half written by hand, or an input is gone: build anew
  }
}

function keep(file: string, kept: Kept): void {
  mkdirSync(dirname(file), { recursive: true });
  const half = `${file}.${process.pid}`;
  writeFileSync(half, JSON.stringify(kept));
  renameSync(half, file);
}
