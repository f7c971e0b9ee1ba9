/**
 * One instance of a service as a plain Node process: evaluates the two files of the bundle under
 * Node's own globals and starts one role. Calls, ports and stop go over IPC; everything else, also
 * the broker, the service reaches by itself.
 *
 * It ends when whoever started it is gone, also when the service never returns to its event loop: a
 * thread looks for that. Where a parent's number does not change when it dies (Windows) only the
 * closed channel ends it.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { basename, join } from 'node:path';
import vm from 'node:vm';
import { Worker } from 'node:worker_threads';
import type { Begin, FromInstance, PlainError, ToInstance } from './messages.ts';

type Service = (env: object) => Promise<Record<string, unknown>>;
type Require = (name: string) => unknown;

const calls = new Map<number, { resolve: (value: unknown) => void; reject: (e: Error) => void }>();
let nextCall = 1;
let service: Record<string, unknown> | undefined;

const say = (message: FromInstance): void => void process.send?.(message);

process.on('disconnect', () => process.exit());
watchParent();
process.on('message', (message: ToInstance) => {
  if (message.kind === 'begin') return begin(message);
  if (message.kind === 'call') return answerCall(message.id, message.call, message.args);
  if (message.kind === 'stop') return stop();
  const waiting = calls.get(message.id);
  calls.delete(message.id);
  if (message.error === undefined) waiting?.resolve(message.value);
  else waiting?.reject(Object.assign(new Error(message.error.message), { code: 'PORT' }));
});
process.on('uncaughtExceptionMonitor', (error: unknown, origin) => {
  const how = origin === 'unhandledRejection' ? 'an unhandled rejection' : 'an uncaught exception';
  say({ kind: 'fails', how: `died of ${how}`, error: plain(error) });
});

function begin(begun: Begin): void {
  let start: Service;
  try {
    start = load(begun);
  } catch (error) {
    return say({ kind: 'does not load', error: plain(error) });
  }
  const { role } = begun;
  Promise.resolve(start(environmentOf(begun))).then(
    (running) => {
      if (typeof (running as { stop?: unknown } | undefined)?.stop !== 'function') {
        const error = new Error(`${role} must resolve to an object with stop().`);
        return say({ kind: 'does not load', error: plain(error) });
      }
      service = running;
      return say({ kind: 'ready' });
    },
    (error: unknown) => leave('failed to start', error),
  );
}

function environmentOf({ role, slot, broker, database, ports }: Begin): object {
  return {
    kafka: { clientId: slot, brokers: [broker], logLevel: 1 },
    database: database ?? noDatabase(role),
    slot,
    ports: facadeOf(ports),
  };
}

/** Connecting fails by a name that says so. */
function noDatabase(user: string): object {
  return { host: 'this-chapter-has-no-database.invalid', user, database: 'world' };
}

function load({ program, role }: Begin): Service {
  const { projectRoot, folder } = program;
  const fromProject = createRequire(join(projectRoot, 'package.json'));
  const service = read(program.service);
  const libraries = read(program.libraries);
  say({ kind: 'loaded', hashes: { service: service.hash, libraries: libraries.hash } });
  let packages: Record<string, () => unknown> | undefined;
  const packageOf = (name: string): unknown => {
    packages ??= evaluate(libraries, fromProject, projectRoot) as Record<string, () => unknown>;
    const found = packages[name];
    return found === undefined ? fromProject(name) : found();
  };
  const require = (name: string): unknown =>
    isBuiltin(name) ? fromProject(name) : packageOf(name);
  const { roles } = evaluate(service, require, folder) as {
    roles: Record<string, () => Record<string, unknown>>;
  };
  const exported = roles[role]?.()[role];
  if (typeof exported === 'function') return exported as Service;
  throw new Error(`it does not export ${role}, the service that the chapter starts`);
}

interface Script {
  readonly path: string;
  readonly code: string;
  readonly hash: string;
}

function read(path: string): Script {
  const code = readFileSync(path, 'utf8');
  return { path, code, hash: createHash('sha256').update(code).digest('hex') };
}

/** As Node evaluates a CommonJS file, with another `require`. */
function evaluate({ path, code }: Script, require: Require, folder: string): unknown {
  const names = ['exports', 'require', 'module', '__filename', '__dirname'];
  const run = vm.compileFunction(code, names, { filename: path });
  const module = { exports: {} };
  run.call(module.exports, module.exports, require, module, join(folder, basename(path)), folder);
  return module.exports;
}

function facadeOf(ports: Begin['ports']): object {
  return Object.freeze(
    Object.fromEntries(
      Object.entries(ports).map(([port, names]) => [
        port,
        Object.freeze(
          Object.fromEntries(
            names.map((call) => [call, (...args: unknown[]) => askPort(port, call, args)]),
          ),
        ),
      ]),
    ),
  );
}

function askPort(port: string, call: string, args: unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const id = nextCall++;
    const plainArgs = structuredClone(args);
    calls.set(id, { resolve, reject });
    say({ kind: 'port', id, port, call, args: plainArgs });
  });
}

function answerCall(id: number, call: string, args: readonly unknown[]): void {
  const method = service?.[call];
  if (typeof method !== 'function') {
    return say({ kind: 'answered', id, error: `it has no ${call}` });
  }
  // A throw before the first await is a rejection to whoever called.
  new Promise((resolve) => {
    resolve((method as (...values: readonly unknown[]) => unknown)(...args));
  }).then(
    (value) => {
      const result: string | undefined = JSON.stringify(value);
      say({ kind: 'answered', id, ...(result !== undefined && { result }) });
    },
    (error: unknown) => say({ kind: 'answered', id, error: plain(error).message }),
  );
}

function stop(): void {
  const running = service as { stop(): unknown } | undefined;
  if (running === undefined) process.exit();
  new Promise((resolve) => {
    resolve(running.stop());
  }).then(
    () => process.send?.({ kind: 'stopped' } satisfies FromInstance, () => process.exit()),
    (error: unknown) => leave('failed to stop', error),
  );
}

function leave(how: string, error: unknown): void {
  process.send?.({ kind: 'fails', how, error: plain(error) } satisfies FromInstance, () =>
    process.exit(1),
  );
}

function plain(error: unknown): PlainError {
  if (error instanceof Error) {
    return { name: error.name, message: error.message, stack: error.stack ?? '' };
  }
  const message = typeof error === 'string' ? JSON.stringify(error) : String(error);
  return { name: '', message, stack: '' };
}

/** A thread of its own, because a service that computes for ever never hears of the channel. */
function watchParent(): void {
  if (process.platform === 'win32') return;
  const look = `
    const { workerData } = require('node:worker_threads');
    setInterval(() => {
      if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL');
    }, 250);`;
  new Worker(look, { eval: true, workerData: process.ppid }).unref();
}
