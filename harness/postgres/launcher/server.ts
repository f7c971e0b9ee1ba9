/**
 * Starts one PostgreSQL server and its guard, and is how a simulation thread holds both. Trust
 * authentication: whoever reaches the socket is let in; the socket's folder admits only us, loopback
 * TCP admits everybody on this machine.
 *
 * Who ends what: a guard whose launcher is gone ends the server (guard.ts); a launcher whose guard is
 * gone does the same here and says so in `ended`, and whoever needs a database starts another; when
 * both were killed at once the next start clears up (leftovers.ts).
 *
 * A launcher that runs a learner's endless loop notices nothing until the loop is ended.
 * On Windows: TCP only, and no backend can be stopped. Not tried there, nor on macOS.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure, keepingCompiled } from '#kernel';
import { endProcesses, removeServer } from './ending.ts';
import { serverFolder } from './leftovers.ts';
import type { FromGuard, Plan, ToGuard } from './messages.ts';
import { chooseBase, chooseSocketDirectory } from './place.ts';
import { signal } from './processes.ts';
import { installedPostgres, preparePrograms } from './programs.ts';
import { chooseRunAs } from './run-as.ts';

export interface PostgresOptions {
  /** Where prepared data directories and running servers are kept: `.crashproof/cache/postgres` of the project. */
  readonly cacheDirectory: string;
  /** `socket` where the system has them. */
  readonly listen?: 'socket' | 'tcp';
  /** The TCP port that it must be; a free one otherwise. */
  readonly port?: number;
  /** On top of ours, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** For sockets, and for data where the cache cannot be used; the system's own if not given. */
  readonly temporaryDirectory?: string;
}

export type PostgresAddress =
  | { readonly path: string }
  | { readonly host: string; readonly port: number };

export interface PostgresServer {
  /** Of the postmaster. */
  readonly pid: number;
  readonly guardPid: number;
  readonly port: number;
  /** As `net.connect` takes it. */
  readonly address: PostgresAddress;
  /** For `pg` and every other client. */
  url(database: string, user: string): string;
  /** Tells the guard, then SIGSTOP. False: there is no such process any more. */
  stopBackend(pid: number): boolean;
  /** SIGCONT, then tells the guard. */
  continueBackend(pid: number): boolean;
  /** Everything is gone: undefined after `close()`, otherwise a sentence that says why. */
  readonly ended: Promise<string | undefined>;
  /** Ends the server at once and removes its data. */
  close(): Promise<void>;
}

const guardFile = fileURLToPath(new URL('./guard.ts', import.meta.url));

export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const plan = planFor(options);
  const guard = forkGuard();
  const stopped = new Set<number>();
  const { started, ended } = listen(guard, plan, stopped);
  tell(guard, { kind: 'start', plan });
  const { pid, port } = await started;
  // A server keeps nobody alive; a launcher that comes to its end takes it along.
  guard.unref();
  guard.channel?.unref();
  return serverOf({ guard, plan, stopped, ended, pid, port });
}

function planFor(options: PostgresOptions): Plan {
  const { cacheDirectory, listen, port, settings = {}, temporaryDirectory } = options;
  const installed = installedPostgres();
  const runAs = chooseRunAs(cacheDirectory);
  const places = { cacheDirectory, temporaryDirectory };
  const base = chooseBase(places, installed.version, runAs);
  const programs = preparePrograms(installed, base, runAs);
  const name = `crashproof-${randomBytes(6).toString('hex')}`;
  const wantsTcp = process.platform === 'win32' || listen === 'tcp' || port !== undefined;
  const socketDirectory = wantsTcp ? undefined : chooseSocketDirectory(places, name, runAs);
  return { name, base, ...programs, runAs, socketDirectory, port, settings };
}

function forkGuard(): ChildProcess {
  const kept = ['PATH', 'SystemRoot', 'TMPDIR', 'TEMP', 'TMP'];
  const own = Object.fromEntries(kept.map((name) => [name, process.env[name]]));
  return fork(guardFile, {
    detached: true,
    execArgv: [],
    env: keepingCompiled(own),
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}

type Ready = FromGuard & { kind: 'ready' };

interface Watched {
  readonly started: Promise<Ready>;
  readonly ended: Promise<string | undefined>;
}

const guardKilled =
  'The guard of the database was killed, so the database was ended: run the command again.';

function listen(guard: ChildProcess, plan: Plan, stopped: ReadonlySet<number>): Watched {
  const started = Promise.withResolvers<Ready>();
  const ended = Promise.withResolvers<string | undefined>();
  let last: (FromGuard & { kind: 'ended' }) | undefined;
  let postmaster: number | undefined;
  guard.on('message', (message: FromGuard) => {
    switch (message.kind) {
      case 'ready':
        postmaster = message.pid;
        started.resolve(message);
        return;
      case 'failed':
        started.reject(new Failure(message.code, message.message));
        return;
      case 'ended':
        last = message;
        return;
    }
  });
  const finish = async (): Promise<void> => {
    if (last === undefined) {
      await endProcesses({ name: plan.name, postmaster, stopped });
      removeServer(serverFolder(plan), plan.socketDirectory);
    }
    const sentence = last === undefined ? guardKilled : last.sentence;
    started.reject(new Failure('NO_DATABASE', sentence ?? guardKilled));
    ended.resolve(sentence);
  };
  guard.once('error', () => void finish());
  guard.once('exit', () => void finish());
  return { started: started.promise, ended: ended.promise };
}

/** False: nobody listens any more. */
function tell(guard: ChildProcess, message: ToGuard): boolean {
  if (!guard.connected) return false;
  // Written to the channel before this returns, so that it is heard even if we are killed next.
  guard.send(message, () => {});
  return true;
}

interface Parts extends Pick<Ready, 'pid' | 'port'> {
  readonly guard: ChildProcess;
  readonly plan: Plan;
  readonly stopped: Set<number>;
  readonly ended: Promise<string | undefined>;
}

function serverOf({ guard, plan, stopped, ended, pid, port }: Parts): PostgresServer {
  const { socketDirectory } = plan;
  const host = socketDirectory ?? '127.0.0.1';
  return {
    pid,
    guardPid: guard.pid as number,
    port,
    address:
      socketDirectory === undefined
        ? { host, port }
        : { path: join(socketDirectory, `.s.PGSQL.${port}`) },
    url: (database, user) => {
      const [name, login] = [encodeURIComponent(database), encodeURIComponent(user)];
      const at = `postgresql://${login}@${socketDirectory === undefined ? host : 'localhost'}`;
      const path = socketDirectory === undefined ? '' : `?host=${encodeURIComponent(host)}`;
      return `${at}:${port}/${name}${path}`;
    },
    stopBackend(backend) {
      if (process.platform === 'win32') throw new Failure('UNCONTROLLED', cannotStop);
      stopped.add(backend);
      if (!tell(guard, { kind: 'stops', pid: backend })) {
        stopped.delete(backend);
        return false;
      }
      return signal(backend, 'SIGSTOP');
    },
    continueBackend(backend) {
      const continued = signal(backend, 'SIGCONT');
      stopped.delete(backend);
      tell(guard, { kind: 'continues', pid: backend });
      return continued;
    },
    ended,
    async close() {
      guard.ref();
      guard.channel?.ref();
      tell(guard, { kind: 'close' });
      await ended;
    },
  };
}

const cannotStop =
  'Windows cannot stop a database session, so runs in which sessions wait for locks cannot be ' +
  'replayed there: work in WSL or in a container.';
