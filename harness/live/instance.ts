/** One started process, from outside: what it is asked, what it says, how it ends. */
import { fork, type ChildProcess } from 'node:child_process';
import type { Begin, FromInstance, ToInstance } from './messages.ts';

export interface InstanceEvents {
  readonly said: (message: FromInstance) => void;
  readonly wrote: (stream: 'out' | 'err', text: string) => void;
  /** `reason` as a learner would say it. Called once; nothing is called afterwards. */
  readonly ended: (reason: string) => void;
}

export interface Instance {
  readonly pid: number | undefined;
  tell(message: ToInstance): void;
  /** SIGKILL. Whatever it still said is lost. Resolves when the process is gone. */
  kill(): Promise<void>;
}

/** For what a process wrote just before it ended. */
const lastWordsMs = 500;

export function startInstance(begin: Begin, events: InstanceEvents): Instance {
  const child = fork(new URL('./instance-main.ts', import.meta.url), {
    execArgv: ['--disable-warning=ExperimentalWarning', '--disable-warning=TimeoutNegativeWarning'],
    env: { ...process.env, TZ: 'UTC' },
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let killed = false;
  let over = false;
  const gone = new Promise<void>((resolve) => {
    const end = (reason: string): void => {
      if (over) return;
      over = true;
      resolve();
      events.ended(reason);
    };
    const how = (code: number | null, signal: string | null): string =>
      signal === null ? `process.exit(${code})` : `ended by ${signal}`;
    child.on('close', (code, signal) => end(how(code, signal)));
    // What it started itself may keep its pipes open for ever.
    child.on('exit', (code, signal) => setTimeout(end, lastWordsMs, how(code, signal)));
    child.on('error', (error) => end(error.message));
  });
  child.on('message', (message: FromInstance) => {
    if (!killed && !over) events.said(message);
  });
  listen(child, 'out', events.wrote);
  listen(child, 'err', events.wrote);
  const instance: Instance = {
    pid: child.pid,
    tell(message) {
      if (!killed && child.connected) child.send(message, () => undefined);
    },
    kill() {
      killed = true;
      child.kill('SIGKILL');
      return gone;
    },
  };
  instance.tell(begin);
  return instance;
}

/** Whole lines only: a chunk may end inside one. */
function listen(
  child: ChildProcess,
  stream: 'out' | 'err',
  wrote: (stream: 'out' | 'err', text: string) => void,
): void {
  const pipe = stream === 'out' ? child.stdout : child.stderr;
  let rest = '';
  pipe?.setEncoding('utf8');
  pipe?.on('data', (chunk: string) => {
    const text = rest + chunk;
    const end = text.lastIndexOf('\n');
    rest = text.slice(end + 1);
    if (end > 0) wrote(stream, text.slice(0, end));
  });
  pipe?.on('end', () => {
    if (rest !== '') wrote(stream, rest);
  });
}
