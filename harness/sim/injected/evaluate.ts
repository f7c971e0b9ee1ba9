/**
 * Evaluates the scripts of a bundle under the globals of an incarnation.
 *
 * Libraries may be evaluated once per thread (with a host that stands for whichever instance runs)
 * or anew for each incarnation (with its own globals): the caller's choice. The learner's code is
 * always evaluated anew.
 */
import type { Module, Prepared, Script } from '../bundle/prepare.ts';
import { isBuiltin } from 'node:module';
import { moduleNotFound } from './errors.ts';
import type { Globals } from './globals.ts';

/** A package by the name under which it is imported. */
export type Libraries = (name: string) => unknown;

/** Role to the exports of its file, evaluated when called. */
export type Roles = Readonly<Record<string, () => Record<string, unknown>>>;

/** Runs one CommonJS script and returns its exports. `more` = values beside those of the globals. */
export function evaluate(
  script: Script,
  globals: Globals,
  load: Libraries,
  more: readonly unknown[] = [],
): unknown {
  const module = { exports: {} };
  const run: Module = script.evaluate(...globals.values, ...more);
  run(module.exports, createRequire(globals, load), module, script.filename, script.folder);
  return module.exports;
}

/** Fresh copies of all packages, each evaluated when it is first asked for. */
export function evaluateLibraries(prepared: Prepared, globals: Globals): Libraries {
  const absent: Libraries = (name) => {
    throw moduleNotFound(name);
  };
  const entries = evaluate(prepared.libraries, globals, absent) as Record<string, () => unknown>;
  return (name) => {
    const load = entries[name];
    if (load === undefined) throw moduleNotFound(name);
    return load();
  };
}

/** `hooks` = what the calls of a marked service are told to. */
export function evaluateService(
  prepared: Prepared,
  globals: Globals,
  libraries: Libraries,
  hooks: readonly unknown[] = [],
): Roles {
  const exported = evaluate(prepared.service, globals, libraries, hooks) as { roles: Roles };
  return exported.roles;
}

interface Require {
  (name: string): unknown;
  resolve(name: string): string;
  readonly cache: object;
}

/** `require` of a script: Node's modules as facades, packages through `load`. */
export function createRequire(globals: Globals, load: Libraries): Require {
  const require = (name: string): unknown =>
    isBuiltin(name) ? globals.builtin(name) : loadPackage(globals, name, load);
  return Object.assign(require, { resolve: (name: string) => name, cache: {} });
}

function loadPackage({ host }: Globals, name: string, load: Libraries): unknown {
  if (/^(\.|\/|file:)/.test(name)) {
    throw host.uncontrolled(
      `loads a file by a name made while it runs: ${name}`,
      'Import it by a fixed name, so that it becomes part of the bundle.',
    );
  }
  return load(name);
}
