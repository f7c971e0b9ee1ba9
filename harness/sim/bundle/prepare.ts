/**
 * Scripts of a bundle, compiled once per thread. Each gives one function whose parameters are the
 * world's globals; calling it again is a fresh evaluation.
 *
 * The function is made once and called many times on purpose: V8 keeps its type feedback with the
 * functions made by one outer function, so a fresh evaluation runs warm (measured: a third of the
 * time of running the script again).
 */
import { basename, join } from 'node:path';
import vm from 'node:vm';
import type { Bundle } from './bundle.ts';
import { siteHooks } from './sites.ts';
import { scriptName } from './stacks.ts';

/**
 * CommonJS: the parameters of the inner function. The world's globals are those of the outer one.
 */
export type Module = (
  exports: object,
  require: (name: string) => unknown,
  module: { exports: unknown },
  __filename: string,
  __dirname: string,
) => void;

export interface Script {
  /** What `__filename` says. */
  readonly filename: string;
  /** What `__dirname` says. */
  readonly folder: string;
  /** Takes the values of the globals, in the order of the names that were compiled in. */
  readonly evaluate: (...globals: unknown[]) => Module;
}

export interface Prepared {
  readonly bundle: Bundle;
  readonly service: Script;
  readonly libraries: Script;
}

/** `names` are the globals' names, as `createGlobals` gives their values. */
export function prepare(bundle: Bundle, names: readonly string[]): Prepared {
  return {
    bundle,
    service: compile(bundle.service.code, scriptName(bundle), bundle.folder, [
      ...names,
      ...(bundle.sites.length > 0 ? siteHooks : []),
    ]),
    libraries: librariesOf(bundle, names),
  };
}

const compiled = new Map<string, Script>();

/** Kept by hash: an edit changes the service, hardly ever the libraries. */
function librariesOf({ libraries, projectRoot }: Bundle, names: readonly string[]): Script {
  const key = `${libraries.hash} ${names.join()}`;
  const known = compiled.get(key);
  if (known) return known;
  const filename = `${projectRoot}/.crashproof/libraries-${libraries.hash.slice(0, 12)}.cjs`;
  const made = compile(libraries.code, filename, projectRoot, names);
  compiled.set(key, made);
  return made;
}

function compile(code: string, filename: string, folder: string, names: readonly string[]): Script {
  // Two functions, so that a top-level `const console = …` hides the world's instead of being an
  // error.
  const before = `(function (${names.join(', ')}) {
return function (exports, require, module, __filename, __dirname) {\n`;
  const script = new vm.Script(`${before}${code}\n};\n})`, {
    filename,
    lineOffset: 1 - before.split('\n').length,
  });
  const evaluate = script.runInThisContext() as Script['evaluate'];
  return { filename: join(folder, basename(filename)), folder, evaluate };
}
