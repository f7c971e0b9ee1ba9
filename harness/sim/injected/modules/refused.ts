/**
 * Modules that leave the world: importing them works (many packages do so in passing), using them
 * is refused with the name of the call. Constants stay readable and classes can be extended.
 */
import type { Host } from '../host.ts';

interface Reason {
  /** Third person: "starts a program". */
  readonly does: string;
  readonly advice: string;
}

const portAdvice =
  'Outside systems of a chapter come as ports; what they answer is part of the schedule.';
const request: Reason = { does: 'speaks HTTP', advice: portAdvice };
const program: Reason = {
  does: 'starts a program',
  advice: 'What another program does cannot be replayed: do it in this service, or through a port.',
};
const thread: Reason = {
  does: 'uses threads or processes of its own',
  advice: 'A service is one thread here: run more instances of it.',
};
const engine: Reason = {
  does: 'reaches into the engine',
  advice: 'Do without it: the engine is shared by all simulated processes.',
};
const terminal: Reason = {
  does: 'reads from a terminal',
  advice: 'A service gets its work from Kafka or from the calls of its role.',
};

const reasons: Readonly<Record<string, Reason>> = {
  child_process: program,
  cluster: thread,
  worker_threads: thread,
  http: request,
  https: request,
  http2: request,
  dns: { does: 'asks a name server', advice: portAdvice },
  dgram: { does: 'sends datagrams', advice: portAdvice },
  inspector: engine,
  'inspector/promises': engine,
  module: engine,
  repl: terminal,
  readline: terminal,
  'readline/promises': terminal,
  sea: engine,
  sqlite: {
    does: 'opens a database of its own',
    advice: 'Use the database that the service is given: it is part of the schedule.',
  },
  test: {
    does: 'defines tests',
    advice: 'Tests stand beside a service, not in it.',
  },
  'test/reporters': { does: 'reports tests', advice: 'Tests stand beside a service, not in it.' },
  trace_events: engine,
  v8: engine,
  vm: engine,
  wasi: engine,
};

const unknownReason: Reason = {
  does: 'uses a part of Node that the simulation does not have',
  advice: 'Use one of the modules listed in the documentation, or a package written on them.',
};

/** Loading these for their names would have effects of its own. */
const namesOf: Readonly<Record<string, readonly string[]>> = {
  sqlite: ['DatabaseSync', 'StatementSync', 'backup'],
  test: [
    'test',
    'it',
    'describe',
    'suite',
    'before',
    'after',
    'beforeEach',
    'afterEach',
    'run',
    'mock',
  ],
  'test/reporters': ['dot', 'junit', 'lcov', 'spec', 'tap'],
  sea: ['isSea', 'getAsset', 'getAssetAsBlob', 'getRawAsset'],
  wasi: ['WASI'],
  repl: ['start', 'REPLServer', 'Recoverable'],
  trace_events: ['createTracing', 'getEnabledCategories'],
};

/** Harmless to make; they do nothing before a request is made. */
const harmless: Readonly<Record<string, readonly string[]>> = {
  http: ['Agent', 'validateHeaderName', 'validateHeaderValue'],
  https: ['Agent'],
};

const facts: Readonly<Record<string, object>> = {
  worker_threads: {
    isMainThread: true,
    parentPort: null,
    workerData: null,
    threadId: 0,
    resourceLimits: {},
  },
  cluster: { isPrimary: true, isMaster: true, isWorker: false, workers: {}, settings: {} },
};

export function refusedModule(name: string, host: Host): unknown {
  const reason = reasons[name] ?? unknownReason;
  const names = namesOf[name];
  const real = names ? undefined : (process.getBuiltinModule(name) as Record<string, unknown>);
  const made: Record<string, unknown> = {};
  for (const key of names ?? Object.keys(real ?? {})) {
    const value = real?.[key];
    if (harmless[name]?.includes(key)) made[key] = extended(value);
    else if (names !== undefined || typeof value === 'function') {
      made[key] = refusing(host, `${name}.${key}`, reason);
    } else if (isPlain(value)) made[key] = value;
  }
  return Object.assign(made, facts[name]);
}

/** Callable, constructible, extensible; refuses in each case. */
export function refusing(host: Host, call: string, { does, advice }: Reason): unknown {
  return function refused(): never {
    throw host.uncontrolled(`${does}: ${call}`, advice);
  };
}

function extended(value: unknown): unknown {
  if (typeof value !== 'function' || !/^[A-Z]/.test(value.name)) return value;
  const Base = value as new (...args: unknown[]) => object;
  return class extends Base {};
}

/** Lists and tables such as METHODS and STATUS_CODES; no live objects of the thread. */
function isPlain(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return true;
  return (
    Array.isArray(value) ||
    Object.getPrototypeOf(value) === Object.prototype ||
    Object.getPrototypeOf(value) === null
  );
}
