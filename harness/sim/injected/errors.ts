/** Errors that look as Node's own do, where code may read their `code`. */
import { inspect } from 'node:util';

export function invalidArgument(name: string, wanted: string, got: unknown): TypeError {
  const message = `The "${name}" argument must be ${wanted}. Received ${inspect(got)}`;
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' });
}

export function moduleNotFound(name: string): Error {
  return Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
}
