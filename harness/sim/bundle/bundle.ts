/**
 * Two files per edit: `service`, the learner's own code, and `libraries`, all packages it imports.
 * Both are what the simulated world evaluates and what a live process loads, and both carry a hash
 * of their content.
 *
 * The service gives one lazy entry per role, so that a process evaluates the file of its own role
 * only. Types are stripped, not checked (check-types.ts).
 *
 * A bundle with sites is the same service with its calls marked (sites.ts).
 *
 * Left out: loaders other than TypeScript, JavaScript and JSON; watching.
 */
import { readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { bundleLibraries, type Libraries } from './libraries.ts';
import { LoadFailure, loadFailure } from './load-failure.ts';
import { importMeta, isBuildFailure, sha256, sharedOptions } from './options.ts';
import { inOverlay, overlayPlugin } from './overlay.ts';
import { packagesPlugin, type Packages } from './packages.ts';
import { sitesPlugin } from './sites-plugin.ts';
import type { CallSite } from './sites.ts';

export interface BundleRequest {
  /** Exercise folders in the order in which they lie over each other: the last one wins. */
  readonly folders: readonly string[];
  /** Role to file, relative to the folders. */
  readonly entries: Readonly<Record<string, string>>;
  /** Holds node_modules and chapters. */
  readonly projectRoot: string;
  /** Mark the calls in the learner's own files. */
  readonly sites?: boolean;
  /** With `sites`: the id of the call before which a debugger may stop. */
  readonly stopAt?: string;
}

export interface ServiceFile {
  /**
   * CommonJS: `module.exports.roles.<role>()` evaluates the role's file and returns its exports.
   */
  readonly code: string;
  readonly hash: string;
  /** The source map as JSON, also inline in `code`. */
  readonly map: string;
  /** Source files, relative to the project, in the order of the map. */
  readonly inputs: readonly string[];
}

export interface Bundle {
  readonly projectRoot: string;
  /**
   * The top folder of the overlay: what `import.meta.dirname` and `__dirname` are for the learner.
   */
  readonly folder: string;
  readonly service: ServiceFile;
  readonly libraries: Libraries;
  /** Text of the inputs, for the lines around a place. */
  readonly files: ReadonlyMap<string, string>;
  /** The marked calls, by file and place; none unless they were asked for. */
  readonly sites: readonly CallSite[];
}

/** Rejects with a `LoadFailure` when the learner's code does not compile. */
export async function bundle(request: BundleRequest): Promise<Bundle> {
  const projectRoot = resolve(request.projectRoot);
  const folders = request.folders.map((folder) => resolve(projectRoot, folder));
  const packages: Packages = new Map();
  const built = await buildService({ ...request, projectRoot, folders }, packages).catch(
    (error: unknown) => {
      throw isBuildFailure(error) ? loadFailure(error.errors, projectRoot) : error;
    },
  );
  return {
    projectRoot,
    folder: folders.at(-1) ?? projectRoot,
    ...built,
    libraries: await bundleLibraries(packages, projectRoot),
  };
}

async function buildService(
  { folders, entries, projectRoot, sites: wanted = false, stopAt }: BundleRequest,
  packages: Packages,
): Promise<Pick<Bundle, 'service' | 'files' | 'sites'>> {
  const sites: CallSite[] = [];
  const result = await build({
    ...sharedOptions,
    stdin: {
      contents: entryOf(projectRoot, folders, entries),
      resolveDir: projectRoot,
      sourcefile: 'roles.js',
    },
    absWorkingDir: projectRoot,
    outfile: join(projectRoot, '.crashproof/service.cjs'),
    sourcemap: 'both',
    sourcesContent: true,
    banner: { js: `"use strict";${importMeta}` },
    plugins: [
      overlayPlugin(folders),
      packagesPlugin(projectRoot, packages),
      ...(wanted ? [sitesPlugin(projectRoot, sites, stopAt)] : []),
    ],
  });
  const text = (ending: string): string =>
    result.outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';
  const code = text('.cjs');
  const inputs = learnersInputs(result.metafile);
  return {
    service: { code, hash: sha256(code), map: text('.map'), inputs },
    files: new Map(inputs.map((file) => [file, readFileSync(join(projectRoot, file), 'utf8')])),
    sites: sites.toSorted(byPlace),
  };
}

function byPlace(a: CallSite, b: CallSite): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return a.line - b.line || a.column - b.column || b.endLine - a.endLine;
}

function entryOf(
  projectRoot: string,
  folders: readonly string[],
  entries: Readonly<Record<string, string>>,
): string {
  const lines = Object.entries(entries).map(([role, file]) => {
    const path = inOverlay(folders, file);
    if (path === undefined) {
      throw new LoadFailure({ text: `${file} does not exist; it holds the role ${role}.` });
    }
    // Relative, because the source map quotes it and equal code must give an equal hash anywhere.
    const local = `./${relative(projectRoot, path).replaceAll(sep, '/')}`;
    return `${JSON.stringify(role)}: () => require(${JSON.stringify(local)}),`;
  });
  return `exports.roles = {\n${lines.join('\n')}\n};`;
}

function learnersInputs(metafile: Metafile): string[] {
  return Object.keys(metafile.inputs).filter((path) => !/^(roles\.js$|[\w-]+:)/.test(path));
}

/**
 * The exported service of a role, or a `LoadFailure` that says which names the file does export.
 * `exported` is what `roles.<role>()` returned.
 */
export function serviceOf(
  exported: Readonly<Record<string, unknown>>,
  role: string,
  { folders, entries, projectRoot }: BundleRequest,
): (...args: unknown[]) => unknown {
  const service = exported[role];
  if (typeof service === 'function') return service as (...args: unknown[]) => unknown;
  const name = entries[role] ?? role;
  const path = inOverlay(
    folders.map((folder) => resolve(projectRoot, folder)),
    name,
  );
  const others = Object.keys(exported).filter((key) => typeof exported[key] === 'function');
  const found = others.length === 0 ? 'it exports no function' : `it exports ${others.join(', ')}`;
  const text =
    service === undefined
      ? `does not export ${role}, the service that the chapter starts; ${found}.`
      : `exports ${role}, which is not a function.`;
  return raise(path === undefined ? { text: `${name} ${text}` } : placed(projectRoot, path, text));
}

const placed = (
  projectRoot: string,
  path: string,
  text: string,
): ConstructorParameters<typeof LoadFailure>[0] => ({
  file: relative(resolve(projectRoot), path),
  text,
});

function raise(problem: ConstructorParameters<typeof LoadFailure>[0]): never {
  throw new LoadFailure(problem);
}
