/**
 * `console` of one incarnation: formatted as Node formats it, without colour, handed to the world
 * line by line. `console.trace` prints no stack: its frames would be ours.
 */
import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { formatWithOptions, inspect, type InspectOptions } from 'node:util';
import type { Host } from './host.ts';

type Print = (...args: unknown[]) => void;

export function createConsole(host: Host): Console {
  let indent = '';
  const counts = new Map<string, number>();
  const started = new Map<string, number>();
  const print =
    (stream: 'out' | 'err'): Print =>
    (...args) =>
      host.write(stream, indented(formatWithOptions({ colors: false }, ...args), indent));
  const log = print('out');
  const warn = print('err');
  const group: Print = (...args) => {
    if (args.length > 0) log(...args);
    indent += '  ';
  };
  const elapsed = (label: string, end: boolean, rest: unknown[]): void => {
    const from = started.get(label);
    if (from === undefined) {
      warn(`No such label '${label}' for console.time${end ? 'End' : 'Log'}()`);
      return;
    }
    if (end) started.delete(label);
    log(`${label}: ${Math.round((host.monotonicMs() - from) * 1000) / 1000}ms`, ...rest);
  };
  const made: Record<string, unknown> = {
    log,
    info: print('out'),
    debug: print('out'),
    warn,
    error: print('err'),
    trace: (...args: unknown[]) => warn(`Trace: ${formatWithOptions({}, ...args)}`),
    dir: (value: unknown, options?: InspectOptions) =>
      log(inspect(value, { customInspect: false, ...options })),
    dirxml: print('out'),
    table: (...args: Parameters<Console['table']>) => log(tableText(args)),
    assert: (holds: unknown, ...args: unknown[]) => {
      if (holds) return;
      const [first, ...rest] = args;
      if (typeof first === 'string') warn(`Assertion failed: ${first}`, ...rest);
      else warn('Assertion failed', ...args);
    },
    group,
    groupCollapsed: group,
    groupEnd: () => {
      indent = indent.slice(2);
    },
    count: (label: unknown = 'default') => {
      const count = (counts.get(String(label)) ?? 0) + 1;
      counts.set(String(label), count);
      log(`${String(label)}: ${count}`);
    },
    countReset: (label: unknown = 'default') => void counts.delete(String(label)),
    time: (label: unknown = 'default') => void started.set(String(label), host.monotonicMs()),
    timeEnd: (label: unknown = 'default') => elapsed(String(label), true, []),
    timeLog: (label: unknown = 'default', ...rest: unknown[]) =>
      elapsed(String(label), false, rest),
    Console,
  };
  for (const name of silent) made[name] = nothing;
  return made as unknown as Console;
}

const silent = ['clear', 'profile', 'profileEnd', 'timeStamp', 'context'];
const nothing = (): void => undefined;

const indented = (text: string, indent: string): string =>
  indent === '' ? text : text.replace(/^/gm, indent);

/** Node draws the table itself. */
function tableText(args: Parameters<Console['table']>): string {
  let text = '';
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  new Console({ stdout, colorMode: false }).table(...args);
  return text.replace(/\n$/, '');
}
