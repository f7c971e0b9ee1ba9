/**
 * `process` of one incarnation: fixed facts, virtual time, and an end that ends this process only.
 *
 * The environment is a fixed, listed set, because libraries read it when they are loaded (kafkajs
 * changes its retries when NODE_ENV is `test`). Everything hung on this object dies with it.
 *
 * Left out: changing the working directory, other processes' signals, reports, add-ons.
 */
import { Readable, Writable } from 'node:stream';
import { format } from 'node:util';
import { hashName } from '#kernel';
import { inContext } from './context.ts';
import type { Host } from './host.ts';

const fixedEnvironment = {
  NODE_ENV: 'production',
  TZ: 'UTC',
  LANG: 'C.UTF-8',
  HOME: '/home/service',
  PATH: '/usr/local/bin:/usr/bin:/bin',
};

const memory = {
  rss: 67108864,
  heapTotal: 33554432,
  heapUsed: 16777216,
  external: 2097152,
  arrayBuffers: 1048576,
};
const resources = { userCPUTime: 0, systemCPUTime: 0, maxRSS: 65536 };
const signalNumbers: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGKILL: 9,
  SIGTERM: 15,
};

export interface ProcessOptions {
  readonly projectRoot: string;
  readonly builtin: (name: string) => unknown;
}

type Facade = Record<PropertyKey, unknown> & { exitCode?: number | string | null | undefined };

export function createProcess(host: Host, options: ProcessOptions): NodeJS.Process {
  const facade: Facade = {
    title: 'node',
    argv: ['/usr/local/bin/node', 'service'],
    argv0: 'node',
    execArgv: [],
    execPath: '/usr/local/bin/node',
    env: { ...fixedEnvironment },
    version: process.version,
    versions: { ...process.versions },
    release: { name: 'node' },
    features: { ...features },
    config: { variables: {}, target_defaults: {} },
    platform: 'linux',
    arch: 'x64',
    ppid: 1,
    debugPort: 9229,
    exitCode: undefined,
    get pid() {
      return 1000 + (hashName(`${host.slot}#${host.incarnation}`) % 30000);
    },
    cwd: () => options.projectRoot,
    umask: () => 0o022,
    getuid: () => 1000,
    geteuid: () => 1000,
    getgid: () => 1000,
    getegid: () => 1000,
    getgroups: () => [1000],
    nextTick: (callback: (...args: unknown[]) => void, ...args: unknown[]) =>
      host.nextTick(inContext(host, args.length === 0 ? callback : () => callback(...args))),
    getBuiltinModule: (name: string) => options.builtin(name),
    emitWarning: (warning: unknown) =>
      host.write('err', `Warning: ${warning instanceof Error ? warning.message : format(warning)}`),
    setUncaughtExceptionCaptureCallback: (handler: ((error: unknown) => void) | null) => {
      host.processListeners.removeAllListeners('uncaughtException');
      if (handler) host.processListeners.on('uncaughtException', handler);
    },
    hasUncaughtExceptionCaptureCallback: () =>
      host.processListeners.listenerCount('uncaughtException') > 0,
    getActiveResourcesInfo: () => [],
    setSourceMapsEnabled: () => undefined,
    [Symbol.toStringTag]: 'process',
  };
  addTime(facade, host);
  addEnd(facade, host);
  addEvents(facade, host);
  addStreams(facade, host);
  addRefusals(facade, host);
  return facade as unknown as NodeJS.Process;
}

const features = { inspector: false, tls: true, typescript: false, require_module: true };

function addTime(facade: Facade, host: Host): void {
  const nanoseconds = (): bigint => BigInt(Math.round(host.monotonicMs() * 1e6));
  const hrtime = (before?: [number, number]): [number, number] => {
    const now =
      nanoseconds() - (before ? BigInt(before[0]) * 1_000_000_000n + BigInt(before[1]) : 0n);
    const seconds = now / 1_000_000_000n;
    return [Number(seconds), Number(now - seconds * 1_000_000_000n)];
  };
  hrtime.bigint = nanoseconds;
  facade.hrtime = hrtime;
  facade.uptime = () => host.monotonicMs() / 1000;
  const memoryUsage = () => ({ ...memory });
  memoryUsage.rss = () => memory.rss;
  facade.memoryUsage = memoryUsage;
  facade.availableMemory = () => 1073741824;
  facade.constrainedMemory = () => 1073741824;
  facade.cpuUsage = () => ({ user: 0, system: 0 });
  facade.resourceUsage = () => ({ ...resources });
}

function addEnd(facade: Facade, host: Host): void {
  let exiting = false;
  const exit = (code?: number | string | null): never => {
    if (code !== undefined && code !== null) facade.exitCode = code;
    if (!exiting) {
      exiting = true;
      host.processListeners.emit('exit', Number(facade.exitCode ?? 0));
    }
    return host.exit(Number(facade.exitCode ?? 0), `process.exit(${code ?? ''})`);
  };
  facade.exit = exit;
  facade.reallyExit = exit;
  facade.abort = () => host.exit(134, 'process.abort()');
  facade.kill = (pid: number, signal: string | number = 'SIGTERM') => {
    if (pid !== facade.pid) {
      throw host.uncontrolled(
        `sends a signal to process ${pid}: process.kill`,
        'A service can signal itself only; to stop another one is the work of its schedule.',
      );
    }
    if (signal === 0) return true;
    const name =
      typeof signal === 'string'
        ? signal
        : (Object.keys(signalNumbers).find((key) => signalNumbers[key] === signal) ?? 'SIGTERM');
    if (name !== 'SIGKILL' && host.processListeners.listenerCount(name) > 0) {
      host.setImmediate(() => host.processListeners.emit(name, name, signalNumbers[name]));
      return true;
    }
    return host.exit(128 + (signalNumbers[name] ?? 15), `process.kill(process.pid, '${name}')`);
  };
}

const listenerMethods = [
  'on',
  'addListener',
  'once',
  'off',
  'removeListener',
  'removeAllListeners',
  'prependListener',
  'prependOnceListener',
  'setMaxListeners',
] as const;
const questionMethods = [
  'emit',
  'listeners',
  'rawListeners',
  'listenerCount',
  'eventNames',
  'getMaxListeners',
] as const;

type Method = (...args: unknown[]) => unknown;

function addEvents(facade: Facade, host: Host): void {
  const call = (name: string, args: unknown[]): unknown => {
    const { processListeners } = host;
    return (processListeners[name as keyof typeof processListeners] as Method).apply(
      processListeners,
      args,
    );
  };
  for (const name of listenerMethods) {
    facade[name] = (...args: unknown[]) => {
      call(name, args);
      return facade;
    };
  }
  for (const name of questionMethods) facade[name] = (...args: unknown[]) => call(name, args);
}

function addStreams(facade: Facade, host: Host): void {
  let stdin: Readable | undefined;
  const opened = new Map<string, Writable>();
  const output = (name: 'out' | 'err', fd: number) => () => {
    let stream = opened.get(name);
    if (stream === undefined) {
      stream = Object.assign(consoleStream(host, name), { fd, isTTY: false });
      opened.set(name, stream);
    }
    return stream;
  };
  const lazy = (name: string, get: () => unknown): void =>
    void Object.defineProperty(facade, name, { get, configurable: true, enumerable: true });
  lazy('stdout', output('out', 1));
  lazy('stderr', output('err', 2));
  lazy('stdin', () => (stdin ??= Object.assign(Readable.from([]), { fd: 0, isTTY: false })));
}

function consoleStream(host: Host, name: 'out' | 'err'): Writable {
  return new Writable({
    decodeStrings: false,
    write(chunk: unknown, _encoding, done) {
      host.write(name, String(chunk).replace(/\n$/, ''));
      done();
    },
  });
}

const refusals: Readonly<Record<string, string>> = {
  chdir: 'changes the working directory',
  dlopen: 'loads a part in machine code',
  binding: "reaches into Node's insides",
  _linkedBinding: "reaches into Node's insides",
  loadEnvFile: 'reads an environment file',
  execve: 'runs another program',
  setuid: 'changes its user',
  setgid: 'changes its group',
};

function addRefusals(facade: Facade, host: Host): void {
  for (const [name, what] of Object.entries(refusals)) {
    facade[name] = () => {
      throw host.uncontrolled(
        `${what}: process.${name}`,
        'A service gets what it needs as arguments: kafka, database, slot and ports.',
      );
    };
  }
}
