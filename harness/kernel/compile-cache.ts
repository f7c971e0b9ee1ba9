/**
 * Compiled code kept from process to process in `.crashproof/cache`: types are stripped and files
 * compiled once per version, not by every process and thread of a check. Node compares the source,
 * so a stale entry is never used; the folder may be deleted at any time.
 */
import module from 'node:module';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../../.crashproof/cache/compiled');

/** For what this process imports from now on. Where nothing can be written, nothing is kept. */
export function keepCompiled(): void {
  if (process.env['NODE_DISABLE_COMPILE_CACHE'] === undefined) module.enableCompileCache(folder);
}

/** The environment in which a child, and its threads, do so from their first file on. */
export function keepingCompiled(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { NODE_COMPILE_CACHE: folder, ...env };
}

/** Writes what is new now; Node itself does when it ends, but not when it is killed. */
export function writeCompiled(): void {
  module.flushCompileCache();
}
