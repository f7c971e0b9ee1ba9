/**
 * `node:fs`: files of the project may be read, at once and from the real disk. Every other path and
 * every change is refused: a file that survives a crash is state that no schedule knows.
 *
 * Writing to descriptors 1 and 2 is the console, as loggers do it.
 * Left out: open descriptors, watching, directories as streams.
 */
import * as realFs from 'node:fs';
import { resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Globals } from '../globals.ts';
import type { Host } from '../host.ts';
import { answered } from './crypto.ts';
import { refusing } from './refused.ts';

type Sync = (...args: never[]) => unknown;
type Functions = Record<string, Sync>;

const readers = ['readFile', 'stat', 'lstat', 'readdir', 'access', 'realpath'] as const;
const opens = {
  does: 'opens files piece by piece',
  advice: 'Read the whole file: readFile, readFileSync or createReadStream.',
};
const changes = {
  does: 'changes files',
  advice:
    'Keep state in Kafka, in the database or behind a port: those are what a crash is judged by.',
};

export function createFs(globals: Globals): unknown {
  const { host, builtin } = globals;
  const sync = createSync(globals);
  const made: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(realFs)) {
    if (name === 'promises' || name === 'default') continue;
    made[name] = isFunction(name, value) ? refusing(host, `fs.${name}`, reasonOf(name)) : value;
  }
  for (const name of readers) {
    const answer = sync[name] as Sync;
    made[`${name}Sync`] = answer;
    made[name] = answered(host, answer);
  }
  return Object.assign(made, {
    existsSync: sync.exists,
    exists: (path: string, answer: (exists: boolean) => void) => {
      const exists = (sync.exists as (path: string) => boolean)(path);
      host.setImmediate(() => answer(exists));
    },
    createReadStream: (path: string, options?: { start?: number; end?: number } | string) =>
      readStream(sync.readFile as (path: string) => Buffer, path, options),
    ...consoleWrites(host, made),
    get promises() {
      return builtin('fs/promises');
    },
  });
}

export function createFsPromises(globals: Globals): unknown {
  const sync = createSync(globals);
  const made: Record<string, unknown> = { constants: realFs.constants };
  for (const [name, value] of Object.entries(realFs.promises)) {
    if (typeof value !== 'function') continue;
    const refuse = refusing(globals.host, `fs.promises.${name}`, reasonOf(name)) as () => never;
    made[name] = async () => refuse();
  }
  for (const name of readers) {
    const answer = sync[name] as Sync;
    made[name] = async (...args: never[]) => answer(...args);
  }
  return made;
}

function createSync({ host, options }: Globals): Functions {
  const made: Functions = {};
  const real = realFs as unknown as Record<string, Sync>;
  for (const name of [...readers, 'exists']) {
    made[name] = (path: unknown, ...rest: never[]) => {
      const allowed = inProject(host, options.projectRoot, path, name) as never;
      return (real[`${name}Sync`] as Sync)(allowed, ...rest);
    };
  }
  return made;
}

function inProject(host: Host, projectRoot: string, path: unknown, call: string): string {
  const text = path instanceof URL ? fileURLToPath(path) : String(path);
  const absolute = resolve(projectRoot, text);
  if (absolute === projectRoot || absolute.startsWith(projectRoot + sep)) return absolute;
  throw host.uncontrolled(
    `reads ${text}, a file outside the project: fs.${call}`,
    'Put the file into the project, or give its content to the service.',
  );
}

const reasonOf = (name: string): typeof changes =>
  /^(f?stat|open|read|watch|unwatch|close|glob)/.test(name) ? opens : changes;

function isFunction(name: string, value: unknown): boolean {
  return typeof value === 'function' && !['Stats', 'Dirent', 'Dir', 'StatsFs'].includes(name);
}

function readStream(
  readFile: (path: string) => Buffer,
  path: string,
  options: { start?: number; end?: number } | string = {},
): Readable {
  const { start = 0, end = Infinity } = typeof options === 'string' ? {} : options;
  const encoding =
    typeof options === 'string' ? options : (options as { encoding?: string }).encoding;
  let read = false;
  return new Readable({
    ...(encoding !== undefined && { encoding: encoding as BufferEncoding }),
    read() {
      if (read) return;
      read = true;
      try {
        this.push(readFile(path).subarray(start, end + 1));
        this.push(null);
      } catch (error) {
        this.destroy(error as Error);
      }
    },
  });
}

/** `fs.write(1, …)` and `fs.writeSync(2, …)` are the console; other descriptors do not exist. */
function consoleWrites(host: Host, refused: Record<string, unknown>): object {
  const print = (fd: number, data: unknown): number => {
    const text = typeof data === 'string' ? data : Buffer.from(data as Uint8Array).toString();
    host.write(fd === 1 ? 'out' : 'err', text.replace(/\n$/, ''));
    return Buffer.byteLength(text);
  };
  return {
    writeSync: (fd: number, data: unknown) =>
      fd === 1 || fd === 2 ? print(fd, data) : (refused.writeSync as () => never)(),
    write: (fd: number, data: unknown, ...rest: unknown[]) => {
      if (fd !== 1 && fd !== 2) return (refused.write as () => never)();
      const written = print(fd, data);
      const answer = rest.at(-1);
      if (typeof answer === 'function') host.setImmediate(() => answer(null, written, data));
      return undefined;
    },
    fsyncSync: () => undefined,
  };
}
