/**
 * Marks the calls of every file that is the learner's own: neither a package nor what the chapter
 * gives nor the kit.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { Loader, Plugin } from 'esbuild';
import { markCalls, type CallSite } from './sites.ts';

const harness = join(import.meta.dirname, '../..');

/** Adds what it marked to `sites`, file by file in the order in which esbuild reads them. */
export function sitesPlugin(projectRoot: string, sites: CallSite[], stopAt?: string): Plugin {
  const given = [harness, join(dirname(harness), 'chapters'), join(projectRoot, 'chapters')];
  return {
    name: 'sites',
    setup(build) {
      build.onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: 'file' }, async ({ path }) => {
        const isGiven = given.some((folder) => path.startsWith(folder + sep));
        if (isGiven && !isService(path)) return undefined;
        const text = await readFile(path, 'utf8');
        const name = relative(projectRoot, path).replaceAll(sep, '/');
        const marked = markCalls(name, text, stopAt);
        if (marked === undefined) return undefined;
        sites.push(...marked.sites);
        const contents = `${marked.code}\n${marked.map}`;
        return { contents, loader: loaderOf(path), resolveDir: dirname(path) };
      });
    },
  };
}

/** A stub, mutant or variant lies below its chapter and is judged as a learner's file. */
const isService = (path: string): boolean =>
  /[\\/](stub|mutants|variants)[\\/]/.test(path.slice(path.lastIndexOf('chapters')));

function loaderOf(path: string): Loader {
  const [, typed, markup] = /\.[cm]?([jt])s(x?)$/.exec(path) ?? [];
  return `${typed === 't' ? 't' : 'j'}s${markup === 'x' ? 'x' : ''}` as Loader;
}
