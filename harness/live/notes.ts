/** Names of what was made on somebody else's server, kept in a file so that a killed check's can be removed later. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface Notes {
  all(): readonly string[];
  add(...names: readonly string[]): void;
  remove(...names: readonly string[]): void;
}

/** The newest last; of more than enough the oldest are forgotten, and with that left alone. */
const mostRemembered = 500;

export function openNotes(file: string): Notes {
  const all = (): readonly string[] => {
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as string[];
    } catch {
      return []; // nothing was ever made here
    }
  };
  const keep = (names: readonly string[]): void => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(names.slice(-mostRemembered)));
  };
  return {
    all,
    add: (...names) => keep([...new Set([...all(), ...names])]),
    remove: (...names) => keep(all().filter((name) => !names.includes(name))),
  };
}
