/**
 * Node's modules as one incarnation sees them. Three kinds:
 * pure ones are handed out as copies of their exports (so that a patch dies with the process),
 * those that touch time, chance or the outside have a facade in this folder,
 * and the rest can be imported but refuses to be used (refused.ts).
 *
 * `events` and `stream` are their main class and cannot be copied; leaks.ts watches them.
 */
import * as asyncHooks from 'node:async_hooks';
import { isBuiltin } from 'node:module';
import { startCarrying } from '../context.ts';
import { moduleNotFound } from '../errors.ts';
import type { Globals } from '../globals.ts';
import { createTimerPromises } from '../timers.ts';
import { copyOf } from './copy.ts';
import { createCrypto } from './crypto.ts';
import { createDiagnostics } from './diagnostics.ts';
import { createDns, createDnsPromises } from './dns.ts';
import { createFs, createFsPromises } from './fs.ts';
import { createNet, createTls } from './net.ts';
import { createOs } from './os.ts';
import { refusedModule } from './refused.ts';
import { createZlib } from './zlib.ts';

type Create = (globals: Globals) => unknown;

/** Handed out as they are: callable, and so not to be copied. */
export const sharedModules = ['assert', 'assert/strict', 'events', 'stream'] as const;

/** No time, no chance, no outside: a shallow copy per incarnation. */
export const copiedModules = [
  'buffer',
  'constants',
  'path',
  'path/posix',
  'path/win32',
  'punycode',
  'querystring',
  'stream/consumers',
  'stream/promises',
  'stream/web',
  'string_decoder',
  'url',
  'util',
  'util/types',
];

const facades: Readonly<Record<string, Create>> = {
  async_hooks: createAsyncHooks,
  console: ({ named }) => named.console,
  crypto: createCrypto,
  diagnostics_channel: createDiagnostics,
  dns: createDns,
  'dns/promises': createDnsPromises,
  fs: createFs,
  'fs/promises': createFsPromises,
  module: createModule,
  net: createNet,
  os: createOs,
  perf_hooks: createPerfHooks,
  process: ({ named }) => named.process,
  sys: ({ builtin }) => builtin('util'),
  timers: createTimersModule,
  'timers/promises': ({ host }) => createTimerPromises(host),
  tls: createTls,
  tty: () => ({ isatty: () => false }),
  v8: createV8,
  zlib: createZlib,
};

export function createBuiltins(globals: Globals): (name: string) => unknown {
  const made = new Map<string, unknown>();
  return (specifier) => {
    const name = specifier.replace(/^node:/, '');
    let facade = made.get(name);
    if (facade === undefined) {
      if (!isBuiltin(specifier)) throw moduleNotFound(specifier);
      facade = create(name, globals);
      made.set(name, facade);
    }
    return facade;
  };
}

function create(name: string, globals: Globals): unknown {
  if ((sharedModules as readonly string[]).includes(name)) return process.getBuiltinModule(name);
  if (copiedModules.includes(name)) return copyOf(process.getBuiltinModule(name) as object);
  return facades[name]?.(globals) ?? refusedModule(name, globals.host);
}

function createAsyncHooks({ host }: Globals): unknown {
  startCarrying(host);
  return {
    AsyncLocalStorage: asyncHooks.AsyncLocalStorage,
    AsyncResource: asyncHooks.AsyncResource,
    executionAsyncId: () => 1,
    triggerAsyncId: () => 0,
    executionAsyncResource: () => ({}),
    asyncWrapProviders: asyncHooks.asyncWrapProviders,
    createHook: () => {
      throw host.uncontrolled(
        'watches the whole thread: async_hooks.createHook',
        'AsyncLocalStorage carries values along and works here.',
      );
    },
  };
}

function createTimersModule({ named, host }: Globals): unknown {
  const { setTimeout, setInterval, setImmediate } = named;
  const { clearTimeout, clearInterval, clearImmediate } = named;
  return {
    setTimeout,
    setInterval,
    setImmediate,
    clearTimeout,
    clearInterval,
    clearImmediate,
    promises: createTimerPromises(host),
  };
}

function createPerfHooks({ named, host }: Globals): unknown {
  const realHooks = process.getBuiltinModule('node:perf_hooks');
  return {
    performance: named.performance,
    PerformanceObserver: named.PerformanceObserver,
    constants: realHooks.constants,
    createHistogram: realHooks.createHistogram,
    monitorEventLoopDelay: () => {
      throw host.uncontrolled(
        'measures the event loop: perf_hooks.monitorEventLoopDelay',
        'Time stands still while code runs here; there is no delay to measure.',
      );
    },
  };
}

function createV8({ host }: Globals): unknown {
  const { serialize, deserialize, Serializer, Deserializer } = process.getBuiltinModule('node:v8');
  const pure = { serialize, deserialize, Serializer, Deserializer };
  return { ...(refusedModule('v8', host) as object), ...pure };
}

function createModule({ builtin, host }: Globals): unknown {
  const { builtinModules } = process.getBuiltinModule('node:module');
  return {
    ...(refusedModule('module', host) as object),
    builtinModules: [...builtinModules],
    isBuiltin,
    createRequire: () => (name: string) => {
      if (isBuiltin(name)) return builtin(name);
      throw host.uncontrolled(
        `loads ${name} by a require of its own: module.createRequire`,
        'Import it by a fixed name, so that it becomes part of the bundle.',
      );
    },
  };
}
