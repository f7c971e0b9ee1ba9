/**
 * Runs PostgreSQL's programs for a guard: initdb to its end, postgres until it is ready. Their environment is made here
 * and inherits nothing, as PG… variables and the host's language would change what they do.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { within } from '#kernel';
import type { Plan } from './messages.ts';
import {
  initdbArguments,
  settingArguments,
  settings,
  sharedMemory,
  slimmingSql,
} from './settings.ts';
import { failureOf, isPortTaken, portBusy } from './trouble.ts';

export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** Resolves when it is gone, with what it said last. */
  readonly gone: Promise<string>;
}

/** Told of each child at once, so that it can be ended at any time. */
type OnChild = (child: ChildProcess) => void;

const readyWithinMs = 60_000;
const mostTries = 8;
/** PostgreSQL knows no port 0; above this the system hands out ports for outgoing connections. */
const ports = { from: 20_000, to: 32_000 };
const socketPort = 5432;

export async function initialise(plan: Plan, folder: string, onChild: OnChild): Promise<void> {
  const { initdb, name } = plan;
  const marks = { cluster_name: name, dynamic_shared_memory_type: sharedMemory };
  const sets = Object.entries(marks).map(([key, value]) => `--set=${key}=${value}`);
  const args = [...initdbArguments, ...sets, `--pgdata=${folder}`];
  await finish(plan, run(plan, initdb, args, dirname(folder)), onChild);
  // Each server copies the directory, file by file: what nobody needs costs every start.
  const alone = ['--single', '-D', folder, ...settingArguments({ fsync: 'off' }), 'postgres'];
  await finish(plan, run(plan, plan.postgres, alone, dirname(folder), slimmingSql), onChild);
}

async function finish(plan: Plan, child: Running, onChild: OnChild): Promise<void> {
  onChild(child.process);
  const code = await child.ended;
  const { runAs } = plan;
  if (code !== 0) throw failureOf({ program: child.process.spawnfile, text: child.text(), runAs });
}

export async function serve(plan: Plan, data: string, onChild: OnChild): Promise<Postmaster> {
  for (let tries = 1; ; tries++) {
    const port = plan.socketDirectory === undefined ? (plan.port ?? freePort()) : socketPort;
    if (plan.socketDirectory === undefined && (await isBusy(port))) {
      if (plan.port !== undefined || tries >= mostTries) throw portBusy(port);
      continue;
    }
    const child = run(plan, plan.postgres, postgresArguments(plan, data, port), dirname(data));
    onChild(child.process);
    const { ready, ended } = child;
    const outcome = await within(readyWithinMs, Promise.race([ready, ended]));
    const { pid } = child.process;
    if (outcome === 'ready' && pid !== undefined) {
      return { pid, port, gone: ended.then(() => child.text()) };
    }
    const text = child.text();
    if (!isPortTaken(text)) throw failureOf({ program: plan.postgres, text, runAs: plan.runAs });
    if (plan.port !== undefined || tries >= mostTries) throw portBusy(port);
  }
}

function postgresArguments(plan: Plan, data: string, port: number): string[] {
  const { name, socketDirectory, settings: own } = plan;
  const place =
    socketDirectory === undefined
      ? { listen_addresses: '127.0.0.1', unix_socket_directories: '' }
      : {
          listen_addresses: '',
          // A list: quoted, so that a comma in a path is part of it.
          unix_socket_directories: `"${socketDirectory.replaceAll('"', '""')}"`,
          unix_socket_permissions: '0700',
        };
  const all = { ...settings, ...own, ...place, cluster_name: name, port: String(port) };
  return ['-D', data, ...settingArguments(all)];
}

interface Running {
  readonly process: ChildProcess;
  readonly ready: Promise<'ready'>;
  /** Its exit code, or undefined when it was killed or never ran. */
  readonly ended: Promise<number | undefined>;
  /** The end of what it wrote. */
  text(): string;
}

const keepCharacters = 4_000;

function run(
  plan: Plan,
  program: string,
  args: readonly string[],
  cwd: string,
  input = '',
): Running {
  const child = spawn(program, args, {
    cwd,
    env: environment(),
    stdio: 'pipe',
    windowsHide: true,
    ...(plan.runAs && { uid: plan.runAs.uid, gid: plan.runAs.gid }),
  });
  let text = '';
  const ready = Promise.withResolvers<'ready'>();
  const ended = Promise.withResolvers<number | undefined>();
  const hear = (chunk: string): void => {
    text = (text + chunk).slice(-keepCharacters);
    if (text.includes('ready to accept connections')) ready.resolve('ready');
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', hear);
  // One that never ran or has ended says so itself.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  child.on('error', (error) => {
    hear(`\n${error.message}`);
    ended.resolve(undefined);
  });
  // Not 'close': backends that live on hold the pipes.
  child.on('exit', (code) => ended.resolve(code ?? undefined));
  return { process: child, ready: ready.promise, ended: ended.promise, text: () => text };
}

function environment(): Record<string, string> {
  const kept = ['PATH', 'SystemRoot', 'TMPDIR', 'TEMP', 'TMP'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), LC_ALL: 'C', TZ: 'UTC' };
}

function freePort(): number {
  return randomInt(ports.from, ports.to);
}

function isBusy(port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once('error', () => resolve(true));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(false)));
  });
}
